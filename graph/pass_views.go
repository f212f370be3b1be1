package graph

import "slices"

// views reads through operations that only give a part or another shape of something: a slice of a concatenation is
// one of its parts, and slices in a row are a piece of the whole.
func (k *code) views() {
	for _, v := range k.order {
		for i := range v.operands() {
			v.setOperand(i, v.operand(i).now())
		}
		if v.onto != nil {
			continue
		}
		switch o := v.op.(type) {
		case reshape:
			v.in[0] = unshaped(v.in[0])
			if slices.Equal(v.shape, v.in[0].shape) {
				v.replace(v.in[0])
			}
		case slice:
			v.in[0] = unshaped(v.in[0])
			viewSlice(v, o)
		case *concat:
			for i, in := range v.in {
				v.in[i] = unshaped(in)
			}
			viewConcat(v, o)
		case add:
			if len(v.in) == 1 {
				v.replace(shaped(v, v.in[0], v.shape))
			}
		}
	}
	k.link()
}

// unshaped is v without changes of shape, for readers that see elements only.
func unshaped(v *value) *value {
	for is[reshape](v) {
		v = v.in[0].now()
	}
	return v
}

// shaped is v in another shape.
func shaped(from, v *value, shape []int) *value {
	if slices.Equal(v.shape, shape) {
		return v
	}
	return derived(from, reshape{}, shape, v)
}

// viewSlice looks at what a slice is taken from.
func viewSlice(v *value, o slice) {
	in := v.in[0]
	if o.start == 0 && o.end == o.n {
		v.replace(shaped(v, in, v.shape))
		return
	}
	if c, ok := opOf[*concat](in); ok && in.onto == nil && c.outer == o.outer && c.total()*c.inner == o.n*o.inner {
		if part, ok := c.part(o.start*o.inner, o.end*o.inner); ok {
			v.replace(shaped(v, unshaped(in.in[part].now()), v.shape))
		}
		return
	}
	if s, ok := opOf[slice](in); ok && in.onto == nil && s.outer == 1 && o.outer == 1 {
		first, total := s.start*s.inner, s.n*s.inner
		if first%o.inner == 0 && total%o.inner == 0 {
			v.op = slice{outer: 1, n: total / o.inner, inner: o.inner, start: o.start + first/o.inner, end: o.end + first/o.inner}
			v.in[0] = source(in)
		}
	}
}

// source is what a slice is taken from.
func source(v *value) *value { return unshaped(v.in[0].now()) }

// viewConcat finds parts that are slices of one value, in a row.
func viewConcat(v *value, o *concat) {
	if len(v.in) == 1 {
		v.replace(shaped(v, v.in[0], v.shape))
		return
	}
	first, ok := opOf[slice](v.in[0])
	if !ok || v.in[0].onto != nil || first.outer != o.outer {
		return
	}
	src, at := source(v.in[0]), first.start*first.inner
	end := at
	for i, in := range v.in {
		s, ok := opOf[slice](in)
		if !ok || in.onto != nil || source(in) != src || s.outer != o.outer || s.start*s.inner != end || (s.end-s.start)*s.inner != o.sizes[i]*o.inner {
			return
		}
		end = s.end * s.inner
	}
	total := src.size() / o.outer
	if at == 0 && end == total {
		v.replace(shaped(v, src, v.shape))
		return
	}
	v.op, v.in = slice{outer: o.outer, n: total, inner: 1, start: at, end: end}, []*value{src}
}
