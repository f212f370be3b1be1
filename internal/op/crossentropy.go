package op

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// CrossEntropy is softmax and negative log-likelihood in one: log Σexp(x) - x[target] for every row of logits.
type CrossEntropy struct {
	Ignore Exempt
	First  int // the number of the first row, for messages; set by the compiler
}

func (CrossEntropy) String() string { return "softmax cross-entropy" }

func (o CrossEntropy) Bind(b *Binding) Task {
	return pick(b, bindCrossEntropy[float32](o), bindCrossEntropy[float64](o))
}

func bindCrossEntropy[T kernel.Float](o CrossEntropy) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, targets := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		cols := b.In[0].Shape[len(b.In[0].Shape)-1]
		rows := rowsTask(len(targets), cols, func(from, to int) {
			for i := from; i < to; i++ {
				dst[i] = 0
				if t := targets[i]; !o.Ignore.is(t) {
					dst[i] = kernel.CrossEntropyRow(x[i*cols:(i+1)*cols], t)
				}
			}
		})
		return func() error {
			for i, t := range targets {
				if !o.Ignore.is(t) && (t < 0 || t >= cols) {
					return errors.Errorf("target %d at position %d; want 0 to %d", t, o.First+i, cols-1)
				}
			}
			return rows()
		}
	}
}

// CrossEntropyGrad is (softmax(x) - onehot(target))·dy for every row, from logits, targets, losses and dy. The row's loss
// gives back the log-sum-exp that the forward pass found, so each exponential is taken once more but never summed again.
type CrossEntropyGrad struct{ CrossEntropy }

func (CrossEntropyGrad) String() string { return "softmax cross-entropy'" }

func (o CrossEntropyGrad) Bind(b *Binding) Task {
	return pick(b, bindCrossEntropyGrad[float32](o), bindCrossEntropyGrad[float64](o))
}

// Overwrites is the number of the logits.
func (CrossEntropyGrad) Overwrites() int { return 0 }

func bindCrossEntropyGrad[T kernel.Float](o CrossEntropyGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, targets, losses, dy := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs, Vec[T](b.In[2]), Vec[T](b.In[3])
		cols := b.In[0].Shape[len(b.In[0].Shape)-1]
		return rowsTask(len(targets), cols, func(from, to int) {
			for i := from; i < to; i++ {
				t, out, row := targets[i], dst[i*cols:(i+1)*cols], x[i*cols:(i+1)*cols]
				if o.Ignore.is(t) || dy[i] == 0 {
					kernel.Fill(out, 0)
					continue
				}
				kernel.CrossEntropyGradRow(out, row, t, losses[i], dy[i])
			}
		})
	}
}
