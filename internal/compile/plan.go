package compile

import (
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// planner decides in which steps a program runs and where every value lies.
type planner struct {
	*Code
	steps   []*step
	at      []int     // of each value: its place in time; the members of a step follow each other
	of      []*step   // of each value: the step that computes it
	regions []*region // of each value: where it lies; nil inside a step, and for packed operands
	slots   []slot    // of each value: the larger value it is computed into, if any
	inner   []bool    // of each value: only its own step reads it

	inputs map[*Leaf]*tensor.Dense
}

// slot is the part of a larger value that a value is computed into.
type slot struct {
	host *Value
	part int // of a concatenation; own if the value is what the host is added onto
}

const own = -1

// step is what runs at one time: one value, or several element-wise ones that run together.
type step struct {
	values []*Value
	index  int
}

// plan makes the steps, in order, and finds a place for every value.
func (k *Code) plan(inputs map[*Leaf]*tensor.Dense) *planner {
	k.schedule()
	p := &planner{Code: k, inputs: inputs}
	if p.on.Has(Freeze) {
		p.markFrozen()
	}
	p.group()
	p.freezeFirst()
	n := len(k.Order)
	p.at, p.of, p.regions, p.slots, p.inner = make([]int, n), make([]*step, n), make([]*region, n), make([]slot, n), make([]bool, n)
	now := 0
	for i, s := range p.steps {
		s.index = i
		for _, v := range s.values {
			p.at[v.id], p.of[v.id] = now, s
			now++
		}
	}
	for _, v := range k.Order {
		p.inner[v.id] = v.exits == 0 && len(p.of[v.id].values) > 1 && p.readOnlyIn(p.of[v.id], v)
	}
	p.claimExits()
	if p.on.Has(Place) {
		p.assignSlots()
	}
	for _, s := range p.steps {
		for _, v := range s.values {
			p.locate(s, v)
		}
	}
	return p
}

func (p *planner) readOnlyIn(s *step, v *Value) bool {
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
	members := map[*Value]bool{}
	closeStep := func() {
		if open != nil {
			p.steps = append(p.steps, open)
			open = nil
			clear(members)
		}
	}
	for _, v := range p.Order {
		joins := p.on.Has(Fuse) && p.tiled(v)
		if open != nil {
			first := open.values[0]
			alike := first.frozen == v.frozen && op.LastDim(first.Shape) == op.LastDim(v.Shape) && first.size() == v.size()
			if joins && alike && len(open.values) < maxFused {
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
		s := &step{values: []*Value{v}}
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
func (p *planner) tiled(v *Value) bool {
	if _, ok := v.Op.(op.Elementwise); !ok || v.onto != nil {
		return false
	}
	_, ok := operandKinds(v)
	return ok && (!is[op.Add](v) || len(v.In) > 1)
}

// strides tells whether v can be computed into rows that lie apart.
func (p *planner) strides(v *Value) bool {
	_, product := v.Op.(op.MatMul)
	return product || p.on.Has(Fuse) && p.tiled(v)
}

// acceptsStrides tells whether all readers of v can read rows that lie apart.
func (p *planner) acceptsStrides(v *Value) bool {
	for _, u := range v.users {
		if !p.readsStrides(u, v) {
			return false
		}
	}
	return true
}

func (p *planner) readsStrides(u, v *Value) bool {
	rows, cols := op.MatrixOf(v.Shape)
	switch o := u.Op.(type) {
	case op.MatMul:
		return len(u.In) < 3 || u.In[2] != v
	case packing, *op.Concat:
		return true
	case op.Reshape:
		return op.LastDim(u.Shape) == cols
	case op.Slice:
		ofRows := o.Outer == 1 && o.Inner%cols == 0 && op.LastDim(u.Shape) == cols
		ofCols := o.Outer == rows && o.N*o.Inner == cols && op.Size(u.Shape)/op.LastDim(u.Shape) == rows
		return ofRows || ofCols
	}
	if u.onto == v || !p.on.Has(Fuse) || !p.tiled(u) {
		return false
	}
	if v.size() == u.size() {
		return cols == op.LastDim(u.Shape)
	}
	return cols == 1
}

// isView tells whether v only gives a part or another shape of its operand.
func isView(v *Value) bool { return is[op.Slice](v) || is[op.Reshape](v) }
