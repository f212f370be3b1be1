package graph

import "slices"

// batch makes one large product of many small ones. An unrolled network multiplies by the same weight at every step:
//
//   - x_t·W for all t is X·W, if no x_t depends on one of the products, as is so for the input of a layer and for the
//     gradient of that input, but not for a recurrence;
//   - Σ_t a_tᵀ·b_t, the gradient of a weight, is Aᵀ·B over all rows of all steps;
//   - Σ_t of the columns of a_t, the gradient of a bias, is that over all rows.
//
// The operands X, A and B are concatenations, which cost nothing when their parts are computed where they belong.
// Products of the forward pass come first: they decide the order in which values lie in memory.
func (k *code) batch() {
	b := &batcher{code: k, homes: map[*value]home{}}
	b.findHomes()
	b.products(false)
	b.sums()
	b.products(true)
	b.barred = nil
	k.link()
	k.views()
}

// products batches products with the same second operand.
func (b *batcher) products(backward bool) {
	type family struct {
		op matmul
		w  *value
	}
	members := map[family][]*value{}
	var order []family
	for _, v := range b.order {
		if o, ok := opOf[matmul](v); ok && v.onto == nil && !o.transA && v.backward == backward {
			f := family{o, v.in[1]}
			if members[f] == nil {
				order = append(order, f)
			}
			members[f] = append(members[f], v)
		}
	}
	stale := false // values have been added since the last link
	for _, f := range order {
		if len(members[f]) == 1 {
			stale = takeBias(members[f][0]) || stale
			continue
		}
		if stale {
			b.link()
			stale = false
		}
		groups, level := b.levels(members[f])
		changed := false
		for l, batch := range groups {
			if len(batch) > 1 {
				b.bar(func(v *value) bool { return level[v.id] > l })
				b.multiply(f.op, f.w.now(), batch)
				changed = true
			}
		}
		if changed {
			b.link()
		}
	}
	if stale {
		b.link()
	}
}

// levels groups values so that none depends on another of its group. The level of any value is the number of the
// first group on which it does not depend.
func (b *batcher) levels(members []*value) (groups [][]*value, level []int) {
	if len(members) < 2 {
		return nil, nil
	}
	step := make([]int, len(b.order))
	level = make([]int, len(b.order))
	for _, m := range members {
		step[m.id] = 1
	}
	for _, v := range b.order {
		for i := range v.operands() {
			in := v.operand(i).id
			level[v.id] = max(level[v.id], level[in]+step[in])
		}
	}
	for _, m := range members {
		l := level[m.id]
		for len(groups) <= l {
			groups = append(groups, nil)
		}
		groups[l] = append(groups[l], m)
	}
	return groups, level
}

// multiply replaces products by slices of one. What every member adds to its product, a bias, is added there too.
func (b *batcher) multiply(o matmul, w *value, members []*value) {
	b.arrange(members)
	left := make([]*value, len(members))
	for i, m := range members {
		left[i] = m.in[0]
	}
	all := b.rows(left)
	n := lastDim(members[0].shape)
	rows := all.size() / lastDim(all.shape)
	product := derived(members[0], o, []int{rows, n}, all, w)
	b.early(members, product)
	if bias := commonBias(members); len(bias) > 0 {
		o.bias = true
		product.op = o
		product.in = append(product.in, sumOf(product, bias))
	}
	at := 0
	for _, m := range members {
		end := at + m.size()/n
		s := derived(m, slice{outer: 1, n: rows, inner: n, start: at, end: end}, m.shape, product)
		m.replace(s)
		at = end
	}
}

// arrange puts products into the order in which their operands lie, or their results will.
func (b *batcher) arrange(members []*value) {
	place := func(v *value) home {
		if h := b.home(v.in[0]); h.in != nil {
			return h
		}
		return b.home(v)
	}
	first := place(members[0])
	for _, m := range members {
		if h := place(m); h.in == nil || h.in != first.in {
			return
		}
	}
	slices.SortStableFunc(members, func(u, v *value) int { return place(u).at - place(v).at })
}
