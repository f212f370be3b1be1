package recurrent

import "github.com/unroll-go/unroll/graph"

// ring is what a WindowAttention knows of the steps that it sees: those that it kept, in front of those that it reads.
type ring struct {
	size      int        // how many steps are kept
	positions graph.Node // of the steps that are read, [T, B]: how many steps were read before each
	count     graph.Node // how many were read in all, [B, 1]
	unseen    graph.Node // 0 where a step may see one of the N = size+T, a large negative number elsewhere, [B, T, N]

	chosen graph.Node // 1 at the steps to keep, [B, size, N], if there is padding
}

// hidden is added to the score of a step that must not be seen: exp of it is exactly 0.
const hidden = -1e38

// ring finds positions for x [T, B, I], of which mask [T, B] says what is there; it may be the zero Node.
func (c WindowAttention) ring(g *graph.Graph, x, mask graph.Node, s State) ring {
	T, B := x.Dim(0), x.Dim(1)
	r := ring{size: c.Window - 1}
	there := mask
	if !there.Valid() {
		there = g.Full(1, T, B)
	}
	before := g.Reshape(s[3], B)
	read := g.CumSum(there, 0) // with the step itself
	r.positions = g.AddScalar(g.Add(read, before), -1)
	r.count = g.Reshape(g.Add(before, g.Reshape(g.Slice(read, 0, T-1, T), B)), B, 1)

	places := make([]float64, r.size) // of the steps that are kept, from the next one
	for i := range places {
		places[i] = float64(i - r.size)
	}
	old := g.Add(g.Reshape(before, B, 1), g.Const(graph.Floats64(places))) // [B, size]
	all := g.Concat(1, old, g.Transpose(r.positions))                      // [B, N]
	exist := g.LessOrEqual(g.Full(0), all)
	if mask.Valid() {
		exist = g.Mul(exist, g.Concat(1, g.Full(1, B, r.size), g.Transpose(mask)))
	}
	N := r.size + T
	back := g.Sub(g.Reshape(g.Transpose(r.positions), B, T, 1), g.Reshape(all, B, 1, N)) // [B, T, N]
	seen := g.Mul(g.LessOrEqual(g.Full(0), back), g.Less(back, g.Full(float64(c.Window))))
	seen = g.Mul(seen, g.Reshape(exist, B, 1, N))
	r.unseen = g.Affine(seen, -hidden, hidden)
	if mask.Valid() {
		want := g.Add(r.count, g.Const(graph.Floats64(places))) // [B, size]
		same := g.Equal(g.Reshape(want, B, r.size, 1), g.Reshape(all, B, 1, N))
		r.chosen = g.Mul(same, g.Reshape(exist, B, 1, N))
	}
	return r
}

// extend puts what was kept, [B, size·F], in front of x [T, B, F]: [N, B, F].
func (r ring) extend(g *graph.Graph, kept, x graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	old := g.Reshape(kept, x.Dim(1), r.size, x.Dim(2))
	return g.Concat(0, g.Transpose(old, 1, 0, 2), x)
}

// kept is what to keep of all [N, B, F]: the last steps of each sequence, [B, size·F].
func (r ring) kept(g *graph.Graph, all graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	N, B, F := all.Dim(0), all.Dim(1), all.Dim(2)
	if r.chosen.Valid() {
		return g.Reshape(g.MatMul(r.chosen, g.Transpose(all, 1, 0, 2)), B, r.size*F)
	}
	return g.Reshape(g.Transpose(g.Slice(all, 0, N-r.size, N), 1, 0, 2), B, r.size*F)
}
