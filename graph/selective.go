package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// SelectiveScan is the recurrence of Mamba (Gu and Dao, 2023, arXiv 2312.00752, algorithm 2): each of E channels has S numbers
// that decay at rates of their own, by steps Δ that the inputs choose.
//
//	h_t = exp(Δ_t·a)⊙h_{t-1} + Δ_t·u_t·b_t    y_t = Σ_S h_t⊙c_t
//
// u and delta are [T, B, E], a is [E, S], b and c are [T, B, S], and first, the h before the first step, [B, E·S]. It gives y
// [T, B, E] and the last h, [B, E·S]. With reverse it reads from the last step to the first. A Δ of 0 leaves h as it is.
//
// The tensor of all states, [T, B, E, S], never exists: the derivative computes states again from every sixteenth one.
func (g *Graph) SelectiveScan(u, delta, a, b, c, first Node, reverse bool) (y, last Node) {
	in := []Node{u, delta, a, b, c, first}
	if !g.floats("SelectiveScan", in...) {
		return Node{}, Node{}
	}
	o := op.Selective{T: u.Dim(0), B: u.Dim(1), E: u.Dim(2), S: a.Dim(1), Reverse: reverse, Keep: g.training}
	x, row := []int{o.T, o.B, o.E}, []int{o.T, o.B, o.S}
	fit := u.Rank() == 3 && a.Rank() == 2 && slices.Equal(delta.shape(), x) && slices.Equal(a.shape(), []int{o.E, o.S}) &&
		slices.Equal(b.shape(), row) && slices.Equal(c.shape(), row) && slices.Equal(first.shape(), []int{o.B, o.E * o.S})
	if !fit {
		return g.failf("SelectiveScan", "u %v, delta %v, a %v, b %v, c %v and a first state %v; "+
			"want u and delta [T, B, E], a [E, S], b and c [T, B, S] and [B, E·S]",
			u.shape(), delta.shape(), a.shape(), b.shape(), c.shape(), first.shape()), Node{}
	}
	if !g.validShape("SelectiveScan", []int{o.T/16 + 1, o.B, o.E, o.S}) { // before the sizes can overflow
		return Node{}, Node{}
	}
	if g.rolled {
		return g.rollSelective(o, in)
	}
	all := g.apply(o, []int{o.Size()}, in...)
	p := o.Parts()
	return g.Reshape(g.Slice(all, 0, 0, p[0]), x...), g.Reshape(g.Slice(all, 0, p[0], p[0]+p[1]), o.B, o.E*o.S)
}

// rollSelective is SelectiveScan of operations that everybody has, for a graph that is to be read.
func (g *Graph) rollSelective(o op.Selective, in []Node) (y, last Node) {
	rates := g.Reshape(in[2], 1, o.E, o.S)
	step := func(x, state []Node) (outputs, next []Node) { // u and delta [B, E], b and c [B, S]
		column := func(x Node) Node { return g.Reshape(x, o.B, o.E, 1) }
		row := func(x Node) Node { return g.Reshape(x, o.B, 1, o.S) }
		delta := column(x[1])
		kept := g.Mul(g.Exp(g.Mul(delta, rates)), g.Reshape(state[0], o.B, o.E, o.S))
		h := g.Add(kept, g.Mul(g.Mul(delta, column(x[0])), row(x[2])))
		return []Node{g.Sum(g.Mul(h, row(x[3])), 2)}, []Node{g.Reshape(h, o.B, o.E*o.S)}
	}
	sequences, first := []Node{in[0], in[1], in[3], in[4]}, []Node{in[5]}
	if o.T == 1 { // a step of another recurrence
		for i, x := range sequences {
			sequences[i] = g.Reshape(x, o.B, x.Dim(2))
		}
		outputs, next := step(sequences, first)
		return g.Reshape(outputs[0], 1, o.B, o.E), next[0]
	}
	outputs, next := g.Roll(Loop{Sequences: sequences, States: first, Reverse: o.Reverse, Step: step})
	if len(outputs) == 0 {
		return Node{}, Node{}
	}
	return outputs[0], next[0]
}

func init() {
	differentiate(func(o op.Selective, d derivation) []Node {
		g, out, up := d.g, d.out, d.grad
		if !o.Keep { // a graph that was not made for training
			o.Keep = true
			out = g.apply(o, []int{o.Size()}, d.in...)
		}
		grad := op.SelectiveGrad{Selective: o}
		all := g.apply(grad, []int{grad.Size()}, append(slices.Clone(d.in), out, up)...)
		grads, from := make([]Node, len(d.in)), 0
		for i, n := range grad.Parts() {
			grads[i] = g.Reshape(g.Slice(all, 0, from, from+n), d.in[i].Shape()...)
			from += n
		}
		return grads
	})
	differentiate(func(o op.SelectiveGrad, d derivation) []Node {
		d.g.failf("SelectiveScan", "it has no second derivative")
		return make([]Node, len(d.in))
	}, 7)
}
