package train

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Parallel has workers compute the gradients of a batch side by side. The batch is cut along its batch axis into shards,
// each shard's loss and gradients are computed by themselves, and the gradients are added up in the order of the shards.
// Every mean in the loss is divided by what it is over in the whole batch, which the loss says (graph.MeanOver; those of
// package losses all do), so the result is the loss and the gradient of the whole batch but for rounding, whether the mean
// is over targets, sequences or class weights. A loss that does not say it is weighed by Count:
//
//	g = Σ n_i·g_i / Σ n_i, where shard i has n_i targets
//
// The number of shards, not of workers, decides the bits of the result; that is why it is set by itself. Dropout draws a
// mask for each shard. Networks with buffers, such as running statistics, cannot be cut.
type Parallel struct {
	Shards  int // 0 or 1 for none
	Workers int // 0 for as many as Go may use processors; no more than Shards do something

	// Axes are the batch axes of the loss function's arguments: of the batch's tensors, then of the carried states. -1 is
	// for what every shard gets whole. Nil is for [T, B, ...] and [B], and for states [B, ...].
	Axes []int
	// Count weighs shards in the place of the loss: the number of targets that count in examples from to to (without to) of
	// the source's current batch. Nil leaves it to the loss. If that does not say, it is what the source says (CountingSource,
	// which FromBatches' is), and otherwise the number of examples.
	Count func(from, to int) float64

	// Group are the processes that compute the shards, nil for this one alone. It wants a shard for each process, at least.
	Group Group
}

// shards are the functions of a Loop's Parallel.
type shards struct {
	of    []*shard // of those that this process computes
	sums  groupSum
	known int // parameters that the replicas have; 0 before the first
}

// shard computes gradients of its own over weights that it shares.
type shard struct {
	params       *graph.Params
	plain, parts *graph.Func // the loss, and the loss with scaled means
	means        *graph.Func // the table of means

	// Of the batch that is being computed:
	part *part
	loss *graph.Func
	args []*tensor.Dense
	out  []*tensor.Dense
	err  error
}

// cut gives each shard its part of a batch, or makes one part of the batch if there are no shards. Batches of fewer
// examples than shards leave shards without any; of others, no shard has more than one example more than another.
func (p *Parallel) cut(b *microBatch, states int, data Source) (err error) {
	if p.Shards <= 1 {
		b.parts = []*part{{args: b.args, count: float64(b.tokens)}}
		return nil
	}
	size := 0
	if b.axes, size, err = p.batchAxes(b.args, states); err != nil {
		return err
	}
	n := min(p.Shards, size)
	for i := range n {
		cut := &part{name: fmt.Sprintf("shard %d of %d", i, n), from: i * size / n, to: (i + 1) * size / n}
		for j, a := range b.args {
			if b.axes[j] >= 0 {
				a = takePart(a, b.axes[j], cut.from, cut.to)
			}
			cut.args = append(cut.args, a)
		}
		cut.count = p.targets(cut.from, cut.to, data)
		b.parts = append(b.parts, cut)
	}
	return nil
}

// begin brings the parameters into being, by a part of a batch.
func (s *shards) begin(loss *graph.Func, p *part) error {
	if s.known == 0 {
		if _, err := loss.GradProgram(p.args...); err != nil {
			return p.wrap(err)
		}
		s.known = loss.Params().Len()
	}
	return nil
}

// prepare gives shard i of those that are computed here its part of a batch, with its function compiled for the arguments:
// build functions need not be safe for several goroutines.
func (s *shards) prepare(loss *graph.Func, i int, p *part, scales *tensor.Dense) error {
	c := s.at(loss, i)
	for j := range c.params.Len() { // an observer may have frozen some, or have let them go
		if err := c.params.At(j).Freeze(loss.Params().At(j).Frozen()); err != nil {
			return err
		}
	}
	c.part, c.loss, c.args = p, c.plain, p.args
	if scales != nil {
		c.loss, c.args = c.parts, append(slices.Clip(p.args), scales)
	}
	_, err := c.loss.GradProgram(c.args...)
	return err
}

// at is shard i of those that are computed here.
func (s *shards) at(loss *graph.Func, i int) *shard {
	for i >= len(s.of) {
		store := loss.Params().Replica()
		plain := loss.WithParams(store)
		s.of = append(s.of, &shard{params: store, plain: plain, parts: plain.Parts(), means: plain.Means()})
	}
	return s.of[i]
}

