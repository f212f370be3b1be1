package onnx

import (
	"cmp"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// buildBinary adds, subtracts, multiplies or divides, broadcasting: floats in the graph, what is known at once.
func buildBinary(c *call) []value {
	if c.op == "Add" && (c.arg(0).sums != nil || c.arg(1).sums != nil) {
		return c.addWhole()
	}
	if c.arg(0).integral() || c.arg(1).integral() {
		return c.wholeNumbers()
	}
	if k := c.foldedPair(c.arg(0), c.arg(1)); k != nil {
		return []value{{known: k}}
	}
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	if _, ok := c.broadcast(a.Shape(), b.Shape()); !ok {
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

// wholeFunctions are operators on whole numbers.
var wholeFunctions = map[string]func(x, y int) (int, error){
	"Add": func(x, y int) (int, error) { return x + y, nil },
	"Sub": func(x, y int) (int, error) { return x - y, nil },
	"Mul": func(x, y int) (int, error) { return x * y, nil },
	"Div": func(x, y int) (int, error) {
		if y == 0 {
			return 0, errors.Errorf("division of %d by zero", x)
		}
		return x / y, nil
	},
	"Mod": func(x, y int) (int, error) { // with the sign of y
		if y == 0 {
			return 0, errors.Errorf("remainder of %d divided by zero", x)
		}
		m := x % y
		if m != 0 && (m < 0) != (y < 0) {
			m += y
		}
		return m, nil
	},
	"Max": func(x, y int) (int, error) { return max(x, y), nil },
	"Min": func(x, y int) (int, error) { return min(x, y), nil },
}

// wholeNumbers is arithmetic on shapes, places and lengths.
func (c *call) wholeNumbers() []value {
	a, ok := c.wholes(0)
	b, same := c.wholes(1)
	if !ok || !same {
		return nil
	}
	return []value{c.combined(c.elements(a), a, b, wholeFunctions[c.op])}
}

// floatFunctions are operators on floats that are known, in float64: the result is rounded.
var floatFunctions = map[string]func(x, y float64) float64{
	"Add": func(x, y float64) float64 { return x + y },
	"Sub": func(x, y float64) float64 { return x - y },
	"Mul": func(x, y float64) float64 { return x * y },
	"Div": func(x, y float64) float64 { return x / y },
	"Pow": math.Pow,
	"Max": math.Max,
	"Min": math.Min,
	"Mod": math.Mod,
}

// foldedPair computes the operator at once if both operands are floats that are known; nil if they are not.
func (c *call) foldedPair(a, b value) *constant {
	f := floatFunctions[c.op]
	if c.g.Err() != nil || f == nil || a.known == nil || b.known == nil || a.known.floats == nil || b.known.floats == nil {
		return nil
	}
	shape, ok := c.broadcast(a.shape(), b.shape())
	if !ok {
		return nil
	}
	out := &constant{kind: a.known.kind, shape: shape, floats: make([]float64, sizeOf(shape))}
	left, right := repeats(a.shape(), shape), repeats(b.shape(), shape)
	for i := range out.floats {
		out.floats[i] = rounded(c.m.kind, f(a.known.floats[placeOf(left, i)], b.known.floats[placeOf(right, i)]))
	}
	return out
}

// folded applies a function to floats that are known.
func (c *call) folded(k *constant, f func(x float64) float64) []value {
	if !c.room(k.shape) {
		return nil
	}
	out := &constant{kind: k.kind, shape: k.shape, floats: make([]float64, k.len())}
	for i, v := range k.floats {
		out.floats[i] = rounded(c.m.kind, f(v))
	}
	return []value{{known: out}}
}

// rounded is a number as the model's float type has it.
func rounded(kind dataType, v float64) float64 {
	if computes(kind) == onnxpb.TensorProto_FLOAT {
		return float64(float32(v))
	}
	return v
}

// buildUnary applies a function that the graph has.
func buildUnary(c *call) []value {
	if c.arg(0).integral() {
		return c.wholeUnary()
	}
	if f, k := knownFunctions[c.op], c.arg(0).known; f != nil && k != nil && c.g.Err() == nil {
		return c.folded(k, f)
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	g := c.g
	functions := map[string]func(graph.Node) graph.Node{
		"Neg": g.Neg, "Abs": g.Abs, "Exp": g.Exp, "Log": g.Log, "Sqrt": g.Sqrt, "Tanh": g.Tanh, "Sigmoid": g.Sigmoid,
		"Relu": g.ReLU, "Softplus": g.Softplus, "Erf": g.Erf, "Sin": g.Sin, "Cos": g.Cos,
		"Softsign": func(x graph.Node) graph.Node { return softsign(g, x) },
	}
	return []value{{node: functions[c.op](x)}}
}

// knownFunctions are those of them that are computed at once where the numbers are known: what scales and bounds are made of.
var knownFunctions = map[string]func(x float64) float64{
	"Neg": func(x float64) float64 { return -x }, "Abs": math.Abs, "Exp": math.Exp, "Log": math.Log, "Sqrt": math.Sqrt,
	"Floor": math.Floor, "Ceil": math.Ceil, "Round": math.RoundToEven, "Sin": math.Sin, "Cos": math.Cos,
}

// wholeUnary is buildUnary for whole numbers.
func (c *call) wholeUnary() []value {
	v, ok := c.wholes(0)
	if !ok {
		return nil
	}
	f := map[string]func(x int) int{
		"Neg":  func(x int) int { return -x },
		"Abs":  func(x int) int { return max(x, -x) },
		"Relu": func(x int) int { return max(x, 0) },
		"Sign": func(x int) int { return cmp.Compare(x, 0) },
	}[c.op]
	if f == nil {
		return c.failf("input 0 (%q) holds whole numbers; want floats", c.node.input(0))
	}
	kind := c.elements(v)
	return []value{c.computed(kind, v.shape(), func(dst []int, in [][]int) error {
		for i, x := range in[0] {
			dst[i] = f(x)
		}
		return fitAll(kind, dst)
	}, v)}
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
	if len(c.out) < 2 {
		return c.in[:1]
	}
	shape := c.arg(0).shape()
	mask := &constant{kind: onnxpb.TensorProto_BOOL, shape: shape}
	if c.opset < 10 || !c.room(shape) {
		return c.failf("its mask in version %d of ONNX's operators; want 10 or later", c.opset)
	}
	mask.ints = repeated(1, sizeOf(shape)) // nothing is dropped
	return []value{c.in[0], {known: mask}}
}
