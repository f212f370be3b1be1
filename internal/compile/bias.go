package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// commonBias finds the vectors that every member's only reader, a sum, adds to each of its rows. It takes them out of
// the sums.
func commonBias(members []*Value) []*Value {
	var common []*Value
	sums := map[*Value]bool{}
	for i, m := range members {
		u := m.sole()
		if u == nil || !is[op.Add](u) || !slices.Equal(u.Shape, m.Shape) || sums[u] || firstProduct(u) != m {
			return nil
		}
		sums[u] = true
		biases := biasesOf(u)
		if i == 0 {
			common = biases
		}
		common = slices.DeleteFunc(slices.Clone(common), func(v *Value) bool { return !slices.Contains(biases, v) })
	}
	if len(common) == 0 {
		return nil
	}
	for _, m := range members {
		u := m.sole()
		u.In = slices.Clone(u.In)
		for _, b := range common { // once, if a term comes twice
			i := slices.Index(u.In, b)
			u.In = slices.Delete(u.In, i, i+1)
		}
	}
	return common
}

// firstProduct is the product that a sum's biases go with: the first as the sum is written, whichever are batched, so
// that a single step adds in the order of a sequence.
func firstProduct(sum *Value) *Value {
	for _, t := range sum.In {
		if o, ok := opOf[op.MatMul](t.now()); ok && !o.TransA {
			return t.now()
		}
	}
	return nil
}

// takeBias gives a product that is the only one with its weight the biases that are added to it, as a batch gets them:
// a single step adds in the order of a sequence.
func takeBias(m *Value) bool {
	bias := commonBias([]*Value{m})
	if len(bias) > 0 {
		o := m.Op.(op.MatMul)
		o.Bias = true
		m.Op, m.In = o, append(slices.Clone(m.In), sumOf(m, bias))
	}
	return len(bias) > 0
}

// biasesOf lists the terms of a sum that are added to each of its rows.
func biasesOf(sum *Value) []*Value {
	var out []*Value
	cols := op.LastDim(sum.Shape)
	for _, t := range sum.In {
		if isBias(t, sum.Shape, cols) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// isBias tells whether a term is a vector for every row. It does not depend on the number of rows: a batch of one
// gets the bits of a larger one.
func isBias(t *Value, result []int, cols int) bool {
	if t.size() != cols || len(result) < 2 {
		return false
	}
	if op.Size(result) == cols {
		return len(t.Shape) == 1
	}
	l := op.PatternOf(result, t.Shape)
	return l.Kind == op.SameRow && l.Row == cols
}

// sumOf is the sum of vectors, as a vector.
func sumOf(from *Value, vectors []*Value) *Value {
	if len(vectors) == 1 {
		return vectors[0]
	}
	return derived(from, op.Add{}, []int{vectors[0].size()}, flat(from, vectors)...)
}

// flat gives vectors one dimension.
func flat(from *Value, vectors []*Value) []*Value {
	out := make([]*Value, len(vectors))
	for i, v := range vectors {
		out[i] = shaped(from, v, []int{v.size()})
	}
	return out
}
