package onnx

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// What is true or false when the model runs is a float, 1 or 0. A comparison gives nothing else, so and, or and not are
// products and sums; an input of the model that is BOOL is made so first.

// truth is an input as 1 and 0.
func (c *call) truth(i int) graph.Node {
	v := c.arg(i)
	if c.g.Err() == nil && !v.truth && (v.known == nil || v.known.kind != onnxpb.TensorProto_BOOL) {
		c.failf("input %d (%q) is not true or false", i, c.node.input(i))
		return graph.Node{}
	}
	return c.truthOf(v)
}

// truthOf is what is true or false as 1 and 0 in the graph.
func (c *call) truthOf(v value) graph.Node {
	k := v.known
	if k == nil || c.g.Err() != nil || !c.room(k.shape) {
		return v.node
	}
	k, err := k.cast(c.m.kind)
	if err != nil || k.len() == 0 {
		c.failf("%v (shape %v)", err, k.shape)
		return graph.Node{}
	}
	return c.constant(k)
}

// buildLogic combines what is true or false, broadcasting.
func buildLogic(c *call) []value {
	if k := c.knownTruth(); k != nil {
		return []value{{known: k}}
	}
	a := c.truth(0)
	if c.op == "Not" {
		if c.g.Err() != nil {
			return nil
		}
		return []value{{node: c.g.Affine(a, -1, 1), truth: true}}
	}
	b := c.truth(1)
	if c.g.Err() != nil {
		return nil
	}
	if _, ok := c.broadcast(a.Shape(), b.Shape()); !ok {
		return nil
	}
	g := c.g
	both := g.Mul(a, b)
	switch c.op {
	case "Or":
		both = g.Sub(g.Add(a, b), both)
	case "Xor":
		both = g.Sub(g.Add(a, b), g.MulScalar(both, 2))
	}
	return []value{{node: both, truth: true}}
}

// buildCompare compares floats, whole numbers, or what is true or false.
func buildCompare(c *call) []value {
	if k := c.knownTruth(); k != nil {
		return []value{{known: k}}
	}
	if a, b := c.arg(0), c.arg(1); a.integral() || b.integral() {
		return c.compareWhole()
	} else if a.truth && b.truth && c.op == "Equal" {
		return []value{{node: c.g.Equal(a.node, b.node), truth: true}}
	}
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	if _, ok := c.broadcast(a.Shape(), b.Shape()); !ok {
		return nil
	}
	compare := map[string]func() graph.Node{
		"Equal":          func() graph.Node { return c.g.Equal(a, b) },
		"Less":           func() graph.Node { return c.g.Less(a, b) },
		"LessOrEqual":    func() graph.Node { return c.g.LessOrEqual(a, b) },
		"Greater":        func() graph.Node { return c.g.Less(b, a) },
		"GreaterOrEqual": func() graph.Node { return c.g.LessOrEqual(b, a) },
	}[c.op]
	return []value{{node: compare(), truth: true}}
}

// compareWhole compares whole numbers, exactly.
func (c *call) compareWhole() []value {
	a, ok := c.wholes(0)
	b, both := c.wholes(1)
	if !ok || !both {
		return nil
	}
	holds := map[string]func(x, y int) bool{
		"Equal":          func(x, y int) bool { return x == y },
		"Less":           func(x, y int) bool { return x < y },
		"LessOrEqual":    func(x, y int) bool { return x <= y },
		"Greater":        func(x, y int) bool { return x > y },
		"GreaterOrEqual": func(x, y int) bool { return x >= y },
	}[c.op]
	return []value{c.asTruth(c.combined(onnxpb.TensorProto_BOOL, a, b, func(x, y int) (int, error) {
		if holds(x, y) {
			return 1, nil
		}
		return 0, nil
	}))}
}

// holds are the operators on numbers that are known.
var holds = map[string]func(a, b float64) bool{
	"Equal":          func(a, b float64) bool { return a == b },
	"Less":           func(a, b float64) bool { return a < b },
	"LessOrEqual":    func(a, b float64) bool { return a <= b },
	"Greater":        func(a, b float64) bool { return a > b },
	"GreaterOrEqual": func(a, b float64) bool { return a >= b },
	"And":            func(a, b float64) bool { return a != 0 && b != 0 },
	"Or":             func(a, b float64) bool { return a != 0 || b != 0 },
	"Xor":            func(a, b float64) bool { return (a != 0) != (b != 0) },
	"Not":            func(a, _ float64) bool { return a == 0 },
}

// knownTruth computes the operator at once where all of its inputs are known; nil if they are not.
func (c *call) knownTruth() *constant {
	a := c.arg(0).known
	b := a
	if len(c.in) > 1 {
		b = c.arg(1).known
	}
	if c.g.Err() != nil || a == nil || b == nil || a.floats == nil && b.floats == nil && len(c.in) > 1 && a.kind != onnxpb.TensorProto_BOOL {
		return nil // whole numbers are compared exactly
	}
	shape, ok := c.broadcast(a.shape, b.shape)
	if !ok {
		return nil
	}
	out := &constant{kind: onnxpb.TensorProto_BOOL, shape: shape, ints: make([]int, sizeOf(shape))}
	left, right := repeats(a.shape, shape), repeats(b.shape, shape)
	for i := range out.ints {
		if holds[c.op](a.number(placeOf(left, i)), b.number(placeOf(right, i))) {
			out.ints[i] = 1
		}
	}
	return out
}
