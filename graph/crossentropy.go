package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// crossEntropy is softmax and negative log-likelihood in one: log Σexp(x) - x[target] for every row of logits.
type crossEntropy struct{ ignore exempt }

func (crossEntropy) String() string { return "softmax cross-entropy" }

func (o crossEntropy) bind(b *binding) task {
	return pick(b, bindCrossEntropy[float32](o), bindCrossEntropy[float64](o))
}

func bindCrossEntropy[T kernel.Float](o crossEntropy) func(*binding) task {
	return func(b *binding) task {
		dst, x, targets := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		cols := b.in[0].shape[len(b.in[0].shape)-1]
		rows := rowsTask(len(targets), cols, func(from, to int) {
			for i := from; i < to; i++ {
				dst[i] = 0
				if t := targets[i]; !o.ignore.is(t) {
					row := x[i*cols : (i+1)*cols]
					dst[i] = kernel.LogSumExpRow(row) - row[t]
				}
			}
		})
		return func() error {
			for i, t := range targets {
				if !o.ignore.is(t) && (t < 0 || t >= cols) {
					return errors.Errorf("target %d at position %d; want 0 to %d", t, i, cols-1)
				}
			}
			return rows()
		}
	}
}

// crossEntropyGrad is (softmax(x) - onehot(target))·dy for every row. The row's loss gives back the log-sum-exp that
// the forward pass found, so each exponential is taken once more but never summed again.
type crossEntropyGrad struct{ crossEntropy }

func (crossEntropyGrad) String() string { return "softmax cross-entropy'" }

func (o crossEntropyGrad) bind(b *binding) task {
	return pick(b, bindCrossEntropyGrad[float32](o), bindCrossEntropyGrad[float64](o))
}

func bindCrossEntropyGrad[T kernel.Float](o crossEntropyGrad) func(*binding) task {
	return func(b *binding) task {
		dst, x, targets, losses, dy := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids, vec[T](b.in[2]), vec[T](b.in[3])
		cols := b.in[0].shape[len(b.in[0].shape)-1]
		return rowsTask(len(targets), cols, func(from, to int) {
			for i := from; i < to; i++ {
				t, out, row := targets[i], dst[i*cols:(i+1)*cols], x[i*cols:(i+1)*cols]
				if o.ignore.is(t) || dy[i] == 0 {
					kernel.Fill(out, 0)
					continue
				}
				kernel.Affine(out, row, 1, -(losses[i] + row[t]))
				kernel.Exp(out, out)
				out[t]--
				kernel.Affine(out, out, dy[i], 0)
			}
		})
	}
}

// CrossEntropy is the negative log-likelihood of the targets under the softmax of the logits, one number per row:
// logits [..., V] and ids [...] give [...], in nats. Rows whose target is ignore give 0 and no gradient; any other
// target outside 0..V-1 is an error when the program runs. With NoID as ignore, no target is ignored.
func (g *Graph) CrossEntropy(logits, targets Node, ignore int) Node {
	if !g.floats("CrossEntropy", logits) || !g.ids("CrossEntropy", targets) {
		return Node{}
	}
	if logits.Rank() < 1 || !slices.Equal(logits.shape()[:logits.Rank()-1], targets.shape()) {
		return g.failf("CrossEntropy", "want logits [..., V] and targets [...], found %v and %v", logits.shape(), targets.shape())
	}
	return g.apply(crossEntropy{ignore: exempt(ignore)}, cloneInts(targets.shape()), logits, targets)
}

func init() {
	differentiate(func(o crossEntropy, d derivation) []Node {
		logits, targets := d.in[0], d.in[1]
		return []Node{d.g.apply(crossEntropyGrad{crossEntropy: o}, cloneInts(logits.shape()), logits, targets, d.out, d.grad), {}}
	}, 0)
	differentiate(func(_ crossEntropyGrad, d derivation) []Node {
		d.g.failf("CrossEntropy", "it has no second derivative")
		return make([]Node, len(d.in))
	})
}
