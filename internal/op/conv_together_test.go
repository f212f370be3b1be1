package op

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A sequence has the bits in a batch that it has alone, however many are multiplied together.
func TestConvTogether(t *testing.T) {
	together := 0
	for _, groups := range []int{1, 2} {
		for _, to := range []int{1, 2, 3, 7, 8, 33, 128} {
			for _, from := range []int{1, 3, 40, 300} {
				for _, out := range []int{1, 2, 5, 31, 63} {
					w := Window{In: [3]int{1, 1, out + 2}, Out: [3]int{1, 1, out}, Kernel: [3]int{1, 1, 3}, Stride: [3]int{1, 1, 1},
						Dilation: [3]int{1, 1, 1}}
					c := Conv{Window: w, Batch: 9, Groups: groups, From: from, To: to}
					if c.together() > 1 {
						together++
					}
					t.Run(fmt.Sprint(c), func(t *testing.T) {
						convAlone[float32](t, c, func(x []float32) Operand { return Operand{F32: x} })
						convAlone[float64](t, c, func(x []float64) Operand { return Operand{F64: x} })
					})
				}
			}
		}
	}
	if together < 50 {
		t.Errorf("only %d convolutions multiply sequences together", together)
	}
}

func convAlone[T float32 | float64](t *testing.T, c Conv, operand func(x []T) Operand) {
	r := rand.New(rand.NewPCG(1, uint64(c.depth())))
	draw := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		return x
	}
	in, out := c.Groups*c.From*c.Elements(), c.Groups*c.To*c.Places()
	x, w, bias := draw(c.Batch*in), draw(c.Groups*c.To*c.depth()), draw(c.Groups*c.To)
	run := func(c Conv, x []T, bias ...Operand) []T {
		y := make([]T, c.Batch*out)
		b := &Binding{Out: operand(y), In: append([]Operand{operand(x), operand(w)}, bias...)}
		b.F64 = b.Out.F64 != nil
		if err := c.Bind(b)(); err != nil {
			t.Fatal(err)
		}
		return y
	}
	for _, bias := range [][]Operand{nil, {operand(bias)}} {
		all := run(c, x, bias...)
		one := c
		one.Batch = 1
		for i := range c.Batch {
			for k, v := range run(one, x[i*in:][:in], bias...) {
				if all[i*out+k] != v {
					t.Fatalf("sequence %d, %d: %v in the batch, %v alone", i, k, all[i*out+k], v)
				}
			}
		}
	}
}
