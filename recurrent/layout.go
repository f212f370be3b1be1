package recurrent

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// Composite is a Cell made of other cells: Stack, Zoneout, Attentive, or a wrapper of your own. LastHidden, Bridge, Zoneout,
// SequenceDropout.Recurrent and the numbering of layers use Parts to find out which entry of a state is what. A wrapper
// without Parts counts as a single cell, whose first entry is its hidden state.
//
// The state of a composite begins with its own entries, if it has any; those of its parts follow in their order. Its
// hidden state is its first own entry or, if it has none, that of its last part.
type Composite interface {
	Cell
	// Parts returns the cells inside, from the input to the output.
	Parts() []Cell
}

// CompositeLayer is a Layer made of other layers, such as Deep. The rules are those of Composite.
type CompositeLayer interface {
	Layer
	// Parts returns the layers inside, from the input to the output.
	Parts() []Layer
}

// layout is what the state of a cell or a layer is made of.
type layout struct {
	shapes [][]int // of the entries, for a batch of one
	output int     // the entry that is the hidden state
	leaves []leaf  // in the order of their entries
}

// leaf is a part of a state that has no parts itself: the entries of a cell or, in a layer, of both directions of a cell,
// of a layer of unknown type, or the own entries of a composite.
type leaf struct {
	kind   string // the type
	at, n  int    // its entries are those from at on, n of them
	hidden int    // the entry that is a hidden state; -1 for a composite's own entries
	cell   Cell   // nil for a layer of unknown type and for own entries
	both   *Merge // how the two halves of the entries, which are directions, are merged; nil for one direction
}

// cellLayout finds the layout of a cell's state. After an error in the graph it is empty.
func cellLayout(g *graph.Graph, c Cell) layout {
	if g.Err() != nil {
		return layout{}
	}
	l := layout{shapes: shapes(g, c.Begin)}
	var inside []layout
	if c, ok := c.(Composite); ok {
		for _, part := range c.Parts() {
			inside = append(inside, cellLayout(g, part))
		}
	}
	if len(inside) == 0 {
		l.leaves = []leaf{{kind: fmt.Sprintf("%T", c), n: len(l.shapes), cell: c}}
		_, composite := c.(Composite)
		return l.alone(g, c, composite, depth(c), "Composite")
	}
	return l.around(g, c, inside)
}

// layerLayout is cellLayout for a layer.
func layerLayout(g *graph.Graph, layer Layer) layout {
	if g.Err() != nil {
		return layout{}
	}
	l := layout{shapes: shapes(g, layer.Begin)}
	var inside []layout
	switch layer := layer.(type) {
	case CompositeLayer:
		for _, part := range layer.Parts() {
			inside = append(inside, layerLayout(g, part))
		}
	case Unidirectional:
		return cellLayout(g, layer.Cell)
	case Scanned:
		return cellLayout(g, layer.Cell)
	case Bidirectional:
		one := cellLayout(g, layer.Cell)
		l.output = one.output
		l.leaves = []leaf{{
			kind: strings.Join(one.kinds(), " "), n: len(l.shapes), hidden: one.output, cell: layer.Cell, both: &layer.Merge}}
		return l
	}
	if len(inside) == 0 {
		l.leaves = []leaf{{kind: fmt.Sprintf("%T", layer), n: len(l.shapes)}}
		_, composite := layer.(CompositeLayer)
		return l.alone(g, layer, composite, layerDepth(layer), "CompositeLayer")
	}
	return l.around(g, layer, inside)
}

// alone reports a wrapper of several layers without Parts: nobody can know where in its state their hidden states are.
func (l layout) alone(g *graph.Graph, of any, composite bool, depth int, want string) layout {
	if g.Err() == nil && !composite && depth > 1 {
		g.Failf(typeName(of), "it takes %d layers, but does not say which entries of its state belong to which: "+
			"it lacks the method Parts of recurrent.%s", depth, want)
	}
	return l
}

// around appends the layouts of the parts to a composite's own entries.
func (l layout) around(g *graph.Graph, composite any, inside []layout) layout {
	own := len(l.shapes)
	for _, part := range inside {
		own -= len(part.shapes)
	}
	if g.Err() == nil && own < 0 {
		g.Failf(typeName(composite), "its state has %d entries, those of its parts %d; want all of them",
			len(l.shapes), len(l.shapes)-own)
	}
	if g.Err() != nil {
		return layout{}
	}
	if own > 0 {
		l.leaves = []leaf{{kind: fmt.Sprintf("%T", composite), n: own, hidden: -1}}
	}
	at := own
	for _, part := range inside {
		for _, leaf := range part.leaves {
			leaf.at += at
			if leaf.hidden >= 0 {
				leaf.hidden += at
			}
			l.leaves = append(l.leaves, leaf)
		}
		if own == 0 {
			l.output = at + part.output
		}
		at += len(part.shapes)
	}
	return l
}

// outputEntry is the entry of a cell's state that is its hidden state.
func outputEntry(g *graph.Graph, c Cell) int {
	if _, ok := c.(Composite); !ok {
		return 0
	}
	return cellLayout(g, c).output
}

// hidden lists the entries that are hidden states of cells.
func (l layout) hidden() []int {
	var out []int
	for _, leaf := range l.leaves {
		if leaf.hidden >= 0 {
			out = append(out, leaf.hidden)
		}
	}
	return out
}

// kinds lists the types of the leaves.
func (l layout) kinds() []string {
	var out []string
	for _, leaf := range l.leaves {
		out = append(out, leaf.kind)
	}
	return out
}

// leafOf is the leaf that an entry belongs to.
func (l layout) leafOf(entry int) leaf {
	for _, leaf := range l.leaves {
		if entry < leaf.at+leaf.n {
			return leaf
		}
	}
	return leaf{}
}

// shapes returns the shapes of an initial state's entries for a batch of one. It builds the state in a graph of its own, so
// that no nodes stay behind; an error is repeated in g, which knows its place.
func shapes(g *graph.Graph, begin func(*graph.Graph, int) State) [][]int {
	apart := graph.New(graph.NewParams(0))
	if g.Training() {
		apart = graph.NewTraining(graph.NewParams(0))
	}
	s := begin(apart, 1)
	if apart.Err() != nil {
		s = begin(g, 1)
	}
	out := make([][]int, len(s))
	for i, n := range s {
		out[i] = n.Shape()
	}
	return out
}

// depth is how many layer numbers a cell takes: the result of its Depth method, if it has one, or the sum of its parts'.
func depth(c Cell) int {
	switch c := c.(type) {
	case interface{ Depth() int }:
		return c.Depth()
	case Composite:
		return depths(c.Parts(), depth)
	}
	return 1
}

func layerDepth(l Layer) int {
	switch l := l.(type) {
	case interface{ Depth() int }:
		return l.Depth()
	case CompositeLayer:
		return depths(l.Parts(), layerDepth)
	}
	return 1
}

func depths[T any](parts []T, depth func(T) int) int {
	n := 0
	for _, p := range parts {
		n += depth(p)
	}
	return n
}

// several tells whether a cell is made of cells that follow each other.
func several(c Cell) bool { return single(c) == nil }

// single is the cell inside all wrappers, or nil if there are several that follow each other.
func single(c Cell) Cell {
	composite, ok := c.(Composite)
	if !ok {
		return c
	}
	switch parts := composite.Parts(); len(parts) {
	case 0:
		return c
	case 1:
		return single(parts[0])
	}
	return nil
}
