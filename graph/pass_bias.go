package graph

import "slices"

// commonBias finds the vectors that every member's only reader, a sum, adds to each of its rows. It takes them out of
// the sums.
func commonBias(members []*value) []*value {
	var common []*value
	sums := map[*value]bool{}
	for i, m := range members {
		u := m.sole()
		if u == nil || !is[add](u) || !slices.Equal(u.shape, m.shape) || sums[u] || firstProduct(u) != m {
			return nil
		}
		sums[u] = true
		biases := biasesOf(u)
		if i == 0 {
			common = biases
		}
		common = slices.DeleteFunc(slices.Clone(common), func(v *value) bool { return !slices.Contains(biases, v) })
	}
	if len(common) == 0 {
		return nil
	}
	for _, m := range members {
		u := m.sole()
		u.in = slices.Clone(u.in)
		for _, b := range common { // once, if a term comes twice
			i := slices.Index(u.in, b)
			u.in = slices.Delete(u.in, i, i+1)
		}
	}
	return common
}

// firstProduct is the product that a sum's biases go with: the first as the sum is written, whichever are batched, so
// that a single step adds in the order of a sequence.
func firstProduct(sum *value) *value {
	for _, t := range sum.in {
		if o, ok := opOf[matmul](t.now()); ok && !o.transA {
			return t.now()
		}
	}
	return nil
}

// takeBias gives a product that is the only one with its weight the biases that are added to it, as a batch gets them:
// a single step adds in the order of a sequence.
func takeBias(m *value) bool {
	bias := commonBias([]*value{m})
	if len(bias) > 0 {
		o := m.op.(matmul)
		o.bias = true
		m.op, m.in = o, append(slices.Clone(m.in), sumOf(m, bias))
	}
	return len(bias) > 0
}

// biasesOf lists the terms of a sum that are added to each of its rows.
func biasesOf(sum *value) []*value {
	var out []*value
	cols := lastDim(sum.shape)
	for _, t := range sum.in {
		if isBias(t, sum.shape, cols) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// isBias tells whether a term is a vector for every row. It does not depend on the number of rows: a batch of one
// gets the bits of a larger one.
func isBias(t *value, result []int, cols int) bool {
	if t.size() != cols || len(result) < 2 {
		return false
	}
	if sizeOf(result) == cols {
		return len(t.shape) == 1
	}
	l := layoutOf(result, t.shape)
	return l.kind == sameRow && l.row == cols
}

// sumOf is the sum of vectors, as a vector.
func sumOf(from *value, vectors []*value) *value {
	if len(vectors) == 1 {
		return vectors[0]
	}
	return derived(from, add{}, []int{vectors[0].size()}, flat(from, vectors)...)
}

// flat gives vectors one dimension.
func flat(from *value, vectors []*value) []*value {
	out := make([]*value, len(vectors))
	for i, v := range vectors {
		out[i] = shaped(from, v, []int{v.size()})
	}
	return out
}
