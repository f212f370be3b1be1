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
	local := g.view() // the view that derivatives are made in
	g.backward = true
	defer func() { g.backward = false }()

	order := reachable(loss)
	again := newAgain(order)
	n := loss.n.id + 1
	active := dependent(order, wrt, n)
	terms, grads, room := make([][]Node, n), make([]Node, n), make([]Node, n)
	for i := range terms {
		terms[i] = room[i : i : i+1] // most have one term
	}
	terms[loss.n.id] = []Node{g.Full(1)}
	for _, n := range slices.Backward(order) {
		id := n.n.id
		if !active[id] || len(terms[id]) == 0 {
			continue
		}
		local.where, local.origin, local.segment = g.where, g.origin, again.segment(n)
		grad := local.sumTerms(terms[id])
		grads[id], terms[id] = grad, nil
		for j, dk := range local.derive(n, grad, again) {
			if k := n.children()[j].n.id; active[k] && dk.Valid() {
				terms[k] = append(terms[k], dk)
			}
		}
		if g.err != nil {
			return out
		}
	}
	for i, w := range wrt {
		if w.n.id < n && grads[w.n.id].Valid() {
			out[i] = grads[w.n.id]
			g.derived(w, out[i])
		} else {
			out[i] = g.Full(0, w.shape()...)
		}
	}
	return out
}

// dependent tells of the first n nodes which of order depend on one of wrt by operations with a derivative, wrt included.
func dependent(order, wrt []Node, n int) []bool {
	out := make([]bool, n)
	for _, w := range wrt {
		if w.n.id < n {
			out[w.n.id] = true
		}
	}
	for _, m := range order {
		for i, k := range m.children() {
			if out[k.n.id] && differentiable(m, i) {
				out[m.n.id] = true
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
	if len(roots) == 0 {
		return nil
	}
	all := roots[0].c.entries
	seen, n := make([]bool, len(all)), 0
	for _, r := range roots {
		seen[r.n.id] = true
	}
	for i, e := range slices.Backward(all) { // operands were there first
		if seen[i] {
			n++
			for _, k := range e.in {
				seen[k.n.id] = true
			}
		}
	}
	order := make([]Node, 0, n)
	for i, e := range all {
		if seen[i] {
			order = append(order, Node{e, roots[0].c})
		}
	}
	return order
}

// differentiable tells whether n's operation has a derivative with respect to its i-th input.
func differentiable(n Node, i int) bool {
	if n.n.op != nil {
		return ruleOf(n.n.op).differentiable(i)
	}
	if n.n.leaf != nil {
		return false
	}
	o, ok := n.n.expr.Op().(gorgonia.SDOp)
	return ok && o.DiffWRT(len(n.children()))[i]
}

// derive returns the gradients of n's inputs, given its own. It changes the view.
func (g *Graph) derive(n, grad Node, again *again) []Node {
	switch e := n.n; {
	case e.leaf != nil:
		return nil
	case e.op == nil:
		return g.deriveForeign(n, grad)
	default:
		g.where, g.origin = e.path, e.origin
		return ruleOf(e.op).vjp(derivation{g: g, op: e.op, in: again.operands(n), out: again.node(n), grad: grad})
	}
}

// deriveForeign is derive for one of Gorgonia's own operations.
func (g *Graph) deriveForeign(n, grad Node) []Node {
	x := g.expression()
	foreign, ok := n.n.expr.Op().(gorgonia.SDOp)
	if !ok { // not active: differentiable said so
		return nil
	}
	x.registerEdges()
	kids := n.children()
	in := make(gorgonia.Nodes, len(kids))
	for i, k := range kids {
		in[i] = k.n.expr
	}
	out := make([]Node, len(kids))
	grads, err := foreign.SymDiff(in, n.n.expr, grad.n.expr)
	if err != nil {
		g.failf("Grad", "Gorgonia's %s: %v", n.n.expr.Name(), err)
		return out
	}
	for i, d := range grads {
		if d != nil {
			out[i] = g.Wrap(d)
		}
	}
	return out
}
