package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Reshape gives the same elements another shape; a program runs it for free, as a view.
type Reshape struct{}

func (Reshape) String() string { return "reshape" }

func (Reshape) Bind(b *Binding) Task { return pick(b, bindCopy[float32], bindCopy[float64]) }

func bindCopy[T kernel.Float](b *Binding) Task {
	return bindUnary(b, func(dst, x []T) { copy(dst, x) })
}

// Transpose permutes axes: axis i of the result is axis perm[i] of the input.
type Transpose struct {
	Perm []int
}

func (o *Transpose) String() string { return fmt.Sprintf("transpose %v", o.Perm) }

func (o *Transpose) Bind(b *Binding) Task {
	return pick(b, bindTranspose[float32](o), bindTranspose[float64](o))
}

func bindTranspose[T kernel.Float](o *Transpose) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		shape := b.Out.Shape
		in := Strides(b.In[0].Shape)
		step := make([]int, len(o.Perm)) // how far one step along the result's axis moves in the input
		for i, p := range o.Perm {
			step[i] = in[p]
		}
		at := make([]int, len(shape))
		last := len(shape) - 1
		return func() error {
			from := 0
			for i := 0; i < len(dst); i += shape[last] {
				for j := 0; j < shape[last]; j++ {
					dst[i+j] = x[from+j*step[last]]
				}
				for d := last - 1; d >= 0; d-- { // count up the outer axes
					at[d]++
					from += step[d]
					if at[d] < shape[d] {
						break
					}
					from -= shape[d] * step[d]
					at[d] = 0
				}
			}
			return nil
		}
	}
}

// Strides are the steps along each axis of a row-major tensor, in elements.
func Strides(shape []int) []int {
	out := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = n
		n *= shape[i]
	}
	return out
}
