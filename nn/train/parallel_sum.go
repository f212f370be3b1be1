package train

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// sumPiece is the number of elements that are added up at a time, over all shards: they stay in the nearest cache.
const sumPiece = 1 << 12

// addShards sets the store's gradients to the sum of the shards', each times its factor. Every element is added up in the order of the shards,
// whoever does it.
func (l *Loop) addShards(all []*shard) {
	var of []*graph.Param
	var at []int // of the parameter in the store
	var first []int
	pieces := 0
	for i := range l.Params.Len() {
		if q := l.Params.At(i); !q.Frozen() {
			of, at, first = append(of, q), append(at, i), append(first, pieces)
			pieces += (q.Len() + sumPiece - 1) / sumPiece
		}
	}
	owner := make([]int, 0, pieces)
	for i, q := range of {
		for range (q.Len() + sumPiece - 1) / sumPiece {
			owner = append(owner, i)
		}
		q.Grad()
		for _, c := range all {
			c.params.At(at[i]).Grad() // takes memory here, not in several goroutines
		}
	}
	kernel.Share(pieces, func(piece int, _ []float64) {
		i := owner[piece]
		from := (piece - first[i]) * sumPiece
		to := min(from+sumPiece, of[i].Len())
		dst := of[i].Grad()
		for j, c := range all {
			src, weight := c.params.At(at[i]).Grad(), c.part.factor
			if l.Params.Dtype() == tensor.Float64 {
				addPart(dst.Float64s()[from:to], weight, src.Float64s()[from:to], j == 0, weight == 0)
			} else {
				addPart(dst.Float32s()[from:to], float32(weight), src.Float32s()[from:to], j == 0, weight == 0)
			}
		}
	})
}

// addPart is dst += weight·src, or dst = weight·src if it is the first; a shard of no weight has nothing to add, not even
// a gradient that is no number.
func addPart[T float32 | float64](dst []T, weight T, src []T, first, nothing bool) {
	switch {
	case nothing && first:
		clear(dst)
	case nothing:
	case first:
		kernel.Affine(dst, src, weight, 0)
	default:
		kernel.Axpy(dst, weight, src)
	}
}

// strides are the numbers of runs before the axis, and of elements after it.
func strides(t *tensor.Dense, axis int) (outer, inner int) {
	outer, inner = 1, 1
	for i, d := range t.Shape() {
		switch {
		case i < axis:
			outer *= d
		case i > axis:
			inner *= d
		}
	}
	return outer, inner
}

// partOf copies the elements from to to along an axis.
func partOf(t *tensor.Dense, axis, from, to int) *tensor.Dense {
	shape := t.Shape().Clone()
	shape[axis] = to - from
	out := tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(shape...))
	outer, inner := strides(t, axis)
	size, part := t.Shape()[axis]*inner, (to-from)*inner
	for i := range outer {
		copyElements(out, i*part, t, i*size+from*inner, part)
	}
	return out
}

// putPart copies src to the elements from to to of dst along an axis.
func putPart(dst *tensor.Dense, axis, from, to int, src *tensor.Dense) {
	outer, inner := strides(dst, axis)
	size, part := dst.Shape()[axis]*inner, (to-from)*inner
	for i := range outer {
		copyElements(dst, i*size+from*inner, src, i*part, part)
	}
}

// copyElements copies n elements.
func copyElements(dst *tensor.Dense, at int, src *tensor.Dense, from, n int) {
	switch src.Dtype() {
	case tensor.Float64:
		copy(dst.Float64s()[at:at+n], src.Float64s()[from:])
	case tensor.Float32:
		copy(dst.Float32s()[at:at+n], src.Float32s()[from:])
	default:
		copy(dst.Ints()[at:at+n], src.Ints()[from:])
	}
}
