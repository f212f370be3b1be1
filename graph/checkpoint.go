package graph

// Checkpoint returns a view of g that begins a segment: the nodes that are made in it, and in the views of it, are computed
// a second time when the derivatives want them, so that a run need not keep them from the forward pass to the backward
// pass. What others read of a segment, such as the state that the next one starts from, is kept. So a chain of n steps in
// segments of √n needs memory for 2·√n of them, for one more forward pass (Chen et al., "Training Deep Nets with Sublinear
// Memory Cost", 2016).
//
// Results stay as they are, random masks included. The gradient of a parameter is summed up segment by segment: it is
// equal up to rounding. Operations of Gorgonia's own belong to no segment.
func (g *Graph) Checkpoint() *Graph {
	v := g.view()
	v.segment = g.newSegment()
	return v
}

func (c *core) newSegment() int32 {
	c.segments++
	return c.segments
}

// again are the nodes of segments as the derivatives see them: computed again. Those of one segment are made when the
// backward pass comes to it, before the derivatives that read them; so they stand in the program where they are wanted.
type again struct {
	members map[int32][]Node
	tag     map[int32]int32 // of each segment: that of its nodes' copies, and of the derivatives that read them
	copies  map[*entry]Node
}

// newAgain looks for segments among nodes; it is nil if there are none.
func newAgain(order []Node) *again {
	var a *again
	for _, n := range order {
		if s := n.n.segment; s != 0 {
			if a == nil {
				a = &again{members: map[int32][]Node{}, tag: map[int32]int32{}, copies: map[*entry]Node{}}
			}
			a.members[s] = append(a.members[s], n)
		}
	}
	return a
}

// segment is that of n's derivative. The first one of a segment computes the segment again.
func (a *again) segment(n Node) int32 {
	s := n.n.segment
	if a == nil || s == 0 {
		return 0
	}
	if a.tag[s] == 0 {
		a.tag[s] = n.c.newSegment()
		for _, m := range a.members[s] {
			e := *m.n
			e.in, e.segment, e.expr = a.operands(m), a.tag[s], nil
			a.copies[m.n] = Node{m.c.add(e), m.c}
		}
		delete(a.members, s)
	}
	return a.tag[s]
}

// node is n, computed again if it is in a segment.
func (a *again) node(n Node) Node {
	if a != nil {
		if m, ok := a.copies[n.n]; ok {
			return m
		}
	}
	return n
}

// operands are what n is computed from: nodes of its own segment that are computed again, and others as they are.
func (a *again) operands(n Node) []Node {
	if a == nil || n.n.segment == 0 {
		return n.n.in
	}
	in := make([]Node, len(n.n.in))
	for i, k := range n.n.in {
		in[i] = k
		if k.n.segment == n.n.segment {
			in[i] = a.node(k)
		}
	}
	return in
}
