package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Layer maps a whole sequence to a sequence. Unidirectional makes one of a cell, Bidirectional one that reads in both
// directions. The latter is no Cell, because its output at one step depends on later steps: a decoder that generates step
// by step takes a Cell, so Go's compiler refuses a Bidirectional there.
type Layer interface {
	// Begin returns the layer's own initial state.
	Begin(g *graph.Graph, batch int) State
	// Apply maps x [T, B, I] to the outputs in order of time, [T, B, F], and the state after the last step.
	Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State)
}

// Unidirectional is a cell, or a Stack of cells, as a Layer: its Apply is Unroll.
type Unidirectional struct{ Cell Cell }

// Begin returns the cell's initial state.
func (l Unidirectional) Begin(g *graph.Graph, batch int) State {
	if !hasLayer(g, "Unidirectional", l) {
		return nil
	}
	return l.Cell.Begin(g, batch)
}

// Apply unrolls the cell.
func (l Unidirectional) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !hasLayer(g, "Unidirectional", l) {
		return graph.Node{}, nil
	}
	return Unroll(g, l.Cell, x, o)
}

// Depth is the number of layer numbers that the cell takes.
func (l Unidirectional) Depth() int { return depth(l.Cell) }

// Scanned is a cell with a linear recurrence as a Layer: its Apply is Scan, all steps at once.
type Scanned struct{ Cell Scanner }

// Begin returns the cell's initial state.
func (l Scanned) Begin(g *graph.Graph, batch int) State {
	if !hasLayer(g, "Scanned", l) {
		return nil
	}
	return l.Cell.Begin(g, batch)
}

// Apply scans with the cell.
func (l Scanned) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !hasLayer(g, "Scanned", l) {
		return graph.Node{}, nil
	}
	return Scan(g, l.Cell, x, o)
}

// Depth is the number of layer numbers that the cell takes.
func (l Scanned) Depth() int { return depth(l.Cell) }

// Merge is what a bidirectional layer makes of the outputs of its directions.
type Merge int

// Ways to merge the outputs [T, B, H] of two directions.
const (
	MergeConcat   Merge = iota // [T, B, 2H], forward first, as PyTorch does
	MergeSum                   // their sum
	MergeAverage               // their mean
	MergeMultiply              // their element-wise product
)

// of merges the tensors of two directions; axis is that of the features.
func (m Merge) of(g *graph.Graph, forward, backward graph.Node, axis int) graph.Node {
	switch m {
	case MergeConcat:
		return g.Concat(axis, forward, backward)
	case MergeSum:
		return g.Add(forward, backward)
	case MergeAverage:
		return g.MulScalar(g.Add(forward, backward), 0.5)
	case MergeMultiply:
		return g.Mul(forward, backward)
	}
	return g.Failf("Bidirectional", "unknown merge %d", m)
}

// Bidirectional reads a sequence in both directions (Schuster and Paliwal, 1997). The backward direction has weights of
// its own, whose names end in _reverse, and starts at each sequence's own last step. State: the entries of the forward
// direction, then those of the backward direction, as in PyTorch.
type Bidirectional struct {
	Cell  Cell
	Merge Merge
}

// Begin returns both directions' initial states.
func (l Bidirectional) Begin(g *graph.Graph, batch int) State {
	if !hasLayer(g, "Bidirectional", l) {
		return nil
	}
	return append(append(State{}, l.Cell.Begin(g, batch)...), l.Cell.Begin(g, batch)...)
}

// Apply merges the outputs of both directions.
func (l Bidirectional) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	forward, backward, final := l.Both(g, x, o)
	if g.Err() != nil {
		return graph.Node{}, final
	}
	return l.Merge.of(g, forward, backward, 2), final
}

// Both returns the outputs of the two directions unmerged, [T, B, H] each in order of time.
func (l Bidirectional) Both(g *graph.Graph, x graph.Node, o Options) (forward, backward graph.Node, final State) {
	if !hasLayer(g, "Bidirectional", l) {
		return graph.Node{}, graph.Node{}, nil
	}
	if o.Reverse {
		return g.Failf("Bidirectional", "Options.Reverse is set; it reads in both directions anyway"), graph.Node{}, nil
	}
	if several(l.Cell) {
		return g.Failf("Bidirectional", "its cell is a %s of several cells; "+
			"put Bidirectional layers into a Deep instead, so that each sees both directions",
			typeName(l.Cell)), graph.Node{}, nil
	}
	g = numbered(g)
	there, back := o, o
	back.Reverse = true
	if o.Initial != nil {
		if n := len(o.Initial); n%2 != 0 {
			return g.Failf("Bidirectional", "the initial state has %d entries; want those of both directions", n), graph.Node{}, nil
		}
		there.Initial, back.Initial = o.Initial[:len(o.Initial)/2], o.Initial[len(o.Initial)/2:]
	}
	if o.Trace != nil {
		back.Trace = &Trace{}
	}
	forward, end := Unroll(g, l.Cell, x, there)
	backward, begin := Unroll(InReverse(g), l.Cell, x, back)
	if o.Trace != nil {
		o.Trace.Backward = back.Trace
	}
	return forward, backward, append(append(State{}, end...), begin...)
}

