package stablehlo

import (
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// scans has what is computed from one entry of an axis to the next. A cumulative sum of n entries takes log n operations: each adds
// to every entry what lies 1, 2, 4, ... before it (Hillis and Steele, 1986).
func scans() []entry {
	return []entry{
		on(func(w *writer, o op.CumSum, n *listing.Node) value { return w.cumulate(o.Along, n, "add", 0) }),
		on(func(w *writer, o op.CumProd, n *listing.Node) value { return w.cumulate(o.Along, n, "multiply", 1) }),
		on(cumProdGrad), on(selective), on(selectiveGrad),
	}
}

func (w *writer) cumulate(o op.Along, n *listing.Node, how string, neutral float64) value {
	x := w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner)
	for by := 1; by < o.N; by *= 2 {
		x = w.binary(how, x, w.shifted(x, by, o.Reverse, neutral))
	}
	return w.reshape(x, n.Shape...)
}

// shifted is x [outer, n, inner] moved by some entries towards the last, or back, with a number in the places that get free.
func (w *writer) shifted(x value, by int, back bool, with float64) value {
	if back {
		return w.padRows(w.rows(x, 1, by, x.shape[1]), with, 1, 0, by)
	}
	return w.padRows(w.rows(x, 1, 0, x.shape[1]-by), with, 1, by, 0)
}

// cumProdGrad is dx_i = y_{i-1}·r_i with r_i = dy_i + x_{i+1}·r_{i+1}. The factors and the sums of the recurrence are combined as the
// terms of a cumulative sum are: first those of neighbours, then of pairs of neighbours, ...
func cumProdGrad(w *writer, o op.CumProdGrad, n *listing.Node) value {
	in := func(k int) value { return w.reshape(w.in(n, k), o.Outer, o.N, o.Inner) }
	x, y, r := in(0), in(1), in(2)
	if o.N == 1 {
		return w.reshape(r, n.Shape...)
	}
	factor := w.shifted(x, 1, !o.Reverse, 0)
	for by := 1; by < o.N; by *= 2 {
		r = w.add(r, w.mul(factor, w.shifted(r, by, !o.Reverse, 0)))
		factor = w.mul(factor, w.shifted(factor, by, !o.Reverse, 0))
	}
	return w.reshape(w.mul(w.shifted(y, 1, o.Reverse, 1), r), n.Shape...)
}

// selective is a selective scan, step by step. Its result is one block of numbers, as that of the operation.
func selective(w *writer, o op.Selective, n *listing.Node) value {
	s := w.selectiveInputs(o, n)
	h := s.first
	ys := make([]value, o.T)
	var kept []value
	for i := range o.T {
		if o.Keep && i%op.SelectiveSteps == 0 {
			kept = append(kept, w.flat(h))
		}
		t := s.time(i)
		h = s.step(h, t)
		ys[t] = w.flat(w.sum(w.mul(h, s.numbers(s.c, t)), 2))
	}
	return w.concat(0, append(append(ys, w.flat(h)), kept...)...)
}

// scan is the inputs of a selective scan.
type scan struct {
	*writer
	op.Selective
	u, dt, a, b, c, first value
}

func (w *writer) selectiveInputs(o op.Selective, n *listing.Node) scan {
	first := w.reshape(w.in(n, 5), o.B, o.E, o.S)
	return scan{w, o, w.in(n, 0), w.in(n, 1), w.in(n, 2), w.in(n, 3), w.in(n, 4), first}
}

func (s scan) time(i int) int {
	if s.Reverse {
		return s.T - 1 - i
	}
	return i
}

// state is the shape of one, [B, E, S].
func (s scan) state() []int { return []int{s.B, s.E, s.S} }

// channels is x [T, B, E] at a time, for all numbers of a channel.
func (s scan) channels(x value, t int) value {
	return s.broadcast(s.reshape(s.rows(x, 0, t, t+1), s.B, s.E), []int{0, 1}, s.state())
}

// numbers is x [T, B, S] at a time, for all channels.
func (s scan) numbers(x value, t int) value {
	return s.broadcast(s.reshape(s.rows(x, 0, t, t+1), s.B, s.S), []int{0, 2}, s.state())
}

// rates are the decays of the numbers, for all sequences.
func (s scan) rates() value { return s.broadcast(s.a, []int{1, 2}, s.state()) }

func (s scan) decay(t int) value {
	return s.unary("stablehlo.exponential", s.mul(s.channels(s.dt, t), s.rates()))
}

// step is h behind a step: exp(Δ·a)⊙h + Δ·u·b.
func (s scan) step(h value, t int) value {
	in := s.mul(s.mul(s.channels(s.dt, t), s.channels(s.u, t)), s.numbers(s.b, t))
	return s.add(s.mul(s.decay(t), h), in)
}

// selectiveGrad is the derivative by all inputs, see op.SelectiveGrad for the equations. The states are those of the scan, computed
// once more. What the operation has behind its parts is memory for its own use, and zeros here.
func selectiveGrad(w *writer, o op.SelectiveGrad, n *listing.Node) value {
	s := w.selectiveInputs(o.Selective, n)
	states := []value{s.first}
	for i := range o.T {
		states = append(states, s.step(states[i], s.time(i)))
	}
	sizes := o.Selective.Parts()
	up := w.flat(w.in(n, 7))
	dy := w.reshape(w.rows(up, 0, 0, sizes[0]), o.T, o.B, o.E)
	g := w.reshape(w.rows(up, 0, sizes[0], sizes[0]+sizes[1]), s.state()...)
	du, ddt, db, dc := make([]value, o.T), make([]value, o.T), make([]value, o.T), make([]value, o.T)
	da := w.full(0, o.E, o.S)
	for i := o.T - 1; i >= 0; i-- {
		t := s.time(i)
		dt, u, b := s.channels(s.dt, t), s.channels(s.u, t), s.numbers(s.b, t)
		out := s.channels(dy, t)
		g = w.add(g, w.mul(out, s.numbers(s.c, t)))
		dc[t] = w.flat(w.sum(w.mul(out, states[i+1]), 1))
		db[t] = w.flat(w.sum(w.mul(g, w.mul(dt, u)), 1))
		decay := s.decay(t)
		through := w.mul(w.mul(g, states[i]), decay)
		da = w.add(da, w.sum(w.mul(through, dt), 0))
		gb := w.mul(g, b)
		ddt[t] = w.flat(w.sum(w.add(w.mul(through, s.rates()), w.mul(gb, u)), 2))
		du[t] = w.flat(w.sum(w.mul(gb, dt), 2))
		g = w.mul(g, decay)
	}
	parts := append(append(append([]value{}, du...), ddt...), w.flat(da))
	parts = append(append(append(parts, db...), dc...), w.flat(g))
	if rest := op.Size(n.Shape) - sum(o.Parts()); rest > 0 {
		parts = append(parts, w.full(0, rest))
	}
	return w.reshape(w.concat(0, parts...), n.Shape...)
}

func sum(x [6]int) int {
	total := 0
	for _, v := range x {
		total += v
	}
	return total
}
