package recurrent

import "github.com/unroll-go/unroll/graph"

// chunkDecays are the decays inside of chunks. They are kept as logarithms, of which only sums become powers of e: from after a
// step up to a later one, from the chunk's start, or on to its end. None of these powers is above 1, and none is a quotient of
// two. All are the zero Node if nothing decays.
type chunkDecays struct {
	chunkLayout
	step  graph.Node // log w_t, [n, B·N, C, 1 or K]
	upTo  graph.Node // its sum from the start of the chunk to step t
	after graph.Node // its sum after step t to the end of the chunk
	over  graph.Node // w over a whole chunk, [n, B·N, 1 or K, 1]
	pairs graph.Node // e to its sum after step j up to step t, for one decay a head, 0 for t < j: [n, B·N, C, C]
	block int        // so many steps may be computed around a power of e in their middle
}

// mostDecay is what log w may add up to within a block: no power of e between -mostDecay/2 and mostDecay/2 leaves the range of
// float32, nor do products of two.
const mostDecay = 60

// decays sums up the decays of a memory.
func (l chunkLayout) decays(m Memory) chunkDecays {
	d := chunkDecays{chunkLayout: l, block: 1}
	if !m.LogDecay.Valid() || l.g.Err() != nil {
		return d
	}
	g := l.g
	d.step = l.lay(m.LogDecay)
	d.upTo, d.after = g.CumSum(d.step, 2), sumAfter(g, d.step, 2)
	d.over = g.Transpose(g.Exp(g.Slice(d.upTo, 2, l.c-1, l.c)), 0, 1, 3, 2)
	if d.step.Dim(3) == 1 {
		sums := g.CumSum(g.Mul(d.step, triangle(g, l.c, true, 1, 0)), 2)
		d.pairs = g.Exp(g.Add(sums, triangle(g, l.c, false, 0, never)))
	}
	for m.Fastest < 0 && 2*float64(d.block)*-m.Fastest <= mostDecay && d.block < l.c {
		d.block *= 2
	}
	return d
}

// sumAfter is the sum of all entries of an axis after each one.
func sumAfter(g *graph.Graph, x graph.Node, axis int) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	n := x.Dim(axis)
	none := g.MulScalar(g.Slice(x, axis, 0, 1), 0)
	if n == 1 {
		return none
	}
	return g.CumSumReverse(g.Concat(axis, g.Slice(x, axis, 1, n), none), axis)
}

// since is x [n, B·N, C, K] decayed from the start of the chunk up to its step.
func (d chunkDecays) since(x graph.Node) graph.Node { return d.decayed(x, d.upTo) }

// until is x [n, B·N, C, K] decayed from after its step on to the end of the chunk.
func (d chunkDecays) until(x graph.Node) graph.Node { return d.decayed(x, d.after) }

func (d chunkDecays) decayed(x, by graph.Node) graph.Node {
	if !by.Valid() {
		return x
	}
	return d.g.Mul(x, d.g.Exp(by))
}

// scores are Σ_i r_t[i]·e^{G_t[i]-G_j[i]}·w_j[i] for a reading step t and a writing step j up to it, or before it if strict, and 0
// elsewhere: [n, B·N, C, K] give [n, B·N, C, C].
func (d chunkDecays) scores(r, w graph.Node, strict bool) graph.Node {
	g := d.g
	switch {
	case g.Err() != nil:
		return graph.Node{}
	case !d.step.Valid():
		return g.Mul(g.MatMulT(r, w), triangle(g, d.c, strict, 1, 0))
	case d.pairs.Valid():
		scores := g.Mul(g.MatMulT(r, w), d.pairs)
		if strict {
			scores = g.Mul(scores, triangle(g, d.c, true, 1, 0))
		}
		return scores
	}
	flat := func(x graph.Node) graph.Node { return g.Reshape(x, d.n*d.B*d.N, d.c, -1) }
	return g.Reshape(d.halves(flat(r), flat(w), flat(d.step), strict), d.n, d.B*d.N, d.c, d.c)
}

// never is a logarithm whose power of e is 0, whatever is added to it.
const never = -1e30

// triangle is a matrix [n, n] that is inside up to its diagonal, or below it if strict, and outside elsewhere.
func triangle(g *graph.Graph, n int, strict bool, inside, outside float64) graph.Node {
	v := make([]float64, n*n)
	for i := range v {
		t, j := i/n, i%n
		v[i] = outside
		if j < t || j == t && !strict {
			v[i] = inside
		}
	}
	return g.Const(graph.Floats64(v, n, n))
}

// halves are the scores of blocks [M, s, K], with a decay a row: [M, s, s]. A step of the second half is decayed from the
// middle on, one of the first half up to it, however fast that is. Both halves by themselves are blocks of half the size.
func (d chunkDecays) halves(r, w, step graph.Node, strict bool) graph.Node {
	g, M, s, K := d.g, r.Dim(0), r.Dim(1), r.Dim(2)
	if s <= d.block {
		return d.blocks(r, w, step, strict)
	}
	h := s / 2
	first := func(x graph.Node) graph.Node { return g.Slice(x, 1, 0, h) }
	second := func(x graph.Node) graph.Node { return g.Slice(x, 1, h, s) }
	across := g.MatMulT(d.decayed(second(r), g.CumSum(second(step), 1)), d.decayed(first(w), sumAfter(g, first(step), 1)))

	half := func(x graph.Node) graph.Node { return g.Reshape(x, 2*M, h, K) }
	inside := g.Split(g.Reshape(d.halves(half(r), half(w), half(step), strict), M, 2, h, h), 1, 2)
	quarter := func(i int) graph.Node { return g.Reshape(inside[i], M, h, h) }
	above := g.Concat(2, quarter(0), g.Full(0, M, h, h))
	return g.Concat(1, above, g.Concat(2, across, quarter(1)))
}

// blocks are the scores of blocks so short that their decays, and one over these, stay in range: both are taken relative to the
// middle.
func (d chunkDecays) blocks(r, w, step graph.Node, strict bool) graph.Node {
	g, M, s := d.g, r.Dim(0), r.Dim(1)
	if s == 1 {
		if strict {
			return g.Full(0, M, 1, 1)
		}
		return g.Reshape(g.Sum(g.Mul(r, w), 2), M, 1, 1)
	}
	sum := g.CumSum(step, 1)
	past := g.Sub(sum, g.Slice(sum, 1, s/2-1, s/2))
	return g.Mul(g.MatMulT(d.decayed(r, past), d.decayed(w, g.Neg(past))), triangle(g, s, strict, 1, 0))
}
