package stablehlo

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// elementwise has the operations each of whose results depends on the operands' elements at its place alone.
func elementwise() []entry {
	return []entry{
		on(single), on(paired), on(comparison), on(rounding), on(quantising), on(polygamma),
		on(func(w *writer, _ op.Add, n *listing.Node) value { return w.total(n) }),
		on(func(w *writer, o op.Affine, n *listing.Node) value {
			x := w.in(n, 0)
			if o.Mul != 1 {
				x = w.by(x, o.Mul)
			}
			if o.Add != 0 {
				x = w.plus(x, o.Add)
			}
			return x
		}),
		on(func(w *writer, o op.Clamp, n *listing.Node) value { return w.clamp(w.in(n, 0), o.Low, o.High) }),
		on(func(w *writer, o op.Within, n *listing.Node) value {
			x := w.in(n, 0)
			inside := w.binary("and", w.compare("GE", x, w.full(o.Low, x.shape...)), w.compare("LE", x, w.full(o.High, x.shape...)))
			return w.convert(inside, w.float)
		}),
		on(where),
		on(func(w *writer, _ *op.Verify, n *listing.Node) value { return w.in(n, 0) }),
	}
}

func (w *writer) clamp(x value, low, high float64) value {
	a, b := w.full(low), w.full(high)
	return w.emit(x.kind, x.shape, "stablehlo.clamp %s, %s, %s : (%s, %s, %s) -> %s", a, x, b, a.typ(), x.typ(), b.typ(), x.typ())
}

// names are the functions of one number that are operations there.
var names = map[*op.Unary]string{
	op.Sigmoid: "stablehlo.logistic", op.Tanh: "stablehlo.tanh", op.Exp: "stablehlo.exponential", op.Log: "stablehlo.log",
	op.Sqrt: "stablehlo.sqrt", op.Log1p: "stablehlo.log_plus_one", op.Neg: "stablehlo.negate", op.Abs: "stablehlo.abs",
	op.Sign: "stablehlo.sign", op.Sin: "stablehlo.sine", op.Cos: "stablehlo.cosine",
}

func single(w *writer, o *op.Unary, n *listing.Node) value {
	x := w.in(n, 0)
	switch o {
	case op.ReLU:
		return w.binary("maximum", x, w.full(0, x.shape...))
	case op.Square:
		return w.mul(x, x)
	case op.Softplus: // max(x, 0) + log(1 + exp(-|x|))
		small := w.unary("stablehlo.exponential", w.unary("stablehlo.negate", w.unary("stablehlo.abs", x)))
		return w.add(w.binary("maximum", x, w.full(0, x.shape...)), w.unary("stablehlo.log_plus_one", small))
	case op.Erf:
		return w.chlo("erf", x)
	case op.LogGamma:
		return w.chlo("lgamma", x)
	}
	name, ok := names[o]
	if !ok {
		panic(fmt.Sprintf("stablehlo: there is no rule for %s", o.Name))
	}
	return w.unary(name, x)
}

// pair is both operands in the shape of the result.
func (w *writer) pair(n *listing.Node) (a, b value) {
	return w.fit(w.in(n, 0), n.Shape), w.fit(w.in(n, 1), n.Shape)
}

// less1 is 1 - x.
func (w *writer) less1(x value) value { return w.sub(w.full(1, x.shape...), x) }

func paired(w *writer, o *op.Binary, n *listing.Node) value {
	a, b := w.pair(n)
	switch o {
	case op.Sub:
		return w.sub(a, b)
	case op.Mul:
		return w.mul(a, b)
	case op.Div:
		return w.div(a, b)
	case op.SigmoidGrad: // of y and dy: dy·y·(1-y)
		return w.mul(w.mul(b, a), w.less1(a))
	case op.TanhGrad: // of y and dy: dy·(1-y²)
		return w.mul(b, w.less1(w.mul(a, a)))
	case op.ReLUGrad:
		zero := w.full(0, a.shape...)
		return w.choose(w.compare("GT", a, zero), b, zero)
	case op.Pow:
		return w.binary("power", a, b)
	case op.PowLog:
		zero := w.full(0, a.shape...)
		return w.choose(w.compare("EQ", a, zero), zero, w.mul(w.binary("power", a, b), w.unary("stablehlo.log", a)))
	case op.LogRisingFactorial:
		return w.sub(w.chlo("lgamma", w.add(a, b)), w.chlo("lgamma", a))
	case op.DigammaDifference:
		return w.sub(w.chlo("digamma", w.add(a, b)), w.chlo("digamma", a))
	}
	panic(fmt.Sprintf("stablehlo: there is no rule for %s", o.Name))
}

