package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// claimExits has gradients computed straight into the memory of their parameters, and outputs into that which a run
// returns. An output that is a part of a concatenation is left to that: one of the two would take a copy in any case. So is
// one that is computed once for many runs: what a run returns is its caller's to write into.
func (p *planner) claimExits() {
	for _, e := range p.Exits {
		v := e.Value
		if v.Leaf != nil || isView(v) || p.regions[v.id] != nil {
			continue
		}
		if !e.Own && (v.frozen || slices.ContainsFunc(v.users, is[*op.Concat])) {
			continue
		}
		mem := op.Of(e.Dst)
		p.assign(v, newRegion(v.Shape, &mem))
	}
}

// assignSlots decides which values are computed into a part of a larger one: the parts of concatenations, and what a value with a
// slot is added onto. The last values come first, so that a part of a part finds the slot of its host.
//
// The columns tanh(x), exp(x), times U, without the pass:
//
//	0  @0          = %2 tanh x  [2 2]
//	   @16         = %3 exp x  [2 2]
//	1  @32         = copy %2  for (%2 … %3)
//	2  @32         = copy %3  for (%2 … %3)
//	3  own+0       = %5 matmul A·B (%2 … %3) u  [2 4]
//
// and with it:
//
//	0  @0          = %2 tanh x  [2 2]
//	   @2          = %3 exp x  [2 2]
//	1  own+0       = %5 matmul A·B (%2 … %3) u  [2 4]
func (p *planner) assignSlots() {
	strided := make([]bool, len(p.Order)) // of each value: whether its rows will lie apart
	for _, v := range slices.Backward(p.Order) {

		if c, ok := opOf[*op.Concat](v); ok {
			rows, cols := op.MatrixOf(v.Shape)
			for j, part := range v.In {
				apart := strided[v.id] || c.Outer > 1
				if !p.movable(part) || v.Segment != 0 && v.Segment != part.Segment {
					continue // what is kept for a segment must not keep room for all of it
				}
				r, w := op.MatrixOf(part.Shape)
				switch {
				case c.Outer > 1 && (r != c.Outer || w != c.Len(j)*c.Inner || rows != c.Outer || cols != c.Total()*c.Inner):
					continue
				case c.Outer == 1 && strided[v.id] && w != cols:
					continue
				case apart && !(p.strides(part) && p.acceptsStrides(part)):
					continue
				}
				p.slots[part.id] = slot{v, j}
				strided[part.id] = apart && r > 1
			}
		}
		if base := v.onto; base != nil && (p.slots[v.id].host != nil || p.regions[v.id] != nil) && p.movable(base) && base.readers() == 1 &&
			(!strided[v.id] || p.strides(base)) && slices.Equal(base.Shape, v.Shape) {
			p.slots[base.id] = slot{v, own}
			strided[base.id] = strided[v.id]
		}
	}
}

// movable tells whether a value can be computed wherever one likes.
func (p *planner) movable(v *Value) bool {
	return v.Leaf == nil && !isView(v) && !is[packing](v) && p.regions[v.id] == nil && p.slots[v.id].host == nil
}

// locate finds the place of a value when its step comes up.
func (p *planner) locate(s *step, v *Value) {
	if p.regions[v.id] == nil && !is[packing](v) {
		switch {
		case v.Leaf != nil:
			mem := op.Of(p.leafValue(v.Leaf))
			p.assign(v, newRegion(v.Shape, &mem))
		case v.IDs:
			p.assign(v, newRegion(v.Shape, &op.Operand{IDs: make([]int, v.size())}))
		case p.slots[v.id].host != nil:
			p.fillSlot(v)
		case v.onto != nil && p.overwrites(v, v.onto):
			p.assign(v, p.regions[v.onto.id])
		case p.inner[v.id]: // it exists only while its step runs
		default:
			if r := p.inPlace(s, v); r != nil {
				p.assign(v, r)
			} else {
				p.assign(v, newRegion(v.Shape, nil))
			}
		}
	}
	if r := p.regions[v.id]; r != nil {
		p.use(r.block, s)
	}
	for i := range v.operands() {
		if r := p.regions[v.operand(i).id]; r != nil && !(isView(v) && p.shares(v)) {
			p.use(r.block, s)
		}
	}
}

// leafValue is the memory of a leaf in this program.
func (p *planner) leafValue(l *Leaf) *tensor.Dense {
	if v, ok := p.inputs[l]; ok {
		return v
	}
	return l.Value
}

// use extends the life of a block to a step.
func (p *planner) use(b *block, s *step) {
	if b.first < 0 {
		b.first = s.index
	}
	b.last = max(b.last, s.index)
}

