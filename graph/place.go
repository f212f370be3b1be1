package graph

import (
	"slices"

	"gorgonia.org/tensor"
)

// claimStores has gradients computed straight into the memory of their parameters.
func (p *planner) claimStores() {
	for _, e := range p.exits {
		v := e.value
		if !e.own || v.leaf != nil || isView(v) || p.mem[v.id] != nil {
			continue
		}
		mem := operandOf(e.dst)
		p.assign(v, newRegion(v.shape, &mem))
	}
}

// seats decides which values are computed into a part of a larger one: the parts of concatenations, and what a seated
// value is added onto. The last values come first, so that a part of a part finds its host seated.
func (p *planner) seats() {
	strided := make([]bool, len(p.order)) // of each value: whether its rows will lie apart
	for i := len(p.order) - 1; i >= 0; i-- {
		v := p.order[i]
		if c, ok := opOf[*concat](v); ok {
			rows, cols := matrixOf(v.shape)
			for j, part := range v.in {
				apart := strided[v.id] || c.outer > 1
				if !p.seatable(part) {
					continue
				}
				r, w := matrixOf(part.shape)
				switch {
				case c.outer > 1 && (r != c.outer || w != c.sizes[j]*c.inner || rows != c.outer || cols != c.total()*c.inner):
					continue
				case c.outer == 1 && strided[v.id] && w != cols:
					continue
				case apart && !(p.strides(part) && p.acceptsStrides(part)):
					continue
				}
				p.sits[part.id] = seat{v, j}
				strided[part.id] = apart && r > 1
			}
		}
		if base := v.onto; base != nil && (p.sits[v.id].host != nil || p.mem[v.id] != nil) && p.seatable(base) && base.readers() == 1 &&
			(!strided[v.id] || p.strides(base)) && slices.Equal(base.shape, v.shape) {
			p.sits[base.id] = seat{v, own}
			strided[base.id] = strided[v.id]
		}
	}
}

// seatable tells whether a value can be computed wherever one likes.
func (p *planner) seatable(v *value) bool {
	return v.leaf == nil && !isView(v) && !is[packing](v) && p.mem[v.id] == nil && p.sits[v.id].host == nil
}

// settle finds the place of a value when its step comes up.
func (p *planner) settle(s *step, v *value) {
	if p.mem[v.id] == nil && !is[packing](v) {
		switch {
		case v.leaf != nil:
			mem := operandOf(p.leafValue(v.leaf))
			p.assign(v, newRegion(v.shape, &mem))
		case p.sits[v.id].host != nil:
			p.seat(v)
		case v.onto != nil && p.overwrites(v, v.onto):
			p.assign(v, p.mem[v.onto.id])
		case p.inner[v.id]: // it exists only while its step runs
		default:
			if r := p.inPlace(s, v); r != nil {
				p.assign(v, r)
			} else {
				p.assign(v, newRegion(v.shape, nil))
			}
		}
	}
	if r := p.mem[v.id]; r != nil {
		p.use(r.buf, s)
	}
	for i := range v.operands() {
		if r := p.mem[v.operand(i).id]; r != nil && !(isView(v) && p.shares(v)) {
			p.use(r.buf, s)
		}
	}
}

// leafValue is the memory of a leaf in this program.
func (p *planner) leafValue(l *leaf) *tensor.Dense {
	if v, ok := p.inputs[l]; ok {
		return v
	}
	return l.value
}

// use extends the life of a buffer to a step.
func (p *planner) use(b *buffer, s *step) {
	if b.first < 0 {
		b.first = s.index
	}
	b.last = max(b.last, s.index)
}

// shares tells whether a view lies in its operand's memory, and needs no copy.
func (p *planner) shares(v *value) bool {
	r, of := p.mem[v.id], p.mem[v.in[0].id]
	return r != nil && of != nil && r.buf == of.buf && p.sits[v.id].host == nil
}

// seat gives a value its part of the host's region.
func (p *planner) seat(v *value) {
	s := p.sits[v.id]
	host := p.mem[s.host.id]
	if host == nil {
		if p.sits[s.host.id].host != nil {
			p.seat(s.host)
		} else {
			p.assign(s.host, newRegion(s.host.shape, nil))
		}
		host = p.mem[s.host.id]
	}
	if s.part == own {
		p.assign(v, host)
		return
	}
	c := s.host.op.(*concat)
	c.total()
	first, n := c.starts[s.part]*c.inner, c.sizes[s.part]*c.inner
	if c.outer > 1 {
		p.assign(v, host.columns(first, n))
	} else {
		p.assign(v, host.elements(first, n, lastDim(v.shape)))
	}
}

// assign puts a value into a region, and the views of it into parts of that.
func (p *planner) assign(v *value, r *region) {
	p.mem[v.id] = r
	if v.exits > 0 || v.frozen && v.leaf == nil {
		r.readAt(ever)
	}
	for _, u := range v.users {
		if is[*concat](u) && p.sits[v.id].host == u {
			continue
		}
		if isView(u) && p.mem[u.id] == nil {
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
func (p *planner) view(u *value, r *region) *region {
	part := rectangle(u, r)
	if part == nil {
		return nil
	}
	apart := !part.compact()
	if apart && !p.acceptsStrides(u) || apart && !p.on["place"] {
		r.parts = r.parts[:len(r.parts)-1]
		return nil
	}
	return part
}

// rectangle is the part of r that a view is; nil if its elements are none.
func rectangle(u *value, r *region) *region {
	rows, cols := matrixOf(u.shape)
	switch o := u.op.(type) {
	case reshape:
		return r.elements(0, rows*cols, cols)
	case slice:
		switch {
		case o.outer == 1:
			return r.elements(o.start*o.inner, rows*cols, cols)
		case o.outer == r.rows && o.n*o.inner == r.cols && rows == o.outer:
			return r.columns(o.start*o.inner, cols)
		}
	}
	return nil
}

// overwrites tells whether v, which is added onto base, can be computed in base's memory.
func (p *planner) overwrites(v, base *value) bool {
	r := p.mem[base.id]
	at := p.at[v.id]
	if r == nil || !r.compact() && !(slices.Equal(v.shape, base.shape) && p.strides(v) && p.acceptsStrides(v)) {
		return false
	}
	for _, in := range v.in { // the product must not read what it overwrites
		if q := p.mem[in.id]; q != nil && q.buf == r.buf && q.overlaps(r) {
			return false
		}
	}
	return r.free(at, at)
}

// inPlace finds an operand of an element-wise value that nobody reads any more, whose memory the result can take.
func (p *planner) inPlace(s *step, v *value) *region {
	if !p.on["place"] || !p.on["fuse"] || !p.tiled(v) {
		return nil
	}
	start := p.at[s.values[0].id]
	for i, in := range v.in {
		r := p.mem[in.id]
		if r == nil || in.size() != v.size() || lastDim(in.shape) != lastDim(v.shape) {
			continue
		}
		if is[add](v) && slices.Contains(v.in[min(2, len(v.in)):], v.in[i]) {
			continue // a long sum reads it after it has written the sum of the first two
		}
		if r.free(start, p.at[v.id]) && (r.compact() || p.acceptsStrides(v)) {
			return r
		}
	}
	return nil
}
