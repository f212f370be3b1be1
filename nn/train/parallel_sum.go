package train

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// sumPiece is the number of elements that are added up at a time, over all shards: they stay in the nearest cache.
const sumPiece = 1 << 12

// stretch is a part of a parameter, whose gradients are added up by one worker.
type stretch struct {
	param    int // its number in the store
	of       *graph.Param
	from, to int
}

// addShards sets the store's gradients to the sum of the shards', each times its factor. Every element is added up in the
// order of the shards, whoever does it. No shards give zero.
func addShards(params *graph.Params, all []*shard) error {
	var pieces []stretch
	for i, q := range trained(params) {
		for from := 0; from < q.Len(); from += sumPiece {
			pieces = append(pieces, stretch{i, q, from, min(from+sumPiece, q.Len())})
		}
		q.Grad()
		for _, c := range all {
			c.params.At(i).Grad() // takes memory here, not in several goroutines
		}
	}
	kernel.Share(len(pieces), func(piece int, _ []float64) {
		p := pieces[piece]
		dst := vectorOf(p.of.Grad()).part(p.from, p.to)
		if len(all) == 0 {
			dst.clear()
		}
		for j, c := range all {
			dst.join(j, c.part.factor, vectorOf(c.params.At(p.param).Grad()).part(p.from, p.to))
		}
	})
	for i, q := range trained(params) {
		var rows rowUnion
		for _, c := range all {
			rows.add(c.params.At(i))
		}
		if err := rows.take(q); err != nil {
			return err
		}
	}
	return nil
}

// join adds shard number i, times its factor, to the sum of those before it. A shard of no weight adds nothing, not even what
// is no number.
func (v vector) join(i int, factor float64, shard vector) {
	switch {
	case factor == 0 && i == 0:
		v.clear()
	case factor == 0:
	case i == 0:
		v.setScaled(factor, shard)
	default:
		v.addScaled(factor, shard)
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

// takePart copies the elements from to to along an axis.
func takePart(t *tensor.Dense, axis, from, to int) *tensor.Dense {
	shape := t.Shape().Clone()
	shape[axis] = to - from
	out := tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(shape...))
	outer, inner := strides(t, axis)
	size, n := t.Shape()[axis]*inner, (to-from)*inner
	dst, src := vectorOf(out), vectorOf(t)
	for i := range outer {
		dst.part(i*n, (i+1)*n).set(src.part(i*size+from*inner, i*size+to*inner))
	}
	return out
}

// putPart copies src to the elements from to to of dst along an axis.
func putPart(dst *tensor.Dense, axis, from, to int, src *tensor.Dense) {
	outer, inner := strides(dst, axis)
	size, n := dst.Shape()[axis]*inner, (to-from)*inner
	whole, part := vectorOf(dst), vectorOf(src)
	for i := range outer {
		whole.part(i*size+from*inner, i*size+to*inner).set(part.part(i*n, (i+1)*n))
	}
}
