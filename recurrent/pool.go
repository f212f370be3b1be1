package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Pooling is a way to make one vector of the outputs of a sequence. Padding has no part in it, and a sequence of length 0
// gives zero.
type Pooling int

// Ways to pool the outputs y [T, B, H] of a layer.
const (
	// PoolLast takes the last hidden state of each direction.
	PoolLast Pooling = iota
	// PoolMax takes the largest output of each unit over time.
	PoolMax
	// PoolMean takes the mean output of each unit over time.
	PoolMean
	// PoolAttention takes a mean with learned weights (Yang et al., 2016, eq. 8-10):
	// a = softmax over time of q·tanh(W·y + b). Parameters: weight [H, H], bias [H], zero at the start, query [H].
	PoolAttention
)

// Apply pools y [T, B, H] to [B, H]. lengths [B], ids, may be the zero Node when all sequences are T long. last
// [B, H], the last hidden state, which LastHidden finds, is needed by PoolLast alone.
func (p Pooling) Apply(g *graph.Graph, y, lengths, last graph.Node) graph.Node {
	v, _ := p.apply(g, y, lengths, last)
	return v
}

// Weights is Apply for PoolAttention, and also returns the weights of the steps, [T, B]: those of a sequence add up to 1,
// or are all 0 if it is empty.
func (p Pooling) Weights(g *graph.Graph, y, lengths graph.Node) (pooled, weights graph.Node) {
	if p != PoolAttention {
		return g.Failf("Pooling", "only PoolAttention has weights"), graph.Node{}
	}
	return p.apply(g, y, lengths, graph.Node{})
}

func (p Pooling) apply(g *graph.Graph, y, lengths, last graph.Node) (pooled, weights graph.Node) {
	if g.Err() != nil {
		return graph.Node{}, graph.Node{}
	}
	if y.Rank() != 3 {
		return g.Failf("Pooling", "want outputs [T, B, H], found %v", y.Shape()), graph.Node{}
	}
	switch p {
	case PoolLast:
		if last.Rank() != 2 || last.Dim(0) != y.Dim(1) {
			return g.Failf("Pooling", "want the last hidden state [%d, H], found %v", y.Dim(1), last.Shape()), graph.Node{}
		}
		if mask := nn.SequenceMask(g, "Pooling", y, lengths); mask.Valid() {
			last = g.Where(nonEmpty(g, mask), last, g.Full(0))
		}
		return last, graph.Node{}
	case PoolMax:
		return nn.GlobalMaxPool{}.ApplyPadded(g, y, lengths), graph.Node{}
	case PoolMean:
		return nn.GlobalMeanPool{}.ApplyPadded(g, y, lengths), graph.Node{}
	case PoolAttention:
		return attentive(g, y, nn.SequenceMask(g, "Pooling", y, lengths))
	}
	return g.Failf("Pooling", "unknown pooling %d", p), graph.Node{}
}

// nonEmpty is 1 for every sequence that has a step, [B], for a mask [T, B]: step 0 is padding in empty sequences alone.
func nonEmpty(g *graph.Graph, mask graph.Node) graph.Node {
	return g.Reshape(g.Slice(mask, 0, 0, 1), mask.Dim(1))
}

// attentive returns the mean of y [T, B, H] over time with learned weights, and the weights, [T, B].
func attentive(g *graph.Graph, y, mask graph.Node) (pooled, weights graph.Node) {
	if mask.Valid() { // nothing that padding holds, such as a NaN, may meet a weight of zero
		y = g.Where(mask, y, g.Full(0))
	}
	t, b, h := y.Dim(0), y.Dim(1), y.Dim(2)
	w := g.Param("weight", graph.GlorotUniform(), h, h)
	u := g.Tanh(g.Add(g.MatMulT(y, w), g.Param("bias", graph.Constant(0), h)))
	query := g.Param("query", graph.GlorotUniform(), 1, h)
	scores := g.Reshape(g.MatMulT(u, query), t, b)
	weights = maskedSoftmax(g, g.Transpose(scores), transposed(g, mask)) // [B, T]
	pooled = weightedSum(g, weights, g.Transpose(y, 1, 0, 2))
	return pooled, g.Transpose(weights)
}

// transposed is a mask [T, B] as [B, T]; the zero Node stays one.
func transposed(g *graph.Graph, mask graph.Node) graph.Node {
	if !mask.Valid() {
		return mask
	}
	return g.Transpose(mask)
}

// maskedSoftmax turns scores [B, S] into weights that add up to 1 over the places where the mask is 1 and are exactly 0
// elsewhere: all of them, in a row without such places.
func maskedSoftmax(g *graph.Graph, scores, mask graph.Node) graph.Node {
	if !mask.Valid() {
		return g.Softmax(scores, -1)
	}
	// exp of a number this low is 0. A row of nothing else gets equal weights, which the outer Where sets to 0.
	return g.Where(mask, g.Softmax(g.Where(mask, scores, g.Full(-math.MaxFloat32)), -1), g.Full(0))
}

// weightedSum is Σ_s a_s·m_s for weights [B, S] and values [B, S, M], giving [B, M].
func weightedSum(g *graph.Graph, weights, values graph.Node) graph.Node {
	row := g.Reshape(weights, weights.Dim(0), 1, weights.Dim(1))
	return g.Reshape(g.MatMul(row, values), values.Dim(0), values.Dim(2))
}
