package graph

// Transform returns a view in which every parameter passes through f before a layer gets it: DropConnect multiplies a
// weight by a mask, weight normalisation divides it by its length. f gets the local name and is called once for each
// parameter, so that all time steps see the same result.
func (g *Graph) Transform(f func(local string, w Node) Node) *Graph {
	v := g.view()
	done := map[Node]Node{}
	inner := g.transform
	v.transform = func(local string, w Node) Node {
		if inner != nil {
			w = inner(local, w)
		}
		if _, ok := done[w]; !ok {
			done[w] = f(local, w)
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
