package recurrent

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// Composite is a Cell made of other cells: Stack, Zoneout, Attentive, or a wrapper of one's own. Parts tells everything
// that looks into a state what lies where: LastHidden, Bridge, SequenceDropout.Recurrent, Zoneout and the numbers of layers. A
// wrapper without it is taken for a single cell, whose first entry is its hidden state.
//
// The state of a composite is entries of its own, if it has any, and then those of its parts, in their order. Its hidden
// state is its own first entry or, without one, its last part's.
type Composite interface {
	Cell
	// Parts are the cells inside, from the input to the output.
	Parts() []Cell
}

// CompositeLayer is a Layer made of other layers, as Deep is, with the same rules as a Composite.
type CompositeLayer interface {
	Layer
	// Parts are the layers inside, from the input to the output.
	Parts() []Layer
}

// layout is what the state of a cell or a layer is made of.
type layout struct {
	shapes [][]int // of the entries, for a batch of one
	output int     // the entry that is the hidden state
	leaves []leaf  // in the order of their entries
}

// leaf is a part of a state that has no parts itself: the entries of a cell or, in a layer, of both directions of a cell,
// of a layer of unknown make, or the own entries of a composite.
type leaf struct {
	kind   string // the type
	at, n  int    // its entries are those from at on, n of them
	hidden int    // the entry that is a hidden state; -1 for a composite's own entries
	cell   Cell   // nil for a layer of unknown make and for own entries
	both   *Merge // how the two halves of the entries, which are directions, are merged; nil for one direction
}

// cellLayout looks into the state of a cell. After an error in the graph it is empty.
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
		_, told := c.(Composite)
		return l.alone(g, c, told, depth(c), "Composite")
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
	case Bidirectional:
		one := cellLayout(g, layer.Cell)
		l.output, l.leaves = one.output, []leaf{{kind: strings.Join(one.kinds(), " "), n: len(l.shapes), hidden: one.output, cell: layer.Cell, both: &layer.Merge}}
		return l
	}
	if len(inside) == 0 {
		l.leaves = []leaf{{kind: fmt.Sprintf("%T", layer), n: len(l.shapes)}}
		_, told := layer.(CompositeLayer)
		return l.alone(g, layer, told, layerDepth(layer), "CompositeLayer")
	}
	return l.around(g, layer, inside)
}

// alone reports a wrapper of several layers that has not told what is inside: where their hidden states are in its state
// would be a guess, and a wrong one.
func (l layout) alone(g *graph.Graph, of any, told bool, depth int, want string) layout {
	if g.Err() == nil && !told && depth > 1 {
		g.Failf(typeName(of), "it takes %d layers, but does not say which entries of its state are whose: it lacks the method Parts of recurrent.%s", depth, want)
	}
	return l
}

// around puts the parts' layouts behind the entries that a composite has of its own.
func (l layout) around(g *graph.Graph, composite any, inside []layout) layout {
	own := len(l.shapes)
	for _, part := range inside {
		own -= len(part.shapes)
	}
	if g.Err() == nil && own < 0 {
		g.Failf(typeName(composite), "its state has %d entries, those of its parts %d; want all of them", len(l.shapes), len(l.shapes)-own)
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

// shapes are those of the entries of an initial state for a batch of one. They come from a graph of their own, so that a
// question leaves no nodes behind; if that has an error, the graph itself is to have it, with its place.
func shapes(g *graph.Graph, begin func(*graph.Graph, int) State) [][]int {
	apart := graph.New(graph.NewParams(0), g.Training())
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

// depth is how many layer numbers a cell takes: what its Depth method says, if it has one, or as many as its parts.
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
