package recurrent

import (
	"math/bits"

	"github.com/unroll-go/unroll/graph"
)

// Linear solves h_t = a_t⊙h_{t-1} + b_t, where t-1 is the step read before, for b [T, B, H], a of the same shape or [H], and
// the initial state first [B, H]. It returns all h_t, [T, B, H], in order of time, and the last one, [B, H]. At padding h
// stays as it is.
//
// Two steps in a row are one step of the same form, h_{t+1} = (a_{t+1}⊙a_t)⊙h_{t-1} + (a_{t+1}⊙b_t + b_{t+1}): so the
// steps are paired, the pairs paired again, and the last few go one by one; on the way back, the state before each
// pair gives the one in its middle (Blelloch, 1990). That is O(T) arithmetic in O(log T) operations.
func (o Order) Linear(g *graph.Graph, a, b, first graph.Node) (all, last graph.Node) {
	h, end := o.solve(g, realAlgebra, parts{a}, parts{b}, parts{first})
	return h[0], end[0]
}

// LinearComplex is Linear for complex numbers, such as those of a diagonal that turns its state: each argument and result is a
// real part and an imaginary part, of the shapes that Linear has.
func (o Order) LinearComplex(g *graph.Graph, a, b, first [2]graph.Node) (all, last [2]graph.Node) {
	h, end := o.solve(g, complexAlgebra, a[:], b[:], first[:])
	return [2]graph.Node(h), [2]graph.Node(end)
}

// LinearPairs is Linear for pairs of numbers that a 2x2 matrix mixes, [a_0 a_1; a_2 a_3] for each: an oscillator's place and
// speed, say. The shapes are those of Linear.
func (o Order) LinearPairs(g *graph.Graph, a [4]graph.Node, b, first [2]graph.Node) (all, last [2]graph.Node) {
	h, end := o.solve(g, pairAlgebra, a[:], b[:], first[:])
	return [2]graph.Node(h), [2]graph.Node(end)
}

// Largest solves h_t = max(h_{t-1} + a_t, b_t), the largest of inputs that fade by a: what an exponential average divides by
// to stay in range. It is linear where a sum takes the place of a product, and a maximum that of a sum; the shapes are those
// of Linear.
func (o Order) Largest(g *graph.Graph, a, b, first graph.Node) (all, last graph.Node) {
	h, end := o.solve(g, maxAlgebra, parts{a}, parts{b}, parts{first})
	return h[0], end[0]
}

// solve is Linear in an algebra.
func (o Order) solve(g *graph.Graph, r algebra, a, b, first parts) (all, last parts) {
	if !r.fit(g, a, b, first) {
		return make(parts, len(b)), first
	}
	whole := b[0].Shape()
	if o.mask.Valid() {
		a = a.each(func(i int, n graph.Node) graph.Node {
			return g.Where(o.mask, g.BroadcastTo(n, whole...), g.Full(r.one[i]))
		})
		b = b.each(func(_ int, n graph.Node) graph.Node { return g.Where(o.mask, n, g.Full(r.zero)) })
	}
	start := first.each(func(_ int, n graph.Node) graph.Node { return g.Reshape(n, 1, n.Dim(0), n.Dim(1)) })
	levels := max(bits.Len(uint(whole[0]))-4, 0) // which leaves 8 to 16 steps to go one by one
	walk, back := o.paired(g, whole[0], levels)
	a = a.each(func(_ int, n graph.Node) graph.Node {
		if n.Rank() < 3 {
			return n
		}
		return g.GatherPadded(g.BroadcastTo(n, whole...), walk, -1)
	})
	b = b.each(func(_ int, n graph.Node) graph.Node { return g.GatherPadded(n, walk, -1) })
	h := r.step(g, a, b, r.before(g, a, b, start, levels))
	h = h.each(func(_ int, n graph.Node) graph.Node { return g.Gather(n, back) })
	return h, h.each(func(i int, n graph.Node) graph.Node { return g.Reshape(o.end(g, n), first[i].Shape()...) })
}

// paired returns the time of every step, in the order in which before needs them, and for every time its place in that
// order. The steps are counted in reading order. Even steps come first, odd ones after them, and each half is ordered in
// the same way again, so that before can cut in half without copying. Steps beyond T make the halves equally long: they are
// read last and have no time, -1.
func (o Order) paired(g *graph.Graph, T, levels int) (walk, back graph.Node) {
	blocks := (T + 1<<levels - 1) >> levels
	there, home := make([]int, blocks<<levels), make([]int, T)
	for step := range there {
		low := uint(step) & (1<<levels - 1)
		at := int(bits.Reverse(low)>>(bits.UintSize-levels))*blocks + step>>levels
		time := step
		if o.reverse {
			time = T - 1 - step
		}
		if step >= T {
			there[at] = -1
			continue
		}
		there[at], home[time] = time, at
	}
	return g.Const(graph.Ints(there)), g.Const(graph.Ints(home))
}

// before returns the state before every step, [T, B, H], for steps in the order of paired and an initial state [1, B, H].
func (r algebra) before(g *graph.Graph, a, b, first parts, levels int) parts {
	n := b[0].Dim(0)
	if g.Err() != nil {
		return make(parts, len(b))
	}
	if levels == 0 {
		states := []parts{first}
		for t := 0; t+1 < n; t++ {
			states = append(states, r.step(g, a.steps(g, t, t+1), b.steps(g, t, t+1), states[t]))
		}
		return b.each(func(i int, _ graph.Node) graph.Node {
			rows := make([]graph.Node, n)
			for t, s := range states {
				rows[t] = s[i]
			}
			return g.Concat(0, rows...)
		})
	}
	a0, a1 := a.steps(g, 0, n/2), a.steps(g, n/2, n)
	b0, b1 := b.steps(g, 0, n/2), b.steps(g, n/2, n)
	early := r.before(g, r.compose(g, a1, a0), r.step(g, a1, b1, b0), first, levels-1)
	late := r.step(g, a0, b0, early)
	return b.each(func(i int, _ graph.Node) graph.Node { return g.Concat(0, early[i], late[i]) })
}
