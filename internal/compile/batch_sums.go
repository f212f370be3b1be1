package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// sums batches the products and the reductions that are terms of one sum.
func (b *batcher) sums() {
	var sums []*Value
	for _, v := range b.Order {
		if is[op.Add](v) {
			sums = append(sums, v)
		}
	}
	for _, settled := range []bool{true, false} { // sums whose operands have a layout set the order for the others
		for _, v := range sums {
			b.sumOfProducts(v, settled)
		}
	}
	for _, v := range sums {
		b.sumOfRows(v)
		b.sumOfSegments(v)
	}
	b.excluded = nil
	b.Link()
}

// sumOfSegments adds up the terms of one segment after those of another, in their order, so that they need not wait in
// memory for all of them. Products and reductions are added where the sum lies anyway, see accumulate.
func (b *batcher) sumOfSegments(v *Value) {
	plain, others := terms(v, func(t *Value) bool {
		_, adds := t.Op.(op.Adder)
		return !adds && t.size() == v.size()
	})
	sets := bySegment(plain)
	if len(sets) < 2 || len(plain) == len(sets) {
		return
	}
	var sum *Value
	for _, set := range sets {
		in := set
		if sum != nil {
			in = append([]*Value{sum}, set...)
		}
		if sum = in[0]; len(in) > 1 {
			sum = b.advance(set, derived(v, op.Add{}, v.Shape, in...))
			sum.Segment = set[0].Segment
		}
	}
	v.In = append([]*Value{sum}, others...)
}

// excludeDependents excludes layouts that depend on v.
func (b *batcher) excludeDependents(v *Value) {
	b.excluded = nil
	if len(v.users) == 0 { // as is usual: gradients leave the program
		return
	}
	b.Link()
	depends := make([]bool, len(b.Order))
	depends[v.id] = true
	for _, u := range b.Order[v.id:] {
		for i := range u.operands() {
			depends[u.id] = depends[u.id] || depends[u.operand(i).id]
		}
	}
	b.exclude(func(u *Value) bool { return depends[u.id] })
}

// terms splits a sum's terms into those that fit and the others.
func terms(v *Value, fits func(*Value) bool) (chosen, others []*Value) {
	for _, t := range v.In {
		if t.sole() == v && t.onto == nil && fits(t) {
			chosen = append(chosen, t)
		} else {
			others = append(others, t)
		}
	}
	return chosen, others
}

// sumOfProducts replaces Σ a_tᵀ·b_t. With settled, it does so only if all of one side's operands have a layout.
func (b *batcher) sumOfProducts(v *Value, settled bool) {
	products, others := terms(v, func(t *Value) bool {
		o, ok := opOf[op.MatMul](t)
		return ok && o.TransA
	})
	if len(products) < 2 {
		return
	}
	b.excludeDependents(v)
	sets := bySegment(products)
	for _, set := range sets {
		if _, ok := b.laidSide(set); settled && !ok {
			return
		}
	}
	for _, set := range sets {
		others = append(others, b.sumOfSet(v, set)...)
	}
	v.In = others
}

// sumOfSet makes the sum of products of few.
func (b *batcher) sumOfSet(v *Value, products []*Value) (sums []*Value) {
	side, _ := b.laidSide(products)
	slices.SortStableFunc(products, func(p, q *Value) int {
		hp, hq := b.layoutOf(p.In[side]), b.layoutOf(q.In[side])
		if c := int(idOf(hp.in) - idOf(hq.in)); c != 0 {
			return c
		}
		if hp.in == nil { // in the order of the forward pass, which made one of the operands
			return int(min(p.In[0].Key, p.In[1].Key) - min(q.In[0].Key, q.In[1].Key))
		}
		return hp.at - hq.at
	})
	for s := range 2 { // operands that stand alone move together
		b.joinOperands(products, s)
	}
	for len(products) > 0 {
		run := 1
		for run < len(products) && b.adjoining(products[run-1].In[0], products[run].In[0]) &&
			b.adjoining(products[run-1].In[1], products[run].In[1]) {
			run++
		}
		sums = append(sums, b.product(v, products[:run]))
		products = products[run:]
	}
	return sums
}

func idOf(v *Value) int64 {
	if v == nil {
		return -1
	}
	return v.Name
}

// laidSide finds the side of the products whose operands all lie in one layout, or most of them.
func (b *batcher) laidSide(products []*Value) (side int, all bool) {
	var count [2]int
	for s := range 2 {
		h := b.layoutOf(products[len(products)-1].In[s]).in
		for _, p := range products {
			if h != nil && b.layoutOf(p.In[s]).in == h {
				count[s]++
			}
		}
	}
	if count[1] > count[0] {
		side = 1
	}
	return side, count[side] == len(products)
}

// joinOperands gives the operands of one side a layout, if none of them has one and all are different.
func (b *batcher) joinOperands(products []*Value, side int) {
	seen := map[*Value]bool{}
	vs := make([]*Value, len(products))
	for i, p := range products {
		v := unshaped(p.In[side])
		if seen[v] || b.layoutOf(v).in != nil {
			return
		}
		seen[v] = true
		vs[i] = p.In[side]
	}
	b.rows(vs)
}

// product is the sum of products whose operands are neighbours.
func (b *batcher) product(sum *Value, products []*Value) *Value {
	if len(products) == 1 {
		return products[0]
	}
	var sides [2][]*Value
	for _, p := range products {
		sides[0], sides[1] = append(sides[0], p.In[0]), append(sides[1], p.In[1])
	}
	p := derived(sum, products[0].Op, products[0].Shape, b.rows(sides[0]), b.rows(sides[1]))
	p.Segment = products[0].Segment
	return b.advance(products, p)
}

// advance gives v the first place in time of the values that it stands for, so that it runs as soon as it can.
func (b *batcher) advance(vs []*Value, v *Value) *Value {
	for _, u := range vs {
		v.Key = min(v.Key, u.Key)
	}
	return v
}

// sumOfRows replaces the sum over t of the sums over the rows of a_t.
func (b *batcher) sumOfRows(v *Value) {
	var first op.Sum
	terms, others := terms(v, func(t *Value) bool {
		o, ok := opOf[op.Sum](t)
		if ok && first.Inner == 0 {
			first = o
		}
		return ok && o.Outer == 1 && o.Inner > 1 && o.Inner == first.Inner && op.LastDim(t.In[0].Shape) == o.Inner
	})
	if len(terms) < 2 {
		return
	}
	b.excludeDependents(v)
	for _, set := range bySegment(terms) {
		slices.SortStableFunc(set, func(p, q *Value) int { return b.layoutOf(p.In[0]).at - b.layoutOf(q.In[0]).at })
		operands := make([]*Value, len(set))
		for i, t := range set {
			operands[i] = t.In[0]
		}
		all := b.rows(operands)
		total := derived(v, op.Sum{Outer: 1, N: all.size() / first.Inner, Inner: first.Inner}, set[0].Shape, all)
		total.Segment = set[0].Segment
		others = append(others, b.advance(set, total))
	}
	v.In = others
}
