package graph

import "gorgonia.org/tensor"

// planner decides in which steps a program runs and where every value lies.
type planner struct {
	*code
	steps []*step
	at    []int     // of each value: its place in time; the members of a step follow each other
	of    []*step   // of each value: the step that computes it
	mem   []*region // of each value: where it lies; nil inside a step, and for packed operands
	sits  []seat    // of each value: the larger value it is computed into, if any
	inner []bool    // of each value: only its own step reads it

	inputs map[*leaf]*tensor.Dense
}

// seat is a place for a value in a larger one.
type seat struct {
	host *value
	part int // of a concatenation; own if the value is what the host is added onto
}

const own = -1

// step is what runs at one time: one value, or several element-wise ones that run together.
type step struct {
	values []*value
	index  int
}

// plan makes the steps, in order, and finds a place for every value.
func (k *code) plan(inputs map[*leaf]*tensor.Dense) *planner {
	k.schedule()
	p := &planner{code: k, inputs: inputs}
	if p.on[freeze] {
		p.markFrozen()
	}
	p.group()
	p.freezeFirst()
	n := len(k.order)
	p.at, p.of, p.mem, p.sits, p.inner = make([]int, n), make([]*step, n), make([]*region, n), make([]seat, n), make([]bool, n)
	now := 0
	for i, s := range p.steps {
		s.index = i
		for _, v := range s.values {
			p.at[v.id], p.of[v.id] = now, s
			now++
		}
	}
	for _, v := range k.order {
		p.inner[v.id] = v.exits == 0 && len(p.of[v.id].values) > 1 && p.readOnlyIn(p.of[v.id], v)
	}
	p.claimStores()
	if p.on["place"] {
		p.seats()
	}
	for _, s := range p.steps {
		for _, v := range s.values {
			p.settle(s, v)
		}
	}
	return p
}

func (p *planner) readOnlyIn(s *step, v *value) bool {
	for _, u := range v.users {
		if p.of[u.id] != s {
			return false
		}
	}
	return true
}

// maxFused bounds the number of operations in a step, and with it the scratch memory of a tile.
const maxFused = 64

// group cuts the schedule into steps. Element-wise operations over the same rows join the open step, which runs when
// something needs a result of it; what does not need it goes ahead.
func (p *planner) group() {
	var open *step
	members := map[*value]bool{}
	closeStep := func() {
		if open != nil {
			p.steps = append(p.steps, open)
			open = nil
			clear(members)
		}
	}
	for _, v := range p.order {
		joins := p.on["fuse"] && p.tiled(v)
		if open != nil {
			first := open.values[0]
			if joins && first.frozen == v.frozen && lastDim(first.shape) == lastDim(v.shape) && first.size() == v.size() && len(open.values) < maxFused {
				open.values = append(open.values, v)
				members[v] = true
				continue
			}
			needs := joins
			for i := range v.operands() {
				needs = needs || members[v.operand(i)]
			}
			if needs {
				closeStep()
			}
		}
		s := &step{values: []*value{v}}
		if joins {
			open = s
			members[v] = true
			continue
		}
		p.steps = append(p.steps, s)
	}
	closeStep()
}

// tiled tells whether a value can be computed tile by tile.
func (p *planner) tiled(v *value) bool {
	if _, ok := v.op.(elementwise); !ok || v.onto != nil {
		return false
	}
	_, ok := operandKinds(v)
	return ok && (!is[add](v) || len(v.in) > 1)
}

// strides tells whether v can be computed into rows that lie apart.
func (p *planner) strides(v *value) bool {
	_, product := v.op.(matmul)
	return product || p.on["fuse"] && p.tiled(v)
}

// acceptsStrides tells whether all readers of v can read rows that lie apart.
func (p *planner) acceptsStrides(v *value) bool {
	for _, u := range v.users {
		if !p.readsStrides(u, v) {
			return false
		}
	}
	return true
}

func (p *planner) readsStrides(u, v *value) bool {
	rows, cols := matrixOf(v.shape)
	switch o := u.op.(type) {
	case matmul:
		return len(u.in) < 3 || u.in[2] != v
	case packing, *concat:
		return true
	case reshape:
		return lastDim(u.shape) == cols
	case slice:
		return o.outer == 1 && o.inner%cols == 0 && lastDim(u.shape) == cols || o.outer == rows && o.n*o.inner == cols && sizeOf(u.shape)/lastDim(u.shape) == rows
	}
	if u.onto == v || !p.on["fuse"] || !p.tiled(u) {
		return false
	}
	if v.size() == u.size() {
		return cols == lastDim(u.shape)
	}
	return cols == 1
}

// isView tells whether v only gives a part or another shape of its operand.
func isView(v *value) bool { return is[slice](v) || is[reshape](v) }