func comparison(w *writer, o op.Comparison, n *listing.Node) value {
	a, b := w.pair(n)
	how := map[op.Comparison]string{op.Less: "LT", op.LessOrEqual: "LE", op.Equal: "EQ"}[o]
	return w.convert(w.compare(how, a, b), w.float)
}

func rounding(w *writer, o op.Rounding, n *listing.Node) value {
	x := w.in(n, 0)
	switch o {
	case op.Round:
		return w.unary("stablehlo.round_nearest_even", x)
	case op.Floor:
		return w.unary("stablehlo.floor", x)
	}
	down, up := w.unary("stablehlo.floor", x), w.unary("stablehlo.ceil", x)
	return w.choose(w.compare("LT", x, w.full(0, x.shape...)), up, down)
}

func quantising(w *writer, o op.Quantising, n *listing.Node) value {
	a, b := w.pair(n)
	low, high := 0.0, 255.0
	if o == op.ToSigned8 {
		low, high = -128, 127
	}
	return w.clamp(w.add(w.unary("stablehlo.round_nearest_even", a), b), low, high)
}

func polygamma(w *writer, o op.Polygamma, n *listing.Node) value {
	x := w.in(n, 0)
	if o.Order == 0 {
		return w.chlo("digamma", x)
	}
	return w.chlo("polygamma", w.full(float64(o.Order), x.shape...), x)
}

// where has a mask with one number for each block of the result.
func where(w *writer, _ op.Where, n *listing.Node) value {
	mask := w.in(n, 0)
	zero := w.full(0, mask.shape...)
	takes := w.compare("NE", mask, zero)
	if blocks := takes.size(); blocks != op.Size(n.Shape) {
		takes = w.broadcast(w.reshape(takes, blocks), []int{0}, []int{blocks, op.Size(n.Shape) / max(blocks, 1)})
	}
	return w.choose(w.reshape(takes, n.Shape...), w.fit(w.in(n, 1), n.Shape), w.fit(w.in(n, 2), n.Shape))
}

// total is a sum. Its operands that are slices' gradients are joined before they are added, see padded; those of the same rows are
// added before that.
func (w *writer) total(n *listing.Node) value {
	var direct []int
	var rows, sizes []op.Pad
	same, layers := map[op.Pad][]int{}, map[op.Pad][]*listing.Node{} // by their rows, and by their sizes
	for _, k := range n.In {
		o, ok := w.nodes[k].Op.(op.Pad)
		if !ok {
			direct = append(direct, k)
			continue
		}
		if same[o] == nil {
			rows = append(rows, o)
		}
		same[o] = append(same[o], w.nodes[k].In[0])
	}
	for _, o := range rows {
		size := o
		size.Start, size.End = 0, 0
		if layers[size] == nil {
			sizes = append(sizes, size)
		}
		of := same[o][0]
		if len(same[o]) > 1 {
			of = w.stand(w.nodes[of], w.added(w.terms(same[o], w.nodes[of].Shape)))
		}
		layers[size] = append(layers[size], &listing.Node{Op: o, In: []int{of}})
	}
	terms := w.terms(direct, n.Shape)
	for _, size := range sizes {
		for _, x := range w.padded(size.Slice, layers[size]) {
			terms = append(terms, w.reshape(x, n.Shape...))
		}
	}
	return w.added(terms)
}

func (w *writer) added(terms []value) value {
	sum := terms[0]
	for _, x := range terms[1:] {
		sum = w.add(sum, x)
	}
	return sum
}

// padded is the terms of a sum of pads of the same sizes. Each is zero but for its rows, so those whose rows follow one another are
// one concatenation: what T slices of a sequence send back is one tensor and not T of them.
func (w *writer) padded(o op.Slice, pads []*listing.Node) []value {
	pads = slices.Clone(pads)
	rows := func(n *listing.Node) op.Slice { return n.Op.(op.Pad).Slice }
	slices.SortStableFunc(pads, func(a, b *listing.Node) int { return cmp.Compare(rows(a).Start, rows(b).Start) })
	var out []value
	for len(pads) > 0 {
		var parts []value
		var left []*listing.Node
		var nodes, lengths []int // that follow one another
		end := 0
		fill := func(to int) {
			if to > end {
				parts = append(parts, w.joined(o.Outer, o.Inner, nodes, lengths)...)
				parts = append(parts, w.full(0, o.Outer, to-end, o.Inner))
				nodes, lengths = nil, nil
			}
		}
		for _, n := range pads {
			r := rows(n)
			if r.Start < end {
				left = append(left, n)
				continue
			}
			fill(r.Start)
			nodes, lengths = append(nodes, n.In[0]), append(lengths, r.End-r.Start)
			end = r.End
		}
		fill(o.N)
		parts = append(parts, w.joined(o.Outer, o.Inner, nodes, lengths)...)
		out, pads = append(out, w.concat(1, parts...)), left
	}
	return out
}
