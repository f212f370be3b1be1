package recurrent

import (
	"github.com/unroll-go/unroll/graph"
)

// usualChunk is the number of steps in a chunk unless Options.Chunk says otherwise.
const usualChunk = 64

// longestChunk bounds Options.Chunk: what is computed inside of chunks grows with the square of their length.
const longestChunk = 4096

// Chunks runs all steps of a memory whose queries, keys and values are [T, B, N, ...], from the state first [B, N·K·V]. It
// returns what the queries read, [T, B, N, V], in order of time, and the last state. At padding the state stays as it is.
//
// The steps are cut into chunks. Let G_t be the sum of log w from the start of a chunk to step t, and S the state before the
// chunk. Then step t finds under a query q
//
//	qᵀ·(e^{G_t}⊙S) + Σ_{j≤t} (Σ_i q[i]·e^{G_t[i]-G_j[i]}·k_j[i])·v_jᵀ
//
// which for all steps of all chunks are a few products of matrices: the rows q⊙e^G with S, and a triangle of scores, queries
// with keys, with the values. What is written under b depends on what was written before it in the chunk, which is a
// triangular system (graph.SolveLower) for all chunks at once. Only the states between the chunks are computed one
// after the other, each from the one before by S' = M·S + R. (Yang et al., 2024, arXiv 2312.06635 and 2406.06484.)
func (o Order) Chunks(g *graph.Graph, m Memory, first graph.Node) (read, last graph.Node) {
	if !m.valid(g, "Chunks", 2, first) {
		return graph.Node{}, first
	}
	m = m.masked(g, o)
	if m.Key.Dim(0) == 1 {
		return m.single(g, first)
	}
	l := o.chunked(g, m.Key.Shape())
	q, k, v := l.lay(m.Query), l.lay(m.Key), l.lay(m.Value)
	d := l.decays(m)

	scores, reads, writes := d.scores(q, k, false), d.since(q), d.until(k) // [n, B·N, C, C], and [n, B·N, C, K] each

	if !m.Recall.Valid() {
		states, end := l.decaying(d.over, l.outer(writes, v), first)
		return l.unlay(g.Add(g.MatMul(reads, states), g.MatMul(scores, v))), end
	}
	a := l.lay(m.Recall)
	b, revising, values := k, scores, v
	var own, fixed graph.Node // what is written under k, where that is not b: read, and in the state
	if m.Revise.Valid() {
		b = l.lay(m.Revise)
		own, fixed = g.MatMul(scores, v), l.outer(writes, v)
		revising, values, writes = d.scores(q, b, false), g.MatMul(d.scores(a, k, true), v), d.until(b)
	}
	// What is written under b: found, and times the state before the chunk.
	V := v.Dim(-1)
	found := g.SolveLower(d.scores(a, b, true), g.Concat(3, values, d.since(a))) // [n, B·N, C, V+K]
	seen, moved := g.MatMul(revising, found), l.outer(writes, found)
	split := func(x graph.Node) (alone, times graph.Node) {
		return g.Slice(x, 3, 0, V), g.Slice(x, 3, V, x.Dim(3))
	}
	seenAlone, seenTimes := split(seen)
	movedAlone, movedTimes := split(moved)
	if own.Valid() {
		seenAlone, movedAlone = g.Add(own, seenAlone), g.Add(fixed, movedAlone)
	}
	states, end := l.moving(g.Add(l.diagonal(d.over, k.Dim(-1)), movedTimes), movedAlone, first)
	return l.unlay(g.Add(g.MatMul(g.Add(reads, seenTimes), states), seenAlone)), end
}

// masked leaves the state as it is at padding: nothing decays, and nothing is written.
func (m Memory) masked(g *graph.Graph, o Order) Memory {
	m.Key = o.padded(g, m.Key, 0)
	if m.LogDecay.Valid() {
		m.LogDecay = o.padded(g, m.LogDecay, 0)
	}
	if m.Revise.Valid() {
		m.Revise = o.padded(g, m.Revise, 0)
	}
	return m
}

// decaying returns the states before all chunks, [n, B·N, K, V], and the last one, [B, N·K·V], where a chunk makes keep⊙S + added of S.
func (l chunkLayout) decaying(keep, added, first graph.Node) (states, last graph.Node) {
	g := l.g
	return l.walked(added, first, func(c int, s graph.Node) graph.Node {
		if keep.Valid() {
			s = g.Mul(g.Slice(keep, 0, c, c+1), s)
		}
		return g.Add(s, g.Slice(added, 0, c, c+1))
	})
}

// moving is decaying where a chunk makes moved·S + added of S.
func (l chunkLayout) moving(moved, added, first graph.Node) (states, last graph.Node) {
	g := l.g
	return l.walked(added, first, func(c int, s graph.Node) graph.Node {
		return g.Add(g.Slice(added, 0, c, c+1), g.MatMul(g.Slice(moved, 0, c, c+1), s))
	})
}

// walked goes from chunk to chunk. added tells the shape of a state.
func (l chunkLayout) walked(added, first graph.Node, next func(c int, s graph.Node) graph.Node) (states, last graph.Node) {
	g := l.g
	if g.Err() != nil {
		return graph.Node{}, first
	}
	s := g.Reshape(first, 1, l.B*l.N, added.Dim(2), added.Dim(3))
	before := make([]graph.Node, l.n)
	for c := range before {
		before[c], s = s, next(c, s)
	}
	return g.Concat(0, before...), g.Reshape(s, first.Shape()...)
}

// diagonal is a matrix [K, K] that has keep [n, B·N, 1 or K, 1] on its diagonal, ones for the zero Node.
func (l chunkLayout) diagonal(keep graph.Node, K int) graph.Node {
	v := make([]float64, K*K)
	for i := range K {
		v[i*K+i] = 1
	}
	eye := l.g.Const(graph.Floats64(v, K, K))
	if !keep.Valid() {
		return eye
	}
	return l.g.Mul(eye, keep)
}
