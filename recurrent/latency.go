package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// LatencyControlled are layers that read in both directions and yet can follow a sequence that is still going on: the backward
// direction of all of them begins anew for each chunk, so many steps behind its end (latency-controlled bidirectional layers: Zhang et
// al., 2016, "Highway long short-term memory RNNs for distant speech recognition"; Xue and Yan, 2017). So a step knows of all steps
// before it, and of Ahead to Ahead + Chunk - 1 after it, however many layers there are. Behind the end of a sequence there are zeros.
//
// The weights are those of a Deep of Bidirectional layers, which may be trained first, and go on as these. State: that of the forward
// direction of each layer; what the steps ahead of a chunk made of it is forgotten.
type LatencyControlled struct {
	Cells   []Cell  // of each layer, both of whose directions have one like it; outputs are joined as by MergeConcat
	Chunk   int     // steps, 1 to a million
	Ahead   int     // steps behind a chunk where the backward direction begins, 0 to a million
	Dropout float64 // probability of dropping an output between two layers, while training
	// Residual adds its input to the output of each layer whose input and output have the same width.
	Residual bool
}

const latencyName = "LatencyControlled"

// longestWindow bounds Chunk and Ahead, each.
const longestWindow = 1_000_000

// Begin returns the initial states of the forward directions.
func (l LatencyControlled) Begin(g *graph.Graph, batch int) State {
	var s State
	for _, c := range l.Cells {
		if !hasCell(g, latencyName, c) {
			return nil
		}
		s = append(s, c.Begin(g, batch)...)
	}
	return s
}

// Apply reads a whole sequence [T, B, I], which may begin with the state that Options.Initial has, and gives the outputs [T, B, 2H]
// and the state after step T, to which a sequence that is shorter, by Options.Lengths, has gone on over zeros. All chunks are read at once
// by the backward directions. Of the options, Lengths, Initial, Dropout and Recompute are of use here.
func (l LatencyControlled) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !l.check(g, x, o) {
		return graph.Node{}, nil
	}
	if g.Rolled() {
		return g.Failf(latencyName, "how many chunks there are depends on the length of a sequence; want Next, which reads one"), nil
	}
	steps := x.Dim(0)
	x = nn.ClearPadding(g, x, o.Lengths)
	chunks := max((steps+l.Chunk-1)/l.Chunk, 1)
	if missing := chunks*l.Chunk + l.Ahead - steps; missing > 0 {
		x = g.Concat(0, x, g.Full(0, missing, x.Dim(1), x.Dim(2)))
	}
	windows := make([]graph.Node, chunks)
	for k := range windows {
		windows[k] = g.Slice(x, 0, k*l.Chunk, (k+1)*l.Chunk+l.Ahead)
	}
	y, state := l.windows(g, g.Concat(1, windows...), chunks, steps, o)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	y = g.Slice(inTime(g, y, chunks), 0, 0, steps)
	return nn.ClearPadding(g, y, o.Lengths), state
}

// Next reads the next chunk of a sequence with the steps ahead of it, [Chunk+Ahead, B, I], and gives the outputs of the chunk
// [Chunk, B, 2H] and the state behind it, from which the next one goes on. They are those of Apply.
func (l LatencyControlled) Next(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !l.check(g, x, o) {
		return graph.Node{}, nil
	}
	if want := l.Chunk + l.Ahead; x.Dim(0) != want || o.Lengths.Valid() {
		return g.Failf(latencyName, "a chunk of %d steps (with Options.Lengths: %t); want %d with those ahead, and no lengths",
			x.Dim(0), o.Lengths.Valid(), want), nil
	}
	return l.windows(g, x, 1, l.Chunk, o)
}

func (l LatencyControlled) check(g *graph.Graph, x graph.Node, o Options) bool {
	switch {
	case g.Err() != nil:
	case len(l.Cells) == 0:
		g.Failf(latencyName, "it has no cells; want one of each layer")
	case !fewEnough(g, latencyName, "cells", len(l.Cells)):
	case l.Chunk < 1 || l.Chunk > longestWindow || l.Ahead < 0 || l.Ahead > longestWindow:
		g.Failf(latencyName, "chunks of %d steps with %d ahead; want 1 to %d, and 0 to as many", l.Chunk, l.Ahead, longestWindow)
	case o.Reverse || o.LearnInitial || o.Continue.Valid() || o.Trace != nil:
		g.Failf(latencyName, "Options.Reverse, LearnInitial, Continue and Trace are not for it")
	case x.Rank() != 3:
		g.Failf(latencyName, "want a sequence [T, B, I], found %v", x.Shape())
	}
	for _, c := range l.Cells {
		if g.Err() == nil && hasCell(g, latencyName, c) && several(c) {
			g.Failf(latencyName, "its cell is a %s of several cells; want one cell for each layer", typeName(c))
		}
	}
	return g.Err() == nil
}

