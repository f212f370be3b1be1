package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// batcher remembers which values lie next to each other.
type batcher struct {
	*Code
	layouts map[*Value]layout
	// excluded tells that a layout holds values which depend on what is being batched: reading it would close a circle.
	excluded func(*Value) bool
}

// layout is where a value's elements can be found as a part of another value.
type layout struct {
	in *Value
	at int // first element
}

func (b *batcher) findLayouts() {
	for _, v := range b.Order {
		if c, ok := opOf[*op.Concat](v); ok && v.onto == nil && c.Outer == 1 {
			b.lay(v)
		}
	}
}

// lay makes a concatenation the layout of those of its parts that have none.
func (b *batcher) lay(v *Value) {
	at := 0
	for _, in := range v.In {
		if part := unshaped(in); b.layouts[part].in == nil {
			b.layouts[part] = layout{v, at}
		}
		at += in.size()
	}
}

// layoutOf returns where v lies; the zero layout if it stands alone.
func (b *batcher) layoutOf(v *Value) layout {
	v = unshaped(v)
	if s, ok := opOf[op.Slice](v); ok && v.onto == nil && s.Outer == 1 {
		return layout{source(v), s.Start * s.Inner}
	}
	h := b.layouts[v]
	if h.in != nil && b.excluded != nil && b.excluded(h.in) {
		return layout{}
	}
	return h
}

// exclude sets excluded from what holds for values in the order. A layout that is not in the order yet is excluded if one of its
// parts is.
func (b *batcher) exclude(late func(*Value) bool) {
	b.excluded = func(h *Value) bool {
		if h.id != unlinked {
			return late(h)
		}
		return slices.ContainsFunc(h.In, func(part *Value) bool { return part.id != unlinked && late(part) })
	}
}

// adjoining tells whether v lies right behind u.
func (b *batcher) adjoining(u, v *Value) bool {
	hu, hv := b.layoutOf(u), b.layoutOf(v)
	return hu.in != nil && hu.in == hv.in && hu.at+u.size() == hv.at
}

// rows returns the values as one matrix of their last dimension, in order.
func (b *batcher) rows(vs []*Value) *Value {
	cols := op.LastDim(vs[0].Shape)
	n := 0
	together := b.layoutOf(vs[0]).in != nil
	for i, v := range vs {
		n += v.size() / cols
		together = together && (i == 0 || b.adjoining(vs[i-1], v))
	}
	if h := b.layoutOf(vs[0]); together && h.at%cols == 0 && h.in.size()%cols == 0 {
		if h.at == 0 && h.in.size() == n*cols {
			return shaped(vs[0], h.in, []int{n, cols})
		}
		s := op.Slice{Outer: 1, N: h.in.size() / cols, Inner: cols, Start: h.at / cols, End: h.at/cols + n}
		return derived(vs[0], s, []int{n, cols}, h.in)
	}
	c := op.NewConcat(1, cols)
	all := derived(vs[0], c, []int{n, cols}, slices.Clone(vs)...)
	for _, v := range vs {
		c.Append(v.size() / cols)
		all.Segment = max(all.Segment, v.Segment) // who computes again reads what was kept, too
	}
	b.lay(all)
	return all
}
