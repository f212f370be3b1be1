package nn

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
)

// Embedding maps ids to rows of a table, as torch.nn.Embedding: ids [...] give [..., Size].
//
// Parameter: weight [Tokens, Size]. It starts normally distributed with variance 1/Size, so that the length of a row is 1 on
// average for any width. Init sets another start; PyTorch's is graph.Normal(0, 1).
type Embedding struct {
	Tokens int        // size of the vocabulary
	Size   int        // width of a row
	Sparse bool       // keep the table's gradient by rows, see graph.SparseGrad: for a large vocabulary, with optim.SparseAdam
	Pad    *int       // a padding id, whose row starts at zero and gets no gradient; nil for none
	Init   graph.Init // nil for the default
}

// Apply looks ids up. Ids outside 0..Tokens-1 are an error when the program runs.
func (e Embedding) Apply(g *graph.Graph, ids graph.Node) graph.Node {
	return e.Lookup(g, e.Weight(g), ids)
}

// Weight returns the table, [Tokens, Size], for Lookup, or to tie a Head to it.
func (e Embedding) Weight(g *graph.Graph) graph.Node {
	if e.Tokens < 1 || e.Size < 1 {
		return g.Failf("Embedding", "%d tokens of size %d; want at least 1 of each", e.Tokens, e.Size)
	}
	if e.Pad != nil && (*e.Pad < 0 || *e.Pad >= e.Tokens) {
		return g.Failf("Embedding", "padding id %d; want 0 to %d", *e.Pad, e.Tokens-1)
	}
	if !weighs(g, "Embedding", e.Tokens, e.Size) {
		return graph.Node{}
	}
	w := g.Param("weight", e.init(), e.Tokens, e.Size)
	if e.Sparse {
		return g.SparseGrad(w)
	}
	return w
}

// init draws the table, with zeros in the padding row.
func (e Embedding) init() graph.Init {
	draw := e.Init
	if draw == nil {
		draw = graph.Normal(0, 1/math.Sqrt(float64(e.Size)))
	}
	if e.Pad == nil {
		return draw
	}
	return func(dst []float64, shape []int, rng *rand.Rand) error {
		err := draw(dst, shape, rng)
		clear(dst[*e.Pad*e.Size : (*e.Pad+1)*e.Size])
		return err
	}
}

// Lookup is Apply with a table that Weight returned.
func (e Embedding) Lookup(g *graph.Graph, table, ids graph.Node) graph.Node {
	if e.Pad == nil {
		return g.Gather(table, ids)
	}
	return g.GatherPadded(table, ids, *e.Pad)
}
