package pretrained

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// carry hands out what a network carries from token to token, in the order in which the network asks for it, and takes what
// it becomes. So a part of the state is declared where it is used, and nowhere else.
type carry struct {
	given []graph.Node // the state before; nil at the beginning of a text
	batch int
	back  int // how many tokens attention over all of the past has room for
	slots []*slot

	read map[string]bool // the weights that were asked for, while the state is asked what there is

	embedded graph.Node // what the look-up gave, for families that see it again later
}

// slot is one part of the state: what it was, and what it becomes.
type slot struct {
	Carried
	last, next graph.Node
}

// take is the next part of the state, which is first at the beginning of a text.
func (c *carry) take(g *graph.Graph, name string, first graph.Node, grows bool) *slot {
	s := &slot{Carried: Carried{Name: name, Shape: first.Shape(), Grows: grows}}
	switch i := len(c.slots); {
	case c.given == nil:
		s.last = first
	case i < len(c.given):
		s.last = c.given[i]
	default:
		s.last = g.Failf("State", "%d parts; want more: %s is missing", len(c.given), name)
	}
	s.next = s.last
	c.slots = append(c.slots, s)
	return s
}

// after is the whole state after the last step.
func (c *carry) after() []graph.Node {
	out := make([]graph.Node, len(c.slots))
	for i, s := range c.slots {
		out[i] = s.next
	}
	return out
}

// block is a place in a network: what its weights' names begin with, and where its state is.
type block struct {
	g     *graph.Graph
	state *carry
	name  string
	list  *graph.Graph // in a layer: where all layers are
}

// shapeOf is the shape that a weight has in the file; nil if there is none.
func (b block) shapeOf(name string) []int { return b.g.Params().Get(b.name + name).Shape() }

// wants refuses a weight that has another shape in the file, where memory would be taken by sizes from config.json before the
// weight is read. One that is missing is refused when it is read.
func (b block) wants(name string, shape ...int) {
	if has := b.shapeOf(name); has != nil && !slices.Equal(has, shape) {
		b.g.Failf("Model", "parameter %s%s: the model wants shape %v, the file holds %v", b.name, name, shape, has)
	}
}

// either is the first of some names under which the file has a weight, or the first.
func (b block) either(names ...string) string { return b.eitherWith("", names...) }

// eitherWith is either for what has a part.
func (b block) eitherWith(part string, names ...string) string {
	for _, n := range names {
		in := b.in(n)
		if part != "" {
			in = in.in(part)
		}
		if in.shapeOf("weight") != nil {
			return n
		}
	}
	return names[0]
}

// in is the block of which all weights' names begin with these, with dots between.
func (b block) in(names ...string) block {
	for _, n := range names {
		b.g = b.g.Scope(n)
		b.name += n + "."
	}
	return b
}

// vector is a part of the state for each sequence, [B, width], zero at first.
func (b block) vector(name string, width int) *slot {
	if b.g.Err() != nil {
		width = 1
	}
	return b.state.take(b.g, b.name+name, b.g.Full(0, b.state.batch, width), false)
}

// rows is a part of the state that has the last n rows of something, oldest first, [n, B, width], zero at first.
func (b block) rows(name string, n, width int) *slot {
	if b.g.Err() != nil {
		n, width = 1, 1
	}
	return b.state.take(b.g, b.name+name, b.g.Full(0, n, b.state.batch, width), false)
}

// past is rows for as many tokens as there is room for.
func (b block) past(name string, width int) *slot {
	return b.state.take(b.g, b.name+name, b.g.Full(0, b.state.back, b.state.batch, width), true)
}

// cell runs a cell whose weights have the names of the file over x [T, B, I]. The first entry of its state, which nothing reads,
// is left out; parts are the names of the others.
func (b block) cell(c recurrent.Scanner, x graph.Node, parts ...string) graph.Node {
	if b.g.Err() != nil {
		return graph.Node{}
	}
	first := c.Begin(b.g, b.state.batch)
	if b.g.Err() != nil || len(first) != len(parts)+1 {
		return b.g.Failf("State", "the cell has a state of %d parts; want %d", len(first)-1, len(parts))
	}
	slots := make([]*slot, len(parts))
	state := recurrent.State{first[0]}
	for i, name := range parts {
		slots[i] = b.state.take(b.g, b.name+name, first[i+1], false)
		state = append(state, slots[i].last)
	}
	y, state := c.Scan(b.g, x, state, recurrent.Order{})
	if b.g.Err() != nil {
		return graph.Node{}
	}
	for i, s := range slots {
		s.next = state[i+1]
	}
	return y
}
