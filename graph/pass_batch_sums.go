package graph

import "slices"

// sums batches the products and the reductions that are terms of one sum.
func (b *batcher) sums() {
	var sums []*value
	for _, v := range b.order {
		if is[add](v) {
			sums = append(sums, v)
		}
	}
	for _, settled := range []bool{true, false} { // sums whose operands have a home set the order for the others
		for _, v := range sums {
			b.sumOfProducts(v, settled)
		}
	}
	for _, v := range sums {
		b.sumOfRows(v)
	}
	b.barred = nil
	b.link()
}

// barDependents bars homes that depend on v.
func (b *batcher) barDependents(v *value) {
	b.barred = nil
	if len(v.users) == 0 { // as is usual: gradients leave the program
		return
	}
	b.link()
	depends := make([]bool, len(b.order))
	depends[v.id] = true
	for _, u := range b.order[v.id:] {
		for i := range u.operands() {
			depends[u.id] = depends[u.id] || depends[u.operand(i).id]
		}
	}
	b.bar(func(u *value) bool { return depends[u.id] })
}

// terms splits a sum's terms into those that fit and the others.
func terms(v *value, fits func(*value) bool) (chosen, others []*value) {
	for _, t := range v.in {
		if t.sole() == v && t.onto == nil && fits(t) {
			chosen = append(chosen, t)
		} else {
			others = append(others, t)
		}
	}
	return chosen, others
}

// sumOfProducts replaces Σ a_tᵀ·b_t. With settled, it does so only if all of one side's operands have a home.
func (b *batcher) sumOfProducts(v *value, settled bool) {
	products, others := terms(v, func(t *value) bool {
		o, ok := opOf[matmul](t)
		return ok && o.transA
	})
	if len(products) < 2 {
		return
	}
	b.barDependents(v)
	side, ok := b.settledSide(products)
	if settled && !ok {
		return
	}
	slices.SortStableFunc(products, func(p, q *value) int {
		hp, hq := b.home(p.in[side]), b.home(q.in[side])
		if c := int(idOf(hp.in) - idOf(hq.in)); c != 0 {
			return c
		}
		if hp.in == nil { // in the order of the forward pass, which made one of the operands
			return int(min(p.in[0].key, p.in[1].key) - min(q.in[0].key, q.in[1].key))
		}
		return hp.at - hq.at
	})
	for s := range 2 { // operands that stand alone move together
		b.gather(products, s)
	}
	for len(products) > 0 {
		run := 1
		for run < len(products) && b.adjoining(products[run-1].in[0], products[run].in[0]) &&
			b.adjoining(products[run-1].in[1], products[run].in[1]) {
			run++
		}
		others = append(others, b.product(v, products[:run]))
		products = products[run:]
	}
	v.in = others
}

func idOf(v *value) int64 {
	if v == nil {
		return -1
	}
	return v.name
}

// settledSide finds the side of the products whose operands all lie in one place, or most of them.
func (b *batcher) settledSide(products []*value) (side int, all bool) {
	var count [2]int
	for s := range 2 {
		h := b.home(products[len(products)-1].in[s]).in
		for _, p := range products {
			if h != nil && b.home(p.in[s]).in == h {
				count[s]++
			}
		}
	}
	if count[1] > count[0] {
		side = 1
	}
	return side, count[side] == len(products)
}

// gather gives the operands of one side a home, if none of them has one and all are different.
func (b *batcher) gather(products []*value, side int) {
	seen := map[*value]bool{}
	vs := make([]*value, len(products))
	for i, p := range products {
		v := unshaped(p.in[side])
		if seen[v] || b.home(v).in != nil {
			return
		}
		seen[v] = true
		vs[i] = p.in[side]
	}
	b.rows(vs)
}

// product is the sum of products whose operands are neighbours.
func (b *batcher) product(sum *value, products []*value) *value {
	if len(products) == 1 {
		return products[0]
	}
	var sides [2][]*value
	for _, p := range products {
		sides[0], sides[1] = append(sides[0], p.in[0]), append(sides[1], p.in[1])
	}
	return b.early(products, derived(sum, products[0].op, products[0].shape, b.rows(sides[0]), b.rows(sides[1])))
}

// early gives v the first place in time of the values that it stands for, so that it runs as soon as it can.
func (b *batcher) early(vs []*value, v *value) *value {
	for _, u := range vs {
		v.key = min(v.key, u.key)
	}
	return v
}

// sumOfRows replaces the sum over t of the sums over the rows of a_t.
func (b *batcher) sumOfRows(v *value) {
	var first sum
	terms, others := terms(v, func(t *value) bool {
		o, ok := opOf[sum](t)
		if ok && first.inner == 0 {
			first = o
		}
		return ok && o.outer == 1 && o.inner > 1 && o.inner == first.inner && lastDim(t.in[0].shape) == o.inner
	})
	if len(terms) < 2 {
		return
	}
	b.barDependents(v)
	slices.SortStableFunc(terms, func(p, q *value) int { return b.home(p.in[0]).at - b.home(q.in[0]).at })
	operands := make([]*value, len(terms))
	for i, t := range terms {
		operands[i] = t.in[0]
	}
	all := b.rows(operands)
	total := derived(v, sum{outer: 1, n: all.size() / first.inner, inner: first.inner}, terms[0].shape, all)
	v.in = append(others, b.early(terms, total))
}
