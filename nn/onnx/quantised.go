package onnx

import (
	"slices"
	"sync"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Whole numbers of 8 bits, UINT8 and INT8, are floats of the graph when they are computed, and so are they at the model's inputs
// and outputs; those of the file are constants, no weights. Sums of their products, INT32, are exact, and rounded once to the
// model's float type; a bias of whole numbers is added before. What the numbers are multiplied by afterwards has gradients; to
// round has none.

// isByte tells whether a type is one of whole numbers of 8 bits.
func isByte(kind onnxpb.TensorProto_DataType) bool {
	return kind == onnxpb.TensorProto_UINT8 || kind == onnxpb.TensorProto_INT8
}

// moves are the operators whose results are numbers of their first input: of the same type.
var moves = map[string]bool{
	"Concat": true, "Expand": true, "Flatten": true, "Gather": true, "GatherElements": true, "GlobalMaxPool": true, "Identity": true,
	"MaxPool": true, "Reshape": true, "Slice": true, "Split": true, "Squeeze": true, "Tile": true, "Transpose": true, "Unsqueeze": true,
}

// kind is the type of computed or known whole numbers of 8 bits, or of computed INT32; 0 of all others.
func (v value) kind() onnxpb.TensorProto_DataType {
	switch {
	case v.known != nil && isByte(v.known.kind):
		return v.known.kind
	case v.ids.Valid() && isByte(v.idKind):
		return v.idKind
	}
	return v.whole
}

// wholeInput makes whole numbers of a type of what a caller gives.
func wholeInput(g *graph.Graph, n graph.Node, kind onnxpb.TensorProto_DataType) graph.Node {
	if kind == onnxpb.TensorProto_UINT8 {
		return g.Clamp(g.Round(n), 0, 255)
	}
	return g.Clamp(g.Round(n), -128, 127)
}

// wholeNumbersOf puts known whole numbers into the graph, as floats.
func (c *call) wholeNumbersOf(k *constant) graph.Node {
	out := &constant{kind: c.m.kind, shape: k.shape, floats: make([]float64, len(k.ints))}
	for i, v := range k.ints {
		out.floats[i] = float64(v)
	}
	return c.constant(out)
}

// wholeNode gives whole numbers as floats of the graph.
func (c *call) wholeNode(v value) graph.Node {
	switch {
	case c.g.Err() != nil || v.node.Valid():
		return v.node
	case v.ids.Valid():
		return c.g.FromIDs(v.ids)
	}
	return c.wholeNumbersOf(v.known)
}

// castWhole changes the type of whole numbers, or makes some of floats.
func (c *call) castWhole(v value, to onnxpb.TensorProto_DataType) []value {
	switch {
	case v.whole == to:
		return c.in[:1]
	case computes(to) == c.m.kind:
		return []value{{node: v.node}}
	case to == int32Kind:
		return []value{{node: v.node, whole: to}}
	}
	return []value{c.castIDs(value{ids: c.g.ToIDs(v.node), idKind: v.whole}, to)}
}

// integerSums are sums of products of whole numbers, to which a bias may be added before they are rounded: a number for each place
// of an axis.
type integerSums struct {
	axis int
	with func(bias graph.Node) graph.Node
}

// addWhole adds a bias of whole numbers to sums of products.
func (c *call) addWhole() []value {
	v, bias := c.arg(0), c.arg(1)
	if v.sums == nil {
		v, bias = bias, v
	}
	shape, have, axis := v.shape(), bias.shape(), v.sums.axis
	n := shape[axis]
	if sizeOf(have) != n || at(have, len(have)-len(shape)+axis) != n {
		return c.failf("whole numbers of shape %v are added to sums of products of shape %v; want one for each place of axis %d",
			have, shape, axis)
	}
	var b graph.Node
	switch k := bias.known; {
	case k != nil && k.kind == int32Kind:
		b = c.g.Const(graph.Ints(k.ints, n))
	case bias.whole == int32Kind && bias.sums == nil:
		b = c.g.Reshape(bias.node, n)
	case bias.ids.Valid() && bias.idKind == int32Kind:
		b = c.moved(bias, []int{n}, inOrder, 0, nil).ids
	default:
		return c.failf("sums of products are added to what is not INT32, or to others")
	}
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: v.sums.with(b), whole: int32Kind}}
}

