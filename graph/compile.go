package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// buffer is a block of memory of a program: part of the arena, or memory that exists already (a parameter, a
// constant, an input).
type buffer struct {
	size        int
	first, last int      // the steps between which an arena buffer is in use
	offset      int      // in the arena, once planned
	mem         *operand // the memory of a buffer outside the arena
}

// place is where a node's elements lie: size of them from offset on.
type place struct {
	buf    *buffer
	offset int
}

// step is one instruction of a program.
type step struct {
	node  Node
	onto  bool // add to the memory at dst instead of overwriting it
	dst   place
	shape []int  // of the result
	in    []Node // the inputs, which may be fewer than the node's children
	run   task
}

// result is a node whose value leaves the program.
type result struct {
	node  Node
	dst   *tensor.Dense
	param *Param // whose gradient it is, if any
}

// compiler turns nodes into steps.
type compiler struct {
	*core
	steps  []step
	places map[*gorgonia.Node]place
	uses   map[*gorgonia.Node]int
	into   map[*gorgonia.Node]Node // a term computed straight into the sum that is its only reader
	begun  map[*gorgonia.Node]bool // sums whose memory holds at least one term
}

// Compile plans a program that computes the given nodes. It takes time and memory in proportion to the number of
// nodes below them. The graph's first error, if any, comes out here.
func (g *Graph) Compile(outputs ...Node) (*Program, error) {
	if g.err != nil {
		return nil, g.err
	}
	results, err := g.results(outputs)
	if err != nil {
		return nil, err
	}
	return g.compile(results, nil)
}

// results makes a tensor for each output to be copied to.
func (c *core) results(outputs []Node) ([]result, error) {
	out := make([]result, len(outputs))
	for i, n := range outputs {
		if !n.Valid() || n.c != c || n.IsIDs() {
			return nil, errors.Errorf("graph: output %d is %v; want a float node of this graph", i, n)
		}
		out[i] = result{node: n, dst: newDense(c.dtype, n.shape())}
	}
	return out, nil
}

// compile plans a program for outputs, which Run returns, and for stores, which it writes straight to memory that
// others own: the gradients of parameters.
func (c *core) compile(outputs, stores []result) (*Program, error) {
	k := &compiler{core: c, places: map[*gorgonia.Node]place{}, uses: map[*gorgonia.Node]int{},
		into: map[*gorgonia.Node]Node{}, begun: map[*gorgonia.Node]bool{}}
	p := &Program{dtype: c.dtype}
	for _, in := range c.inputs { // declared inputs are checked even when nothing reads them
		p.inputs = append(p.inputs, input{c.leaves[in.n].name, newDense(dtypeOf(in), in.shape())})
		k.external(in, p.inputs[len(p.inputs)-1].value)
	}
	roots := make([]Node, 0, len(outputs)+len(stores))
	for _, r := range append(append([]result{}, outputs...), stores...) {
		roots = append(roots, r.node)
		k.uses[r.node.n]++ // being an output is a use
	}
	order := reachable(roots...)
	for _, n := range order {
		for _, kid := range n.children() {
			k.uses[kid.n]++
		}
	}
	k.foldSums(order)
	for _, s := range stores { // write gradients where they belong, unless something else reads them too
		if o, ok := s.node.n.Op().(*op); ok && k.uses[s.node.n] == 1 && !isView(o) {
			k.external(s.node, s.dst)
			continue
		}
		p.copies = append(p.copies, copying{node: s.node, dst: s.dst})
	}
	for _, r := range outputs {
		p.copies = append(p.copies, copying{node: r.node, dst: r.dst})
		p.outputs = append(p.outputs, r.dst)
	}
	for _, n := range order {
		k.emit(n)
	}
	if c.err != nil {
		return nil, c.err
	}
	k.plan(p)
	k.bind(p)
	for _, r := range append(append([]result{}, outputs...), stores...) {
		p.checks = append(p.checks, check{r.node.label(), operandOf(r.dst)})
	}
	p.order = order
	return p, nil
}

func dtypeOf(n Node) tensor.Dtype {
	if n.IsIDs() {
		return tensor.Int
	}
	return n.c.dtype
}

