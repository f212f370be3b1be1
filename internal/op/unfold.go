package op

import "github.com/unroll-go/unroll/internal/kernel"

// unfold writes what results from up to to of some channels read, a row for every channel and tap (im2col): dst
// [channels·Taps, to-from], with ld between its rows, of x [channels, In], with padding of the given number. A convolution is a
// product with that.
func unfold[T kernel.Float | int8](w Window, dst []T, ld int, x []T, channels, from, to int, padding T) {
	var room [32]line
	taps, elements := w.Taps(), w.Elements()
	w.eachTap(func(i int, t tap) {
		lines := room[:0]
		for p := from; p < to; { // which are those of all channels
			o := p % w.Out[2]
			n := min(w.Out[2]-o, to-p)
			l := w.line(t, p/w.Out[2], o, n)
			l.n = n
			lines = append(lines, l)
			p += n
		}
		if w.shifts() {
			unfoldShifted(dst[i*ld:], taps*ld, x, elements, channels, lines, to-from, padding)
			return
		}
		for c := range channels {
			out, x := dst[(c*taps+i)*ld:][:to-from], x[c*elements:][:elements]
			for _, l := range lines {
				part := out[:l.n]
				out = out[l.n:]
				pad(part[:l.a], padding)
				pad(part[l.b:], padding)
				if w.Stride[2] == 1 {
					copy(part[l.a:l.b], x[l.at:])
					continue
				}
				for j, at := l.a, l.at; j < l.b; j, at = j+1, at+w.Stride[2] {
					part[j] = x[at]
				}
			}
		}
	})
}

// shifts tells whether results lie as the places do, so that what a tap reads for all of them is the picture, shifted.
func (w *Window) shifts() bool {
	return w.In[0] == 1 && w.Out[0] == 1 && w.In[2] == w.Out[2] && w.Stride[1] == 1 && w.Stride[2] == 1
}

// unfoldShifted writes what n results read by a tap of every channel: rows of dst that are step apart, of pictures that are elements
// apart. All that is no padding is copied at once, and what it covers of the padding at the ends of lines written over.
func unfoldShifted[T kernel.Float | int8](dst []T, step int, x []T, elements, channels int, lines []line, n int, padding T) {
	first, last, from, at, ragged := 0, 0, 0, 0, false
	for _, l := range lines {
		if l.a < l.b {
			if last == 0 {
				first, from = at+l.a, l.at
			}
			last = at + l.b
			ragged = ragged || l.a > 0 || l.b < l.n
		}
		at += l.n
	}
	for c := range channels {
		out := dst[c*step:][:n]
		pad(out[:first], padding)
		pad(out[last:], padding)
		copy(out[first:last], x[c*elements+from:])
		if !ragged {
			continue
		}
		for _, l := range lines {
			if l.a < l.b {
				pad(out[:l.a], padding)
				pad(out[l.b:l.n], padding)
			}
			out = out[l.n:]
		}
	}
}

// pad fills x with padding.
func pad[T kernel.Float | int8](x []T, padding T) {
	for i := range x {
		x[i] = padding
	}
}
