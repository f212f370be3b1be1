package graph

// accumulate turns sums into chains in which each product, or reduction, is added to the memory of what was there
// before: x·W + h·U + b needs no buffer for either product, and no pass over memory for the additions. Terms that are
// no products are added up first; if those are biases alone, the first product takes them along.
func (k *code) accumulate() {
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
		var base *value
		switch whole := wholeTerms(v, rest); {
		case len(rest) == 0:
			base, products = products[0], products[1:]
		case len(rest) == 1 && whole == 1:
			base = rest[0]
		case whole > 0:
			base = derived(v, add{}, v.shape, rest...)
		default:
			o, ok := opOf[matmul](products[0])
			if !ok || o.transA || o.bias || len(biasesOf(v)) != len(rest) {
				continue
			}
			o.bias = true
			first := derived(products[0], o, v.shape, products[0].in[0], products[0].in[1], sumOf(v, rest))
			base, products = first, products[1:]
		}
		for _, p := range products {
			link := derived(p, p.op, v.shape, p.in...)
			link.onto, link.uid = base, p.uid
			base = link
		}
		v.replace(shaped(v, base, v.shape))
	}
	k.tidy()
}

// wholeTerms counts the terms that have the sum's size and are no biases.
func wholeTerms(sum *value, terms []*value) (n int) {
	for _, t := range terms {
		if t.size() == sum.size() && !isBias(t, sum.shape, lastDim(sum.shape)) {
			n++
		}
	}
	return n
}
