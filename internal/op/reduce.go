package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Sum adds up the middle of [outer, n, inner].
type Sum struct {
	Outer, N, Inner int
}

func (o Sum) String() string { return fmt.Sprintf("sum of %d", o.N) }

func (o Sum) Bind(b *Binding) Task {
	return pick(b, bindReduce[float32](o, false), bindReduce[float64](o, false))
}

func (o Sum) BindAdd(b *Binding) Task {
	return pick(b, bindReduce[float32](o, true), bindReduce[float64](o, true))
}

func bindReduce[T kernel.Float](o Sum, onTop bool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		if o.Inner == 1 {
			return rowsTask(o.Outer, o.N, func(from, to int) {
				for i := from; i < to; i++ {
					total := kernel.Sum(x[i*o.N : (i+1)*o.N])
					if onTop {
						total += dst[i]
					}
					dst[i] = total
				}
			})
		}
		// Columns are added up in strips, each by one goroutine from the first row to the last.
		const strip = 1024
		across := (o.Inner + strip - 1) / strip
		return rowsTask(o.Outer*across, o.N*min(strip, o.Inner), func(from, to int) {
			for s := from; s < to; s++ {
				i, c := s/across, s%across*strip
				out := dst[i*o.Inner+c : i*o.Inner+min(c+strip, o.Inner)]
				if !onTop {
					kernel.Fill(out, 0)
				}
				kernel.AddRowsOf(out, x[i*o.N*o.Inner+c:], o.N, len(out), o.Inner)
			}
		})
	}
}

// Expand repeats [outer, inner] n times in the middle: sum's derivative.
type Expand struct {
	Outer, N, Inner int
}

func (o Expand) String() string { return fmt.Sprintf("expand %d times", o.N) }

func (o Expand) Bind(b *Binding) Task { return pick(b, bindExpand[float32](o), bindExpand[float64](o)) }

func bindExpand[T kernel.Float](o Expand) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return func() error {
			if o.Inner == 1 {
				for i, v := range x {
					kernel.Fill(dst[i*o.N:(i+1)*o.N], v)
				}
				return nil
			}
			for r := 0; r < o.Outer*o.N; r++ {
				from := r / o.N * o.Inner
				copy(dst[r*o.Inner:(r+1)*o.Inner], x[from:from+o.Inner])
			}
			return nil
		}
	}
}

// Without returns shape less one dimension.
func Without(shape []int, axis int) []int {
	return append(Clone(shape[:axis]), shape[axis+1:]...)
}

// Max is the largest element along the middle of [outer, n, inner].
type Max struct {
	Outer, N, Inner int
}

func (o Max) String() string { return fmt.Sprintf("max of %d", o.N) }

func (o Max) Bind(b *Binding) Task { return pick(b, bindMax[float32](o), bindMax[float64](o)) }

func bindMax[T kernel.Float](o Max) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return func() error {
			if o.Inner == 1 {
				for i := range dst {
					dst[i] = x[argmax(x, o, i)]
				}
				return nil
			}
			for i := range o.Outer { // row by row, as they lie in memory
				largestRow(dst[i*o.Inner:(i+1)*o.Inner], x[i*o.N*o.Inner:(i+1)*o.N*o.Inner])
			}
			return nil
		}
	}
}

// largestRow finds what argmax finds, for all results of x, rows as long as dst, at once.
func largestRow[T kernel.Float](dst, x []T) {
	copy(dst, x)
	for at := len(dst); at < len(x); at += len(dst) {
		for i, v := range x[at : at+len(dst)] {
			if d := dst[i]; v > d || v != v && d == d {
				dst[i] = v
			}
		}
	}
}

// argmax returns the place in x of the first maximum that belongs to result i; a NaN counts as the largest.
func argmax[T kernel.Float](x []T, o Max, i int) int {
	at := i/o.Inner*o.N*o.Inner + i%o.Inner
	best := at
	for j := 1; j < o.N && x[best] == x[best]; j++ {
		at += o.Inner
		if v := x[at]; v > x[best] || v != v {
			best = at
		}
	}
	return best
}

// MaxGrad gives the gradient to the first maximum of each group.
type MaxGrad struct{ Max }

func (o MaxGrad) String() string { return fmt.Sprintf("max' of %d", o.N) }

func (o MaxGrad) Bind(b *Binding) Task {
	return pick(b, bindMaxGrad[float32](o), bindMaxGrad[float64](o))
}

func bindMaxGrad[T kernel.Float](o MaxGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, dy := Vec[T](b.Out), Vec[T](b.In[0]), Vec[T](b.In[1])
		return func() error {
			kernel.Fill(dst, 0)
			for i, v := range dy {
				dst[argmax(x, o.Max, i)] = v
			}
			return nil
		}
	}
}