// integerWeights are those that products read, by the node and the part of it, packed once for all graphs.
type integerWeights struct {
	mu sync.Mutex
	of map[integerPart]packedIntegers
}

type integerPart struct {
	node *node
	part int
}

type packedIntegers struct {
	from, zero *constant
	w          *graph.Integers
}

// integers gives the weights that part of a node reads, made of two constants. make is asked if they are not there.
func (c *call) integers(part int, from, zero *constant, pack func() (*graph.Integers, error)) (*graph.Integers, bool) {
	store, at := &c.m.integers, integerPart{c.node, part}
	store.mu.Lock()
	defer store.mu.Unlock()
	if p := store.of[at]; p.w != nil && p.from == from && p.zero == zero {
		return p.w, true
	}
	if c.g.Err() != nil || !c.spend(bytesOf(from.shape)) {
		return nil, false
	}
	w, err := pack()
	if err != nil {
		c.failf("%v", err)
		return nil, false
	}
	if store.of == nil {
		store.of = map[integerPart]packedIntegers{}
	}
	store.of[at] = packedIntegers{from, zero, w}
	return w, true
}

// bytes gives input i of whole numbers of 8 bits, with the zero point of input z, as an operand.
func (c *call) bytes(i, z int) (graph.Quantised, bool) {
	v := c.arg(i)
	kind := v.kind()
	if c.g.Err() == nil && !isByte(kind) {
		c.failf("input %d (%q) holds no UINT8 or INT8", i, c.node.input(i))
	}
	q := graph.Quantised{Unsigned: kind == onnxpb.TensorProto_UINT8}
	q.Zero = c.zero(z, kind)
	if c.g.Err() != nil {
		return q, false
	}
	q.Values = c.wholeNode(v)
	return q, c.g.Err() == nil
}

// zero gives a zero point of a type; one that was left out is 0. A single one is a scalar.
func (c *call) zero(i int, kind onnxpb.TensorProto_DataType) graph.Node {
	v := c.arg(i)
	switch {
	case c.g.Err() != nil:
	case v.absent():
		return c.g.Full(0)
	case v.known != nil && v.known.kind != kind || v.known == nil && v.kind() != kind:
		c.failf("the zero point %q is not %v", c.node.input(i), kind)
	default:
		return c.single(c.wholeNode(v))
	}
	return graph.Node{}
}

// single makes a scalar of one number.
func (c *call) single(n graph.Node) graph.Node {
	if c.g.Err() == nil && n.Rank() == 1 && n.Dim(0) == 1 {
		return c.g.Reshape(n)
	}
	return n
}

// knownZero gives the zero points of weights of a type, 0 if they were left out.
func (c *call) knownZero(i int, kind onnxpb.TensorProto_DataType) (*constant, bool) {
	v := c.arg(i)
	switch {
	case c.g.Err() != nil:
		return nil, false
	case v.absent():
		return nil, true
	case v.known == nil || v.known.kind != kind || len(v.known.shape) > 1:
		c.failf("the zero points %q are not known, no vector or not %v, as the weights are", c.node.input(i), kind)
		return nil, false
	}
	return v.known, true
}

// zeros are the zero points of a constant, which may be nil.
func (k *constant) zeros() []int {
	if k == nil {
		return []int{0}
	}
	return k.ints
}

// buildDynamicQuantizeLinear quantises x by its own range: UINT8, the scale and the zero point.
func buildDynamicQuantizeLinear(c *call) []value {
	q, scale := c.g.QuantiseRange(c.float(0))
	u8 := onnxpb.TensorProto_UINT8
	return []value{{node: q.Values, whole: u8}, {node: scale}, {node: q.Zero, whole: u8}}
}

// along gives a scale, and a zero point likewise, in a shape that broadcasts to x: one number, one for each place of
// an axis, or one for each block of places.
func (c *call) along(n graph.Node, x []int) graph.Node {
	n = c.single(n)
	if c.g.Err() != nil || n.Rank() == 0 {
		return n
	}
	axis, ok := c.axis(c.int("axis", 1), len(x))
	if !ok {
		return graph.Node{}
	}
	block, have := c.int("block_size", 0), n.Shape()
	switch {
	case block < 0 || block > farthest:
		c.failf("block_size %d; want a number from 0 to %d", block, farthest)
	case block == 0 && len(have) == 1 && have[0] == x[axis]:
		shape := repeated(1, len(x))
		shape[axis] = x[axis]
		return c.g.Reshape(n, shape...)
	case block > 0 && len(have) == len(x) && have[axis] == (x[axis]+block-1)/block:
		places := make([]int, x[axis])
		for i := range places {
			places[i] = i / block
		}
		return c.g.Take(n, axis, places...)
	default:
		c.failf("scales or zero points of shape %v for a tensor of shape %v, axis %d and block_size %d", have, x, axis, block)
	}
	return graph.Node{}
}

