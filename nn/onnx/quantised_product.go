package onnx

import (
	"github.com/unroll-go/unroll/graph"
)

// integerProduct is a product of whole numbers of 8 bits, without and with a bias for each column.
type integerProduct struct {
	sums graph.Node
	with func(bias graph.Node) graph.Node // nil if the right operand is computed
	cols int
}

// matrices multiplies input a by input b, with the zero points of inputs az and bz. The right one may be transposed.
func (c *call) matrices(a, b, az, bz int, transposed bool) (integerProduct, bool) {
	x, ok := c.bytes(a, az)
	if !ok {
		return integerProduct{}, false
	}
	if c.arg(b).known == nil {
		return c.computedMatrices(x, b, bz, transposed)
	}
	w, ok := c.integerMatrix(b, bz, transposed)
	if !ok {
		return integerProduct{}, false
	}
	with := func(bias graph.Node) graph.Node { return c.g.MatMulInteger(x, w, bias) }
	p := integerProduct{sums: with(graph.Node{}), with: with}
	p.cols = p.sums.Dim(-1)
	return p, c.g.Err() == nil
}

// integerMatrix gives known weights [K, N], or [N, K] that are transposed.
func (c *call) integerMatrix(b, bz int, transposed bool) (*graph.Integers, bool) {
	k := c.arg(b).known
	if !isByte(k.kind) || len(k.shape) != 2 {
		c.failf("input %d (%q) is %v of shape %v; want a matrix of UINT8 or INT8", b, c.node.input(b), k.kind, k.shape)
		return nil, false
	}
	zero, ok := c.knownZero(bz, k.kind)
	if !ok {
		return nil, false
	}
	return c.integers(b, k, zero, func() (*graph.Integers, error) {
		m := k
		if transposed {
			m = k.transposed([]int{1, 0})
		}
		return graph.NewIntegerMatrix(m.ints, zero.zeros(), m.shape[0], m.shape[1])
	})
}

// computedMatrices multiplies by what is computed: a matrix, or one for each of a stack, broadcast to the other's.
func (c *call) computedMatrices(x graph.Quantised, b, bz int, transposed bool) (integerProduct, bool) {
	w, ok := c.bytes(b, bz)
	if !ok {
		return integerProduct{}, false
	}
	left, right := x.Values.Shape(), w.Values.Shape()
	if len(left) < 2 || len(right) < 2 {
		c.failf("a product of shapes %v and %v; want two dimensions at least", left, right)
		return integerProduct{}, false
	}
	if transposed {
		w.Values = c.g.Transpose(w.Values)
		right = w.Values.Shape()
	}
	both, ok := c.broadcast(left[:len(left)-2], right[:len(right)-2])
	if !ok {
		return integerProduct{}, false
	}
	left, right = append(cloneInts(both), left[len(left)-2:]...), append(cloneInts(both), right[len(right)-2:]...)
	if !c.room(left) || !c.room(right) {
		return integerProduct{}, false
	}
	x.Values, w.Values = c.g.BroadcastTo(x.Values, left...), c.g.BroadcastTo(w.Values, right...)
	p := integerProduct{sums: c.g.MatMulQuantised(x, w)}
	p.cols = p.sums.Dim(-1)
	return p, c.g.Err() == nil
}

// buildMatMulInteger gives the sums, INT32.
func buildMatMulInteger(c *call) []value {
	p, ok := c.matrices(0, 1, 2, 3, false)
	if !ok {
		return nil
	}
	out := value{node: p.sums, whole: int32Kind}
	if p.with != nil {
		out.sums = &integerSums{p.sums.Rank() - 1, p.with}
	}
	return []value{out}
}

// buildMatMulIntegerToFloat is sums·(a_scale·b_scale) + bias: A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias.
func buildMatMulIntegerToFloat(c *call) []value {
	p, ok := c.matrices(0, 1, 4, 5, false)
	if !ok {
		return nil
	}
	return c.scaled(p, c.single(c.float(2)), c.single(c.float(3)), 6)
}

// buildDynamicQuantizeMatMul quantises A by its range first: A, B, b_scale, b_zero_point, bias.
func buildDynamicQuantizeMatMul(c *call) []value {
	if c.arg(1).known == nil {
		return c.failf("input 1 (%q) is computed; want weights of the file", c.node.input(1))
	}
	w, ok := c.integerMatrix(1, 3, false)
	if !ok {
		return nil
	}
	x, scale := c.g.QuantiseRange(c.float(0))
	p := integerProduct{sums: c.g.MatMulInteger(x, w, graph.Node{})}
	return c.scaled(p, scale, c.single(c.float(2)), 4)
}

// scaled is sums·(a·b) plus the bias of an input.
func (c *call) scaled(p integerProduct, a, b graph.Node, bias int) []value {
	y := c.g.Mul(p.sums, c.g.Mul(a, b))
	if !c.arg(bias).absent() {
		y = c.g.Add(y, c.float(bias))
	}
	return []value{{node: y}}
}

