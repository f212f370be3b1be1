package op

import (
	"fmt"
	"testing"
)

// What is unfolded is what each result reads, by the definition of a window, for any piece of the results.
func TestUnfold(t *testing.T) {
	const channels, padding = 2, -7
	n := 0
	for _, in := range [][3]int{{1, 1, 9}, {1, 5, 4}, {1, 4, 1}, {3, 4, 5}} {
		for _, size := range [][3]int{{1, 1, 1}, {1, 1, 3}, {1, 3, 2}, {2, 3, 3}, {1, 3, 7}} {
			for _, stride := range []int{1, 2} {
				for _, dilation := range []int{1, 2} {
					for before := range 4 {
						w := Window{In: in, Kernel: size, Stride: [3]int{1, stride, stride}, Dilation: [3]int{1, dilation, dilation}}
						fits := true
						for i := range in {
							if w.Stride[i], w.Dilation[i] = max(w.Stride[i], 1), max(w.Dilation[i], 1); i > 0 {
								w.Before[i] = before
							}
							reach := (size[i]-1)*w.Dilation[i] + 1
							all := in[i] + 2*w.Before[i]
							fits = fits && reach <= all
							w.Out[i] = (all-reach)/w.Stride[i] + 1
						}
						if fits {
							n++
							t.Run(fmt.Sprint(w), func(t *testing.T) { unfoldsRight(t, w, channels, padding) })
						}
					}
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d windows fit", n)
	}
}

func unfoldsRight(t *testing.T, w Window, channels int, padding int8) {
	x := make([]int8, channels*w.Elements())
	for i := range x {
		x[i] = int8(i + 1)
	}
	at := func(c, tap, p int) int8 { // what result p reads
		k := [3]int{tap / (w.Kernel[1] * w.Kernel[2]), tap / w.Kernel[2] % w.Kernel[1], tap % w.Kernel[2]}
		o := [3]int{p / (w.Out[1] * w.Out[2]), p / w.Out[2] % w.Out[1], p % w.Out[2]}
		place := 0
		for i := range k {
			l := w.place(i, o[i], k[i])
			if l < 0 || l >= w.In[i] {
				return padding
			}
			place = place*w.In[i] + l
		}
		return x[c*w.Elements()+place]
	}
	for _, piece := range [][2]int{{0, w.Places()}, {w.Places() / 3, w.Places()}, {0, (w.Places() + 1) / 2}, {w.Places() / 2, w.Places()/2 + 1}} {
		from, to := piece[0], piece[1]
		ld := to - from + 3
		got := make([]int8, channels*w.Taps()*ld)
		unfold(w, got, ld, x, channels, from, to, padding)
		for r := range channels * w.Taps() {
			for p := from; p < to; p++ {
				if v, want := got[r*ld+p-from], at(r/w.Taps(), r%w.Taps(), p); v != want {
					t.Fatalf("results %d to %d: row %d, result %d is %d; want %d", from, to, r, p, v, want)
				}
			}
			for _, v := range got[r*ld+to-from:][:3] {
				if v != 0 {
					t.Fatalf("row %d was written beyond its end", r)
				}
			}
		}
	}
}
