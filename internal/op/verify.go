package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// Verify hands on x unchanged after a look at ids. It is a pointer, as functions cannot be compared.
type Verify struct {
	What  string
	Check func(ids [][]int) error
}

func (o *Verify) String() string { return o.What }

func (o *Verify) Bind(b *Binding) Task {
	return pick(b, bindVerify[float32](o), bindVerify[float64](o))
}

func bindVerify[T kernel.Float](o *Verify) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		ids := make([][]int, len(b.In)-1)
		for i, in := range b.In[1:] {
			ids[i] = in.IDs
		}
		return func() error {
			if err := o.Check(ids); err != nil {
				return err
			}
			copy(dst, x)
			return nil
		}
	}
}
