package onnx

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// The operators here run graphs of their own, which see what is computed around them.

// run adds a graph's nodes for given inputs, and gives its outputs.
func (b *building) run(c *call, what *block, in []value) []value {
	if len(in) != len(what.inputs) {
		return c.failf("its graph takes %d inputs, %d are given", len(what.inputs), len(in))
	}
	for i, name := range what.inputs {
		b.values[name] = in[i]
	}
	outer := b.within
	b.within = c.node.String()
	defer func() { b.within = outer }()
	if !b.nodes(what.nodes) {
		return nil
	}
	out := make([]value, len(what.outputs))
	for i, name := range what.outputs {
		v, ok := b.lookup(name)
		if !ok || v.absent() {
			return c.failf("its output %q was not computed", name)
		}
		out[i] = v
	}
	return out
}

// buildIf takes the branch that a known condition names. Where the condition is computed when the model runs, both branches
// run, and one's results are taken.
func buildIf(c *call) []value {
	yes, no := c.blocks["then_branch"], c.blocks["else_branch"]
	v := c.arg(0)
	switch {
	case c.g.Err() != nil:
		return nil
	case v.absent() || sizeOf(v.shape()) != 1:
		return c.failf("a condition of shape %v; want one that is true or false", v.shape())
	case len(yes.outputs) != len(no.outputs) || len(c.out) > len(yes.outputs):
		return c.failf("branches with %d and %d outputs; want %d", len(yes.outputs), len(no.outputs), len(c.out))
	case v.known != nil && v.known.number(0) != 0:
		return c.b.run(c, yes, nil)
	case v.known != nil:
		return c.b.run(c, no, nil)
	}
	condition := c.truth(0)
	if c.g.Err() != nil {
		return nil
	}
	condition = c.g.Reshape(condition)
	if err := c.b.tries(c, yes); err != nil {
		return c.only(no, condition, 0, err)
	}
	if err := c.b.tries(c, no); err != nil {
		return c.only(yes, condition, 1, err)
	}
	a, b := c.b.run(c, yes, nil), c.b.run(c, no, nil)
	if c.g.Err() != nil {
		return nil
	}
	out := make([]value, len(a))
	for i := range a {
		out[i] = c.either(condition, a[i], b[i])
	}
	return out
}

// either is the first of two values where a condition, a number, is true, and the second elsewhere.
func (c *call) either(condition graph.Node, a, b value) value {
	switch {
	case c.g.Err() != nil:
		return value{}
	case a.list != nil || b.list != nil:
		return c.eitherList(condition, a, b)
	case !slices.Equal(a.shape(), b.shape()):
		c.failf("results of shapes %v and %v, of which data that are known when the model runs decide; want one shape", a.shape(), b.shape())
		return value{}
	case a.known != nil && b.known != nil && a.known.equal(b.known):
		return a
	}
	if c.elements(a) != c.elements(b) {
		c.failf("results of types %v and %v; want one type", c.elements(a), c.elements(b))
		return value{}
	}
	inner := *c
	inner.in = []value{{node: condition, truth: true}, a, b}
	return first(buildWhere(&inner))
}

// eitherList is either for two sequences of one length.
func (c *call) eitherList(condition graph.Node, a, b value) value {
	if a.list == nil || b.list == nil || len(*a.list) != len(*b.list) {
		c.failf("sequences of different lengths, of which data that are known when the model runs decide; want one length")
		return value{}
	}
	list := make([]value, len(*a.list))
	for i := range list {
		list[i] = c.either(condition, (*a.list)[i], (*b.list)[i])
	}
	return value{list: &list}
}

// equal tells whether two tensors have the same numbers.
func (k *constant) equal(o *constant) bool {
	return k.kind == o.kind && slices.Equal(k.shape, o.shape) && slices.Equal(k.ints, o.ints) && slices.Equal(k.floats, o.floats)
}

// tries builds a branch in a graph beside, which is thrown away: a branch may be impossible for the shapes that the inputs have, as
// the one for another sampling rate is. What came of it is kept, so that branches in branches are tried once.
func (b *building) tries(c *call, branch *block) error {
	if tried, ok := b.tried[branch]; ok {
		return tried
	}
	beside := graph.New(b.g.Params())
	trial := &building{m: b.m, g: beside, budget: b.budget, values: map[string]value{}, tried: b.tried, outer: b}
	inner := *c
	inner.g, inner.top, inner.b = beside, beside, trial
	trial.run(&inner, branch, nil)
	b.tried[branch] = beside.Err()
	return beside.Err()
}

// adopted is a value of another graph as an input of this one, of its kind and shape.
func (b *building) adopted(v value) value {
	switch {
	case v.list != nil:
		list := make([]value, len(*v.list))
		for i, e := range *v.list {
			list[i] = b.adopted(e)
		}
		return value{list: &list, own: v.own}
	case v.ids.Valid():
		return value{ids: b.g.InputIDs("", v.shape()...), idKind: v.idKind, own: v.own}
	case v.node.Valid():
		return value{node: b.g.Input("", v.shape()...), truth: v.truth, own: v.own}
	}
	return v
}

// only runs one branch, as the other cannot be built, and makes it an error of every run if the condition asks for the other.
func (c *call) only(branch *block, condition graph.Node, want int, why error) []value {
	out := c.b.run(c, branch, nil)
	if c.g.Err() != nil {
		return nil
	}
	check := func(ids [][]int) error {
		if ids[0][0] != want {
			return errors.Errorf("the condition takes the branch that cannot be computed for these inputs: %v", why)
		}
		return nil
	}
	taken, checked := c.g.ToIDs(condition), false
	for i, v := range out {
		switch {
		case v.ids.Valid():
			v.ids = c.g.ComputeIDs(c.op, v.shape(), func(dst []int, in [][]int) error {
				copy(dst, in[1])
				return check(in)
			}, taken, v.ids)
		case v.node.Valid():
			v.node, v.of = c.g.Verify(c.node.String(), v.node, check, taken), graph.Node{}
		default:
			continue
		}
		out[i], checked = v, true
	}
	if !checked {
		return c.failf("one of its branches cannot be computed for these inputs: %v", why)
	}
	return out
}
