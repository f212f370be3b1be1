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
	return o.scan(g, algebra{times: g.Mul, plus: sum(g), one: 1}, a, b, first)
}

// Peaks solves m_t = max(a_t + m_{t-1}, b_t): how large the largest of several terms is whose logarithms are b, and which decay by
// a, logarithms too. Arguments and results are those of Linear, whose product is a sum here and whose sum is a maximum. It
// keeps the exponential gates of an MLSTM in range.
func (o Order) Peaks(g *graph.Graph, a, b, first graph.Node) (all, last graph.Node) {
	return o.scan(g, algebra{times: func(a, h graph.Node) graph.Node { return g.Add(a, h) }, plus: larger(g), zero: never}, a, b, first)
}

// algebra is what a scan calls a product and a sum. zero adds nothing, one changes nothing as a factor.
type algebra struct {
	times, plus func(a, b graph.Node) graph.Node
	zero, one   float64
}

func sum(g *graph.Graph) func(a, b graph.Node) graph.Node {
	return func(a, b graph.Node) graph.Node { return g.Add(a, b) }
}

// larger is the larger one of each two numbers; of equal ones, the first.
func larger(g *graph.Graph) func(a, b graph.Node) graph.Node {
	return func(a, b graph.Node) graph.Node { return g.Where(g.Less(a, b), b, a) }
}

func (o Order) scan(g *graph.Graph, r algebra, a, b, first graph.Node) (all, last graph.Node) {
	if b.Rank() != 3 || first.Rank() != 2 {
		return g.Failf("Scan", "want b [T, B, H] and an initial state [B, H], found %v and %v", b.Shape(), first.Shape()), first
	}
	if o.mask.Valid() {
		a = o.padded(g, g.BroadcastTo(a, b.Shape()...), r.one)
		b = o.padded(g, b, r.zero)
	}
	T, start := b.Dim(0), g.Reshape(first, 1, first.Dim(0), first.Dim(1))
	levels := max(bits.Len(uint(T))-4, 0) // which leaves 8 to 16 steps to go one by one
	walk, back := o.paired(g, T, levels)
	if a.Rank() == 3 {
		a = g.GatherPadded(g.BroadcastTo(a, b.Shape()...), walk, -1)
	}
	b = g.GatherPadded(b, walk, -1)
	h := g.Gather(r.plus(r.times(a, before(g, r, a, b, start, levels)), b), back)
	return h, g.Reshape(o.end(g, h), first.Shape()...)
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
func before(g *graph.Graph, r algebra, a, b, first graph.Node, levels int) graph.Node {
	n := b.Dim(0)
	if g.Err() != nil {
		return graph.Node{}
	}
	if levels == 0 {
		states := []graph.Node{first}
		for t := 0; t+1 < n; t++ {
			states = append(states, r.plus(r.times(part(g, a, t, t+1), states[t]), g.Slice(b, 0, t, t+1)))
		}
		return g.Concat(0, states...)
	}
	a0, a1 := part(g, a, 0, n/2), part(g, a, n/2, n)
	b0, b1 := g.Slice(b, 0, 0, n/2), g.Slice(b, 0, n/2, n)
	early := before(g, r, r.times(a1, a0), r.plus(r.times(a1, b0), b1), first, levels-1)
	late := r.plus(r.times(a0, early), b0)
	return g.Concat(0, early, late)
}

// part is some of the steps of a [T, B, H], or all of an a that is the same at every step.
func part(g *graph.Graph, a graph.Node, from, to int) graph.Node {
	if a.Rank() < 3 {
		return a
	}
	return g.Slice(a, 0, from, to)
}