// shares tells whether a view lies in its operand's memory, and needs no copy.
func (p *planner) shares(v *Value) bool {
	r, of := p.regions[v.id], p.regions[v.In[0].id]
	return r != nil && of != nil && r.block == of.block && p.slots[v.id].host == nil
}

// fillSlot gives a value its part of the host's region.
func (p *planner) fillSlot(v *Value) {
	s := p.slots[v.id]
	host := p.regions[s.host.id]
	if host == nil {
		if p.slots[s.host.id].host != nil {
			p.fillSlot(s.host)
		} else {
			p.assign(s.host, newRegion(s.host.Shape, nil))
		}
		host = p.regions[s.host.id]
	}
	if s.part == own {
		p.assign(v, host)
		return
	}
	c := s.host.Op.(*op.Concat)
	first, n := c.Start(s.part)*c.Inner, c.Len(s.part)*c.Inner
	if c.Outer > 1 {
		p.assign(v, host.columns(first, n))
	} else {
		p.assign(v, host.elements(first, n, op.LastDim(v.Shape)))
	}
}

// assign puts a value into a region, and the views of it into parts of that.
func (p *planner) assign(v *Value, r *region) {
	p.regions[v.id] = r
	r.keep()
	if v.exits > 0 || v.frozen && v.Leaf == nil {
		r.readAt(ever)
	}
	for _, u := range v.users {
		if is[*op.Concat](u) && p.slots[v.id].host == u {
			continue
		}
		if isView(u) && p.regions[u.id] == nil {
			if part := p.view(u, r); part != nil {
				p.assign(u, part)
				continue
			}
		}
		if isView(u) && p.shares(u) {
			continue
		}
		r.readAt(p.at[u.id])
	}
}

// view is the region of a slice or of another shape of what lies in r; nil if that takes a copy.
func (p *planner) view(u *Value, r *region) *region {
	part := rectangle(u, r)
	if part == nil {
		return nil
	}
	apart := !part.compact()
	if apart && !p.acceptsStrides(u) || apart && !p.on.Has(Place) {
		return nil
	}
	return part
}

// rectangle is the part of r that a view is; nil if its elements are none.
func rectangle(u *Value, r *region) *region {
	rows, cols := op.MatrixOf(u.Shape)
	switch o := u.Op.(type) {
	case op.Reshape:
		return r.elements(0, rows*cols, cols)
	case op.Slice:
		switch {
		case o.Outer == 1:
			return r.elements(o.Start*o.Inner, rows*cols, cols)
		case o.Outer == r.rows && o.N*o.Inner == r.cols && rows == o.Outer:
			return r.columns(o.Start*o.Inner, cols)
		}
	}
	return nil
}

// overwrites tells whether v, which is added onto base, can be computed in base's memory.
func (p *planner) overwrites(v, base *Value) bool {
	r := p.regions[base.id]
	at := p.at[v.id]
	if r == nil || !r.compact() && !(slices.Equal(v.Shape, base.Shape) && p.strides(v) && p.acceptsStrides(v)) {
		return false
	}
	for _, in := range v.In { // the product must not read what it overwrites
		if q := p.regions[in.id]; q != nil && q.block == r.block && q.overlaps(r) {
			return false
		}
	}
	return r.free(at, at)
}

// inPlace finds an operand that nobody reads any more, whose memory the result can take.
func (p *planner) inPlace(s *step, v *Value) *region {
	if !p.on.Has(Place) {
		return nil
	}
	if o, ok := v.Op.(op.Overwriter); ok {
		return p.rowByRow(v, o.Overwrites())
	}
	if !p.on.Has(Fuse) || !p.tiled(v) {
		return nil
	}
	start := p.at[s.values[0].id]
	for i, in := range v.In {
		r := p.regions[in.id]
		if r == nil || in.size() != v.size() || op.LastDim(in.Shape) != op.LastDim(v.Shape) {
			continue
		}
		if is[op.Add](v) && slices.Contains(v.In[min(2, len(v.In)):], v.In[i]) {
			continue // a long sum reads it after it has written the sum of the first two
		}
		if r.free(start, p.at[v.id]) && (r.compact() || p.acceptsStrides(v)) {
			return r
		}
	}
	return nil
}

// rowByRow is the memory of an operand that v may overwrite row by row, if nobody else reads it, v itself included.
func (p *planner) rowByRow(v *Value, operand int) *region {
	r := p.regions[v.In[operand].id]
	if r == nil || !r.compact() || v.onto != nil || !r.free(p.at[v.id], p.at[v.id]) {
		return nil
	}
	for i, in := range v.In {
		if q := p.regions[in.id]; i != operand && q != nil && q.block == r.block && q.overlaps(r) {
			return nil
		}
	}
	return r
}
