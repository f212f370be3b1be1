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
		shape, step := o.walk(b.In[0].Shape, b.Out.Shape)
		last := len(shape) - 1
		rows, cols := shape[last-1], shape[last]
		const most = 64 // rows of a part
		parts := (rows + most - 1) / most
		return rowsTask(len(dst)/(rows*cols)*parts, min(rows, most)*cols, func(from, to int) {
			for i := from; i < to; i++ {
				matrix, row := i/parts, i%parts*most
				place := row * step[last-1]
				for d, rest := last-2, matrix; d >= 0; d-- {
					place += rest % shape[d] * step[d]
					rest /= shape[d]
				}
				turn(dst[(matrix*rows+row)*cols:], x[place:], min(most, rows-row), cols, step[last-1], step[last])
			}
		})
	}
}

// walk gives the axes of the result, and how far one step along each moves in the input. Axes that stay neighbours are one, and
// there are two at least.
func (o *Transpose) walk(in, out []int) (shape, step []int) {
	strides := Strides(in)
	for i, p := range o.Perm {
		if k := len(step) - 1; k >= 0 && step[k] == strides[p]*out[i] {
			shape[k], step[k] = shape[k]*out[i], strides[p]
			continue
		}
		shape, step = append(shape, out[i]), append(step, strides[p])
	}
	for len(shape) < 2 {
		shape, step = append([]int{1}, shape...), append([]int{0}, step...)
	}
	return shape, step
}

// turn copies a matrix whose elements lie by steps in x, in squares that fit the cache.
func turn[T kernel.Float](dst, x []T, rows, cols, down, along int) {
	if along == 1 {
		for r := range rows {
			copy(dst[r*cols:(r+1)*cols], x[r*down:])
		}
		return
	}
	if down == 1 {
		kernel.TransposeOf(dst, x, cols, rows, cols, along)
		return
	}
	const side = 16
	for r0 := 0; r0 < rows; r0 += side {
		for c0 := 0; c0 < cols; c0 += side {
			for r := r0; r < min(r0+side, rows); r++ {
				to := dst[r*cols+c0 : r*cols+min(c0+side, cols)]
				from := x[r*down+c0*along:]
				for c := range to {
					to[c] = from[c*along]
				}
			}
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