// buildQuantizeLinear rounds x/scale and adds the zero point, in its type.
func buildQuantizeLinear(c *call) []value {
	x, scale := c.float(0), c.float(1)
	kind := onnxpb.TensorProto_DataType(c.int("output_dtype", 0))
	if z := c.arg(2).kind(); z != 0 && (kind == 0 || kind == z) {
		kind = z
	} else if kind == 0 && c.arg(2).absent() {
		kind = onnxpb.TensorProto_UINT8
	}
	if c.g.Err() == nil && !isByte(kind) {
		return c.failf("it does not give UINT8 or INT8")
	}
	zero := c.zero(2, kind)
	if c.g.Err() != nil {
		return nil
	}
	shape := x.Shape()
	q := c.g.Quantise(x, c.along(scale, shape), c.along(zero, shape), kind == onnxpb.TensorProto_UINT8)
	return []value{{node: q.Values, whole: kind}}
}

// buildDequantizeLinear is (x - zero point)·scale. What the file alone decides is computed at once.
func buildDequantizeLinear(c *call) []value {
	v := c.arg(0)
	kind := v.kind()
	if v.known != nil || v.ids.Valid() {
		kind = c.elements(v)
	}
	if c.g.Err() == nil && !isByte(kind) && kind != int32Kind {
		return c.failf("input 0 (%q) holds no UINT8, INT8 or INT32", c.node.input(0))
	}
	s, z := c.arg(1).known, c.arg(2)
	if v.known != nil && s != nil && s.len() == 1 && (z.absent() || z.known != nil && z.known.kind == kind && z.known.len() == 1) {
		return c.dequantised(v.known, s.number(0), z.known)
	}
	scale, zero := c.float(1), c.zero(2, kind)
	if c.g.Err() != nil {
		return nil
	}
	x := c.wholeNode(v)
	if c.g.Err() != nil {
		return nil
	}
	shape := x.Shape()
	return []value{{node: c.g.Dequantise(graph.Quantised{Values: x, Zero: c.along(zero, shape)}, c.along(scale, shape))}}
}

// dequantised is buildDequantizeLinear for known numbers.
func (c *call) dequantised(k *constant, scale float64, zero *constant) []value {
	if !c.room(k.shape) {
		return nil
	}
	out := &constant{kind: c.m.kind, shape: k.shape, floats: make([]float64, k.len())}
	z := zero.zeros()[0]
	for i, v := range k.ints {
		d := float64(v - z)
		if c.m.kind == onnxpb.TensorProto_FLOAT {
			out.floats[i] = float64(float32(d) * float32(scale))
		} else {
			out.floats[i] = d * scale
		}
	}
	return []value{{known: out}}
}

// requantised quantises y by a scale and the zero point of input z, to its type.
func (c *call) requantised(y, scale graph.Node, z int) []value {
	kind := c.arg(z).kind()
	if c.g.Err() == nil && !isByte(kind) {
		return c.failf("the zero point %q is not UINT8 or INT8", c.node.input(z))
	}
	zero := c.zero(z, kind)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.g.Quantise(y, scale, zero, kind == onnxpb.TensorProto_UINT8).Values, whole: kind}}
}

// int32Bias gives a bias of INT32, [n], of the file; the zero Node if it was left out.
func (c *call) int32Bias(i, n int) (graph.Node, bool) {
	v := c.arg(i)
	switch {
	case c.g.Err() != nil:
		return graph.Node{}, false
	case v.absent():
		return graph.Node{}, true
	case v.known == nil || v.known.kind != int32Kind || !slices.Equal(v.known.shape, []int{n}):
		c.failf("the bias %q is not known, or no INT32 of shape [%d]", c.node.input(i), n)
		return graph.Node{}, false
	}
	return c.g.Const(graph.Ints(v.known.ints, n)), true
}
