package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
)

// Quantised are whole numbers of 8 bits, each of which stands for its distance from a zero point times a scale. In a graph they are
// floats, which hold them as they are.
type Quantised struct {
	Values, Zero Node // Zero is a scalar, or broadcasts to Values
	Unsigned     bool // from 0 to 255 instead of -128 to 127
}

// Quantise rounds x/scale, ties to even, adds the zero point, and limits the sum to 8 bits. Scale and zero broadcast to x's shape.
// (ONNX, QuantizeLinear.) It has no gradient; neither have products of what it gives.
func (g *Graph) Quantise(x, scale, zero Node, unsigned bool) Quantised {
	q := Quantised{Zero: zero, Unsigned: unsigned}
	o := op.ToSigned8
	if unsigned {
		o = op.ToUnsigned8
	}
	x = g.Div(x, scale)
	if !g.floats("Quantise", x, zero) {
		return q
	}
	in, shape := g.broadcast("Quantise", x, zero)
	q.Values = g.apply(o, shape, in...)
	return q
}

// QuantiseRange quantises x to unsigned numbers by a scale and a zero point, both scalars, with which they cover all numbers of x and
// 0. (ONNX, DynamicQuantizeLinear.)
func (g *Graph) QuantiseRange(x Node) (q Quantised, scale Node) {
	if !g.floats("QuantiseRange", x) {
		return Quantised{}, Node{}
	}
	both := g.apply(op.QuantisedRange{}, []int{2}, x)
	scale, zero := g.Reshape(g.Slice(both, 0, 0, 1)), g.Reshape(g.Slice(both, 0, 1, 2))
	return g.Quantise(x, scale, zero, true), scale
}

// Dequantise is (q.Values - q.Zero)·scale, broadcasting. It has a gradient with respect to the scale. (ONNX, DequantizeLinear.)
func (g *Graph) Dequantise(q Quantised, scale Node) Node {
	return g.Mul(g.Sub(q.Values, q.Zero), scale)
}

// Integers are weights of 8 bits with their zero points, packed for products. They are no parameters. Any number of graphs may
// read them.
type Integers struct {
	shape   []int
	w       op.IntegerWeights
	columns bool // for MatMulInteger
}

// NewIntegerMatrix makes weights [K, N] of a product, with one zero point, or one for each column. All numbers are from 0 to 255,
// or all from -128 to 127; so are the zero points.
func NewIntegerMatrix(values, zero []int, k, n int) (*Integers, error) {
	bytes, w, err := newIntegers(values, zero, []int{k, n}, n)
	if err != nil {
		return nil, errors.Wrap(err, "graph: NewIntegerMatrix")
	}
	w.w.Columns = &kernel.Integers{}
	w.w.Columns.Pack(k, n, bytes, n, true)
	w.columns = true
	return w, nil
}

// NewIntegerFilters makes weights [M, C/Groups, ...] of a convolution, with one zero point, or one for each of the M. The numbers are
// those of NewIntegerMatrix.
func NewIntegerFilters(values, zero []int, groups int, shape ...int) (*Integers, error) {
	const what = "graph: NewIntegerFilters"
	if len(shape) < 3 || len(shape) > 2+mostAxes || groups < 1 || shape[0]%groups != 0 {
		return nil, errors.Errorf("%s: a shape %v in %d groups; want [M, C/Groups, ...] of one to three axes more, and M a multiple of Groups",
			what, shape, groups)
	}
	bytes, w, err := newIntegers(values, zero, shape, shape[0])
	if err != nil {
		return nil, errors.Wrap(err, what)
	}
	to, depth := shape[0]/groups, op.Size(shape[1:])
	for i := range groups {
		rows := &kernel.IntegerRows{}
		rows.Pack(to, depth, bytes[i*to*depth:][:to*depth], depth)
		w.w.Rows = append(w.w.Rows, rows)
	}
	return w, nil
}

// newIntegers checks weights with each zero points, or one, and brings them to the range from -128 to 127.
func newIntegers(values, zero, shape []int, each int) ([]int8, *Integers, error) {
	size := 1
	for _, d := range shape {
		if d < 1 || size > len(values)/d {
			return nil, nil, errors.Errorf("%d values for the shape %v", len(values), shape)
		}
		size *= d
	}
	depth := size / each
	switch {
	case size != len(values):
		return nil, nil, errors.Errorf("%d values for the shape %v", len(values), shape)
	case len(zero) != 1 && len(zero) != each:
		return nil, nil, errors.Errorf("%d zero points for the shape %v; want 1 or %d", len(zero), shape, each)
	case depth > kernel.MaxIntegerDepth:
		return nil, nil, errors.Errorf("sums of %d products, of the shape %v; want at most %d", depth, shape, kernel.MaxIntegerDepth)
	}
	low, high := min(slices.Min(values), slices.Min(zero)), max(slices.Max(values), slices.Max(zero))
	if low < -128 || high > 255 || low < 0 && high > 127 {
		return nil, nil, errors.Errorf("numbers from %d to %d; want 0 to 255, or -128 to 127", low, high)
	}
	by := 0
	if high > 127 {
		by = 128
	}
	bytes := make([]int8, size)
	for i, v := range values {
		bytes[i] = int8(v - by)
	}
	w := &Integers{shape: slices.Clone(shape)}
	for _, z := range zero {
		w.w.Shift = append(w.w.Shift, float64(by-z))
	}
	return bytes, w, nil
}

