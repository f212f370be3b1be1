package recurrent

import (
	"math"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Options say how a sequence is read. The zero value reads all of it forward, from the cell's own initial state.
type Options struct {
	// Initial is the state before the first step, with as many entries as that of Begin; nil for Begin's own.
	Initial State
	// Continue [B] is for a state that is carried from window to window: 1 where a sequence continues from Initial, 0 where
	// a new one begins, with Begin's state. For the zero Node all of them continue.
	Continue graph.Node
	// LearnInitial makes Begin's state a set of parameters, initial_0, initial_1 and so on, which start at zero. Together
	// with Initial it needs Continue: then new sequences begin with the parameters.
	LearnInitial bool
	// Lengths [B], ids, are the lengths of the sequences in the batch, 0 to T; the zero Node means that all are T
	// long. At padding the state stays as it is and the output is zero.
	Lengths graph.Node
	// Reverse reads from the last step to the first. With Lengths, each sequence starts at its own last step.
	Reverse bool
	// Dropout drops inputs, hidden states and weights while training, with one mask for a whole sequence.
	Dropout SequenceDropout
	// Recompute saves memory when a long sequence is trained: only the states after every Recompute steps are kept for the
	// backward pass, which computes the steps between them again (see graph.Graph.Checkpoint). RecomputeSqrt is the number
	// that takes the least memory, √T. 0 keeps all. Outputs keep their bits, gradients are equal up to rounding.
	Recompute int
	// Chunk is the number of steps that Scan computes at once for a cell whose state is a matrix (see Order.Chunks), rounded up to
	// a power of two; 0 for 64. Results are equal up to rounding. Unroll has no chunks.
	Chunk int
	// Trace, if not nil, is filled with the states and gates of every step.
	Trace *Trace
}

// RecomputeSqrt is the value of Options.Recompute for segments of √T steps, rounded up.
const RecomputeSqrt = -1

// segment is the number of steps that are computed again at a time, 0 for none.
func (o Options) segment(steps int) int {
	if o.Recompute == RecomputeSqrt {
		return int(math.Ceil(math.Sqrt(float64(steps))))
	}
	return o.Recompute
}

// Unroll repeats a cell over the first axis of x [T, B, I]. It returns the outputs in order of time, [T, B, H], and
// the state after the last step. Steps share one set of weights.
func Unroll(g *graph.Graph, cell Cell, x graph.Node, o Options) (graph.Node, State) {
	w, ok := o.walk(g, "Unroll", cell, x)
	if !ok {
		return graph.Node{}, nil
	}
	if g.Rolled() {
		return o.roll(w, cell, x)
	}
	g, state, steps := w.g, w.state, x.Dim(0)
	var masks []graph.Node
	if w.mask.Valid() {
		masks = g.Unstack(w.mask)
	}
	drop := o.Dropout.begin(g, cell, state)
	inputs, outputs := g.Unstack(drop.inputs(g, x)), make([]graph.Node, steps)
	scope, every := o.Trace.listen(drop.weights(g), steps), o.segment(steps)
	for i := range inputs { // the first step makes the weights, the others use them again
		if every > 0 && i%every == 0 {
			scope = scope.Checkpoint()
		}
		t := i
		if o.Reverse {
			t = steps - 1 - i
		}
		o.Trace.at(t)
		y, next := cell.Step(scope, inputs[t], drop.state(scope, state))
		if g.Err() != nil {
			return graph.Node{}, nil
		}
		if len(next) != len(state) {
			return g.Failf("Unroll", "the cell's step returned %d states, its Begin %d", len(next), len(state)), nil
		}
		for j := range next {
			if a, b := next[j].Shape(), state[j].Shape(); !slices.Equal(a, b) {
				return g.Failf("Unroll", "the cell's step returned entry %d of the state with shape %v, its Begin with %v", j, a, b), nil
			}
		}
		if masks != nil {
			y = scope.Where(masks[t], y, g.Full(0))
			for j := range next {
				next[j] = scope.Where(masks[t], next[j], state[j])
			}
		}
		o.Trace.states(next)
		for j, n := range next { // for those who listen to the whole model, such as flow.Measure
			g.Record("state_"+strconv.Itoa(j), n)
		}
		outputs[t], state = y, next
		scope = scope.Shared()
	}
	o.Trace.finish(g)
	return g.Stack(outputs...), state
}

// walk is how a sequence is walked: what Unroll and Scan have in common.
type walk struct {
	g     *graph.Graph // in a layer
	state State        // before the first step
	mask  graph.Node   // [T, B], 1 before a sequence's end; invalid when there is no padding
}

// walk prepares to walk x [T, B, I]; false after an error.
func (o Options) walk(g *graph.Graph, what string, cell Cell, x graph.Node) (walk, bool) {
	if g.Err() == nil && x.Rank() != 3 {
		g.Failf(what, "want a sequence [T, B, I], found %v", x.Shape())
	}
	if !hasCell(g, what, cell) {
		return walk{}, false
	}
	if g.Err() == nil && o.Recompute < RecomputeSqrt {
		g.Failf(what, "Options.Recompute is %d; want a number of steps, 0 for none, or RecomputeSqrt", o.Recompute)
	}
	w := walk{g: numbered(g)}
	w.state = o.first(w.g, what, cell, x.Dim(1))
	w.mask = nn.SequenceMask(w.g, what, x, o.Lengths)
	return w, g.Err() == nil
}

// first is the state before the first step.
func (o Options) first(g *graph.Graph, what string, cell Cell, batch int) State {
	own := cell.Begin(g, batch)
	if g.Err() == nil && o.LearnInitial && o.Initial != nil && !o.Continue.Valid() {
		g.Failf(what, "both LearnInitial and Initial say what the initial state is; want one of them, or Continue to choose")
	}
	if g.Err() != nil {
		return own
	}
	if o.LearnInitial {
		for i, n := range own {
			h := g.Param("initial_"+strconv.Itoa(i), graph.Constant(0), n.Shape()[1:]...)
			own[i] = g.BroadcastTo(h, n.Shape()...)
		}
	}
	chosen := o.Continue.Valid()
	switch {
	case chosen && o.Initial == nil:
		g.Failf(what, "Continue says which sequences go on from Initial, which is not given")
	case chosen && (o.Continue.Rank() != 1 || o.Continue.Dim(0) != batch):
		g.Failf(what, "want which sequences go on, [%d], found %v", batch, o.Continue.Shape())
	case o.Initial == nil || !sameShapes(g, what, o.Initial, own):
	case !chosen:
		return slices.Clone(o.Initial)
	default:
		for i := range own {
			own[i] = g.Where(o.Continue, o.Initial[i], own[i])
		}
	}
	return own
}

// sameShapes checks a given initial state against the cell's own.
func sameShapes(g *graph.Graph, what string, given, own State) bool {
	if len(given) != len(own) {
		g.Failf(what, "the initial state has %d entries; want %d", len(given), len(own))
		return false
	}
	for i := range given {
		if a, b := given[i].Shape(), own[i].Shape(); !slices.Equal(a, b) {
			g.Failf(what, "entry %d of the initial state has shape %v; want %v", i, a, b)
			return false
		}
	}
	return g.Err() == nil
}
