package train

import (
	"sync/atomic"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Parallel has workers compute the gradients of a batch side by side. The batch is cut along its batch axis into shards,
// each shard's loss and gradients are computed by themselves, and the gradients are added up in the order of the shards:
//
//	g = Σ n_i·g_i / Σ n_i, where shard i has n_i targets
//
// which is the batch's gradient if the loss is a mean over targets. The number of shards, not of workers, decides the
// bits of the result; that is why it is set by itself. Dropout draws a mask for each shard. The step's random choices
// aside, a run in shards is the run of whole batches but for rounding. Networks with buffers, such as running statistics,
// cannot be cut.
type Parallel struct {
	Shards  int // 0 or 1 for none
	Workers int // 0 for as many as Go may use processors; no more than Shards do something

	// Axes are the batch axes of the loss function's arguments: of the batch's tensors, then of the carried states. -1 is
	// for what every shard gets whole. Nil is for [T, B, ...] and [B], and for states [B, ...].
	Axes []int
	// Count is the number of targets that count in examples from to to (without to) of the source's current batch. Nil is
	// for what the source says, which FromBatches' does of its lengths, and otherwise for the number of examples.
	Count func(from, to int) float64
}

// countable is a Source that knows the tokens of a part of its batch.
type countable interface{ TokensOf(from, to int) int }

// shards are the functions and the arguments of a Loop's Parallel.
type shards struct {
	of    []*shard
	known int // parameters that the replicas have; 0 before the first
}

// shard computes gradients of its own over weights that it shares.
type shard struct {
	params   *graph.Params
	loss     *graph.Func
	from, to int // examples
	args     []*tensor.Dense
	out      []*tensor.Dense
	weight   float64
	err      error
}

// cut gives each shard its part of the arguments. Batches of fewer examples than shards leave shards without any; of
// others, no shard has more than one example more than another.
func (s *shards) cut(l *Loop, args []*tensor.Dense) ([]*shard, error) {
	axes, size, err := l.batchAxes(args)
	if err != nil {
		return nil, err
	}
	n := min(l.Parallel.Shards, size)
	for i := range n {
		from, to := i*size/n, (i+1)*size/n
		var part []*tensor.Dense
		for j, a := range args {
			if axes[j] >= 0 {
				a = partOf(a, axes[j], from, to)
			}
			part = append(part, a)
		}
		c, err := s.shard(l, i, part)
		if err != nil {
			return nil, errors.Wrapf(err, "shard %d of %d", i, n)
		}
		c.from, c.to, c.args, c.weight = from, to, part, l.targets(from, to)
	}
	return s.of[:n], nil
}

// shard is number i, with its function compiled for the arguments: build functions need not be safe for several
// goroutines.
func (s *shards) shard(l *Loop, i int, args []*tensor.Dense) (*shard, error) {
	if s.known == 0 { // brings the parameters into being
		if _, err := l.Loss.Program(true, args...); err != nil {
			return nil, err
		}
		s.known = l.Params.Len()
	}
	if i == len(s.of) {
		p := l.Params.Replica()
		s.of = append(s.of, &shard{params: p, loss: l.Loss.Over(p)})
	}
	_, err := s.of[i].loss.Program(true, args...)
	return s.of[i], err
}

// batchAxes returns each argument's batch axis and the number of examples.
func (l *Loop) batchAxes(args []*tensor.Dense) ([]int, int, error) {
	axes := l.Parallel.Axes
	if axes == nil {
		for i, a := range args {
			axes = append(axes, min(a.Dims()-1, 1))
			if i >= len(args)-len(l.carried) {
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
		case axis < 0 && i >= len(args)-len(l.carried):
			return nil, 0, errors.Errorf("state %d has no batch axis, but each shard gives one of its own (see Parallel.Axes)", i-len(args)+len(l.carried))
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

// targets is a shard's weight.
func (l *Loop) targets(from, to int) float64 {
	if l.Parallel.Count != nil {
		return l.Parallel.Count(from, to)
	}
	if s, ok := l.Data.(countable); ok {
		return float64(s.TokensOf(from, to))
	}
	return float64(to - from)
}

// parallelGradients is batchGradients in shards.
func (l *Loop) parallelGradients(seed uint64) (float64, error) {
	all, err := l.shards.cut(l, l.args)
	if err != nil {
		return 0, err
	}
	var next atomic.Int64
	work := func(int, []float64) {
		for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
			c := all[i]
			c.loss.Seed(seed + uint64(i)*0xbf58476d1ce4e5b9)
			c.out, c.err = c.loss.Grad(c.args...)
		}
	}
	workers := l.Parallel.Workers
	if workers == 0 {
		workers = len(all)
	}
	// The workers are the parts of a job, so that no product in a shard is shared out a second time. One worker alone does
	// share its products.
	kernel.Share(min(workers, len(all)), work)

	total, loss := 0.0, 0.0
	for i, c := range all {
		if c.err != nil {
			return 0, errors.Wrapf(c.err, "shard %d of %d", i, len(all))
		}
		if len(c.out)-1 < len(l.carried) {
			return 0, errors.Errorf("the loss function returned %d states; want %d", len(c.out)-1, len(l.carried))
		}
		total += c.weight
		if c.weight > 0 { // the mean over nothing may be no number
			loss += c.weight * graph.Scalar(c.out[0])
		}
	}
	if !(total > 0) {
		return 0, errors.Errorf("the shards of the batch have %g targets to weigh them by", total)
	}
	l.addShards(all, total)
	return loss / total, l.joinStates(all)
}

// joinStates puts the shards' next states together.
func (l *Loop) joinStates(all []*shard) error {
	axes, _, err := l.batchAxes(l.args)
	if err != nil {
		return err
	}
	first := len(l.args) - len(l.carried)
	for i, state := range l.carried {
		for _, c := range all {
			if got, want := c.out[1+i].Shape(), c.args[first+i].Shape(); !got.Eq(want) {
				return errors.Errorf("state %d has the shape %v after the batch; want %v", i, got, want)
			}
			putPart(state, axes[first+i], c.from, c.to, c.out[1+i])
		}
	}
	return nil
}
