package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// views reads through operations that only give a part or another shape of something: a slice of a concatenation is
// one of its parts, and slices in a row are a piece of the whole.
//
// stale says that values were replaced since the code was last sorted.
func (k *Code) views(stale bool) {
	for _, v := range k.Order {
		if v.instead != nil {
			continue
		}
		for i := range v.operands() {
			v.setOperand(i, v.operand(i).now())
		}
		if v.onto == nil {
			stale = v.simplify() || stale
		}
	}
	if stale {
		k.sort()
	}
	k.findUsers()
}

// simplify has v read what its operands are views of, if it is a view itself, and tells whether anything changed.
func (v *Value) simplify() (changed bool) {
	switch o := v.Op.(type) {
	case op.Reshape:
		changed = v.readThrough(0)
		if slices.Equal(v.Shape, v.In[0].Shape) {
			v.replace(v.In[0])
		}
	case op.Slice:
		changed = v.readThrough(0)
		changed = viewSlice(v, o) || changed
	case *op.Concat:
		for i := range v.In {
			changed = v.readThrough(i) || changed
		}
		changed = viewConcat(v, o) || changed
	case op.Add:
		if len(v.In) == 1 {
			v.replace(shaped(v, v.In[0], v.Shape))
		}
	}
	return changed || v.instead != nil
}

// readThrough has v read an operand without its change of shape.
func (v *Value) readThrough(i int) bool {
	before := v.In[i]
	v.In[i] = unshaped(before)
	return v.In[i] != before
}

// unshaped is v without changes of shape, for readers that see elements only.
func unshaped(v *Value) *Value {
	for is[op.Reshape](v) {
		v = v.In[0].now()
	}
	return v
}

// shaped is v in another shape.
func shaped(from, v *Value, shape []int) *Value {
	if slices.Equal(v.Shape, shape) {
		return v
	}
	return derived(from, op.Reshape{}, shape, v)
}

// viewSlice looks at what a slice is taken from. It tells whether the slice is taken from something else now.
func viewSlice(v *Value, o op.Slice) bool {
	in := v.In[0]
	if o.Start == 0 && o.End == o.N {
		v.replace(shaped(v, in, v.Shape))
		return false
	}
	if c, ok := opOf[*op.Concat](in); ok && in.onto == nil && c.Outer == o.Outer && c.Total()*c.Inner == o.N*o.Inner {
		if part, ok := c.Part(o.Start*o.Inner, o.End*o.Inner); ok {
			v.replace(shaped(v, unshaped(in.In[part].now()), v.Shape))
		}
		return false
	}
	if s, ok := opOf[op.Slice](in); ok && in.onto == nil && s.Outer == 1 && o.Outer == 1 {
		first, total := s.Start*s.Inner, s.N*s.Inner
		if first%o.Inner == 0 && total%o.Inner == 0 {
			v.Op = op.Slice{Outer: 1, N: total / o.Inner, Inner: o.Inner, Start: o.Start + first/o.Inner, End: o.End + first/o.Inner}
			v.In[0] = source(in)
			return true
		}
	}
	return false
}

// source is what a slice is taken from.
func source(v *Value) *Value { return unshaped(v.In[0].now()) }

// viewConcat finds parts that are slices of one value, in a row. It tells whether the value is a slice now.
func viewConcat(v *Value, o *op.Concat) bool {
	if len(v.In) == 1 {
		v.replace(shaped(v, v.In[0], v.Shape))
		return false
	}
	first, ok := opOf[op.Slice](v.In[0])
	if !ok || v.In[0].onto != nil || first.Outer != o.Outer {
		return false
	}
	src, at := source(v.In[0]), first.Start*first.Inner
	end := at
	for i, in := range v.In {
		s, ok := opOf[op.Slice](in)
		if !ok || in.onto != nil || source(in) != src || s.Outer != o.Outer {
			return false
		}
		if s.Start*s.Inner != end || (s.End-s.Start)*s.Inner != o.Len(i)*o.Inner {
			return false
		}
		end = s.End * s.Inner
	}
	total := src.size() / o.Outer
	if at == 0 && end == total {
		v.replace(shaped(v, src, v.Shape))
		return false
	}
	v.Op, v.In = op.Slice{Outer: o.Outer, N: total, Inner: 1, Start: at, End: end}, []*Value{src}
	return true
}
