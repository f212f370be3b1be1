package train

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// meanLoss is what Validate says, with batches cut into shards as those of the training are. The state of a shard is carried
// from its part of a batch to its part of the next, so that processes exchange nothing before the end of the data.
func (s *shards) meanLoss(ctx context.Context, loss *graph.Func, data Source, first []*tensor.Dense, p Parallel) (float64, error) {
	v := validation{shards: s, loss: loss, first: first, parallel: p}
	err := data.Seek(0)
	for err == nil && ctx.Err() == nil {
		batch, ok := data.Next()
		if !ok {
			err = errOf(data)
			break
		}
		err = v.batch(batch, data)
	}
	if err != nil {
		return 0, err
	}
	v.own.Cancelled = ctx.Err() != nil
	reports, err := v.gather()
	if err != nil {
		return 0, err
	}
	return v.sum(ctx, reports)
}

// validation is one pass over data, in shards.
type validation struct {
	shards   *shards
	loss     *graph.Func
	first    []*tensor.Dense // the state before the first batch
	parallel Parallel

	states [][]*tensor.Dense // of the shards that are computed here
	counts [][]float64       // of each batch's shards
	own    validationReport
}

// validationReport is what a process tells the others.
type validationReport struct {
	Data      uint32        // checksum of the batches
	Tables    [][][]float64 // of each batch, the tables of means of the process's shards
	Cancelled bool
}

// batch computes the shards of a batch that are this process's.
func (v *validation) batch(batch []*tensor.Dense, data Source) error {
	b := &microBatch{args: append(append([]*tensor.Dense{}, batch...), v.first...), tokens: data.Tokens()}
	if err := v.parallel.cut(b, len(v.first), data); err != nil {
		return err
	}
	v.own.Data = checksum(v.own.Data, batch...)
	var counts []float64
	for _, p := range b.parts {
		counts = append(counts, p.count)
	}
	v.counts = append(v.counts, counts)
	from, to := v.parallel.own(len(b.parts))
	if err := v.shards.begin(v.loss, b.parts[min(from, len(b.parts)-1)]); err != nil {
		return err
	}
	rest := len(batch)
	for i := from; i < to; i++ {
		if i-from == len(v.states) {
			v.states = append(v.states, cloneAll(b.parts[i].args[rest:]))
		}
		copy(b.parts[i].args[rest:], v.states[i-from])
		c := v.shards.at(v.loss, i-from)
		c.part, c.args = b.parts[i], b.parts[i].args
		if _, err := c.means.Program(c.args...); err != nil {
			return c.part.wrap(err)
		}
	}
	all := v.shards.of[:to-from]
	side(len(all), v.parallel.Workers, func(k int) { all[k].out, all[k].err = all[k].means.Run(all[k].args...) })
	tables := make([][]float64, len(all))
	for k, c := range all {
		if c.err != nil {
			return c.part.wrap(c.err)
		}
		last := max(len(c.out)-1, 0) // the table of means
		_, next, err := lossAndStates(c.out[:last], v.states[k])
		if err != nil {
			return c.part.wrap(err)
		}
		carry(v.states[k], next)
		tables[k] = dense.Float64s(c.out[last])
	}
	v.own.Tables = append(v.own.Tables, tables)
	return nil
}

// gather gives every process the reports of all.
func (v *validation) gather() ([]validationReport, error) {
	g := v.parallel.group()
	if g == nil {
		return []validationReport{v.own}, nil
	}
	return exchange(g, v.own)
}

// sum adds up the tables in the order of the batches, and in each of the shards.
func (v *validation) sum(ctx context.Context, reports []validationReport) (float64, error) {
	g := v.parallel.group()
	for rank, r := range reports {
		switch {
		case r.Cancelled && ctx.Err() != nil:
			return 0, cancelled{ctx.Err()}
		case r.Cancelled:
			return 0, cancelled{errors.Wrap(context.Canceled, g.Name(rank))}
		case r.Data != reports[0].Data || len(r.Tables) != len(v.counts):
			return 0, errors.Errorf("the processes do not agree on the data to validate: those of %s are others than those of %s",
				g.Name(rank), g.Name(0))
		}
	}
	var sum lossSum
	for batch, counts := range v.counts {
		shard := 0
		for _, r := range reports {
			for _, table := range r.Tables[batch] {
				if shard == len(counts) {
					return 0, errors.Errorf("more than %d shards of batch %d", len(counts), batch)
				}
				if err := sum.add(table, counts[shard], 1/float64(len(counts))); err != nil {
					return 0, err
				}
				shard++
			}
		}
	}
	return sum.loss()
}
