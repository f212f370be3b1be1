package compile

import (
	"github.com/unroll-go/unroll/internal/op"
)

// accumulate turns sums into chains in which each product, or reduction, is added to the memory of what was there
// before: x·W + h·U + b needs no memory of its own for either product, and no pass over memory for the additions.
//
// In the forward pass, terms are added in the order in which they are written, biases first; the order does not depend
// on which of the products were batched, so a single step gives the bits of a sequence. In a gradient's sum, products
// come last: whatever else there is becomes the memory that they are added to.
//
// tanh(x·W + h·U + b), without the pass:
//
//	0  @0          = %5 matmul A·B x w  [2 4]
//	1  @16         = %6 matmul A·B h u  [2 4]
//	2  @32         = %7 add %5 %6 b  [2 4]
//	3  own+0       = %8 tanh %7  [2 4]
//
// and with it:
//
//	0  @0          = %5 matmul A·B + bias x w b  [2 4]
//	1  @0         += %6 matmul A·B h u  [2 4]  onto %5
//	2  own+0       = %7 tanh %6  [2 4]
func (k *Code) accumulate() {
	for _, v := range k.Order { // first make products of those with nothing but biases
		if o, ok := opOf[op.MatMul](v); ok && v.onto == nil && !o.TransA && !o.Bias {
			if u := v.sole(); u != nil && is[op.Add](u) && len(u.In) == len(biasesOf(u))+1 {
				takeBias(v)
			}
		}
	}
	k.tidy()
	for _, v := range k.Order {
		if !is[op.Add](v) {
			continue
		}
		products, rest := terms(v, func(t *Value) bool {
			_, ok := t.Op.(op.Adder)
			return ok && t.size() == v.size()
		})
		if len(products) == 0 {
			continue
		}
		var sum *Value
		if v.Backward {
			sum = productsLast(v, products, rest)
		} else {
			sum = asWritten(v, products)
		}
		if sum != nil {
			v.replace(shaped(v, sum, v.Shape))
		}
	}
	k.tidy()
}

// onto is a copy of a product or reduction that is added to a base.
func onto(sum, p, base *Value) *Value {
	link := derived(p, p.Op, sum.Shape, p.In...)
	link.onto, link.UID = base, p.UID
	return link
}

// asWritten adds the terms from left to right; nil if there is nothing to gain.
func asWritten(v *Value, products []*Value) *Value {
	isProduct := map[*Value]bool{}
	for _, p := range products {
		isProduct[p] = true
	}
	var biases, terms []*Value
	for _, t := range v.In {
		switch {
		case isBias(t, v.Shape, op.LastDim(v.Shape)):
			biases = append(biases, t)
		case t.size() != v.size():
			return nil
		default:
			terms = append(terms, t)
		}
	}
	if len(biases) > 0 {
		o, ok := opOf[op.MatMul](products[0])
		if !ok || o.TransA || o.Bias {
			return nil
		}
		o.Bias = true
		p := products[0]
		with := derived(p, o, p.Shape, p.In[0], p.In[1], sumOf(v, biases))
		isProduct[with] = true
		for i, t := range terms {
			if t == p {
				terms[i] = with
			}
		}
	}
	sum := terms[0]
	for i := 1; i < len(terms); {
		if isProduct[terms[i]] {
			sum = onto(v, terms[i], sum)
			i++
			continue
		}
		others := []*Value{sum}
		for ; i < len(terms) && !isProduct[terms[i]]; i++ {
			others = append(others, terms[i])
		}
		sum = derived(v, op.Add{}, v.Shape, others...)
	}
	return sum
}

// productsLast adds the products to the sum of the others; nil if those need not have the sum's shape.
func productsLast(v *Value, products, rest []*Value) *Value {
	var base *Value
	switch whole := wholeTerms(v, rest); {
	case len(rest) == 0:
		base, products = products[0], products[1:]
	case len(rest) == 1 && whole == 1:
		base = rest[0]
	case whole > 0:
		base = derived(v, op.Add{}, v.Shape, rest...)
	default:
		return nil
	}
	for _, p := range products {
		base = onto(v, p, base)
	}
	return base
}

// wholeTerms counts the terms that have the sum's size.
func wholeTerms(sum *Value, terms []*Value) (n int) {
	for _, t := range terms {
		if t.size() == sum.size() {
			n++
		}
	}
	return n
}
