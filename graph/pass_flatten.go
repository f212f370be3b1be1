package graph

import "slices"

// flatten makes one sum of sums of sums, and of the gradients of a tensor's parts the tensor: what slices of a
// sequence send back, each padded with zeros to the whole length, is a concatenation.
func (k *code) flatten() {
	for _, v := range k.order {
		if !is[add](v) {
			continue
		}
		var terms []*value
		for i, t := range v.in {
			// A forward sum keeps its order, so that a single step, which ends between sums, gives a sequence's bits.
			if t = t.now(); is[add](t) && t.sole() == v && slices.Equal(t.shape, v.shape) && (i == 0 || v.backward) {
				terms = append(terms, t.in...)
			} else {
				terms = append(terms, t)
			}
		}
		v.in = joinPads(v, terms)
		if len(v.in) == 1 {
			v.replace(shaped(v, v.in[0], v.shape))
		}
	}
	k.link()
	k.views()
}

// joinPads replaces the padded terms of a sum that cover the whole by concatenations; where several terms pad the
// same part, each set that covers the whole becomes one.
func joinPads(sum *value, terms []*value) []*value {
	var pads, rest []*value
	for _, t := range terms {
		if is[pad](t) && t.sole() == sum {
			pads = append(pads, t)
		} else {
			rest = append(rest, t)
		}
	}
	for len(pads) > 1 {
		set, others := cover(pads)
		if set == nil {
			break
		}
		first := set[0].op.(pad)
		c := &concat{outer: first.outer, inner: first.inner}
		in := make([]*value, len(set))
		for i, p := range set {
			o := p.op.(pad)
			in[i], c.sizes = p.in[0], append(c.sizes, o.end-o.start)
		}
		rest, pads = append(rest, derived(sum, c, sum.shape, in...)), others
	}
	return append(rest, pads...)
}

// cover picks pads that fill the whole, each element once, in order, and returns them and the others; nil if there
// are none.
func cover(pads []*value) (set, others []*value) {
	sorted := slices.Clone(pads)
	slices.SortStableFunc(sorted, func(a, b *value) int { return a.op.(pad).start - b.op.(pad).start })
	first := sorted[0].op.(pad)
	end := 0
	for _, p := range sorted {
		o := p.op.(pad)
		if o.outer != first.outer || o.n != first.n || o.inner != first.inner {
			return nil, nil
		}
		if o.start == end {
			set, end = append(set, p), o.end
		} else {
			others = append(others, p)
		}
	}
	if end != first.n {
		return nil, nil
	}
	return set, others
}
