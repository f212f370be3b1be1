package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// batch makes one large product of many small ones. An unrolled network multiplies by the same weight at every step:
//
//   - x_t·W for all t is X·W, if no x_t depends on one of the products, as is so for the input of a layer and for the
//     gradient of that input, but not for a recurrence;
//   - Σ_t a_tᵀ·b_t, the gradient of a weight, is Aᵀ·B over all rows of all steps;
//   - Σ_t of the columns of a_t, the gradient of a bias, is that over all rows.
//
// The operands X, A and B are concatenations, which cost nothing when their parts are computed where they belong.
// Products of the forward pass come first: they decide the order in which values lie in memory.
//
// x_0·W and x_1·W, without the pass:
//
//	0  @0          = %4 matmul A·B x[0:1] w  [5 4]
//	1  @32         = %5 matmul A·B x[1:2] w  [5 4]
//	2  @64         = %6 tanh %5  [5 4]
//	3  own+0       = %7 mul %4 %6  [5 4]
//
// and with it:
//
//	0  @0          = %3 matmul A·B x w  [10 4]
//	1  @48         = %6 tanh %3[5:10]  [5 4]
//	2  own+0       = %7 mul %3[0:5] %6  [5 4]
func (k *Code) batch() {
	b := &batcher{Code: k, layouts: map[*Value]layout{}}
	b.findLayouts()
	b.products(false)
	b.sums()
	b.products(true)
	b.excluded = nil
	k.sort()
	k.views(true)
}

// products batches products with the same second operand.
func (b *batcher) products(backward bool) {
	type family struct {
		op op.MatMul
		w  *Value
	}
	members := map[family][]*Value{}
	var order []family
	for _, v := range b.Order {
		if o, ok := opOf[op.MatMul](v); ok && v.onto == nil && !o.TransA && v.Backward == backward {
			f := family{o, v.In[1]}
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
			b.Link()
			stale = false
		}
		groups, level := b.levels(members[f])
		changed := false
		for l, group := range groups {
			for _, batch := range bySegment(group) {
				if len(batch) > 1 {
					b.exclude(func(v *Value) bool { return level[v.id] > l })
					b.multiply(f.op, f.w.now(), batch)
					changed = true
				}
			}
		}
		if changed {
			b.Link()
		}
	}
	if stale {
		b.Link()
	}
}

// bySegment groups values that may be joined. The segments come in the order in which they are met.
func bySegment(vs []*Value) (sets [][]*Value) {
	at := map[int32]int{}
	for _, v := range vs {
		i, known := at[v.Segment]
		if !known {
			i = len(sets)
			at[v.Segment], sets = i, append(sets, nil)
		}
		sets[i] = append(sets[i], v)
	}
	return sets
}

// levels groups values so that none depends on another of its group. The level of any value is the number of the
// first group on which it does not depend.
func (b *batcher) levels(members []*Value) (groups [][]*Value, level []int) {
	if len(members) < 2 {
		return nil, nil
	}
	step := make([]int, len(b.Order))
	level = make([]int, len(b.Order))
	for _, m := range members {
		step[m.id] = 1
	}
	for _, v := range b.Order {
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
func (b *batcher) multiply(o op.MatMul, w *Value, members []*Value) {
	b.arrange(members)
	left := make([]*Value, len(members))
	for i, m := range members {
		left[i] = m.In[0]
	}
	all := b.rows(left)
	n := op.LastDim(members[0].Shape)
	rows := all.size() / op.LastDim(all.Shape)
	product := derived(members[0], o, []int{rows, n}, all, w)
	b.advance(members, product)
	if bias := commonBias(members); len(bias) > 0 {
		o.Bias = true
		product.Op = o
		product.In = append(product.In, sumOf(product, bias))
	}
	at := 0
	for _, m := range members {
		end := at + m.size()/n
		s := derived(m, op.Slice{Outer: 1, N: rows, Inner: n, Start: at, End: end}, m.Shape, product)
		m.replace(s)
		at = end
	}
}

// arrange puts products into the order in which their operands lie, or their results will.
func (b *batcher) arrange(members []*Value) {
	place := func(v *Value) layout {
		if h := b.layoutOf(v.In[0]); h.in != nil {
			return h
		}
		return b.layoutOf(v)
	}
	first := place(members[0])
	for _, m := range members {
		if h := place(m); h.in == nil || h.in != first.in {
			return
		}
	}
	slices.SortStableFunc(members, func(u, v *Value) int { return place(u).at - place(v).at })
}
