package graph

import (
	"github.com/unroll-go/unroll/internal/listing"
	"gorgonia.org/tensor"
)

// What reads graphs to write them in another form sees them as lists, see internal/listing.
func init() {
	listing.Of = func(nodes any) ([]listing.Node, []int) { return listed(nodes.([]Node)) }
	listing.OfFunc = func(f any, grad bool, in []*tensor.Dense) (*listing.Function, error) {
		return f.(*Func).listed(grad, in)
	}
}

// listed lists what some nodes of one graph are computed from, and the places of these.
func listed(roots []Node) ([]listing.Node, []int) {
	order := reachable(roots...)
	place := map[*entry]int{}
	list := make([]listing.Node, len(order))
	for i, n := range order {
		e := n.n
		place[e] = i
		list[i] = listing.Node{Op: e.op, Leaf: e.leaf, Shape: e.shape, IDs: n.IsIDs(), Path: e.path, UID: e.uid}
		if e.op == nil && e.leaf == nil {
			list[i].Op = foreign{e.expr}
		}
		for _, kid := range n.children() {
			list[i].In = append(list[i].In, place[kid.n])
		}
	}
	at := make([]int, len(roots))
	for i, n := range roots {
		at[i] = place[n.n]
	}
	return list, at
}

// listed lists what the function computes for inputs of the shapes of these.
func (f *Func) listed(grad bool, in []*tensor.Dense) (*listing.Function, error) {
	if err := f.made(); err != nil {
		return nil, err
	}
	shapes, err := f.shapes(in)
	if err != nil {
		return nil, err
	}
	u, err := f.unit(grad, shapes)
	if err != nil {
		return nil, err
	}
	out := &listing.Function{}
	roots := make([]Node, 0, len(u.outputs)+len(u.stores))
	for _, r := range u.all() {
		roots = append(roots, r.node)
	}
	var at []int
	out.Nodes, at = listed(roots)
	out.Outputs = at[:len(u.outputs)]
	for i, r := range u.stores {
		out.Stores = append(out.Stores, listing.Store{Param: r.param.name, At: at[len(u.outputs)+i], Buffer: r.assign})
	}
	for _, n := range u.inputs {
		out.Inputs = append(out.Inputs, leafAt(out.Nodes, n))
	}
	return out, nil
}

// leafAt is the place of a leaf in a list, -1 if it is not there.
func leafAt(list []listing.Node, n Node) int {
	for i := range list {
		if list[i].Leaf != nil && list[i].Leaf == n.n.leaf {
			return i
		}
	}
	return -1
}