// buildQLinearMatMul is the product quantised again: a, its scale and zero point, b and its, and y's.
func buildQLinearMatMul(c *call) []value {
	p, ok := c.matrices(0, 3, 2, 5, false)
	if !ok {
		return nil
	}
	scale := c.g.Div(c.g.Mul(c.single(c.float(1)), c.single(c.float(4))), c.single(c.float(6)))
	return c.requantised(c.g.Mul(p.sums, scale), c.g.Full(1), 7)
}

// buildQGemm is alpha·A·B' + C, quantised again or not: A, its scale and zero point, B and its, C, and y's scale and zero point.
func buildQGemm(c *call) []value {
	if c.int("transA", 0) != 0 {
		return c.failf("transA %d; want 0", c.int("transA", 0))
	}
	p, ok := c.matrices(0, 3, 2, 5, c.int("transB", 0) != 0)
	if !ok {
		return nil
	}
	sums := p.sums
	bias, ok := c.int32Bias(6, p.cols)
	switch {
	case !ok:
		return nil
	case bias.Valid() && p.with == nil:
		return c.failf("C with a computed B")
	case bias.Valid():
		sums = p.with(bias)
	}
	scale := c.g.Mul(c.g.MulScalar(c.single(c.float(1)), c.node.float("alpha", 1)), c.single(c.float(4)))
	if c.arg(7).absent() {
		return []value{{node: c.g.Mul(sums, scale)}}
	}
	return c.requantised(c.g.Mul(sums, c.g.Div(scale, c.single(c.float(7)))), c.g.Full(1), 8)
}

// buildFusedMatMul is alpha·A'·B'.
func buildFusedMatMul(c *call) []value {
	if c.int("transBatchA", 0) != 0 || c.int("transBatchB", 0) != 0 {
		return c.failf("transBatchA or transBatchB; want 0")
	}
	operands := [2]graph.Node{c.float(0), c.float(1)}
	for i, name := range []string{"transA", "transB"} {
		x := operands[i]
		if c.g.Err() == nil && c.int(name, 0) != 0 && x.Rank() > 1 {
			perm := make([]int, x.Rank())
			for d := range perm {
				perm[d] = d
			}
			perm[len(perm)-1], perm[len(perm)-2] = len(perm)-2, len(perm)-1
			operands[i] = c.g.Transpose(x, perm...)
		}
	}
	if c.g.Err() != nil {
		return nil
	}
	inner := *c
	inner.in = []value{{node: operands[0]}, {node: operands[1]}}
	y := buildMatMul(&inner)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.g.MulScalar(y[0].node, c.node.float("alpha", 1))}}
}

// filters gives x, the known weights [M, C/group, ...] of a convolution, and its window, from the inputs x, its zero point, the
// weights and theirs.
func (c *call) filters(x, xz, w, wz int) (graph.Quantised, *graph.Integers, graph.Window, bool) {
	q, ok := c.bytes(x, xz)
	if !ok {
		return q, nil, graph.Window{}, false
	}
	k := c.arg(w).known
	if k == nil || !isByte(k.kind) {
		c.failf("input %d (%q) is computed, or no UINT8 or INT8; want weights of the file", w, c.node.input(w))
		return q, nil, graph.Window{}, false
	}
	zero, ok := c.knownZero(wz, k.kind)
	if !ok || !c.convolves(q.Values.Shape(), k.shape) {
		return q, nil, graph.Window{}, false
	}
	o, ok := c.window(len(k.shape)-2, k.shape[2:])
	if !ok {
		return q, nil, graph.Window{}, false
	}
	lengths := q.Values.Shape()[2:]
	o.pad(lengths)
	if !c.room(append([]int{q.Values.Dim(0), k.shape[0]}, o.results(lengths)...)) {
		return q, nil, graph.Window{}, false
	}
	group := c.int("group", 1)
	integers, ok := c.integers(w, k, zero, func() (*graph.Integers, error) {
		return graph.NewIntegerFilters(k.ints, zero.zeros(), group, k.shape...)
	})
	return q, integers, o.graph(group), ok
}

// buildConvInteger gives the sums, INT32: x, w, and their zero points.
func buildConvInteger(c *call) []value {
	x, w, o, ok := c.filters(0, 2, 1, 3)
	if !ok {
		return nil
	}
	with := func(bias graph.Node) graph.Node { return c.g.ConvInteger(x, w, bias, o) }
	return []value{{node: with(graph.Node{}), whole: int32Kind, sums: &integerSums{1, with}}}
}

// buildQLinearConv is the convolution quantised again: x, its scale and zero point, w and its, y's, and a bias of INT32.
func buildQLinearConv(c *call) []value {
	x, w, o, ok := c.filters(0, 2, 3, 5)
	if !ok {
		return nil
	}
	m := c.arg(3).known.shape[0]
	bias, ok := c.int32Bias(8, m)
	if !ok {
		return nil
	}
	y := c.g.ConvInteger(x, w, bias, o)
	scale := c.g.Div(c.g.Mul(c.single(c.float(1)), c.single(c.float(4))), c.single(c.float(6)))
	if c.g.Err() == nil && scale.Rank() > 0 {
		scale = c.channels(scale, y)
	}
	return c.requantised(c.g.Mul(y, scale), c.g.Full(1), 7)
}
