package graph

import (
	"slices"
	"strings"
)

// Transform returns a view in which every parameter passes through f before a layer gets it: DropConnect multiplies a
// weight by a mask, weight normalisation divides it by its length, an adapter adds to it. f gets the parameter's name below
// g's scope, such as "lstm.weight_hh_l0", and is called once for each parameter, so that all time steps see the same result.
// Of views within each other, the outer one's f comes first.
func (g *Graph) Transform(f func(name string, w Node) Node) *Graph {
	v := g.view()
	done := map[Node]Node{}
	outer, prefix := g.transform, strings.Join(append(slices.Clip(g.path), ""), ".")
	v.transform = func(name string, w Node) Node {
		if outer != nil {
			w = outer(name, w)
		}
		if _, ok := done[w]; !ok {
			done[w] = f(strings.TrimPrefix(name, prefix), w)
		}
		return done[w]
	}
	return v
}

// Recording returns a view in which f is told of every node that a layer records: a cell's gates and states, say. Who
// listens to g hears of them, too.
func (g *Graph) Recording(f func(name string, n Node)) *Graph {
	v := g.view()
	outer := g.record
	v.record = func(name string, n Node) {
		if outer != nil {
			outer(name, n)
		}
		f(name, n)
	}
	return v
}

// Recorded tells whether somebody listens to what is recorded.
func (g *Graph) Recorded() bool { return g.record != nil }

// Record makes a node known under a name, to which scope and suffix are added as to a parameter's. It costs
// nothing unless somebody listens.
func (g *Graph) Record(local string, n Node) Node {
	if g.record != nil && n.Valid() {
		g.record(g.name(local), n)
	}
	return n
}
