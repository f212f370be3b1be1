package graph

import "slices"

// batcher remembers which values lie next to each other.
type batcher struct {
	*code
	homes map[*value]home
	// barred tells that a home holds values which depend on what is being batched: reading it would close a circle.
	barred func(*value) bool
}

// home is where a value's elements can be found as a part of another value.
type home struct {
	in *value
	at int // first element
}

func (b *batcher) findHomes() {
	for _, v := range b.order {
		if c, ok := opOf[*concat](v); ok && v.onto == nil && c.outer == 1 {
			b.settle(v)
		}
	}
}

// settle makes a concatenation the home of those of its parts that have none.
func (b *batcher) settle(v *value) {
	at := 0
	for _, in := range v.in {
		if part := unshaped(in); b.homes[part].in == nil {
			b.homes[part] = home{v, at}
		}
		at += in.size()
	}
}

// home returns where v lies; the zero home if it stands alone.
func (b *batcher) home(v *value) home {
	v = unshaped(v)
	if s, ok := opOf[slice](v); ok && v.onto == nil && s.outer == 1 {
		return home{source(v), s.start * s.inner}
	}
	h := b.homes[v]
	if h.in != nil && b.barred != nil && b.barred(h.in) {
		return home{}
	}
	return h
}

// bar sets barred from what holds for values in the order. A home that is not in the order yet is barred if one of its
// parts is.
func (b *batcher) bar(late func(*value) bool) {
	b.barred = func(h *value) bool {
		if h.id != unlinked {
			return late(h)
		}
		return slices.ContainsFunc(h.in, func(part *value) bool { return part.id != unlinked && late(part) })
	}
}

// adjoining tells whether v lies right behind u.
func (b *batcher) adjoining(u, v *value) bool {
	hu, hv := b.home(u), b.home(v)
	return hu.in != nil && hu.in == hv.in && hu.at+u.size() == hv.at
}

// rows returns the values as one matrix of their last dimension, in order.
func (b *batcher) rows(vs []*value) *value {
	cols := lastDim(vs[0].shape)
	n := 0
	together := b.home(vs[0]).in != nil
	for i, v := range vs {
		n += v.size() / cols
		together = together && (i == 0 || b.adjoining(vs[i-1], v))
	}
	if h := b.home(vs[0]); together && h.at%cols == 0 && h.in.size()%cols == 0 {
		if h.at == 0 && h.in.size() == n*cols {
			return shaped(vs[0], h.in, []int{n, cols})
		}
		s := slice{outer: 1, n: h.in.size() / cols, inner: cols, start: h.at / cols, end: h.at/cols + n}
		return derived(vs[0], s, []int{n, cols}, h.in)
	}
	c := &concat{outer: 1, inner: cols}
	for _, v := range vs {
		c.sizes = append(c.sizes, v.size()/cols)
	}
	all := derived(vs[0], c, []int{n, cols}, slices.Clone(vs)...)
	b.settle(all)
	return all
}

func lastDim(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}
