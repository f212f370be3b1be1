package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
)

// Reshape gives x another shape with the same number of elements; one dimension may be -1, to be worked out.
func (g *Graph) Reshape(x Node, shape ...int) Node {
	if !g.floats("Reshape", x) {
		return Node{}
	}
	want := op.Clone(shape)
	open := slices.Index(want, -1)
	if open >= 0 {
		want[open] = 1
	}
	known, err := dense.Size(want)
	if err != nil {
		return g.failf("Reshape", "shape %v; want positive dimensions, at most one -1, and no more elements than %v has", shape, x.shape())
	}
	if open >= 0 && x.size() >= known {
		want[open] = x.size() / known
	}
	if op.Size(want) != x.size() {
		return g.failf("Reshape", "%v has %d elements, %v does not", x.shape(), x.size(), shape)
	}
	if slices.Equal(want, x.shape()) {
		return x
	}
	return g.apply(op.Reshape{}, want, x)
}

// Transpose permutes the axes of x; without axes it reverses them, so a matrix is transposed.
func (g *Graph) Transpose(x Node, axes ...int) Node {
	if !g.floats("Transpose", x) {
		return Node{}
	}
	perm := op.Clone(axes)
	if len(perm) == 0 {
		for i := x.Rank() - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	seen := make([]bool, x.Rank())
	shape := make([]int, len(perm))
	for i, p := range perm {
		if len(perm) != x.Rank() || p < 0 || p >= x.Rank() || seen[p] {
			return g.failf("Transpose", "axes %v are no permutation of the axes of %v", axes, x.shape())
		}
		seen[p] = true
		shape[i] = x.shape()[p]
	}
	if len(perm) < 2 {
		return x
	}
	return g.apply(&op.Transpose{Perm: perm}, shape, x)
}

func init() {
	differentiate(func(_ op.Reshape, d derivation) []Node { return []Node{d.g.Reshape(d.grad, d.in[0].shape()...)} })
	differentiate(func(o *op.Transpose, d derivation) []Node {
		inverse := make([]int, len(o.Perm))
		for i, p := range o.Perm {
			inverse[p] = i
		}
		return []Node{d.g.Transpose(d.grad, inverse...)}
	})
}
