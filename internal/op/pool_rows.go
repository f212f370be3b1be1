package op

import "github.com/unroll-go/unroll/internal/kernel"

// The windows that most max-pools have need no result to be written more than once.

// covers tells whether every result reads its whole window along the last axis, one place after the other, four at most.
func (w *Window) covers() bool {
	return w.Before[2] == 0 && w.Dilation[2] == 1 && (w.Out[2]-1)*w.Stride[2]+w.Kernel[2] <= w.In[2] && w.Kernel[2] <= 4
}

// largestOfRows is the largest of what each window covers, a NaN if there is one, of two rows at a time.
func largestOfRows[T kernel.Float](w Window, y, x []T) {
	for row := range w.Out[0] * w.Out[1] {
		out, first := y[row*w.Out[2]:][:w.Out[2]], true
		var waits []T // for another row
		w.rows(row, func(at int) {
			in := x[at*w.In[2]:][:w.In[2]]
			if waits == nil {
				waits = in
				return
			}
			largestOfTwo(out, waits, in, w.Kernel[2], w.Stride[2], first)
			waits, first = nil, false
		})
		if waits != nil {
			largestOfOne(out, waits, w.Kernel[2], w.Stride[2], first)
		}
	}
}

// rows goes through the rows of x that results of a row read.
func (w *Window) rows(row int, f func(at int)) {
	o := [2]int{row / w.Out[1], row % w.Out[1]}
	d0, d1 := w.taps(0, o[0])
	h0, h1 := w.taps(1, o[1])
	for d := d0; d < d1; d++ {
		for h := h0; h < h1; h++ {
			f(w.place(0, o[0], d)*w.In[1] + w.place(1, o[1], h))
		}
	}
}

// largestOfTwo is the largest of each window in two rows, and of what there is already unless these are the first.
func largestOfTwo[T kernel.Float](y, a, b []T, width, step int, first bool) {
	if width != 2 || !first {
		largestOfOne(y, a, width, step, first)
		largestOfOne(y, b, width, step, false)
		return
	}
	for j := range y {
		i := j * step
		y[j] = max(a[i], a[i+1], b[i], b[i+1])
	}
}

// largestOfOne is largestOfTwo for one row.
func largestOfOne[T kernel.Float](y, x []T, width, step int, first bool) {
	if first {
		for j := range y {
			y[j] = x[j*step]
		}
	}
	switch width {
	case 1:
		for j := range y {
			y[j] = max(y[j], x[j*step])
		}
	case 2:
		for j := range y {
			i := j * step
			y[j] = max(y[j], x[i], x[i+1])
		}
	case 3:
		for j := range y {
			i := j * step
			y[j] = max(y[j], x[i], x[i+1], x[i+2])
		}
	default:
		for j := range y {
			i := j * step
			y[j] = max(y[j], x[i], x[i+1], x[i+2], x[i+3])
		}
	}
}
