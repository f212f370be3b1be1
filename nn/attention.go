package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// MultiHeadAttention takes a weighted mean of values. The weights are a softmax over the products of a query with all keys,
// for each of Heads parts of the width (Vaswani et al., 2017, arXiv 1706.03762, eq. 1 and section 3.2.2):
//
//	weights = softmax(Q·Kᵀ/√D)    y = W_o·[weights·V of every head] + b_o    D = E/Heads
//
// as torch.nn.MultiheadAttention. Queries and results have the width E of the input. The scores are B·Heads·Tq·Tk numbers.
//
// Parameters: in_proj_weight [3E, E] for queries, keys and values, in_proj_bias [3E], out_proj.weight [E, E] and
// out_proj.bias [E]. Keys and values of another width K, V have q_proj_weight [E, E], k_proj_weight [E, K] and
// v_proj_weight [E, V] in place of in_proj_weight. Weights start Glorot uniform, biases at zero.
type MultiHeadAttention struct {
	Heads   int
	Causal  bool    // the query at step i sees the keys of steps 0 to i only
	Dropout float64 // rate for the attention weights, while training
	NoBias  bool
}

// Apply is self-attention: x [T, B, E] gives [T, B, E].
func (a MultiHeadAttention) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return a.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded is self-attention over sequences x [T, B, E] of the given lengths [B]. Outputs at padding have no meaning, and
// inputs at padding have no effect.
func (a MultiHeadAttention) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	y, _ := a.Attend(g, x, x, x, lengths)
	return y
}

// Attend lets queries [Tq, B, E] look at keys [Tk, B, K] and values [Tk, B, V]. lengths [B] are those of keys and values and
// may be the zero Node; padding has no effect. It returns the results [Tq, B, E] and the weights [B, Heads, Tq, Tk] before
// dropout, which cost nothing if they are not used. In a sequence of length 0 a query sees no key: its weights are zero,
// where PyTorch gives NaN, and its result is b_o.
func (a MultiHeadAttention) Attend(g *graph.Graph, query, key, value, lengths graph.Node) (y, weights graph.Node) {
	if !a.fits(g, query, key, value) {
		return graph.Node{}, graph.Node{}
	}
	e, tk, batch := query.Dim(2), key.Dim(0), query.Dim(1)
	mask := SequenceMask(g, "MultiHeadAttention", key, lengths)
	if g.Err() != nil {
		return graph.Node{}, graph.Node{}
	}
	if mask.Valid() { // nothing that padding holds, such as a NaN, may meet a weight of zero
		cleared := map[graph.Node]graph.Node{query: query} // in self-attention all three stay one node
		for _, x := range []graph.Node{key, value} {
			cleared[x] = g.Where(mask, x, g.Full(0))
		}
		query, key, value = cleared[query], cleared[key], cleared[value]
	}
	q, k, v := a.project(g, query, key, value)
	q = a.heads(g, g.MulScalar(q, 1/math.Sqrt(float64(e/a.Heads)))) // [B, Heads, Tq, D]
	scores := g.MatMulT(q, a.heads(g, k))                           // [B, Heads, Tq, Tk]
	if a.Causal {
		scores = g.Add(scores, g.Const(graph.Floats64(future(query.Dim(0), tk), query.Dim(0), tk)))
	}
	if mask.Valid() {
		there := g.Reshape(g.Transpose(mask), batch, 1, 1, tk)
		scores = g.Add(scores, g.Affine(there, -hidden, hidden))
	}
	weights = g.Softmax(scores, -1)
	if mask.Valid() { // step 0 is padding in empty sequences alone
		weights = g.Mul(weights, g.Reshape(g.Slice(mask, 0, 0, 1), batch, 1, 1, 1))
	}
	seen := g.MatMul(Dropout{Rate: a.Dropout}.Apply(g, weights), a.heads(g, v)) // [B, Heads, Tq, D]
	joined := g.Reshape(g.Transpose(seen, 2, 0, 1, 3), query.Dim(0), batch, e)
	return Dense{Units: e, NoBias: a.NoBias}.Apply(g.Scope("out_proj"), joined), weights
}

// hidden is added to the score of a key that must not be seen. It is so large that the score itself is lost in rounding, in
// float32 too, and that exp of the difference to the largest score is exactly 0. Twice hidden is still finite.
const hidden = -1e38

// future is hidden where the key's step lies after the query's, 0 elsewhere, [Tq, Tk].
func future(queries, keys int) []float64 {
	out := make([]float64, queries*keys)
	for i := range queries {
		for j := i + 1; j < keys; j++ {
			out[i*keys+j] = hidden
		}
	}
	return out
}

// project returns queries, keys and values, [T, B, E] each.
func (a MultiHeadAttention) project(g *graph.Graph, query, key, value graph.Node) (q, k, v graph.Node) {
	e := query.Dim(2)
	init := graph.GlorotUniform()
	var wq, wk, wv graph.Node
	if key.Dim(2) == e && value.Dim(2) == e {
		w := g.Param("in_proj_weight", init, 3*e, e)
		if query == key && key == value {
			z := g.MatMulT(query, w) // one product for all three, [T, B, 3E]
			if !a.NoBias {
				z = g.Add(z, g.Param("in_proj_bias", graph.Constant(0), 3*e))
			}
			parts := g.Split(z, 2, 3)
			return parts[0], parts[1], parts[2]
		}
		parts := g.Split(w, 0, 3)
		wq, wk, wv = parts[0], parts[1], parts[2]
	} else {
		wq = g.Param("q_proj_weight", init, e, e)
		wk = g.Param("k_proj_weight", init, e, key.Dim(2))
		wv = g.Param("v_proj_weight", init, e, value.Dim(2))
	}
	q, k, v = g.MatMulT(query, wq), g.MatMulT(key, wk), g.MatMulT(value, wv)
	if a.NoBias {
		return q, k, v
	}
	b := g.Split(g.Param("in_proj_bias", graph.Constant(0), 3*e), 0, 3)
	return g.Add(q, b[0]), g.Add(k, b[1]), g.Add(v, b[2])
}

// heads splits the width of x [T, B, E] between the heads: [B, Heads, T, D].
func (a MultiHeadAttention) heads(g *graph.Graph, x graph.Node) graph.Node {
	return g.Transpose(g.Reshape(x, x.Dim(0), x.Dim(1), a.Heads, -1), 1, 2, 0, 3)
}

// fits reports settings and inputs that do not fit each other.
func (a MultiHeadAttention) fits(g *graph.Graph, query, key, value graph.Node) bool {
	const what = "MultiHeadAttention"
	for _, x := range []graph.Node{query, key, value} {
		if !isSequence(g, what, x) {
			return false
		}
	}
	switch {
	case a.Heads < 1 || query.Dim(2)%a.Heads != 0:
		g.Failf(what, "%d heads over a width of %d; want a divisor of it", a.Heads, query.Dim(2))
	case key.Dim(1) != query.Dim(1) || value.Dim(1) != query.Dim(1) || key.Dim(0) != value.Dim(0):
		g.Failf(what, "queries %v, keys %v and values %v do not fit; want [Tq, B, E], [Tk, B, K] and [Tk, B, V]",
			query.Shape(), key.Shape(), value.Shape())
	}
	return g.Err() == nil
}
