package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Take takes entries of the middle of [outer, n, inner] by places that are known: any of them, in any order, as often as one
// likes. A place below 0 gives zeros. It is a pointer, as slices cannot be compared.
type Take struct {
	Outer, N, Inner int
	At              []int
}

func (o *Take) String() string { return fmt.Sprintf("take %d of %d", len(o.At), o.N) }

func (o *Take) Bind(b *Binding) Task { return pick(b, bindTake[float32](o), bindTake[float64](o)) }

func bindTake[T kernel.Float](o *Take) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return rowsTask(o.Outer, len(o.At)*o.Inner, func(from, to int) {
			for i := from; i < to; i++ {
				o.each(i, func(place, taken int) {
					out := dst[taken : taken+o.Inner]
					if place < 0 {
						clear(out)
					} else {
						copy(out, x[place:])
					}
				})
			}
		})
	}
}

// each goes through the entries that are taken of block i: where each comes from, or a place below 0, and where it goes.
func (o *Take) each(i int, f func(place, taken int)) {
	for j, at := range o.At {
		place := -1
		if at >= 0 {
			place = (i*o.N + at) * o.Inner
		}
		f(place, (i*len(o.At)+j)*o.Inner)
	}
}

// TakeGrad adds every entry to where it was taken from: the transpose of Take.
type TakeGrad struct{ *Take }

func (o TakeGrad) String() string { return fmt.Sprintf("take' %d of %d", len(o.At), o.N) }

func (o TakeGrad) Bind(b *Binding) Task {
	return pick(b, bindTakeGrad[float32](o), bindTakeGrad[float64](o))
}

func bindTakeGrad[T kernel.Float](o TakeGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, dy := Vec[T](b.Out), Vec[T](b.In[0])
		return rowsTask(o.Outer, len(o.At)*o.Inner, func(from, to int) {
			for i := from; i < to; i++ {
				kernel.Fill(dst[i*o.N*o.Inner:(i+1)*o.N*o.Inner], 0)
				o.each(i, func(place, taken int) {
					if place >= 0 {
						kernel.AddTo(dst[place:place+o.Inner], dy[taken:taken+o.Inner])
					}
				})
			}
		})
	}
}
