package op

import "github.com/unroll-go/unroll/internal/kernel"

// Window says what each result of a convolution or a pooling reads along the last axes of a tensor, [D, H, W]: result o
// reads the places o·Stride + k·Dilation - Before for k from 0 to Kernel-1. Places outside of the In there are, are
// padding. Axes that a tensor lacks come first, and have length 1.
type Window struct {
	In, Out, Kernel, Stride, Dilation, Before [3]int

	After [3]int // places of padding behind the last one; Out tells it, too, but for some that no result reads
}

// Taps is the number of places that a result reads.
func (w Window) Taps() int { return Size(w.Kernel[:]) }

// Places is the number of results, Elements that of what they are read from.
func (w Window) Places() int { return Size(w.Out[:]) }

// Elements is the number of places that there are.
func (w Window) Elements() int { return Size(w.In[:]) }

// place is where result o reads its tap k along an axis.
func (w *Window) place(axis, o, k int) int {
	return o*w.Stride[axis] + k*w.Dilation[axis] - w.Before[axis]
}

// results are those, from and up to, whose tap k along an axis is no padding.
func (w *Window) results(axis, k int) (from, to int) {
	first := w.Before[axis] - k*w.Dilation[axis] // of the places that there are, seen from result 0
	if first > 0 {
		from = (first + w.Stride[axis] - 1) / w.Stride[axis]
	}
	if last := first + w.In[axis] - 1; last >= 0 {
		to = min(last/w.Stride[axis]+1, w.Out[axis])
	}
	return from, max(from, to)
}

// taps are those, from and up to, that are no padding for result o along an axis.
func (w *Window) taps(axis, o int) (from, to int) {
	first := w.Before[axis] - o*w.Stride[axis]
	if first > 0 {
		from = (first + w.Dilation[axis] - 1) / w.Dilation[axis]
	}
	if last := first + w.In[axis] - 1; last >= 0 {
		to = min(last/w.Dilation[axis]+1, w.Kernel[axis])
	}
	return from, max(from, to)
}

// tap is one of the places that every result reads: k of the kernel, and the results, from and up to, of a row for which it is no
// padding along the last axis.
type tap struct {
	k        [3]int
	from, to int
}

// line is a run of n results of one row, of which those from a up to b read, one after the other, a row of x from at on with the
// last axis' stride.
type line struct{ a, b, at, n int }

// line finds what results o, o+1 and so on, n of them, of a row read by a tap.
func (w *Window) line(t tap, row, o, n int) line {
	d, h := 0, row
	if w.Out[0] > 1 {
		d, h = row/w.Out[1], row%w.Out[1]
	}
	d, h = w.place(0, d, t.k[0]), w.place(1, h, t.k[1])
	from, to := max(t.from, o), min(t.to, o+n)
	if d < 0 || d >= w.In[0] || h < 0 || h >= w.In[1] || from >= to {
		return line{}
	}
	return line{a: from - o, b: to - o, at: (d*w.In[1]+h)*w.In[2] + w.place(2, from, t.k[2])}
}

// fold is the transpose of unfold: it adds y [channels·Taps, to-from] to what it was read from, x [channels, In].
func fold[T kernel.Float](w Window, x, y []T, channels, from, to int) {
	w.eachRow(channels, func(r int, channel int, t tap) {
		in, x := y[r*(to-from):(r+1)*(to-from)], x[channel*w.Elements():(channel+1)*w.Elements()]
		for p := from; p < to; {
			o := p % w.Out[2]
			n := min(w.Out[2]-o, to-p)
			l := w.line(t, p/w.Out[2], o, n)
			part := in[p-from : p-from+n]
			if w.Stride[2] == 1 {
				kernel.AddTo(x[l.at:l.at+l.b-l.a], part[l.a:l.b])
			} else {
				for j, at := l.a, l.at; j < l.b; j, at = j+1, at+w.Stride[2] {
					x[at] += part[j]
				}
			}
			p += n
		}
	})
}

// eachRow goes through the rows of what is unfolded: every channel, and in it every tap.
func (w *Window) eachRow(channels int, f func(r, channel int, t tap)) {
	for c := range channels {
		w.eachTap(func(i int, t tap) { f(c*w.Taps()+i, c, t) })
	}
}

// eachTap goes through the taps.
func (w *Window) eachTap(f func(i int, t tap)) {
	r := 0
	for d := range w.Kernel[0] {
		for h := range w.Kernel[1] {
			for i := range w.Kernel[2] {
				from, to := w.results(2, i)
				f(r, tap{[3]int{d, h, i}, from, to})
				r++
			}
		}
	}
}

// Uncovered finds a result that reads padding alone: its axis and its number there, or -1 if there is none.
func (w Window) Uncovered() (axis, result int) {
	for axis := range w.Out {
		for o := range w.Out[axis] {
			if from, to := w.taps(axis, o); from == to {
				return axis, o
			}
		}
	}
	return -1, 0
}