func (k *compiler) external(n Node, v *tensor.Dense) {
	mem := operandOf(v)
	k.places[n.n] = place{buf: &buffer{size: n.size(), mem: &mem}}
}

func isView(o *op) bool {
	v, ok := o.operator.(viewer)
	if !ok {
		return false
	}
	_, ok = v.view(o.in[0].shape())
	return ok
}

// foldSums finds terms of sums that can be computed straight into the sum's memory: a weight's gradient over T steps
// then needs neither T matrices nor T additions, but T products that accumulate.
func (k *compiler) foldSums(order []Node) {
	folded := map[*gorgonia.Node]bool{} // sums that are accumulated into
	for _, n := range order {
		o, ok := n.n.Op().(*op)
		if !ok {
			continue
		}
		if _, ok := o.operator.(add); !ok {
			continue
		}
		var terms []Node
		for _, t := range o.in {
			if term, ok := t.n.Op().(*op); ok && k.uses[t.n] == 1 && !folded[t.n] && !isView(term) && t.size() == n.size() {
				if _, ok := term.operator.(accumulator); ok {
					terms = append(terms, t)
				}
			}
		}
		if len(terms) == 0 {
			continue
		}
		folded[n.n] = true
		for _, t := range terms {
			k.into[t.n] = n
		}
	}
}

// emit adds the steps that compute one node.
func (k *compiler) emit(n Node) {
	if l, ok := k.leaves[n.n]; ok {
		if l.kind != inputLeaf {
			k.external(n, l.value)
		}
		return
	}
	o, ours := n.n.Op().(*op)
	if ours {
		if v, ok := o.operator.(viewer); ok {
			if offset, ok := v.view(o.in[0].shape()); ok {
				at := k.places[o.in[0].n]
				k.places[n.n] = place{at.buf, at.offset + offset}
				return
			}
		}
	}
	if sum, ok := k.into[n.n]; ok {
		dst := k.destination(sum)
		k.add(step{node: n, onto: k.begun[sum.n], dst: dst, shape: sum.shape(), in: n.children()})
		k.begun[sum.n] = true
		return
	}
	in := n.children()
	if k.begun[n.n] { // a sum with some terms in place: add the others
		in = in[:0:0]
		for _, t := range n.children() {
			if sum, ok := k.into[t.n]; !ok || sum.n != n.n {
				in = append(in, t)
			}
		}
		if len(in) == 0 {
			return
		}
	}
	k.add(step{node: n, onto: k.begun[n.n], dst: k.destination(n), shape: n.shape(), in: in})
}

// destination returns the memory that a node is computed into, taking a new buffer if it has none yet.
func (k *compiler) destination(n Node) place {
	at, ok := k.places[n.n]
	if !ok {
		at = place{buf: &buffer{size: n.size(), first: len(k.steps), last: len(k.steps)}}
		k.places[n.n] = at
	}
	return at
}

// add appends a step and extends the lives of the buffers it touches.
func (k *compiler) add(s step) {
	s.dst.buf.last = len(k.steps)
	for _, n := range s.in {
		k.places[n.n].buf.last = len(k.steps)
	}
	k.steps = append(k.steps, s)
}

// bind gives every step its memory and its kernel.
func (k *compiler) bind(p *Program) {
	p.steps = k.steps
	for i := range p.steps {
		s := &p.steps[i]
		b := &binding{f64: k.dtype == tensor.Float64, out: p.operand(s.dst, s.shape), seed: &p.seed}
		for _, n := range s.in {
			x := p.operand(k.places[n.n], n.shape())
			b.in = append(b.in, x)
		}
		o, ok := s.node.n.Op().(*op)
		switch {
		case !ok:
			s.run = bindForeign(s.node, b)
		case s.onto:
			b.node = o.uid
			s.run = o.operator.(accumulator).bindAdd(b)
		default:
			b.node = o.uid
			s.run = o.bind(b)
		}
	}
	for i := range p.copies {
		c := &p.copies[i]
		c.src = p.operand(k.places[c.node.n], c.node.shape())
	}
}
