package onnx

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// recurrent is what the attributes of an RNN, LSTM or GRU node say.
type recurrent struct {
	hidden     int
	reverse    []bool         // one entry a direction
	functions  [][]activation // of each direction: f, g, h of the specification
	clip       float64        // 0 for none
	batchFirst bool           // layout 1
	after      bool           // linear_before_reset
	coupled    bool           // input_forget
}

// gateOrder maps our gates, in PyTorch's order, to their places in ONNX's: i, f, n, o to i, o, f, c, and r, z, n to
// z, r, h.
var gateOrder = map[string][]int{"RNN": {0}, "LSTM": {0, 2, 3, 1}, "GRU": {1, 0, 2}, quantisedLSTM: {0, 2, 3, 1}}

// peepholeOrder maps our peepholes i, f, o to their places in ONNX's i, o, f.
var peepholeOrder = []int{0, 2, 1}

var defaultFunctions = map[string][]string{"RNN": {"Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}, "GRU": {"Sigmoid", "Tanh"},
	quantisedLSTM: {"Sigmoid", "Tanh", "Tanh"}}

// readRecurrent checks the attributes of a recurrent node.
func readRecurrent(n *node) (*recurrent, error) {
	r := &recurrent{hidden: n.int("hidden_size", 0), clip: n.float("clip", 0), batchFirst: n.int("layout", 0) == 1,
		after: n.int("linear_before_reset", 0) != 0, coupled: n.int("input_forget", 0) != 0}
	switch direction := n.string("direction", "forward"); direction {
	case "forward":
		r.reverse = []bool{false}
	case "reverse":
		r.reverse = []bool{true}
	case "bidirectional":
		r.reverse = []bool{false, true}
	default:
		return nil, errors.Errorf("direction %q; want forward, reverse or bidirectional", direction)
	}
	switch {
	case r.hidden < 1:
		return nil, errors.Errorf("hidden_size %d; want at least 1", r.hidden)
	case n.has("clip") && !(r.clip > 0):
		return nil, errors.Errorf("clip %g; want a number above 0", r.clip)
	case n.int("layout", 0)&^1 != 0:
		return nil, errors.Errorf("layout %d; want 0 or 1", n.int("layout", 0))
	}
	names := n.strings("activations")
	each := len(defaultFunctions[n.op])
	if names == nil {
		for range r.reverse {
			names = append(names, defaultFunctions[n.op]...)
		}
	}
	if len(names) != each*len(r.reverse) {
		return nil, errors.Errorf("activations %v; want %d for each direction", names, each)
	}
	functions, err := readActivations(names, n.floats("activation_alpha"), n.floats("activation_beta"))
	if err != nil {
		return nil, err
	}
	for d := range r.reverse {
		r.functions = append(r.functions, functions[d*each:(d+1)*each])
	}
	return r, nil
}

// sequence is the input of a recurrent node in our layout.
type sequence struct {
	x       graph.Node   // [T, N, I]
	init    []graph.Node // initial_h and, for an LSTM, initial_c: [D, N, H]; invalid for zeros
	lengths graph.Node   // [N], or invalid
}

// buildRecurrent unrolls the node's cell in each direction. Outputs: Y [T, D, N, H], Y_h and Y_c [D, N, H], or with
// the batch first.
func buildRecurrent(c *call) []value {
	s, ok := c.sequence()
	if !ok {
		return nil
	}
	r, g := c.rec, c.g
	T, N := s.x.Dim(0), s.x.Dim(1)
	step := bytesOf([]int{N, r.hidden, len(gateOrder[c.op]) + 4}) // the gates, and some values of one gate's width
	if !c.spend(times(step, int64(T*len(r.reverse)))) {
		return nil
	}
	var ys []graph.Node
	finals := make([][]graph.Node, len(s.init))
	for d, reverse := range r.reverse {
		w, ok := c.weights(d, s.x.Dim(2))
		if !ok {
			return nil
		}
		cell, x := cell{recurrent: r, op: c.op, f: r.functions[d], weights: w}, s.x
		if c.op == quantisedLSTM {
			if x, ok = c.quantised(&cell, d, s); !ok {
				return nil
			}
		}
		o := rnn.Options{Reverse: reverse, Lengths: s.lengths}
		for _, all := range s.init {
			first := g.Full(0, N, r.hidden)
			if all.Valid() {
				first = g.Reshape(g.Slice(all, 0, d, d+1), N, r.hidden)
			}
			o.Initial = append(o.Initial, first)
		}
		y, final := rnn.Unroll(g, cell, x, o)
		if g.Err() != nil {
			return nil
		}
		ys = append(ys, g.Reshape(y, T, 1, N, r.hidden))
		for i := range finals {
			finals[i] = append(finals[i], g.Reshape(final[i], 1, N, r.hidden))
		}
	}
	join := func(axis int, parts []graph.Node, batchFirst ...int) value {
		x := parts[0]
		if len(parts) > 1 {
			x = g.Concat(axis, parts...)
		}
		if r.batchFirst {
			x = g.Transpose(x, batchFirst...)
		}
		return value{node: x}
	}
	out := []value{join(1, ys, 2, 0, 1, 3)}
	for _, f := range finals {
		out = append(out, join(0, f, 1, 0, 2))
	}
	return out
}

// sequence reads and checks the inputs X, sequence_lens, initial_h and initial_c.
func (c *call) sequence() (sequence, bool) {
	r, g := c.rec, c.g
	states := 1
	if c.op == "LSTM" || c.op == quantisedLSTM {
		states = 2
	}
	s := sequence{x: c.float(0), init: make([]graph.Node, states)}
	if g.Err() == nil && s.x.Rank() != 3 {
		c.failf("X has shape %v; want three dimensions", s.x.Shape())
	}
	if g.Err() != nil {
		return s, false
	}
	if r.batchFirst {
		s.x = g.Transpose(s.x, 1, 0, 2)
	}
	for i := range s.init {
		if c.arg(5 + i).absent() {
			continue
		}
		h := c.float(5 + i)
		if r.batchFirst && h.Rank() == 3 {
			h = g.Transpose(h, 1, 0, 2)
		}
		if want := []int{len(r.reverse), s.x.Dim(1), r.hidden}; g.Err() == nil && !slices.Equal(h.Shape(), want) {
			c.failf("the initial state %q has shape %v in time-first order; want %v", c.node.input(5+i), h.Shape(), want)
		}
		s.init[i] = h
	}
	if lens := c.arg(4); !lens.absent() {
		s.lengths = c.lengths(lens, s.x.Dim(1))
	}
	return s, g.Err() == nil
}

// lengths gives sequence_lens as ids [N].
func (c *call) lengths(v value, batch int) graph.Node {
	if c.g.Err() == nil && (!v.isWhole() || !slices.Equal(v.shape(), []int{batch})) {
		c.failf("sequence_lens has shape %v; want whole numbers of shape [%d]", v.shape(), batch)
		return graph.Node{}
	}
	return c.ids(v)
}

// cellWeights are one direction's weights in our order of gates: w [G·H, I], r [G·H, H], biases [G·H] and peepholes
// [3H] or invalid.
type cellWeights struct{ w, r, bi, br, p graph.Node }

// weights gives the weights of direction d: parameters where the file has them as initialisers, slices of what the
// model computes otherwise.
func (c *call) weights(d, input int) (cellWeights, bool) {
	r, g := c.rec, c.g
	gates, D := len(gateOrder[c.op]), len(r.reverse)
	n := gates * r.hidden
	var w cellWeights
	for _, part := range []struct {
		input int
		shape []int // of all directions
		order []int
		to    []*graph.Node
	}{
		{1, []int{D, n, input}, gateOrder[c.op], []*graph.Node{&w.w}},
		{2, []int{D, n, r.hidden}, gateOrder[c.op], []*graph.Node{&w.r}},
		{3, []int{D, 2 * n}, gateOrder[c.op], []*graph.Node{&w.bi, &w.br}},
		{7, []int{D, 3 * r.hidden}, peepholeOrder, []*graph.Node{&w.p}},
	} {
		name := c.node.input(part.input)
		if name == "" || c.op == quantisedLSTM && part.input <= 2 {
			continue
		}
		if own := c.m.split[name]; own != nil {
			for i, to := range part.to {
				*to = c.m.param(c.top, own[d*len(part.to)+i])
			}
			if got := own[0].source.shape; !slices.Equal(got, part.shape) {
				c.failf("%q has shape %v; want %v", name, got, part.shape)
			}
			continue
		}
		all := c.float(part.input)
		if g.Err() == nil && !slices.Equal(all.Shape(), part.shape) {
			c.failf("%q has shape %v; want %v", name, all.Shape(), part.shape)
		}
		if g.Err() != nil {
			return w, false
		}
		one := g.Reshape(g.Slice(all, 0, d, d+1), part.shape[1:]...)
		for i, half := range g.Split(one, 0, len(part.to)) {
			*part.to[i] = reorder(g, half, part.order)
		}
	}
	return w, g.Err() == nil
}

// reorder permutes the blocks of the first axis.
func reorder(g *graph.Graph, x graph.Node, order []int) graph.Node {
	if len(order) == 1 {
		return x
	}
	from, to := g.Split(x, 0, len(order)), make([]graph.Node, len(order))
	for i, k := range order {
		to[i] = from[k]
	}
	return g.Concat(0, to...)
}
