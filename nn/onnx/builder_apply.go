package onnx

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// Apply writes whatever a build function computes of some values, operation by operation: any layer, any cell, a whole network. A
// recurrence becomes one operator, an LSTM, GRU or RNN where it is one, and a Scan otherwise. All that ONNX has no operator for is
// an error that lists it.
//
//	y := b.Apply(func(g *graph.Graph, in []graph.Node) []graph.Node {
//		h, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.MGU{Hidden: 64}, in[0], recurrent.Options{Lengths: in[1]})
//		return []graph.Node{nn.Dense{Units: 3}.Apply(g.Scope("head"), h)}
//	}, b.Sequence("x", 8), b.Lengths("lengths"))[0]
//
// The function is called a few times, with different sizes of the dimensions that vary: what changes with them in the graph is
// computed from them in the file. Parameters must be in the store.
func (b *Builder) Apply(build graph.Build, in ...Value) []Value {
	const what = "Apply"
	for _, v := range in {
		if !b.usable(what, v) {
			return nil
		}
	}
	if build == nil || len(in) == 0 {
		b.failf("%s: want a build function, and one value at least that it is applied to", what)
		return nil
	}
	w := &writer{b: b, in: in, axes: axesOf(in), loops: map[int]*recurrence{}, sizes: map[string]string{}, truths: map[int]string{}}
	at, ok := w.trace(build)
	if !ok {
		return nil
	}
	w.names = make([]string, len(w.list))
	w.find()
	for i := range w.list {
		if !w.inside(i) {
			w.names[i] = w.write(i)
		}
	}
	if len(w.refused) > 0 {
		b.failf("%s: ONNX has no operator for %s", what, strings.Join(w.refused, ", "))
		return nil
	}
	out := make([]Value, len(at))
	for k, i := range at {
		out[k] = Value{name: w.names[i], ints: w.list[i].IDs, dims: w.dims(i)}
	}
	return out
}

// writer writes a graph as nodes of ONNX. It has the graph several times, built with different sizes of the axes that vary: what
// differs between them depends on the sizes.
type writer struct {
	b     *Builder
	in    []Value
	axes  []axis
	given [][]int          // of each trace, the sizes of the axes
	list  []listing.Node   // of the first trace
	all   [][]listing.Node // of each
	names []string         // of the values that are written, by place in the list

	loops   map[int]*recurrence // by the place of a recurrence in the list
	of      []int               // by place, the loop that a node is inside of, or -1
	outer   *nodes              // while a loop's step is being written, where sizes go
	sizes   map[string]string   // values that hold sizes, by what they are
	truths  map[int]string      // boolean twins of masks, by place
	refused []string
}

// axis is a dimension that varies, and where it can be read off.
type axis struct {
	name      string
	input, at int // a value that has it, and the number of its dimension
}

// axesOf lists the dimensions that vary. Those of one name are one; those without are each its own.
func axesOf(in []Value) []axis {
	var out []axis
	for i, v := range in {
		for k, d := range v.dims {
			known := func(a axis) bool { return a.name == d.Name && d.Name != "" }
			if d.Size < 0 && !slices.ContainsFunc(out, known) {
				out = append(out, axis{d.Name, i, k})
			}
		}
	}
	return out
}

// traces is how many graphs are compared. Sizes that are equal in all of them are equal.
const traces = 17

// openAxes is how many dimensions may vary.
const openAxes = 8

// sizeOfAxis is the size of axis k in trace t. An axis has 16 sizes in a row, so that it shows by which number it is divided and
// where that rounds, in an order of its own, so that no axis is another one and some steps more; and one that is much larger.
func sizeOfAxis(k, t, scale int) int {
	first := scale * [openAxes]int{67, 83, 101, 127, 149, 173, 199, 227}[k]
	if t == traces-1 {
		return 3*first + 5*k
	}
	return first + t*(2*k+1)%16
}