// quantised reports whether x can be an operand of a product.
func (g *Graph) quantised(what string, x Quantised, bias Node, results int) bool {
	if !g.floats(what, x.Values, x.Zero) {
		return false
	}
	if x.Zero.size() != 1 {
		g.failf(what, "a zero point of shape %v; want one number", x.Zero.shape())
		return false
	}
	if bias.Valid() && (bias.c != g.core || !slices.Equal(bias.shape(), []int{results})) {
		g.failf(what, "a bias of shape %v; want one of this graph, [%d]", bias.shape(), results)
		return false
	}
	return true
}

// MatMulInteger is Σ (x - its zero point)·(w - its zero points) for x [..., K] and w [K, N], giving [..., N], plus a bias [N] of whole
// numbers, floats or ids; the zero Node is none. The sums are exact, and rounded once to the graph's type. (ONNX, MatMulInteger.)
func (g *Graph) MatMulInteger(x Quantised, w *Integers, bias Node) Node {
	const what = "MatMulInteger"
	if w == nil || !w.columns {
		return g.failf(what, "want weights that NewIntegerMatrix made")
	}
	if !g.quantised(what, x, bias, w.shape[1]) {
		return Node{}
	}
	if x.Values.Rank() < 1 || x.Values.Dim(-1) != w.shape[0] {
		return g.failf(what, "want [..., K]·[K, N], found %v·%v", x.Values.shape(), w.shape)
	}
	shape := op.Clone(x.Values.shape())
	shape[len(shape)-1] = w.shape[1]
	o := &op.IntegerMatMul{W: &w.w, Unsigned: x.Unsigned, Bias: bias.Valid(), N: w.shape[1]}
	return g.apply(o, shape, operands(x, bias)...)
}

func operands(x Quantised, bias Node) []Node {
	if bias.Valid() {
		return []Node{x.Values, x.Zero, bias}
	}
	return []Node{x.Values, x.Zero}
}

// MatMulQuantised is MatMulInteger for two operands that are computed: x [..., M, K] and w [..., K, N] with equal leading
// dimensions give [..., M, N]. w's zero point is one number, or one for each column, [N].
func (g *Graph) MatMulQuantised(x, w Quantised) Node {
	const what = "MatMulQuantised"
	if !g.quantised(what, x, Node{}, 0) || !g.floats(what, w.Values, w.Zero) {
		return Node{}
	}
	a, b := x.Values.shape(), w.Values.shape()
	n := len(a) - 2
	if n < 0 || len(b) != len(a) || !slices.Equal(a[:n], b[:n]) || a[n+1] != b[n] {
		return g.failf(what, "want [..., M, K]·[..., K, N], found %v·%v", a, b)
	}
	if z := w.Zero; z.size() != 1 && !slices.Equal(z.shape(), b[n+1:]) {
		return g.failf(what, "zero points of shape %v; want one number, or [%d]", z.shape(), b[n+1])
	}
	if b[n] > kernel.MaxIntegerDepth {
		return g.failf(what, "sums of %d products; want at most %d", b[n], kernel.MaxIntegerDepth)
	}
	o := op.IntegersMatMul{Batch: op.Size(a[:n]), M: a[n], K: b[n], N: b[n+1], Unsigned: x.Unsigned, RightUnsigned: w.Unsigned}
	return g.apply(o, append(op.Clone(a[:n+1]), b[n+1]), x.Values, x.Zero, w.Values, w.Zero)
}

// ConvInteger is Conv for quantised x [N, C, ...], whose padding is the zero point, and weights that NewIntegerFilters made, plus a bias
// [M] of whole numbers, floats or ids; the zero Node is none. See MatMulInteger. (ONNX, ConvInteger.)
func (g *Graph) ConvInteger(x Quantised, w *Integers, bias Node, o Window) Node {
	const what = "ConvInteger"
	groups := max(o.Groups, 1)
	if w == nil || len(w.w.Rows) != groups {
		return g.failf(what, "want weights that NewIntegerFilters made for %d groups", groups)
	}
	if !g.quantised(what, x, bias, w.shape[0]) {
		return Node{}
	}
	in := x.Values.shape()
	if len(in) != len(w.shape) || in[1] != groups*w.shape[1] {
		return g.failf(what, "x %v and weights %v in %d groups; want [N, C, ...] and [M, C/Groups, ...]", in, w.shape, groups)
	}
	window, out, ok := o.over(g, what, in[2:], w.shape[2:])
	if !ok {
		return Node{}
	}
	c := &op.IntegerConv{Window: window, Batch: in[0], Groups: groups, From: w.shape[1], To: w.shape[0] / groups, W: &w.w,
		Unsigned: x.Unsigned, Bias: bias.Valid()}
	return g.apply(c, append([]int{in[0], w.shape[0]}, out...), operands(x, bias)...)
}

func init() {
	differentiate(func(_ op.Quantising, d derivation) []Node { return noDerivative(d) })
	differentiate(func(_ *op.IntegerMatMul, d derivation) []Node { return noDerivative(d) })
	differentiate(func(_ op.IntegersMatMul, d derivation) []Node { return noDerivative(d) })
	differentiate(func(_ *op.IntegerConv, d derivation) []Node { return noDerivative(d) })
	differentiate(func(_ op.QuantisedRange, d derivation) []Node { return noDerivative(d) })
}