// Deep runs layers one after the other, each over the whole output of the one before. The parameters of layer k end in
// _l{k}. Its state is the states of its layers one after the other: for bidirectional LSTMs h and c of layer 0 forward, of
// layer 0 backward, of layer 1 forward, and so on.
type Deep struct {
	Layers  []Layer
	Dropout float64 // probability of dropping an output between two layers, while training
	// Residual adds its input to the output of each layer whose input and output have the same width (He et al., 2016).
	Residual bool
	// Highway lets a gate decide between the input and the output of each such layer (Srivastava et al., 2015):
	// y = t⊙layer(x) + (1-t)⊙x with t = σ(W·x + b). Parameters weight_highway [F, F], bias_highway [F], which
	// starts at -1: at first, the input passes.
	Highway bool
}

// DeepOf returns n equal layers: DeepOf(2, Bidirectional{Cell: LSTM{Hidden: 128}}) is PyTorch's
// LSTM(..., num_layers=2, bidirectional=True). n is 1 to 10,000; the use of a Deep with another number is an error.
func DeepOf(n int, l Layer) Deep {
	return Deep{Layers: copies(n, l)}
}

// Begin returns the initial states of all layers.
func (d Deep) Begin(g *graph.Graph, batch int) State {
	if !hasLayer(g, "Deep", d) {
		return nil
	}
	var s State
	for _, l := range d.Layers {
		s = append(s, l.Begin(g, batch)...)
	}
	return s
}

// Apply runs all layers. The options hold for each of them, except that Trace is filled by the last one alone.
func (d Deep) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	switch {
	case g.Err() != nil:
		return graph.Node{}, nil
	case len(d.Layers) == 0:
		return g.Failf("Deep", "it has no layers; want at least one"), nil
	case !hasLayer(g, "Deep", d):
		return graph.Node{}, nil
	case x.Rank() != 3:
		return g.Failf("Deep", "want a sequence [T, B, I], found %v", x.Shape()), nil
	case d.Residual && d.Highway:
		return g.Failf("Deep", "both Residual and Highway are set; want one of them at most"), nil
	}
	var final State
	layer, initial := layerOf(g), initialStates{what: "Deep", all: o.Initial}
	for i, l := range d.Layers {
		if i > 0 {
			x = nn.Dropout{Rate: d.Dropout}.Apply(g, x)
		}
		own := o
		if i < len(d.Layers)-1 {
			own.Trace = nil
		}
		if own.Initial = initial.next(g, l.Begin); g.Err() != nil {
			return graph.Node{}, nil
		}
		y, s := l.Apply(InLayer(g, layer), x, own)
		if g.Err() != nil {
			return graph.Node{}, nil
		}
		final = append(final, s...)
		x = d.around(InLayer(g, layer), x, y, o.Lengths)
		layer += layerDepth(l)
	}
	if !initial.used(g) {
		return graph.Node{}, nil
	}
	return x, final
}

// initialStates hands out an initial state, if there is one, to layers that follow each other.
type initialStates struct {
	what string // whose layers they are
	all  State
	at   int
}

// next are the entries of a layer that begins so.
func (s *initialStates) next(g *graph.Graph, begin func(g *graph.Graph, batch int) State) State {
	if s.all == nil {
		return nil
	}
	from := s.at
	s.at += len(shapes(g, begin))
	if s.at > len(s.all) {
		g.Failf(s.what, "the initial state has %d entries; want more", len(s.all))
		return nil
	}
	return s.all[from:s.at]
}

// used tells whether the layers had all entries.
func (s *initialStates) used(g *graph.Graph) bool {
	if s.all != nil && s.at != len(s.all) {
		g.Failf(s.what, "the initial state has %d entries; want %d", len(s.all), s.at)
	}
	return g.Err() == nil
}

// around adds the connection around a layer. Padding stays zero, whatever the input holds there.
func (d Deep) around(g *graph.Graph, x, y, lengths graph.Node) graph.Node {
	if x.Dim(-1) != y.Dim(-1) || !d.Residual && !d.Highway {
		return y
	}
	return nn.ClearPadding(g, d.past(g, x, y), lengths)
}

func (d Deep) past(g *graph.Graph, x, y graph.Node) graph.Node {
	if d.Residual {
		return g.Add(y, x)
	}
	f := x.Dim(-1)
	w := g.Param("weight_highway", graph.GlorotUniform(), f, f)
	t := g.Sigmoid(g.Add(g.MatMulT(x, w), g.Param("bias_highway", graph.Constant(-1), f)))
	return g.Add(x, g.Mul(t, g.Sub(y, x)))
}

// Parts returns the layers.
func (d Deep) Parts() []Layer { return d.Layers }

// Depth is the number of layers, those inside of layers included.
func (d Deep) Depth() int { return depths(d.Layers, layerDepth) }