// windows reads chunks with the steps ahead of each, [Chunk+Ahead, chunks*B, I], the sequences of the first chunk first. It gives the
// outputs of the chunks, [Chunk, chunks*B, 2H], and the state after so many steps.
func (l LatencyControlled) windows(g *graph.Graph, x graph.Node, chunks, steps int, o Options) (graph.Node, State) {
	var final State
	first, initial := layerOf(g), initialStates{what: latencyName, all: o.Initial}
	for i, cell := range l.Cells {
		one := lcLayer{LatencyControlled: l, cell: cell, chunks: chunks, steps: steps, last: i == len(l.Cells)-1, o: o}
		if one.o.Initial = initial.next(g, cell.Begin); g.Err() != nil {
			return graph.Node{}, nil
		}
		if i > 0 {
			x = nn.Dropout{Rate: l.Dropout}.Apply(g, x)
		}
		y, state := one.apply(InLayer(g, first+i), x)
		if g.Err() != nil {
			return graph.Node{}, nil
		}
		x, final = y, append(final, state...)
	}
	if !initial.used(g) {
		return graph.Node{}, nil
	}
	return x, final
}

// lcLayer is one of the layers, over chunks and the steps ahead of them.
type lcLayer struct {
	LatencyControlled
	cell          Cell
	chunks, steps int
	last          bool // nobody reads its outputs for the steps ahead
	o             Options
}

func (l lcLayer) apply(g *graph.Graph, x graph.Node) (graph.Node, State) {
	forward, state := l.forward(g, x)
	backward, _ := Unroll(InReverse(g), l.cell, x, Options{Reverse: true, Dropout: l.o.Dropout, Recompute: l.o.Recompute})
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	if l.last {
		backward, x = g.Slice(backward, 0, 0, l.Chunk), g.Slice(x, 0, 0, l.Chunk)
	}
	y := MergeConcat.of(g, forward, backward, 2)
	if l.Residual && x.Dim(2) == y.Dim(2) {
		y = g.Add(y, x)
	}
	return y, state
}

// forward reads the chunks one after the other, and from the state behind each of them the steps ahead of it, all chunks at once.
func (l lcLayer) forward(g *graph.Graph, x graph.Node) (graph.Node, State) {
	var trace Trace
	o := Options{Initial: l.o.Initial, Dropout: l.o.Dropout, Recompute: l.o.Recompute, Trace: &trace}
	y, _ := Unroll(g, l.cell, inTime(g, g.Slice(x, 0, 0, l.Chunk), l.chunks), o)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	end := make(State, len(trace.States))
	for i, s := range trace.States {
		end[i] = at(g, s, l.steps-1)
	}
	y = inChunks(g, y, l.chunks)
	if l.last || l.Ahead == 0 {
		return y, end
	}
	o = Options{Dropout: l.o.Dropout, Recompute: l.o.Recompute}
	for _, s := range trace.States {
		behind := make([]graph.Node, l.chunks)
		for k := range behind {
			behind[k] = at(g, s, (k+1)*l.Chunk-1)
		}
		o.Initial = append(o.Initial, g.Concat(0, behind...))
	}
	ahead, _ := Unroll(g.Shared(), l.cell, g.Slice(x, 0, l.Chunk, l.Chunk+l.Ahead), o)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	return g.Concat(0, y, ahead), end
}

// at is step t of x [T, ...], without the first axis.
func at(g *graph.Graph, x graph.Node, t int) graph.Node {
	return g.Reshape(g.Slice(x, 0, t, t+1), x.Shape()[1:]...)
}

// inTime puts chunks that lie side by side, [C, chunks*B, F], one after the other: [chunks*C, B, F].
func inTime(g *graph.Graph, x graph.Node, chunks int) graph.Node {
	parts := make([]graph.Node, chunks)
	batch := x.Dim(1) / chunks
	for k := range parts {
		parts[k] = g.Slice(x, 1, k*batch, (k+1)*batch)
	}
	return g.Concat(0, parts...)
}

// inChunks is the opposite of inTime.
func inChunks(g *graph.Graph, x graph.Node, chunks int) graph.Node {
	parts := make([]graph.Node, chunks)
	steps := x.Dim(0) / chunks
	for k := range parts {
		parts[k] = g.Slice(x, 0, k*steps, (k+1)*steps)
	}
	return g.Concat(1, parts...)
}

// Depth is the number of layers.
func (l LatencyControlled) Depth() int { return len(l.Cells) }
