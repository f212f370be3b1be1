package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// MatMulTWithin is x·wᵀ for those rows of x [..., K] whose id in ids [...] is from or more and below to, with w [N, K], and
// 0 in the other rows, [..., N]. Nothing is multiplied for the others, in the derivatives neither; which rows they are may
// change from run to run. So the layers of a cluster of rare classes see the rows of that cluster alone.
func (g *Graph) MatMulTWithin(x, w, ids Node, from, to int) Node {
	const what = "MatMulTWithin"
	if !g.rowsWithin(what, x, w, ids, from, to) {
		return Node{}
	}
	return g.matmulWithin(op.MatMulWithin{Product: op.MatMul{TransB: true}, Range: op.Range{From: from, To: to}}, x, w, ids)
}

// CrossEntropyWithin is the cross-entropy of those rows of x [..., K] whose target in targets [...] is from or more and below
// to, under the softmax of x·wᵀ over these classes alone, w [to-from, K], and 0 in the other rows, [...], in nats. Nothing
// is computed for the others, nor for rows whose target is ignore; NoID ignores none. The logits exist for a few rows at a
// time.
func (g *Graph) CrossEntropyWithin(x, w, targets Node, from, to, ignore int) Node {
	const what = "CrossEntropyWithin"
	if !g.rowsWithin(what, x, w, targets, from, to) {
		return Node{}
	}
	if w.Dim(0) != to-from {
		return g.failf(what, "weight %v; want [%d, K] for the classes %d to %d", w.shape(), to-from, from, to-1)
	}
	o := op.CrossEntropyWithin{Range: op.Range{From: from, To: to}, Ignore: op.Exempt(ignore)}
	return g.apply(o, op.Clone(targets.shape()), x, w, targets)
}

// rowsWithin checks that every row of x has an id, and that a weight fits the rows.
func (g *Graph) rowsWithin(what string, x, w, ids Node, from, to int) bool {
	switch {
	case !g.matrices(what, x, w) || !g.ids(what, ids):
	case !slices.Equal(ids.shape(), x.shape()[:x.Rank()-1]) || w.Rank() != 2 || w.Dim(1) != x.Dim(-1):
		g.failf(what, "want x [..., K], a weight [N, K] and ids [...], found %v, %v and %v", x.shape(), w.shape(), ids.shape())
	case from < 0 || to <= from:
		g.failf(what, "ids from %d to %d; want the second above the first, and none below 0", from, to)
	default:
		return true
	}
	return false
}

func (g *Graph) matmulWithin(o op.MatMulWithin, a, b, ids Node) Node {
	m, n, _ := o.Product.Sizes(a.shape(), b.shape())
	shape := []int{m, n}
	if !o.Product.TransA {
		shape = append(op.Clone(a.shape()[:a.Rank()-1]), n)
	}
	return g.apply(o, shape, a, b, ids)
}

func init() {
	differentiate(func(o op.MatMulWithin, d derivation) []Node {
		g, a, b, ids, dc := d.g, d.in[0], d.in[1], d.in[2], d.grad
		product := func(o op.MatMul, a, b Node) Node {
			return g.matmulWithin(op.MatMulWithin{Product: o, Range: d.op.(op.MatMulWithin).Range}, a, b, ids)
		}
		plain, tA, tB := op.MatMul{}, op.MatMul{TransA: true}, op.MatMul{TransB: true}
		var da, db Node
		switch {
		case o.Product.TransA:
			da, db = product(tB, b, dc), product(plain, a, dc)
		case o.Product.TransB:
			da, db = product(plain, dc, b), product(tA, dc, a)
		default:
			da, db = product(tB, dc, b), product(tA, a, dc)
		}
		return []Node{g.Reshape(da, a.shape()...), g.Reshape(db, b.shape()...), {}}
	}, 0, 1)
	differentiate(func(o op.CrossEntropyWithin, d derivation) []Node {
		g, x, w := d.g, d.in[0], d.in[1]
		n, all := x.size(), x.size()+w.size()
		both := g.apply(op.CrossEntropyWithinGrad{CrossEntropyWithin: o}, []int{all}, x, w, d.in[2], d.out, d.grad)
		return []Node{g.Reshape(g.Slice(both, 0, 0, n), x.shape()...), g.Reshape(g.Slice(both, 0, n, all), w.shape()...), {}}
	}, 0, 1)
	differentiate(func(_ op.CrossEntropyWithinGrad, d derivation) []Node {
		d.g.failf("CrossEntropyWithin", "it has no second derivative")
		return make([]Node, len(d.in))
	})
}
