package recurrent

import "github.com/unroll-go/unroll/graph"

// Scanner is a Cell whose recurrence is linear in its state, h_t = a_t⊙h_{t-1} + b_t, where a and b depend on the inputs
// alone. Such a recurrence is associative, so a scan can compute all steps in O(log T) operations.
type Scanner interface {
	Cell
	// Scan runs all steps at once, in the given order: it maps x [T, B, I] and the initial state to the outputs [T, B, H],
	// in order of time, and the final state. Outputs at padding may be anything.
	Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State)
}

// Scan is Unroll for cells with a linear recurrence. It takes the same arguments (except recurrent dropout, traces and
// Recompute, which need one step after the other), uses the same parameters, and gives the same results up to rounding. Its graph has
// O(log T) nodes in place of O(T), each over many steps, and O(T) arithmetic. So it compiles much faster, and runs several
// times faster where a step is small, B·H up to some hundreds. Where one step fills the caches, Unroll is as fast.
//
// Where somebody listens to the states of every step (graph.Graph.Recording), which Scan never has, it unrolls.
//
// Layers are scanned one after the other, each with its number: y, _ := Scan(InLayer(g, 0), a, x, o), then
// Scan(InLayer(g, 1), b, y, o).
func Scan(g *graph.Graph, cell Scanner, x graph.Node, o Options) (graph.Node, State) {
	stepwise := o.Dropout.Recurrent != 0 || o.Trace != nil || o.Recompute != 0
	if g.Recorded() && !stepwise {
		return Unroll(g, cell, x, o)
	}
	w, ok := o.walk(g, "Scan", cell, x)
	if !ok {
		return graph.Node{}, nil
	}
	if o.Chunk < 0 || o.Chunk > longestChunk {
		return g.Failf("Scan", "Options.Chunk is %d; want 1 to %d steps, or 0 for %d", o.Chunk, longestChunk, usualChunk), nil
	}
	if stepwise {
		return g.Failf("Scan", "recurrent dropout, traces and Recompute need one step after the other: use Unroll"), nil
	}
	g = w.g
	drop := o.Dropout.begin(g, cell, w.state)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	order := Order{reverse: o.Reverse, mask: w.mask, chunk: o.Chunk}
	y, last := cell.Scan(drop.weights(g), drop.inputs(g, x), w.state, order)
	switch {
	case g.Err() != nil:
		return graph.Node{}, nil
	case len(last) != len(w.state):
		return g.Failf("Scan", "the cell's scan returned %d states, its Begin %d", len(last), len(w.state)), nil
	}
	if order.mask.Valid() {
		y = g.Where(order.mask, y, g.Full(0))
	}
	return y, last
}

// Order is the order in which Scan reads a sequence: its direction, and which steps are padding. A cell's Scan is built with
// its methods.
type Order struct {
	reverse bool
	mask    graph.Node // [T, B], 1 before a sequence's end; invalid when there is no padding
	chunk   int        // Options.Chunk
}

// padded is x [T, B, ...] with another value at padding.
func (o Order) padded(g *graph.Graph, x graph.Node, v float64) graph.Node {
	if !o.mask.Valid() {
		return x
	}
	return g.Where(o.mask, x, g.Full(v))
}

// end is the step of x [T, B, F] that is read last, [1, B, F].
func (o Order) end(g *graph.Graph, x graph.Node) graph.Node {
	if o.reverse {
		return g.Slice(x, 0, 0, 1)
	}
	return g.Slice(x, 0, x.Dim(0)-1, x.Dim(0))
}

// shift moves x [T, B, F] by one step in reading order: first [1, B, F] comes in and the last step drops out.
func (o Order) shift(g *graph.Graph, x, first graph.Node) graph.Node {
	n := x.Dim(0)
	switch {
	case n == 1:
		return first
	case o.reverse:
		return g.Concat(0, g.Slice(x, 0, 1, n), first)
	}
	return g.Concat(0, first, g.Slice(x, 0, 0, n-1))
}

// Before returns, for each step, the x of the step before: x [T, B, F] shifted by one step, with first [B, F] at the start of
// each sequence. It also returns the x of each sequence's last step, [B, F], see Last.
func (o Order) Before(g *graph.Graph, x, first graph.Node) (before, last graph.Node) {
	if x.Rank() != 3 || first.Rank() != 2 {
		return g.Failf("Scan", "want x [T, B, F] and a first [B, F], found %v and %v", x.Shape(), first.Shape()), first
	}
	start := g.Reshape(first, 1, first.Dim(0), first.Dim(1))
	if o.reverse && o.mask.Valid() { // at its own last step, a sequence's past is first
		x = g.Where(o.mask, x, g.BroadcastTo(start, x.Shape()...))
	}
	return o.shift(g, x, start), o.Last(g, x, first)
}

// Last returns x [T, B, F] at the step that each sequence reads last, [B, F]; for an empty sequence, first [B, F].
func (o Order) Last(g *graph.Graph, x, first graph.Node) graph.Node {
	if x.Rank() != 3 || first.Rank() != 2 {
		return g.Failf("Scan", "want x [T, B, F] and a first [B, F], found %v and %v", x.Shape(), first.Shape())
	}
	batch, width := first.Dim(0), first.Dim(1)
	switch {
	case !o.mask.Valid():
		return g.Reshape(o.end(g, x), batch, width)
	case o.reverse:
		return g.Where(nonEmpty(g, o.mask), g.Reshape(o.end(g, x), batch, width), first)
	}
	// The mask falls from 1 to 0 behind the last step; before the first one it falls where a sequence is empty.
	all := g.Concat(0, g.Reshape(first, 1, batch, width), x)
	up, down := g.Full(1, 1, batch), g.Full(0, 1, batch)
	falls := g.Sub(g.Concat(0, up, o.mask), g.Concat(0, o.mask, down)) // [T+1, B]
	return g.Sum(g.Where(falls, all, g.Full(0)), 0)
}
