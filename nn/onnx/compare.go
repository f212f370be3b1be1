package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// What is true or false when the model runs is a float, 1 or 0. A comparison gives nothing else, so and, or and not are
// products and sums; an input of the model that is BOOL is made so first.

// truth is an input as 1 and 0.
func (c *call) truth(i int) graph.Node {
	v := c.arg(i)
	if k := v.known; k != nil && k.kind == onnxpb.TensorProto_BOOL && c.room(k.shape) {
		if k, err := k.cast(c.m.kind); err == nil {
			return c.constant(k)
		}
	}
	if c.g.Err() == nil && !v.truth {
		c.failf("input %d (%q) is not computed by a comparison", i, c.node.input(i))
		return graph.Node{}
	}
	return v.node
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

// buildCompare compares floats, or whole numbers that are known. Whole numbers that are given when the model runs may be equal to
// one that is known, such as the id of padding; as lengths, they are compared with steps: see buildLess.
func buildCompare(c *call) []value {
	if k := c.knownTruth(); k != nil {
		return []value{{known: k}}
	}
	if c.op == "Less" && c.arg(0).known != nil && c.arg(0).known.floats == nil && c.arg(1).ids != nil {
		return buildLess(c)
	}
	if mask, ok := c.sameID(); ok {
		return []value{{node: mask, truth: true}}
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

// sameID compares whole numbers that are given when the model runs with one that is known.
func (c *call) sameID() (graph.Node, bool) {
	ids, k := c.arg(0).ids, c.arg(1).known
	if ids == nil {
		ids, k = c.arg(1).ids, c.arg(0).known
	}
	if c.op != "Equal" || c.g.Err() != nil || ids == nil || k == nil || k.floats != nil || k.len() != 1 || len(k.shape) > len(ids.shape) ||
		k.ints[0] == graph.NoID {
		return graph.Node{}, false
	}
	return c.looked(ids, c.g.Affine(c.g.IDMask(ids.base, k.ints[0]), -1, 1), nil), true
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

// knownTruth computes the operator at once where all of its inputs are whole numbers, or true or false, that are known, of one
// shape or single ones; nil if they are not.
func (c *call) knownTruth() *constant {
	a := c.arg(0).known
	b := a
	if len(c.in) > 1 {
		b = c.arg(1).known
	}
	if c.g.Err() != nil || a == nil || b == nil || a.floats != nil || b.floats != nil || a.len() == 0 || b.len() == 0 ||
		!slices.Equal(a.shape, b.shape) && a.len() != 1 && b.len() != 1 {
		return nil
	}
	out := &constant{kind: onnxpb.TensorProto_BOOL, shape: a.shape}
	if len(b.shape) > len(a.shape) || b.len() > a.len() {
		out.shape = b.shape
	}
	if !c.room(out.shape) {
		return nil
	}
	out.ints = make([]int, out.len())
	for i := range out.ints {
		if holds[c.op](a.number(i%a.len()), b.number(i%b.len())) {
			out.ints[i] = 1
		}
	}
	return out
}
