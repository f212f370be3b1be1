package models

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// place is a window: a series and how many of its values are known. The context is the C steps before, of which the first may
// lie before the series begins; the horizon is the H steps after.
type place struct{ series, known int }

// windows makes inputs of windows.
type windows struct {
	c ForecastConfig
	f *features
}

// width is that of what the network reads at a step of the context, without what classes are embedded to.
func (w windows) width() int {
	if w.c.steps() {
		return len(w.c.Lags) + 1 + w.f.ahead() + w.f.constant()
	}
	return 2 + w.f.behind() + w.f.ahead() + w.f.constant()
}

// scale is that of a window.
func (w windows) scale(r *readSeries, known int) windowScale {
	return w.f.scaleOfWindow(r.Values[max(0, known-w.c.Context):known], w.c.Scaling)
}

// scaled is a value at a window's scale; a missing one is 0, the middle.
func (s windowScale) scaled(v float64) float32 {
	if math.IsNaN(v) {
		return 0
	}
	return float32((v - s.location) / s.scale)
}

// constants are what stays the same in a window: static numbers, where its values lie, and how large they are.
func (w windows) constants(to []float32, r *readSeries, s windowScale) []float32 {
	to = append(to, r.numbers...)
	return append(to, w.f.Location.scaled(s.location), w.f.Size.scaled(math.Log(s.scale)))
}

// history is what a network that goes step by step has before it: the values of a series without gaps, and those that were
// drawn after them.
type history struct{ filled, drawn []float64 }

// at is the value of a step, or NaN where there is none.
func (h history) at(t int) float64 {
	switch {
	case t < 0 || t >= len(h.filled)+len(h.drawn):
		return math.NaN()
	case t < len(h.filled):
		return h.filled[t]
	}
	return h.drawn[t-len(h.filled)]
}

// step appends what a network that goes step by step reads at step t: the values some steps ago, whether the last is known,
// and what is known ahead.
func (w windows) step(to []float32, r *readSeries, t int, h history, s windowScale) []float32 {
	if t < 0 {
		return append(to, make([]float32, w.width())...)
	}
	for _, lag := range w.c.Lags {
		to = append(to, s.scaled(h.at(t-lag)))
	}
	seen := float32(1)
	if t < 1 || t <= len(h.filled) && math.IsNaN(r.Values[t-1]) {
		seen = 0
	}
	to = append(to, seen)
	n := w.f.ahead()
	to = append(to, r.ahead[t*n:(t+1)*n]...)
	return w.constants(to, r, s)
}

// whole appends what a network that forecasts all steps at once reads at step t of the context: the value, whether it is
// known, and the columns beside it.
func (w windows) whole(to []float32, r *readSeries, t int, s windowScale) []float32 {
	if t < 0 {
		return append(to, make([]float32, w.width())...)
	}
	seen := float32(1)
	if math.IsNaN(r.Values[t]) {
		seen = 0
	}
	to = append(to, s.scaled(r.filled[t]), seen)
	n, past := w.f.ahead(), w.f.behind()
	to = append(to, r.past[t*past:(t+1)*past]...)
	to = append(to, r.ahead[t*n:(t+1)*n]...)
	return w.constants(to, r, s)
}

// inputs are those of the network for some windows, time-major:
//
//	step by step   x [C, B, F] or, with targets, [C+H, B, F]; the numbers of classes, [B] each
//	all at once    x [C, B, F], what is known ahead [H, B, A], the values of the context [C, B]; the numbers of classes
func (w windows) inputs(list []*readSeries, at []place, targets bool) ([]*tensor.Dense, []windowScale) {
	b, c, h := len(at), w.c.Context, w.c.Horizon
	steps := c
	if w.c.steps() && targets {
		steps += h
	}
	scales := make([]windowScale, b)
	rows := make([][]float32, b) // [B][steps·F], turned below
	for i, p := range at {
		r := list[p.series]
		scales[i] = w.scale(r, p.known)
		for t := p.known - c; t < p.known-c+steps; t++ {
			if w.c.steps() {
				rows[i] = w.step(rows[i], r, t, history{filled: r.filled}, scales[i])
			} else {
				rows[i] = w.whole(rows[i], r, t, scales[i])
			}
		}
	}
	in := []*tensor.Dense{timeMajor(rows, steps, w.width())}
	if !w.c.steps() {
		n := w.f.ahead()
		ahead, values := make([][]float32, b), make([][]float32, b)
		for i, p := range at {
			r := list[p.series]
			ahead[i] = make([]float32, h*n) // of steps that are not asked for, nothing need be known: they change no other
			copy(ahead[i], r.ahead[p.known*n:min((p.known+h)*n, len(r.ahead))])
			for t := p.known - c; t < p.known; t++ {
				values[i] = append(values[i], scales[i].scaled(history{filled: r.filled}.at(t)))
			}
		}
		in = append(in, timeMajor(ahead, h, n), timeMajor(values, c, 1, b))
	}
	return append(in, w.classes(list, at)...), scales
}

// classes are the numbers of the static classes, [B] each.
func (w windows) classes(list []*readSeries, at []place) []*tensor.Dense {
	var out []*tensor.Dense
	for k := range w.f.Classes {
		ids := make([]int, len(at))
		for i, p := range at {
			ids[i] = list[p.series].ids[k]
		}
		out = append(out, graph.Ints(ids))
	}
	return out
}

// targets are what a training compares with: the scaled values, whether they are known, both [T, B], and the windows' scales
// [B]. T is C+H or, with the network that forecasts all at once, H. Without learning from the context, only the horizon counts.
func (w windows) targets(list []*readSeries, at []place, scales []windowScale, context bool) (out []*tensor.Dense, count int) {
	first := 0
	if w.c.steps() {
		first = -w.c.Context
	}
	b, steps := len(at), w.c.Horizon-first
	values, mask, size := make([]float32, steps*b), make([]float32, steps*b), make([]float32, b)
	for i, p := range at {
		size[i] = float32(scales[i].scale)
		for j := range steps {
			t := p.known + first + j
			v := history{filled: list[p.series].Values}.at(t)
			if math.IsNaN(v) || !context && t < p.known {
				continue
			}
			count++
			mask[j*b+i] = 1
			if w.c.steps() {
				values[j*b+i] = float32(v - scales[i].location)
			} else {
				values[j*b+i] = scales[i].scaled(v)
			}
		}
	}
	out = []*tensor.Dense{graph.Floats(values, steps, b), graph.Floats(mask, steps, b)}
	if w.c.steps() {
		out = append(out, graph.Floats(size, b))
	}
	return out, count
}

// timeMajor turns rows of steps·width numbers, one for each sequence, into [steps, B, width], or into another shape of as
// many.
func timeMajor(rows [][]float32, steps, width int, shape ...int) *tensor.Dense {
	b := len(rows)
	out := make([]float32, steps*b*width)
	for i, row := range rows {
		for t := range steps {
			copy(out[(t*b+i)*width:(t*b+i+1)*width], row[t*width:(t+1)*width])
		}
	}
	if shape != nil {
		return graph.Floats(out, append([]int{steps}, shape...)...)
	}
	return graph.Floats(out, steps, b, width)
}
