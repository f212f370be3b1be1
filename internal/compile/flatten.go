package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// flatten makes one sum of sums of sums, and of the gradients of a tensor's parts the tensor: what slices of a
// sequence send back, each padded with zeros to the whole length, is a concatenation.
//
// The gradient of the sum of x_0·x_1, two rows of x, without the pass:
//
//	0  @0          = %4 expand 3 times const 1  [3]  ; gradient
//	1  @16         = %5 mul %4 x[1:2]  [3]  ; gradient
//	2  @32         = %6 mul %4 x[0:1]  [3]  ; gradient
//	3  @0          = %7 pad 1:2 of 2 %6  [2 3]  ; gradient
//	4  @32         = %8 pad 0:1 of 2 %5  [2 3]  ; gradient
//	5  own+0       = %9 add %7 %8  [2 3]  ; gradient
//
// and with it:
//
//	0  @0          = %4 expand 3 times const 1  [3]  ; gradient
//	1  own+0       = %5 mul %4 x[1:2]  [3]  ; gradient
//	2  own+3       = %6 mul %4 x[0:1]  [3]  ; gradient
func (k *Code) flatten() {
	for _, v := range k.Order {
		if !is[op.Add](v) {
			continue
		}
		var terms []*Value
		for i, t := range v.In {
			// A forward sum keeps its order, so that a single step, which ends between sums, gives a sequence's bits.
			t = t.now()
			if is[op.Add](t) && t.sole() == v && slices.Equal(t.Shape, v.Shape) && (i == 0 || v.Backward) &&
				rowsAgree(v.Shape, slices.Concat(terms, t.In, v.In[i+1:])) {
				terms = append(terms, t.In...)
			} else {
				terms = append(terms, t)
			}
		}
		v.In = joinPads(v, terms)
		if len(v.In) == 1 {
			v.replace(shaped(v, v.In[0], v.Shape))
		}
	}
	k.sort()
	k.views(true)
}

// rowsAgree tells whether operands can be read beside each other in rows of one length: not so [F] and [B, F] in [T, B, F].
func rowsAgree(result []int, operands []*Value) bool {
	row := 0
	for _, x := range operands {
		p := op.PatternOf(result, x.now().Shape)
		if p.Kind == op.NoRows || p.Row != 0 && row != 0 && p.Row != row {
			return false
		}
		row = max(row, p.Row)
	}
	return true
}

// joinPads replaces the padded terms of a sum that cover the whole by concatenations; where several terms pad the
// same part, each set that covers the whole becomes one.
func joinPads(sum *Value, terms []*Value) []*Value {
	var pads, rest []*Value
	for _, t := range terms {
		if is[op.Pad](t) && t.sole() == sum {
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
		first := set[0].Op.(op.Pad)
		c := op.NewConcat(first.Outer, first.Inner)
		in := make([]*Value, len(set))
		for i, p := range set {
			o := p.Op.(op.Pad)
			in[i] = p.In[0]
			c.Append(o.End - o.Start)
		}
		rest, pads = append(rest, derived(sum, c, sum.Shape, in...)), others
	}
	return append(rest, pads...)
}

// cover picks pads that fill the whole, each element once, in order, and returns them and the others; nil if there
// are none.
func cover(pads []*Value) (set, others []*Value) {
	sorted := slices.Clone(pads)
	slices.SortStableFunc(sorted, func(a, b *Value) int { return a.Op.(op.Pad).Start - b.Op.(op.Pad).Start })
	first := sorted[0].Op.(op.Pad)
	end := 0
	for _, p := range sorted {
		o := p.Op.(op.Pad)
		if o.Outer != first.Outer || o.N != first.N || o.Inner != first.Inner {
			return nil, nil
		}
		if o.Start == end {
			set, end = append(set, p), o.End
		} else {
			others = append(others, p)
		}
	}
	if end != first.N {
		return nil, nil
	}
	return set, others
}
