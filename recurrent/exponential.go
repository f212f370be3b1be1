package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// Exponential runs all steps of a memory with one decay a head whose writes are weighed by e^i, for i [T, B, N], and normalised
// when they are read, as those of xLSTM (Beck et al., 2024, arXiv 2405.04517, eq. 19-27):
//
//	S_t = w·S + e^i·k·vᵀ      n_t = w·n + e^i·k      o = S_tᵀ·q/(max(|n_tᵀ·q|, 1) + ε)
//
// To keep e^i in range, S and n are stored times e^{-m}, with the stabiliser m_t = max(log w + m, i), and 1 becomes e^{-m}: the
// stabilisers of all steps come first (Largest), and with them weights that are at most 1 (Chunks). The state is S [B, N·K·V],
// n [B, N·K] and m [B, N], which is EmptyStabiliser for an empty memory. It returns what the queries read, [T, B, N, V], and the
// state after the last step.
func (o Order) Exponential(g *graph.Graph, memory Memory, i graph.Node, epsilon float64, s State) (read graph.Node, last State) {
	if !memory.exponential(g, i, s) {
		return graph.Node{}, s
	}
	T, B, N, K, V := i.Dim(0), i.Dim(1), i.Dim(2), memory.Key.Dim(3), memory.Value.Dim(3)
	heads := func(n graph.Node) graph.Node { return g.Reshape(n, T, B, N, 1) }
	i, logW := o.padded(g, i, never), o.padded(g, g.Reshape(memory.LogDecay, T, B, N), 0)
	m, end := o.Largest(g, logW, i, s[2])
	old, _ := o.Before(g, m, s[2])

	// n is one more column of S, of a value that is always 1.
	memory.Key = g.Mul(heads(g.Exp(g.Sub(i, m))), memory.Key)
	memory.Value = g.Concat(3, memory.Value, g.Full(1, T, B, N, 1))
	memory.LogDecay = heads(g.Add(logW, g.Sub(old, m)))
	first := g.Concat(3, g.Reshape(s[0], B, N, K, V), g.Reshape(s[1], B, N, K, 1))
	both, after := o.Chunks(g, memory, g.Reshape(first, B, N*K*(V+1)))

	below := normaliser(g, g.Slice(both, 3, V, V+1), heads(m))
	if epsilon != 0 {
		below = g.AddScalar(below, epsilon)
	}
	after = g.Reshape(after, B, N, K, V+1)
	last = State{g.Reshape(g.Slice(after, 3, 0, V), B, N*K*V), g.Reshape(g.Slice(after, 3, V, V+1), B, N*K), end}
	return g.Div(g.Slice(both, 3, 0, V), below), last
}

// EmptyStabiliser is the stabiliser of an empty memory: a logarithm far below that of any gate, so that the first input is stored
// unchanged.
const EmptyStabiliser = -1000

// exponential reports shapes that do not fit.
func (m Memory) exponential(g *graph.Graph, i graph.Node, s State) bool {
	if g.Err() != nil {
		return false
	}
	if len(s) != 3 || m.Key.Rank() != 4 || m.Value.Rank() != 4 || i.Rank() != 3 ||
		!sameShape(m.LogDecay, append(i.Shape(), 1)) || m.Recall.Valid() {
		g.Failf("Exponential", "keys %v, values %v, gates %v and decays %v with %d states; want [T, B, N, K], "+
			"[T, B, N, V], [T, B, N], [T, B, N, 1], three, and no recall",
			m.Key.Shape(), m.Value.Shape(), i.Shape(), m.LogDecay.Shape(), len(s))
		return false
	}
	B, N, K, V := i.Dim(1), i.Dim(2), m.Key.Dim(3), m.Value.Dim(3)
	if !m.valid(g, "Exponential", 2, s[0]) {
		return false
	}
	if !sameShape(s[1], []int{B, N * K}) || !sameShape(s[2], []int{B, N}) {
		g.Failf("Exponential", "a normaliser %v and a stabiliser %v; want [%d %d] and [%d %d], for matrices of %d times %d",
			s[1].Shape(), s[2].Shape(), B, N*K, B, N, K, V)
	}
	return g.Err() == nil
}

// normaliser is max(|nᵀq|, exp(-m)), of nᵀq.
func normaliser(g *graph.Graph, found, m graph.Node) graph.Node {
	one := g.Exp(g.Neg(g.Clamp(m, -80, math.Inf(1)))) // past e⁸⁰ the output is 0 anyway
	return g.Add(one, g.ReLU(g.Sub(g.Abs(found), one)))
}