// trace builds the graphs and returns the places of the outputs. Where a window is too large for the sizes, larger ones do.
func (w *writer) trace(build graph.Build) (at []int, ok bool) {
	if len(w.axes) > openAxes {
		w.b.failf("Apply: %d dimensions vary; want %d at most", len(w.axes), openAxes)
		return nil, false
	}
	weights := w.b.params.Len()
	at, err := w.traced(build, weights, 1)
	if err != nil {
		w.all, w.given = nil, nil
		if larger, again := w.traced(build, weights, 16); again == nil {
			at, err = larger, nil
		}
	}
	if err != nil {
		w.b.failf("Apply: %v", err)
		return nil, false
	}
	w.list = w.all[0]
	return at, true
}

func (w *writer) traced(build graph.Build, weights, scale int) (at []int, err error) {
	b := w.b
	for t := range traces {
		g := graph.NewRolled(b.params)
		given := make([]int, len(w.axes))
		for k := range given {
			given[k] = sizeOfAxis(k, t, scale)
		}
		var in []graph.Node
		for i, v := range w.in {
			shape := make([]int, len(v.dims))
			for k, d := range v.dims {
				shape[k] = d.Size
				if d.Size < 0 {
					own := slices.IndexFunc(w.axes, func(a axis) bool {
						return a.name == d.Name && d.Name != "" || a.input == i && a.at == k
					})
					shape[k] = given[own]
				}
			}
			name := fmt.Sprint(i)
			if v.ints {
				in = append(in, g.InputIDs(name, shape...))
			} else {
				in = append(in, g.Input(name, shape...))
			}
		}
		out := build(g, in)
		switch {
		case g.Err() != nil:
			return nil, g.Err()
		case len(out) == 0 || slices.ContainsFunc(out, func(n graph.Node) bool { return !n.Valid() }):
			return nil, errors.Errorf("the function gave %v; want nodes", out)
		case b.params.Len() > weights:
			return nil, errors.Errorf("the store has no parameter %s", b.params.At(weights).Name())
		}
		list, places := listing.Of(out)
		w.all, w.given, at = append(w.all, list), append(w.given, given), places
		if !alike(w.all[0], list) {
			return nil, errors.Errorf("the graph has other operations for other sizes of %s; a file has one for all", w.axesNames())
		}
	}
	return at, nil
}

func (w *writer) axesNames() string {
	var out []string
	for _, a := range w.axes {
		out = append(out, cmp.Or(a.name, "an axis"))
	}
	return strings.Join(out, " and ")
}

// alike tells whether two graphs have the same operations on the same operands.
func alike(a, b []listing.Node) bool {
	return slices.EqualFunc(a, b, func(x, y listing.Node) bool {
		return slices.Equal(x.In, y.In) && len(x.Shape) == len(y.Shape) && fmt.Sprintf("%T", x.Op) == fmt.Sprintf("%T", y.Op)
	})
}

// write adds what computes a node and returns the name of the result.
func (w *writer) write(i int) string {
	switch n := w.list[i]; o := n.Op.(type) {
	case nil:
		return w.leaf(i)
	case *op.Loop:
		return w.loop(i, o)
	case op.LoopResult:
		return w.loops[n.In[0]].results[o.Index]
	}
	return w.operation(i)
}

// refuse remembers something that ONNX lacks.
func (w *writer) refuse(i int, what string) string {
	if path := w.list[i].Path; path != "" {
		what += " in " + path
	}
	if !slices.Contains(w.refused, what) {
		w.refused = append(w.refused, what)
	}
	return ""
}

// node adds an operator with one output.
func (w *writer) node(i int, operator string, in []string, attributes ...*attribute) string {
	return w.b.node(strings.ReplaceAll(strings.ReplaceAll(w.list[i].Path, " ", "_"), "/", "."), operator, 1, in, attributes...)[0]
}

// operand is the name of operand k.
func (w *writer) operand(i, k int) string { return w.names[w.list[i].In[k]] }

// operands are the names of all.
func (w *writer) operands(i int) []string {
	out := make([]string, len(w.list[i].In))
	for k := range out {
		out[k] = w.operand(i, k)
	}
	return out
}

// number gives the name of a float that is the same everywhere.
func (w *writer) number(v float64) string { return w.b.scalar(w.b.kind, v) }

// shape is that of a node in trace t.
func (w *writer) shape(i, t int) []int { return w.all[t][i].Shape }

// rank is the number of a node's dimensions.
func (w *writer) rank(i int) int { return len(w.list[i].Shape) }
