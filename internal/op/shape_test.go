package op

import (
	"fmt"
	"testing"
)

// Transposing moves every element to where its indices say, whichever axes stay neighbours and however large matrices are.
func TestTranspose(t *testing.T) {
	for _, c := range []struct{ shape, perm []int }{
		{[]int{1}, []int{0}}, {[]int{3, 5}, []int{1, 0}}, {[]int{70, 130}, []int{1, 0}}, {[]int{2, 3, 4}, []int{0, 2, 1}}, {[]int{2, 3, 4}, []int{2, 1, 0}},
		{[]int{2, 64, 3, 2, 17}, []int{0, 2, 3, 1, 4}}, {[]int{2, 3, 2, 65, 9}, []int{0, 3, 1, 2, 4}}, {[]int{2, 3, 4, 5}, []int{0, 1, 2, 3}},
		{[]int{2, 3, 4, 5}, []int{2, 3, 0, 1}}, {[]int{1, 300, 1, 70}, []int{3, 2, 1, 0}}, {[]int{40, 30, 50}, []int{1, 2, 0}},
	} {
		out := make([]int, len(c.shape))
		for i, p := range c.perm {
			out[i] = c.shape[p]
		}
		x, y := make([]float32, Size(c.shape)), make([]float32, Size(c.shape))
		for i := range x {
			x[i] = float32(i)
		}
		task := (&Transpose{Perm: c.perm}).Bind(&Binding{Out: Operand{Shape: out, F32: y}, In: []Operand{{Shape: c.shape, F32: x}}})
		if err := task(); err != nil {
			t.Fatal(err)
		}
		from, to := Strides(c.shape), Strides(out)
		for i, v := range y {
			place, rest := 0, i
			for d := range out {
				place += rest / to[d] * from[c.perm[d]]
				rest %= to[d]
			}
			if v != x[place] {
				t.Errorf("%s: element %d is %v; want %v", fmt.Sprint(c), i, v, x[place])
				break
			}
		}
	}
}
