package op

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// MaxPool is the largest of what each window covers, in every one of Outer pictures [In]. Padding does not count.
type MaxPool struct {
	Window
	Outer int
}

func (o MaxPool) String() string { return fmt.Sprintf("max-pool of %v", o.Kernel) }

func (o MaxPool) Bind(b *Binding) Task {
	return pick(b, bindMaxPool[float32](o), bindMaxPool[float64](o))
}

func bindMaxPool[T kernel.Float](o MaxPool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return o.pictures(o.Outer, func(i int) {
			y, x := dst[i*o.Places():(i+1)*o.Places()], x[i*o.Elements():(i+1)*o.Elements()]
			if o.covers() {
				largestOfRows(o.Window, y, x)
				return
			}
			kernel.Fill(y, T(math.Inf(-1)))
			alongRows(o.Window, y, x, func(y, x []T, step int) {
				for j, at := 0, 0; j < len(y); j, at = j+1, at+step {
					y[j] = max(y[j], x[at]) // of which a NaN is the largest
				}
			})
		})
	}
}

// alongRows goes through the rows of results y, once for each tap, with the row of x that they read: one element, and then one a
// step further on, for each.
func alongRows[T kernel.Float](w Window, y, x []T, f func(y, x []T, step int)) {
	w.eachRow(1, func(_, _ int, t tap) {
		for row := range w.Out[0] * w.Out[1] {
			if l := w.line(t, row, 0, w.Out[2]); l.a < l.b {
				f(y[row*w.Out[2]+l.a:row*w.Out[2]+l.b], x[l.at:], w.Stride[2])
			}
		}
	})
}

// pictures is a task that does one after the other, each by itself.
func (w Window) pictures(n int, f func(i int)) Task {
	return rowsTask(n, w.Places()*w.Taps(), func(from, to int) {
		for i := from; i < to; i++ {
			f(i)
		}
	})
}

// largestIn is the place of the first maximum of what result p covers; a NaN counts as the largest.
func largestIn[T kernel.Float](w Window, x []T, p int) int {
	best := -1
	w.covered(p, func(at int) {
		if best < 0 || x[at] > x[best] || x[at] != x[at] && x[best] == x[best] {
			best = at
		}
	})
	return best
}

// covered goes through the places that result p reads, padding left out.
func (w Window) covered(p int, f func(at int)) {
	o := [3]int{p / (w.Out[1] * w.Out[2]), p / w.Out[2] % w.Out[1], p % w.Out[2]}
	var from, to [3]int
	for axis := range o {
		from[axis], to[axis] = w.taps(axis, o[axis])
	}
	for d := from[0]; d < to[0]; d++ {
		for h := from[1]; h < to[1]; h++ {
			row := (w.place(0, o[0], d)*w.In[1] + w.place(1, o[1], h)) * w.In[2]
			for k := from[2]; k < to[2]; k++ {
				f(row + w.place(2, o[2], k))
			}
		}
	}
}

// MaxPoolGrad gives the gradient of each result, In[1], to the first maximum of what it covers of x, In[0].
type MaxPoolGrad struct{ MaxPool }

func (o MaxPoolGrad) String() string { return fmt.Sprintf("max-pool' of %v", o.Kernel) }

func (o MaxPoolGrad) Bind(b *Binding) Task {
	return pick(b, bindMaxPoolGrad[float32](o), bindMaxPoolGrad[float64](o))
}

func bindMaxPoolGrad[T kernel.Float](o MaxPoolGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, dy := Vec[T](b.Out), Vec[T](b.In[0]), Vec[T](b.In[1])
		return o.pictures(o.Outer, func(i int) {
			x, dx := x[i*o.Elements():(i+1)*o.Elements()], dst[i*o.Elements():(i+1)*o.Elements()]
			kernel.Fill(dx, 0)
			for p := range o.Places() {
				dx[largestIn(o.Window, x, p)] += dy[i*o.Places()+p]
			}
		})
	}
}

// SumPool adds up what each window covers, in every one of Outer pictures [In].
type SumPool struct {
	Window
	Outer int
}

func (o SumPool) String() string { return fmt.Sprintf("sum-pool of %v", o.Kernel) }

func (o SumPool) Bind(b *Binding) Task {
	return pick(b, bindSumPool[float32](o), bindSumPool[float64](o))
}

func bindSumPool[T kernel.Float](o SumPool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return o.pictures(o.Outer, func(i int) {
			y := dst[i*o.Places() : (i+1)*o.Places()]
			kernel.Fill(y, 0)
			alongRows(o.Window, y, x[i*o.Elements():(i+1)*o.Elements()], func(y, x []T, step int) {
				for j, at := 0, 0; j < len(y); j, at = j+1, at+step {
					y[j] += x[at]
				}
			})
		})
	}
}

// SumPoolGrad gives the gradient of each result to all that it covers: the transpose of SumPool.
type SumPoolGrad struct{ SumPool }

func (o SumPoolGrad) String() string { return fmt.Sprintf("sum-pool' of %v", o.Kernel) }

func (o SumPoolGrad) Bind(b *Binding) Task {
	return pick(b, bindSumPoolGrad[float32](o), bindSumPoolGrad[float64](o))
}

func bindSumPoolGrad[T kernel.Float](o SumPoolGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, dy := Vec[T](b.Out), Vec[T](b.In[0])
		return o.pictures(o.Outer, func(i int) {
			dx := dst[i*o.Elements() : (i+1)*o.Elements()]
			kernel.Fill(dx, 0)
			for p := range o.Places() {
				v := dy[i*o.Places()+p]
				o.covered(p, func(at int) { dx[at] += v })
			}
		})
	}
}