// batchAxes returns each argument's batch axis and the number of examples. The last arguments are the states.
func (p *Parallel) batchAxes(args []*tensor.Dense, states int) ([]int, int, error) {
	axes, first := p.Axes, len(args)-states
	if axes == nil {
		for i, a := range args {
			axes = append(axes, min(a.Dims()-1, 1))
			if i >= first {
				axes[i] = 0
			}
		}
	}
	if len(axes) != len(args) {
		return nil, 0, errors.Errorf("Parallel.Axes has %d axes; the loss function has %d arguments", len(axes), len(args))
	}
	size := 0
	for i, a := range args {
		switch axis := axes[i]; {
		case axis >= a.Dims():
			return nil, 0, errors.Errorf("argument %d has the shape %v; axis %d is to be its batch axis (see Parallel.Axes)", i, a.Shape(), axis)
		case axis < 0 && i >= first:
			return nil, 0, errors.Errorf("state %d has no batch axis, but each shard gives one of its own (see Parallel.Axes)", i-first)
		case axis < 0:
		case size != 0 && a.Shape()[axis] != size:
			return nil, 0, errors.Errorf("argument %d has %d examples along axis %d; want %d (see Parallel.Axes)", i, a.Shape()[axis], axis, size)
		default:
			size = a.Shape()[axis]
		}
	}
	if size == 0 {
		return nil, 0, errors.New("no argument of the loss function has a batch axis to cut along")
	}
	return axes, size, nil
}

// targets is the number of targets of a shard.
func (p *Parallel) targets(from, to int, data Source) float64 {
	if p.Count != nil {
		return p.Count(from, to)
	}
	if s, ok := data.(CountingSource); ok {
		return float64(s.TokensOf(from, to))
	}
	return float64(to - from)
}

// run computes a batch in shards. The store has its gradients then, and carried the next state. It returns the batch's
// part of the loss.
func (s *shards) run(loss *graph.Func, b *microBatch, carried []*tensor.Dense, p Parallel, scales *tensor.Dense) (float64, error) {
	first := len(b.args) - len(carried)
	for _, cut := range b.parts {
		for j, state := range carried { // the batch before has changed it
			cut.args[first+j] = takePart(state, b.axes[first+j], cut.from, cut.to)
		}
	}
	from, to := p.own(len(b.parts))
	if err := s.begin(loss, b.parts[min(from, len(b.parts)-1)]); err != nil {
		return 0, err
	}
	for i := from; i < to; i++ {
		if err := s.prepare(loss, i-from, b.parts[i], scales); err != nil {
			return 0, b.parts[i].wrap(err)
		}
	}
	all := s.of[:to-from]
	side(len(all), p.Workers, func(k int) {
		c := all[k]
		c.loss.Seed(b.seed + uint64(from+k)*0xbf58476d1ce4e5b9)
		c.out, c.err = c.loss.Grad(c.args...)
	})
	outcomes, err := outcomesOf(all, first)
	if err != nil {
		return 0, err
	}
	if g := p.group(); g != nil {
		return s.together(g, loss.Params(), b, carried, all, outcomes)
	}
	return join(b, carried, outcomes), addShards(loss.Params(), all)
}

// side has workers do n things side by side. The workers are the parts of a job, so that no product in a shard is shared out
// a second time. One worker alone does share its products.
func side(n, workers int, do func(i int)) {
	if workers == 0 {
		workers = n
	}
	var next atomic.Int64
	kernel.Share(min(workers, n), func(int, []float64) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	})
}

// shardOutcome is what a shard comes to beside its gradients.
type shardOutcome struct {
	loss float64
	next []*tensor.Dense // the next states
}

// outcomesOf reads what shards have computed. The loss function's arguments from first on are states.
func outcomesOf(all []*shard, first int) ([]shardOutcome, error) {
	out := make([]shardOutcome, len(all))
	for i, c := range all {
		if c.err != nil {
			return nil, c.part.wrap(c.err)
		}
		loss, next, err := lossAndStates(c.out, c.part.args[first:])
		if err != nil {
			return nil, c.part.wrap(err)
		}
		out[i] = shardOutcome{loss, next}
	}
	return out, nil
}

// join puts the losses and next states of all shards of a batch together.
func join(b *microBatch, carried []*tensor.Dense, outcomes []shardOutcome) (loss float64) {
	first := len(b.args) - len(carried)
	for i, o := range outcomes {
		p := b.parts[i]
		loss += float64(p.factor * o.loss)
		for j, state := range carried {
			putPart(state, b.axes[first+j], p.from, p.to, o.next[j])
		}
	}
	return loss
}
