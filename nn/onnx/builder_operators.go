package onnx

import (
	"fmt"
	"math"
	"strconv"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// leaf writes where numbers enter: an input, a parameter, a constant.
func (w *writer) leaf(i int) string {
	l := w.list[i].Leaf
	switch l.Kind {
	case compile.FromInput:
		at, err := strconv.Atoi(l.Name)
		if err != nil || at < 0 || at >= len(w.in) {
			return w.refuse(i, "an input of its own, "+strconv.Quote(l.Name))
		}
		return w.in[at].name
	case compile.FromWeight:
		name, _ := w.b.weight(l.Name, len(l.Shape))
		return name
	}
	return w.constant(i)
}

// elementwise are the operators that a function of one or two numbers is in ONNX.
var elementwise = map[op.Op]string{
	op.Sigmoid: "Sigmoid", op.Tanh: "Tanh", op.ReLU: "Relu", op.Exp: "Exp", op.Log: "Log", op.Sqrt: "Sqrt", op.Softplus: "Softplus",
	op.Erf: "Erf", op.Sin: "Sin", op.Cos: "Cos",
	op.Neg: "Neg", op.Abs: "Abs", op.Sign: "Sign", op.Sub: "Sub", op.Mul: "Mul", op.Div: "Div", op.Pow: "Pow",
	op.Less: "Less", op.LessOrEqual: "LessOrEqual", op.Equal: "Equal",
	op.Softmax{}: "Softmax", op.LogSoftmax{}: "LogSoftmax",
}

// operation writes an operation. An extent of a node is known from its shapes, so that what operations say of their sizes matters
// only where it does not follow from these.
func (w *writer) operation(i int) string {
	n := w.list[i]
	x := w.operands(i)
	switch o := n.Op.(type) {
	case *op.Unary, *op.Binary:
		return w.function(i, o, x)
	case op.Comparison:
		w.truths[i] = w.node(i, elementwise[o], x)
		return w.float(i, w.truths[i])
	case op.Softmax, op.LogSoftmax:
		return w.node(i, elementwise[o], x, attrInt("axis", -1))
	case op.LogSumExp:
		return w.node(i, "ReduceLogSumExp", x, attrInts("axes", -1), attrInt("keepdims", 0))
	case op.Add:
		sum := x[0]
		for _, term := range x[1:] {
			sum = w.node(i, "Add", []string{sum, term})
		}
		return sum
	case op.Affine:
		y := x[0]
		if o.Mul != 1 {
			y = w.node(i, "Mul", []string{y, w.scalar(i, func(t int) float64 { return w.all[t][i].Op.(op.Affine).Mul })})
		}
		if o.Add != 0 {
			y = w.node(i, "Add", []string{y, w.scalar(i, func(t int) float64 { return w.all[t][i].Op.(op.Affine).Add })})
		}
		return y
	case op.Clamp:
		low := w.scalar(i, func(t int) float64 { return w.all[t][i].Op.(op.Clamp).Low })
		high := w.scalar(i, func(t int) float64 { return w.all[t][i].Op.(op.Clamp).High })
		return w.node(i, "Clip", []string{x[0], low, high})
	case op.Where:
		return w.node(i, "Where", []string{w.mask(i), x[1], x[2]})
	case *op.Verify:
		return x[0]
	case op.MatMul, op.BatchMatMul:
		return w.product(i)
	case op.Reshape:
		return w.reshape(i, x[0], n.In[0])
	case *op.Transpose:
		perm := make([]int64, len(o.Perm))
		for k, p := range o.Perm {
			perm[k] = int64(p)
		}
		return w.node(i, "Transpose", x, attrInts("perm", perm...))
	case op.Expand:
		return w.expand(i, x[0], n.In[0])
	case op.Sum, op.Max:
		return w.reduce(i)
	case op.Slice, *op.Concat, *op.Take:
		return w.along(i)
	case op.Conv, op.MaxPool, op.SumPool:
		return w.window(i)
	case op.LengthMask:
		return w.lengthMask(i)
	}
	for t := range traces { // what follows has nothing that may depend on sizes
		if w.all[t][i].Op.String() != n.Op.String() {
			return w.refuse(i, n.Op.String())
		}
	}
	return w.ids(i)
}

// scalar gives the name of a number of a node's, of which each trace has one: a size, or one over a size, where they differ.
func (w *writer) scalar(i int, of func(t int) float64) string {
	v, whole, over := make([]float64, traces), make([]int, traces), make([]int, traces)
	equal, isWhole, isOver := true, true, true
	for t := range v {
		v[t] = of(t)
		whole[t], over[t] = int(math.Round(v[t])), int(math.Round(1/v[t]))
		equal, isWhole = equal && v[t] == v[0], isWhole && v[t] == float64(whole[t])
		isOver = isOver && v[t] == 1/float64(over[t])
	}
	if equal {
		return w.number(v[0])
	}
	if !isWhole {
		whole = over
	}
	if isWhole || isOver {
		if e, ok := w.extentOf(whole); ok {
			name := w.computedNumber(e)
			if !isWhole {
				name = w.node(i, "Div", []string{w.number(1), name})
			}
			return name
		}
	}
	return w.refuse(i, w.what(i)+" with a number that depends on sizes")
}

// what a node does.
func (w *writer) what(i int) string {
	if l := w.list[i].Leaf; l != nil {
		return l.Name
	}
	return w.list[i].Op.String()
}

// function writes a function of single numbers.
func (w *writer) function(i int, o op.Op, x []string) string {
	switch {
	case elementwise[o] != "":
		return w.node(i, elementwise[o], x)
	case o == op.Square:
		return w.node(i, "Mul", []string{x[0], x[0]})
	case o == op.Log1p:
		return w.node(i, "Log", []string{w.node(i, "Add", []string{x[0], w.number(1)})})
	}
	return w.refuse(i, o.String())
}

// ids writes the operations that look ids up, compare them or give them.
func (w *writer) ids(i int) string {
	n, x := w.list[i], w.operands(i)
	switch o := n.Op.(type) {
	case op.GatherRows:
		return w.gather(i, o)
	case op.PickLast:
		return w.pick(i, o)
	case op.ArgMax:
		return w.node(i, "ArgMax", x, attrInt("axis", -1), attrInt("keepdims", 0))
	case op.OneHotMax:
		best := w.node(i, "ArgMax", x, attrInt("axis", -1), attrInt("keepdims", 0))
		size, ok := w.size(w.sizesOf(i, w.rank(i)-1), -1)
		if !ok {
			return w.refuse(i, o.String())
		}
		return w.node(i, "OneHot", []string{best, size, w.offAndOn()}, attrInt("axis", -1))
	case op.SameIDs:
		column := w.node(i, "Unsqueeze", []string{w.wide(i, x[0]), w.b.numbers(-1)})
		w.truths[i] = w.node(i, "Equal", []string{column, w.wide(i, x[1])})
		return w.float(i, w.truths[i])
	case op.IDMask:
		is := w.node(i, "Equal", []string{w.wide(i, x[0]), w.b.scalar(onnxpb.TensorProto_INT64, float64(o.ID))})
		w.truths[i] = w.node(i, "Not", []string{is})
		return w.float(i, w.truths[i])
	}
	return w.refuse(i, n.Op.String())
}

// offAndOn gives the name of an initialiser with 0 and 1.
func (w *writer) offAndOn() string {
	const name = "off and on"
	if !w.b.taken[name] {
		w.b.taken[name] = true
		c := &constant{kind: w.b.kind, shape: []int{2}, floats: []float64{0, 1}}
		w.b.file.Initializer = append(w.b.file.Initializer, c.tensorProto(name))
	}
	return name
}

// float turns whole numbers, or what is true or false, into floats.
func (w *writer) float(i int, truth string) string {
	return w.node(i, "Cast", []string{truth}, attrInt("to", int(w.b.kind)))
}

// wide has ids in 64 bits: lengths are given in 32.
func (w *writer) wide(i int, ids string) string {
	return w.node(i, "Cast", []string{ids}, attrInt("to", int(onnxpb.TensorProto_INT64)))
}

// mask is the first operand of a Where, in ONNX's type, with as many dimensions as the result: ours has its leading ones.
func (w *writer) mask(i int) string {
	at := w.list[i].In[0]
	truth, known := w.truths[at]
	if !known {
		truth = w.node(i, "Not", []string{w.node(i, "Equal", []string{w.names[at], w.number(0)})})
	}
	shape, want := w.list[at].Shape, w.list[i].Shape
	rank := len(shape)
	for rank > 0 && shape[rank-1] == 1 && rank >= len(want) && fmt.Sprint(shape[:rank]) != fmt.Sprint(want) { // [B, 1] counts as [B]
		rank--
	}
	var axes []int
	switch {
	case len(shape) > len(want):
		for k := len(want); k < len(shape); k++ {
			axes = append(axes, k)
		}
		return w.node(i, "Squeeze", []string{truth, w.b.numbers(axes...)})
	case len(shape) < len(want):
		for k := len(shape); k < len(want); k++ {
			axes = append(axes, k)
		}
		return w.node(i, "Unsqueeze", []string{truth, w.b.numbers(axes...)})
	}
	return truth
}

// lengthMask compares the numbers of the steps with the lengths.
func (w *writer) lengthMask(i int) string {
	size, ok := w.size(w.sizesOf(i, 0), -1)
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	column := w.node(i, "Unsqueeze", []string{w.steps(i, size), w.b.numbers(1)}) // [T, 1]
	w.truths[i] = w.node(i, "Less", []string{column, w.wide(i, w.operand(i, 0))})
	return w.float(i, w.truths[i])
}

// steps are the numbers 0, 1, ... below a size [1].
func (w *writer) steps(i int, size string) string {
	zero, one := w.b.scalar(onnxpb.TensorProto_INT64, 0), w.b.scalar(onnxpb.TensorProto_INT64, 1)
	return w.node(i, "Range", []string{zero, w.scalarSize(size), one})
}

// gather looks rows up; an id that stands for none, outside of the table, gives zeros.
func (w *writer) gather(i int, o op.GatherRows) string {
	table, ids := w.operand(i, 0), w.operand(i, 1)
	rows := w.list[w.list[i].In[0]].Shape[0]
	if o.Pad == op.NoID || int(o.Pad) >= 0 && int(o.Pad) < rows {
		return w.node(i, "Gather", []string{table, ids})
	}
	there, safe := w.present(i, ids, int(o.Pad))
	axes := []int{}
	for k := w.rank(w.list[i].In[1]); k < w.rank(i); k++ {
		axes = append(axes, k)
	}
	if len(axes) > 0 {
		there = w.node(i, "Unsqueeze", []string{there, w.b.numbers(axes...)})
	}
	return w.node(i, "Where", []string{there, w.node(i, "Gather", []string{table, safe}), w.number(0)})
}

// present tells which ids are not the one that stands for none, and puts 0 in its place.
func (w *writer) present(i int, ids string, none int) (there, safe string) {
	long := w.wide(i, ids)
	is := w.node(i, "Equal", []string{long, w.b.scalar(onnxpb.TensorProto_INT64, float64(none))})
	return w.node(i, "Not", []string{is}), w.node(i, "Where", []string{is, w.b.scalar(onnxpb.TensorProto_INT64, 0), long})
}

// pick takes elements of the last axis. ONNX wants ids for every row.
func (w *writer) pick(i int, o op.PickLast) string {
	x, ids := w.operand(i, 0), w.operand(i, 1)
	there := ""
	if o.Known {
		there, ids = w.present(i, ids, o.ID)
	} else {
		ids = w.wide(i, ids)
	}
	shape, ok := w.shapeValue(i, -1)
	if !ok {
		return w.refuse(i, o.String())
	}
	y := w.node(i, "GatherElements", []string{x, w.node(i, "Expand", []string{ids, shape})}, attrInt("axis", -1))
	if there != "" {
		y = w.node(i, "Where", []string{there, y, w.number(0)})
	}
	return y
}
