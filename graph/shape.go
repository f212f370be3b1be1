package graph

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
)

// reshape gives the same elements another shape; a program runs it for free, as a view.
type reshape struct{}

func (reshape) String() string { return "reshape" }

func (reshape) bind(b *binding) task { return pick(b, bindCopy[float32], bindCopy[float64]) }
func bindCopy[T kernel.Float](b *binding) task {
	return bindUnary(b, func(dst, x []T) { copy(dst, x) })
}

// Reshape gives x another shape with the same number of elements; one dimension may be -1, to be worked out.
func (g *Graph) Reshape(x Node, shape ...int) Node {
	if !g.floats("Reshape", x) {
		return Node{}
	}
	want := cloneInts(shape)
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
	if sizeOf(want) != x.size() {
		return g.failf("Reshape", "%v has %d elements, %v does not", x.shape(), x.size(), shape)
	}
	if slices.Equal(want, x.shape()) {
		return x
	}
	return g.apply(reshape{}, want, x)
}

// transpose permutes axes: axis i of the result is axis perm[i] of the input.
type transpose struct {
	perm []int
}

func (o *transpose) String() string { return fmt.Sprintf("transpose %v", o.perm) }

func (o *transpose) bind(b *binding) task {
	return pick(b, bindTranspose[float32](o), bindTranspose[float64](o))
}

func bindTranspose[T kernel.Float](o *transpose) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		shape := b.out.shape
		in := strides(b.in[0].shape)
		step := make([]int, len(o.perm)) // how far one step along the result's axis moves in the input
		for i, p := range o.perm {
			step[i] = in[p]
		}
		at := make([]int, len(shape))
		last := len(shape) - 1
		return func() error {
			from := 0
			for i := 0; i < len(dst); i += shape[last] {
				for j := 0; j < shape[last]; j++ {
					dst[i+j] = x[from+j*step[last]]
				}
				for d := last - 1; d >= 0; d-- { // count up the outer axes
					at[d]++
					from += step[d]
					if at[d] < shape[d] {
						break
					}
					from -= shape[d] * step[d]
					at[d] = 0
				}
			}
			return nil
		}
	}
}

func strides(shape []int) []int {
	out := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = n
		n *= shape[i]
	}
	return out
}

// Transpose permutes the axes of x; without axes it reverses them, so a matrix is transposed.
func (g *Graph) Transpose(x Node, axes ...int) Node {
	if !g.floats("Transpose", x) {
		return Node{}
	}
	perm := cloneInts(axes)
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
	return g.apply(&transpose{perm: perm}, shape, x)
}

func init() {
	differentiate(func(_ reshape, d derivation) []Node { return []Node{d.g.Reshape(d.grad, d.in[0].shape()...)} })
	differentiate(func(o *transpose, d derivation) []Node {
		inverse := make([]int, len(o.perm))
		for i, p := range o.perm {
			inverse[p] = i
		}
		return []Node{d.g.Transpose(d.grad, inverse...)}
	})
}
