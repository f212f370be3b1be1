package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
)

// Grad adds to the graph the gradient of a scalar loss with respect to each of wrt, and returns those nodes, of the
// same shapes: reverse-mode differentiation, which over an unrolled cell is backpropagation through time. Where the
// loss does not depend on a node, its gradient is a constant zero.
//
// Each operation's derivative comes from its SymDiff, as in gorgonia.Grad, with which it agrees; but every step here
// costs the same whatever the size of the graph, and the terms of a gradient become one sum of all.
func (g *Graph) Grad(loss Node, wrt ...Node) []Node {
	out := make([]Node, len(wrt))
	if !g.floats("Grad", append([]Node{loss}, wrt...)...) {
		return out
	}
	if loss.Rank() != 0 {
		g.failf("Grad", "the loss is %v; want a scalar", loss)
		return out
	}
	back := g.view()
	g.backward = true
	defer func() { g.backward = false }()

	order := reachable(loss)
	active := dependent(order, wrt)
	terms := map[*gorgonia.Node][]Node{loss.n: {g.Full(1)}}
	grads := map[*gorgonia.Node]Node{}
	for _, n := range slices.Backward(order) {
		if !active[n.n] || len(terms[n.n]) == 0 {
			continue
		}
		grad := back.sumTerms(terms[n.n])
		grads[n.n] = grad
		delete(terms, n.n)
		for j, dk := range back.derive(n, grad) {
			if k := n.children()[j]; active[k.n] && dk.Valid() {
				terms[k.n] = append(terms[k.n], dk)
			}
		}
		if g.err != nil {
			return out
		}
	}
	for i, w := range wrt {
		if grad, ok := grads[w.n]; ok {
			out[i] = grad
			gorgonia.SetDerivOf(grad.n, w.n)
		} else {
			out[i] = g.Full(0, w.shape()...)
		}
	}
	return out
}

// dependent are the nodes, among those of order, that depend on one of wrt by operations with a derivative; and wrt itself.
func dependent(order, wrt []Node) map[*gorgonia.Node]bool {
	out := map[*gorgonia.Node]bool{}
	for _, w := range wrt {
		out[w.n] = true
	}
	for _, n := range order {
		for i, k := range n.children() {
			if out[k.n] && differentiable(n, i) {
				out[n.n] = true
			}
		}
	}
	return out
}

// sumTerms adds up the terms of one gradient, which all have its shape.
func (g *Graph) sumTerms(terms []Node) Node {
	if len(terms) == 1 {
		return terms[0]
	}
	return g.apply(op.Add{}, op.Clone(terms[0].shape()), terms...)
}

// reachable lists the nodes that the given ones are computed from, themselves included, children before parents.
func reachable(roots ...Node) []Node {
	seen := map[*gorgonia.Node]bool{}
	var order, stack []Node
	push := func(n Node) {
		if !seen[n.n] {
			seen[n.n] = true
			stack = append(stack, n)
		}
	}
	for _, r := range roots {
		push(r)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		order = append(order, n)
		for _, k := range n.children() {
			push(k)
		}
	}
	slices.SortFunc(order, func(a, b Node) int { return int(a.id() - b.id()) })
	return order
}

// differentiable tells whether n's operation has a derivative with respect to its i-th input.
func differentiable(n Node, i int) bool {
	if o, ok := n.n.Op().(*operation); ok {
		return ruleOf(o.Op).differentiable(i)
	}
	if o, ok := n.n.Op().(gorgonia.SDOp); ok {
		return o.DiffWRT(len(n.children()))[i]
	}
	return false
}

// derive returns the gradients of n's inputs, given its own.
func (g *Graph) derive(n, grad Node) []Node {
	if o, ok := n.n.Op().(*operation); ok {
		v := g.view()
		v.where, v.origin = o.path, o.origin
		return ruleOf(o.Op).vjp(derivation{g: v, op: o.Op, in: o.in, out: n, grad: grad})
	}
	foreign, ok := n.n.Op().(gorgonia.SDOp)
	if !ok { // not active: differentiable said so
		return nil
	}
	g.registerEdges()
	kids := n.children()
	in := make(gorgonia.Nodes, len(kids))
	for i, k := range kids {
		in[i] = k.n
	}
	out := make([]Node, len(kids))
	grads, err := foreign.SymDiff(in, n.n, grad.n)
	if err != nil {
		g.failf("Grad", "Gorgonia's %s: %v", n.n.Name(), err)
		return out
	}
	for i, d := range grads {
		if d != nil {
			out[i] = g.Wrap(d)
		}
	}
	return out
}
