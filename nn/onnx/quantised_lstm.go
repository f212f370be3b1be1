package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// quantisedLSTM is ONNX Runtime's LSTM with weights of 8 bits, W [D, I, 4H] and R [D, H, 4H], their scales and zero points, one for
// each direction or for each column of it. What it multiplies is quantised by its range: the whole sequence once, and the hidden states
// of the batch at every step, so that a sequence's numbers depend a little on what else is in its batch.
const quantisedLSTM = "DynamicQuantizeLSTM"

// quantised gives the cell of direction d its product with the hidden state, and the whole sequence's with the weights.
func (c *call) quantised(cell *cell, d int, s sequence) (graph.Node, bool) {
	x := s.x
	if s.lengths.Valid() {
		c.failf("sequence_lens, input 4 (%q), is not supported: lengths would change by what range the other sequences are quantised", c.node.input(4))
		return graph.Node{}, false
	}
	w, scaleW, ok := c.gateWeights(d, 1, 8, x.Dim(2))
	if !ok {
		return graph.Node{}, false
	}
	r, scaleR, ok := c.gateWeights(d, 2, 10, c.rec.hidden)
	if !ok {
		return graph.Node{}, false
	}
	product := func(x graph.Node, w *graph.Integers, scale graph.Node) graph.Node {
		q, by := c.g.QuantiseRange(x)
		return c.g.Mul(c.g.MatMulInteger(q, w, graph.Node{}), c.g.Mul(by, scale))
	}
	cell.back = func(h graph.Node) graph.Node { return product(h, r, scaleR) }
	return product(x, w, scaleW), c.g.Err() == nil
}

// gateWeights gives the weights [depth, 4H] of direction d, in our order of gates, and their scales: input i, with scales and zero
// points as inputs s and s+1.
func (c *call) gateWeights(d, i, s, depth int) (*graph.Integers, graph.Node, bool) {
	k, scale, zero := c.arg(i).known, c.arg(s).known, c.arg(s+1).known
	D, cols := len(c.rec.reverse), 4*c.rec.hidden
	switch {
	case c.g.Err() != nil:
		return nil, graph.Node{}, false
	case k == nil || scale == nil || scale.floats == nil || zero == nil && !c.arg(s+1).absent():
		c.failf("the weights %q, their scales or their zero points are computed; want those of the file", c.node.input(i))
	case !isByte(k.kind) || zero != nil && zero.kind != k.kind:
		c.failf("the weights %q are %v; want UINT8 or INT8, and zero points of the same type", c.node.input(i), k.kind)
	case !slices.Equal(k.shape, []int{D, depth, cols}):
		c.failf("the weights %q have shape %v; want %v", c.node.input(i), k.shape, []int{D, depth, cols})
	case !c.each(scale, D, cols) || zero != nil && !c.each(zero, D, cols):
		c.failf("scales of shape %v for the weights %q; want one, or %d, for each of %d directions, and as many zero points", scale.shape, c.node.input(i), cols, D)
	}
	if c.g.Err() != nil {
		return nil, graph.Node{}, false
	}
	columns := make([]int, cols) // where ours are in the file
	for j := range columns {
		columns[j] = gateOrder[c.op][j/c.rec.hidden]*c.rec.hidden + j%c.rec.hidden
	}
	w, ok := c.integers(2*i+d, k, zero, func() (*graph.Integers, error) {
		values := make([]int, depth*cols)
		for j := range values {
			values[j] = k.ints[(d*depth+j/cols)*cols+columns[j%cols]]
		}
		zeros := []int{0}
		if zero != nil {
			zeros = pickedFor(zero.ints, d, D, columns)
		}
		return graph.NewIntegerMatrix(values, zeros, depth, cols)
	})
	by := pickedFor(scale.floats, d, D, columns)
	if !ok {
		return nil, graph.Node{}, false
	}
	return w, c.single(c.g.Const(graph.Floats64(by, len(by)))), true
}

// each tells whether k has one number, or as many as columns, for each of D directions.
func (c *call) each(k *constant, D, columns int) bool {
	return k.len() == D && len(k.shape) == 1 || slices.Equal(k.shape, []int{D, 1}) || slices.Equal(k.shape, []int{D, columns})
}

// pickedFor are the numbers of direction d: one, or those of the columns.
func pickedFor[T int | float64](x []T, d, D int, columns []int) []T {
	x = x[d*len(x)/D:][:len(x)/D]
	if len(x) == 1 {
		return x
	}
	out := make([]T, len(columns))
	for i, j := range columns {
		out[i] = x[j]
	}
	return out
}
