package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Along is the middle of [outer, n, inner], walked from its first entry to the last, or with Reverse from the last to the
// first.
type Along struct {
	Outer, N, Inner int
	Reverse         bool
}

// entry is where the entry at step i of a walk through block o begins in memory.
func (a Along) entry(o, i int) int {
	if a.Reverse {
		i = a.N - 1 - i
	}
	return (o*a.N + i) * a.Inner
}

func (a Along) String() string {
	if a.Reverse {
		return fmt.Sprintf("of %d, from the last", a.N)
	}
	return fmt.Sprintf("of %d", a.N)
}

// CumSum is the sum of all entries up to each one.
type CumSum struct{ Along }

func (o CumSum) String() string { return "cumulative sum " + o.Along.String() }

func (o CumSum) Bind(b *Binding) Task {
	return pick(b, bindCumulate(o.Along, kernel.Add[float32]), bindCumulate(o.Along, kernel.Add[float64]))
}

// CumProd is the product of all entries up to each one.
type CumProd struct{ Along }

func (o CumProd) String() string { return "cumulative product " + o.Along.String() }

func (o CumProd) Bind(b *Binding) Task {
	return pick(b, bindCumulate(o.Along, kernel.Mul[float32]), bindCumulate(o.Along, kernel.Mul[float64]))
}

// bindCumulate combines every entry with the result before it.
func bindCumulate[T kernel.Float](a Along, combine func(dst, x, y []T)) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		return rowsTask(a.Outer, a.N*a.Inner, func(from, to int) {
			for o := from; o < to; o++ {
				first := a.entry(o, 0)
				copy(dst[first:first+a.Inner], x[first:first+a.Inner])
				for i := 1; i < a.N; i++ {
					at, before := a.entry(o, i), a.entry(o, i-1)
					combine(dst[at:at+a.Inner], dst[before:before+a.Inner], x[at:at+a.Inner])
				}
			}
		})
	}
}

// CumProdGrad is the gradient of a cumulative product y of x, without a division, so that x may hold zeros:
//
//	dx_i = y_{i-1}·r_i    r_i = dy_i + x_{i+1}·r_{i+1}
type CumProdGrad struct{ Along }

func (o CumProdGrad) String() string { return "cumulative product' " + o.Along.String() }

func (o CumProdGrad) Bind(b *Binding) Task {
	return pick(b, bindCumProdGrad[float32](o.Along), bindCumProdGrad[float64](o.Along))
}

func bindCumProdGrad[T kernel.Float](a Along) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, y, dy := Vec[T](b.Out), Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.In[2])
		return rowsTask(a.Outer, a.N*a.Inner, func(from, to int) {
			for o := from; o < to; o++ {
				for i := a.N - 1; i >= 0; i-- { // r first
					at := a.entry(o, i)
					r := dst[at : at+a.Inner]
					if i+1 == a.N {
						copy(r, dy[at:at+a.Inner])
						continue
					}
					after := a.entry(o, i+1)
					kernel.Mul(r, x[after:after+a.Inner], dst[after:after+a.Inner])
					kernel.AddTo(r, dy[at:at+a.Inner])
				}
				for i := 1; i < a.N; i++ {
					at, before := a.entry(o, i), a.entry(o, i-1)
					kernel.Mul(dst[at:at+a.Inner], dst[at:at+a.Inner], y[before:before+a.Inner])
				}
			}
		})
	}
}
