package graph

// accumulate turns sums into chains in which each product, or reduction, is added to the memory of what was there
// before: x·W + h·U + b needs no buffer for either product, and no pass over memory for the additions.
//
// In the forward pass, terms are added in the order in which they are written, biases first; the order does not depend
// on which of the products were batched, so a single step gives the bits of a sequence. In a gradient's sum, products
// come last: whatever else there is becomes the memory that they are added to.
func (k *code) accumulate() {
	for _, v := range k.order { // first make products of those with nothing but biases
		if o, ok := opOf[matmul](v); ok && v.onto == nil && !o.transA && !o.bias {
			if u := v.sole(); u != nil && is[add](u) && len(u.in) == len(biasesOf(u))+1 {
				takeBias(v)
			}
		}
	}
	k.tidy()
	for _, v := range k.order {
		if !is[add](v) {
			continue
		}
		products, rest := terms(v, func(t *value) bool {
			_, ok := t.op.(accumulator)
			return ok && t.size() == v.size()
		})
		if len(products) == 0 {
			continue
		}
		var sum *value
		if v.backward {
			sum = productsLast(v, products, rest)
		} else {
			sum = asWritten(v, products)
		}
		if sum != nil {
			v.replace(shaped(v, sum, v.shape))
		}
	}
	k.tidy()
}

// onto is a copy of a product or reduction that is added to a base.
func onto(sum, p, base *value) *value {
	link := derived(p, p.op, sum.shape, p.in...)
	link.onto, link.uid = base, p.uid
	return link
}

// asWritten adds the terms from left to right; nil if there is nothing to gain.
func asWritten(v *value, products []*value) *value {
	isProduct := map[*value]bool{}
	for _, p := range products {
		isProduct[p] = true
	}
	var biases, terms []*value
	for _, t := range v.in {
		switch {
		case isBias(t, v.shape, lastDim(v.shape)):
			biases = append(biases, t)
		case t.size() != v.size():
			return nil
		default:
			terms = append(terms, t)
		}
	}
	if len(biases) > 0 {
		o, ok := opOf[matmul](products[0])
		if !ok || o.transA || o.bias {
			return nil
		}
		o.bias = true
		p := products[0]
		with := derived(p, o, p.shape, p.in[0], p.in[1], sumOf(v, biases))
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
		others := []*value{sum}
		for ; i < len(terms) && !isProduct[terms[i]]; i++ {
			others = append(others, terms[i])
		}
		sum = derived(v, add{}, v.shape, others...)
	}
	return sum
}

// productsLast adds the products to the sum of the others; nil if those need not have the sum's shape.
func productsLast(v *value, products, rest []*value) *value {
	var base *value
	switch whole := wholeTerms(v, rest); {
	case len(rest) == 0:
		base, products = products[0], products[1:]
	case len(rest) == 1 && whole == 1:
		base = rest[0]
	case whole > 0:
		base = derived(v, add{}, v.shape, rest...)
	default:
		return nil
	}
	for _, p := range products {
		base = onto(v, p, base)
	}
	return base
}

// wholeTerms counts the terms that have the sum's size.
func wholeTerms(sum *value, terms []*value) (n int) {
	for _, t := range terms {
		if t.size() == sum.size() {
			n++
		}
	}
	return n
}
