package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// report is what a process tells the others of a batch: what it was, and what the process's shards came to.
type report struct {
	Batch  uint32 // checksum of the whole batch, with the seed
	Shards []shardReport
}

// shardReport is what a shard came to beside its gradients.
type shardReport struct {
	Loss   float64
	States [][]byte // the elements of the next states
	Rows   []rowReport
}

// rowReport are the rows of a trained parameter's gradient that may not be zero, see graph.Param.GradRows.
type rowReport struct {
	Known bool
	Rows  []int
}

// together joins the shards of all processes: outcomes and own are those of this one.
func (s *shards) together(
	g Group, p *graph.Params, b *microBatch, carried []*tensor.Dense, own []*shard, outcomes []shardOutcome,
) (float64, error) {
	r := report{Batch: checksum(uint32(b.seed), b.args...)}
	for i, o := range outcomes {
		r.Shards = append(r.Shards, reportOf(o, own[i].params, p))
	}
	reports, err := exchange(g, r)
	if err != nil {
		return 0, err
	}
	var all []shardOutcome
	rows := make([]rowUnion, p.Len())
	for rank, r := range reports {
		if r.Batch != reports[0].Batch {
			return 0, errors.Errorf("train: the processes do not agree on the batch: that of %s is another than that of %s "+
				"(are the data, and the order of their files, the same?)", g.Name(rank), g.Name(0))
		}
		from, to := owned(g, rank, len(b.parts))
		if len(r.Shards) != to-from {
			return 0, errors.Errorf("train: %s reports %d shards; want %d", g.Name(rank), len(r.Shards), to-from)
		}
		for i, shard := range r.Shards {
			o, err := shard.outcome(b.parts[from+i].args[len(b.args)-len(carried):])
			if err != nil {
				return 0, errors.Wrap(err, g.Name(rank))
			}
			all = append(all, o)
			for j, q := range shard.Rows {
				rows[j].all = rows[j].all || !q.Known
				rows[j].rows = append(rows[j].rows, q.Rows...)
			}
		}
	}
	loss := join(b, carried, all)
	if err := s.sums.sumAcross(g, p, b.parts, own); err != nil {
		return 0, err
	}
	i := 0
	for _, q := range trained(p) {
		if err := rows[i].take(q); err != nil {
			return 0, err
		}
		i++
	}
	return loss, nil
}

// reportOf reports a shard, whose gradients are in a replica of the store.
func reportOf(o shardOutcome, replica, store *graph.Params) shardReport {
	r := shardReport{Loss: o.loss}
	for _, s := range o.next {
		r.States = append(r.States, vectorOf(s).bytes())
	}
	for i := range trained(store) {
		rows, known := replica.At(i).GradRows()
		r.Rows = append(r.Rows, rowReport{known, rows})
	}
	return r
}

// outcome reads a report, whose states are like those given.
func (r shardReport) outcome(states []*tensor.Dense) (shardOutcome, error) {
	o := shardOutcome{loss: r.Loss}
	if len(r.States) < len(states) {
		return o, errors.Errorf("train: a report of %d states; want %d", len(r.States), len(states))
	}
	for i, s := range states {
		next := s.Clone().(*tensor.Dense)
		memory := vectorOf(next).bytes()
		if len(r.States[i]) != len(memory) {
			return o, errors.Errorf("train: state %d has %d bytes; want %d", i, len(r.States[i]), len(memory))
		}
		copy(memory, r.States[i])
		o.next = append(o.next, next)
	}
	return o, nil
}
