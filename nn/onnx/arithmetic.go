package onnx

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// buildBinary adds, subtracts, multiplies or divides, broadcasting: floats in the graph, whole numbers at once.
func buildBinary(c *call) []value {
	if a, b := c.arg(0).known, c.arg(1).known; a != nil && b != nil && a.floats == nil && b.floats == nil {
		return c.wholeNumbers(a, b)
	}
	if c.op == "Add" && (c.arg(0).sums != nil || c.arg(1).sums != nil) {
		return c.addWhole()
	}
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	switch c.op {
	case "Add":
		a = c.g.Add(a, b)
	case "Sub":
		a = c.g.Sub(a, b)
	case "Mul":
		a = c.g.Mul(a, b)
	default:
		a = c.g.Div(a, b)
	}
	return []value{{node: a}}
}

// wholeNumbers is arithmetic on shapes. Either operand may be a single number.
func (c *call) wholeNumbers(a, b *constant) []value {
	if !slices.Equal(a.shape, b.shape) && a.len() != 1 && b.len() != 1 || a.len() == 0 || b.len() == 0 {
		return c.failf("whole numbers of shapes %v and %v; want one shape or a single number", a.shape, b.shape)
	}
	out := &constant{kind: a.kind, shape: a.shape}
	if len(b.shape) > len(a.shape) || b.len() > a.len() {
		out.shape = b.shape
	}
	if !c.room(out.shape) {
		return nil
	}
	out.ints = make([]int, out.len())
	for i := range out.ints {
		x, y := a.ints[i%a.len()], b.ints[i%b.len()]
		switch c.op {
		case "Add":
			x += y
		case "Sub":
			x -= y
		case "Mul":
			x *= y
		default:
			if y == 0 {
				return c.failf("division of %d by zero", x)
			}
			x /= y
		}
		out.ints[i] = fit(out.kind, x)
	}
	return []value{{known: out}}
}

func buildUnary(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	g := c.g
	functions := map[string]func(graph.Node) graph.Node{
		"Neg": g.Neg, "Abs": g.Abs, "Exp": g.Exp, "Log": g.Log, "Sqrt": g.Sqrt, "Tanh": g.Tanh, "Sigmoid": g.Sigmoid,
		"Relu": g.ReLU, "Softplus": g.Softplus, "Erf": g.Erf,
		"Floor": g.Floor, "Round": g.Round,
		"Softsign": func(x graph.Node) graph.Node { return softsign(g, x) },
	}
	return []value{{node: functions[c.op](x)}}
}

// softsign is x/(1+|x|).
func softsign(g *graph.Graph, x graph.Node) graph.Node { return g.Div(x, g.AddScalar(g.Abs(x), 1)) }

// buildSoftmax normalises one axis. Before opset 13 it normalised all axes from the given one on, as one.
func buildSoftmax(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	softmax := c.g.Softmax
	if c.op == "LogSoftmax" {
		softmax = c.g.LogSoftmax
	}
	if c.opset >= 13 {
		return []value{{node: softmax(x, c.int("axis", -1))}}
	}
	axis, ok := c.axis(c.int("axis", 1), x.Rank())
	if !ok {
		return nil
	}
	shape := x.Shape()
	flat := c.g.Reshape(x, sizeOf(shape[:axis]), sizeOf(shape[axis:]))
	return []value{{node: c.g.Reshape(softmax(flat, 1), shape...)}}
}

// buildDropout passes its input on: a model in a file is one for inference, and says so by leaving training_mode out.
func buildDropout(c *call) []value {
	if mode := c.arg(2); !mode.absent() {
		on, ok := c.ints(2)
		if !ok {
			return nil
		}
		if len(on) != 1 || on[0] != 0 {
			return c.failf("training_mode %v; want false, a model for inference", on)
		}
	}
	return c.in[:1]
}

// buildCast changes the type of known numbers, and passes on what has the type already. A graph computes in one float
// type, so a cast of computed numbers to another would only seem to be one.
func buildCast(c *call) []value {
	to, v := onnxpb.TensorProto_DataType(c.int("to", 0)), c.arg(0)
	switch {
	case c.g.Err() != nil:
		return nil
	case !isFloat(to) && !isInt(to) && !isByte(to):
		return c.failf("a cast to %v; want FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT64, INT32, INT8, UINT8 or BOOL", to)
	case v.known != nil:
		if !c.room(v.known.shape) {
			return nil
		}
		k, err := v.known.cast(to)
		if err != nil {
			return c.failf("%v", err)
		}
		return []value{{known: k}}
	case v.whole != 0 || v.node.Valid() && !v.truth && to == onnxpb.TensorProto_INT32:
		return c.castWhole(v, to)
	case v.truth && to == onnxpb.TensorProto_BOOL:
		return c.in[:1]
	case v.truth && computes(to) == c.m.kind:
		return []value{{node: v.node}}
	case v.truth:
		return c.failf("a cast of what is true or false to %v; want BOOL or %v", to, c.m.kind)
	case v.ids != nil && to != onnxpb.TensorProto_BOOL && isInt(to), v.node.Valid() && computes(to) == c.m.kind:
		return c.in[:1]
	case v.ids != nil:
		return c.failf("a cast of whole numbers to %v, when the model runs", to)
	}
	return c.failf("a cast of computed %v to %v", c.m.kind, to)
}

// cast converts known numbers, towards zero where they become whole.
func (k *constant) cast(to onnxpb.TensorProto_DataType) (*constant, error) {
	out := &constant{kind: to, shape: k.shape}
	if isFloat(to) {
		out.floats = make([]float64, k.len())
	} else {
		out.ints = make([]int, k.len())
	}
	for i := range k.len() {
		switch {
		case isFloat(to):
			out.floats[i] = k.number(i)
			if computes(to) == onnxpb.TensorProto_FLOAT {
				out.floats[i] = float64(float32(out.floats[i]))
			}
		case to == onnxpb.TensorProto_BOOL && k.number(i) != 0:
			out.ints[i] = 1
		case to == onnxpb.TensorProto_BOOL:
		case k.floats == nil:
			out.ints[i] = fit(to, k.ints[i])
		case !(math.Abs(k.floats[i]) < largest(to)): // what does not fit has no meaning that all machines share
			return nil, errors.Errorf("a cast of %g to %v", k.floats[i], to)
		default:
			out.ints[i] = int(k.floats[i])
		}
	}
	return out, nil
}

// number is element i, whatever its type.
func (k *constant) number(i int) float64 {
	if k.floats != nil {
		return k.floats[i]
	}
	return float64(k.ints[i])
}

// largest is the first number that is too large for a type of whole numbers.
func largest(kind onnxpb.TensorProto_DataType) float64 {
	switch kind {
	case onnxpb.TensorProto_INT32:
		return 1 << 31
	case onnxpb.TensorProto_UINT8:
		return 1 << 8
	case onnxpb.TensorProto_INT8:
		return 1 << 7
	}
	return math.MaxInt
}

// fit wraps a whole number as arithmetic in its type does.
func fit(kind onnxpb.TensorProto_DataType, v int) int {
	switch kind {
	case onnxpb.TensorProto_INT32:
		return int(int32(v))
	case onnxpb.TensorProto_UINT8:
		return int(uint8(v))
	case onnxpb.TensorProto_INT8:
		return int(int8(v))
	}
	return v
}
