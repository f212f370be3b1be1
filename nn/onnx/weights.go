package onnx

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// weight is a parameter that an initialiser of the file, or a part of one, becomes. Only places change on the way,
// never numbers: element i of the parameter is element at(i) of the source.
type weight struct {
	name   string
	shape  []int
	source *constant
	file   string // the source's name in the file
	at     func(i int) int
}

// param asks the graph for the weight. A store that lacks it starts from the file's numbers.
func (m *Model) param(g *graph.Graph, w *weight) graph.Node {
	scopes := strings.Split(w.name, ".")
	for _, s := range scopes[:len(scopes)-1] {
		g = g.Scope(s)
	}
	start := func(dst []float64, _ []int, _ *rand.Rand) error {
		for i := range dst {
			dst[i] = w.source.floats[w.at(i)]
		}
		return nil
	}
	return g.Param(scopes[len(scopes)-1], start, w.shape...)
}

// use is one place where an initialiser is read.
type use struct {
	node  *node
	input int
}

// weighs tells whether what is read there may be a weight, and not one of an operator's settings.
func (u use) weighs() bool { return u.node == nil || !slices.Contains(settings[u.node.op], u.input) }

// fewNumbers is up to how many numbers a Constant node holds that are taken for a setting, such as a scale, and no weights,
// wherever they do not multiply.
const fewNumbers = 8

// multiplies tells whether what is read there is what networks are made of.
func (u use) multiplies() bool {
	return u.node != nil && slices.Contains([]string{"Conv", "ConvTranspose", "Gemm", "MatMul", "RNN", "GRU", "LSTM"}, u.node.op)
}

// claim turns the float initialisers that the nodes read into weights: those of recurrent nodes into PyTorch's
// parameters, the anonymous matrices that PyTorch's exporter makes of linear layers back into theirs, and others, with
// at least one dimension, as they are. What is left stays a constant.
func (m *Model) claim(initialisers map[string]*constant) error {
	uses, nodes := map[string][]use{}, m.allNodes()
	for _, n := range nodes {
		for i, name := range n.in {
			uses[name] = append(uses[name], use{n, i})
		}
		for _, b := range n.blocks {
			for _, name := range b.outputs {
				uses[name] = append(uses[name], use{})
			}
		}
	}
	for _, p := range m.outputs {
		uses[p.Name] = append(uses[p.Name], use{}) // a model may give out a weight as it is
	}
	layers := map[string]int{}
	for _, n := range nodes {
		if n.rec != nil {
			if err := m.claimRecurrent(n, layers, initialisers, uses); err != nil {
				return errors.Wrapf(err, "%v", n)
			}
		}
	}
	for _, n := range nodes {
		name := n.input(1)
		c, scope := initialisers[name], modulePath(n)
		if n.op == "MatMul" && c != nil && isFloat(c.kind) && anonymous(name) && len(uses[name]) == 1 && len(c.shape) == 2 &&
			scope != "" && m.names[scope+".weight"] == 0 && initialisers[scope+".weight"] == nil {
			rows, cols := c.shape[0], c.shape[1]
			m.transposed[name] = m.add(&weight{name: scope + ".weight", shape: []int{cols, rows}, source: c, file: name,
				at: func(i int) int { return i%rows*cols + i/rows }})
		}
	}
	for _, name := range m.order {
		c := initialisers[name]
		weighs := use.weighs
		if m.held[name] && c.len() <= fewNumbers {
			weighs = use.multiplies
		}
		if !isFloat(c.kind) || len(c.shape) == 0 || !slices.ContainsFunc(uses[name], weighs) || m.split[name] != nil ||
			m.transposed[name] != nil {
			continue
		}
		m.plain[name] = m.add(&weight{name: m.freeName(clean(name)), shape: c.shape, source: c, file: name,
			at: func(i int) int { return i }})
	}
	return nil
}

// claimRecurrent splits W, R, B and P of a recurrent node by direction, in our order of gates.
func (m *Model) claimRecurrent(n *node, layers map[string]int, initialisers map[string]*constant, uses map[string][]use) error {
	scope := modulePath(n)
	if scope == "" {
		scope = strings.ToLower(n.op)
	}
	layer := layers[scope]
	layers[scope]++
	order, H, D := gateOrder[n.op], n.rec.hidden, len(n.rec.reverse)
	G := len(order)
	for _, part := range []struct {
		input  int
		locals []string
		order  []int
		rows   int // of one direction
	}{
		{1, []string{"weight_ih"}, order, G * H},
		{2, []string{"weight_hh"}, order, G * H},
		{3, []string{"bias_ih", "bias_hh"}, order, 2 * G * H},
		{7, []string{"weight_ch"}, peepholeOrder, 3 * H},
	} {
		name := n.input(part.input)
		c := initialisers[name]
		if c == nil || !isFloat(c.kind) || len(uses[name]) != 1 {
			continue
		}
		matrix := part.input <= 2
		if len(c.shape) < 2 || matrix != (len(c.shape) == 3) || c.shape[0] != D || c.shape[1] != part.rows ||
			part.input == 2 && c.shape[2] != H {
			return errors.Errorf("%q has shape %v, which does not fit %d directions and hidden_size %d", name, c.shape, D, H)
		}
		cols := sizeOf(c.shape[2:])
		rows := part.rows / len(part.locals)
		for d := range n.rec.reverse {
			for k, local := range part.locals {
				first := d*part.rows + k*rows
				shape := append([]int{rows}, c.shape[2:]...)
				m.split[name] = append(m.split[name], m.add(&weight{
					name: m.freeName(scope + "." + layered(local, layer, d == 1)), shape: shape, source: c, file: name,
					at: place(part.order, H, first, cols)}))
			}
		}
	}
	return nil
}

// place maps elements of a weight in our order of gates, rows of cols numbers in blocks of hidden rows, to their places
// in an initialiser that has the blocks in another order from row first on.
func place(order []int, hidden, first, cols int) func(i int) int {
	return func(i int) int {
		row, col := i/cols, i%cols
		return (first+order[row/hidden]*hidden+row%hidden)*cols + col
	}
}

// layered is PyTorch's name of a weight of a recurrent layer.
func layered(local string, layer int, reverse bool) string {
	name := local + "_l" + strconv.Itoa(layer)
	if reverse {
		name += "_reverse"
	}
	return name
}

func (m *Model) add(w *weight) *weight {
	m.weights = append(m.weights, w)
	m.names[w.name] = max(m.names[w.name], 2)
	return w
}

// freeName returns the name, numbered if a weight has it already.
func (m *Model) freeName(name string) string {
	out := name
	for m.names[out] > 0 {
		out = name + "_" + strconv.Itoa(m.names[name])
		m.names[name]++
	}
	return out
}

// modulePath is where in the exported model a node was: "/encoder/lstm/LSTM_1" gives encoder.lstm. A name without a
// path is its own path, unless it is only the operator's with a number.
func modulePath(n *node) string {
	parts := strings.Split(clean(strings.ReplaceAll(n.name, "/", " ")), ".")
	if last := parts[len(parts)-1]; strings.HasPrefix(last, n.op) || strings.HasPrefix(last, strings.ToLower(n.op)+"_") {
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, ".")
}

// clean makes a parameter's name of a name in the file: words joined by single dots.
func clean(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("./ \t\n", r) }), ".")
}

// anonymous tells names that exporters make up: onnx::MatMul_205, val_7.
func anonymous(name string) bool {
	rest, ok := strings.CutPrefix(name, "val_")
	_, err := strconv.Atoi(rest)
	return strings.HasPrefix(name, "onnx::") || ok && err == nil
}
