package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// sizes are those of a cell whose state is a matrix [K, V] for each of N heads. Its state has the entries h [B, H], which is not
// read, the past of a short convolution over so many channels, if it has one, and the matrices, [B, N·K·V].
type sizes struct {
	cell            string
	hidden          int // H
	heads           int // N
	key, value      int // K and V
	kernel, channel int // of the convolution; a kernel of 0 for none
}

// usualSizes are sizes whose zeros mean: one head, and keys and values as wide as what of the output is a head's.
func usualSizes(cell string, hidden, heads, key, value int) sizes {
	heads = or(heads, 1)
	each := hidden / max(heads, 1)
	return sizes{cell: cell, hidden: hidden, heads: heads, key: or(key, each), value: or(value, each)}
}

// convolved are sizes of a cell with a short convolution over queries, keys and values; a kernel of 0 is the usual one.
func (c sizes) convolved(kernel int) sizes {
	c.kernel, c.channel = or(kernel, 4), c.heads*(2*c.key+c.value)
	return c
}

// widths are those of the state's entries.
func (c sizes) widths() []int {
	w := []int{c.hidden}
	if c.kernel > 1 {
		w = append(w, (c.kernel-1)*c.channel)
	}
	return append(w, c.heads*c.key*c.value)
}

// valid reports sizes that make no cell.
func (c sizes) valid(g *graph.Graph) bool {
	const most = 1 << 20 // products of two sizes fit an int
	ok := positive(g, c.cell, size{"hidden size", c.hidden}, size{"heads", c.heads},
		size{"width of keys", c.key}, size{"width of values", c.value})
	if c.channel > 0 {
		ok = ok && positive(g, c.cell, size{"kernel", c.kernel})
	}
	switch {
	case !ok:
	case max(c.hidden, c.heads, c.key, c.value, c.kernel) > most || c.heads > widest/(c.key*c.value) || c.kernel > widest/max(c.channel, 1):
		g.Failf(c.cell, "%d heads with matrices of %d times %d, and a kernel of %d: more than a tensor may hold",
			c.heads, c.key, c.value, c.kernel)
	}
	return g.Err() == nil
}

func (c sizes) begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, len(c.widths()))
	}
	return zeros(g, c.cell, batch, c.widths())
}

func (c sizes) scannable(g *graph.Graph, x graph.Node, s recurrent.State) bool {
	return c.valid(g) && sequence(g, c.cell, x, s, c.widths())
}

// parts are the convolution's past, the zero Node if there is none, and the matrices.
func (c sizes) parts(s recurrent.State) (past, matrices graph.Node) {
	if c.kernel > 1 {
		return s[1], s[2]
	}
	return graph.Node{}, s[1]
}

// state is the way back.
func (c sizes) state(h, past, matrices graph.Node) recurrent.State {
	if c.kernel > 1 {
		return recurrent.State{h, past, matrices}
	}
	return recurrent.State{h, matrices}
}

// perHead is x [..., N·W] as [..., N, W].
func perHead(g *graph.Graph, x graph.Node, heads int) graph.Node {
	return g.Reshape(x, append(x.Shape()[:max(x.Rank()-1, 0):max(x.Rank()-1, 0)], heads, -1)...)
}

// joined is x [..., N, W] as [..., N·W].
func joined(g *graph.Graph, x graph.Node) graph.Node {
	return g.Reshape(x, append(x.Shape()[:max(x.Rank()-2, 0):max(x.Rank()-2, 0)], -1)...)
}

// repeated has every head of x [..., N, W] so many times, one after the other.
func repeated(g *graph.Graph, x graph.Node, times int) graph.Node {
	if times == 1 || g.Err() != nil {
		return x
	}
	lead := x.Shape()[:x.Rank()-2]
	n, w := x.Dim(-2), x.Dim(-1)
	at := func(shape ...int) []int { return append(append([]int{}, lead...), shape...) }
	return g.Reshape(g.BroadcastTo(g.Reshape(x, at(n, 1, w)...), at(n, times, w)...), at(n*times, w)...)
}

// linear is x·Wᵀ with the weight name.weight [units, I].
func linear(g *graph.Graph, name string, x graph.Node, units int) graph.Node {
	return nn.Dense{Units: units, NoBias: true}.Apply(g.Scope(name), x)
}

// convolved is silu(conv1d(x)) and the convolution's past, of a sequence.
func convolved(g *graph.Graph, conv nn.DepthwiseConv1D, x, past graph.Node, o recurrent.Order) (y, next graph.Node) {
	y, next = o.Convolve(g.Scope("conv1d"), conv, o.Clear(g, x), past)
	return nn.SiLU{}.Apply(g, y), next
}

// short are the queries, keys and values of x [T, B, I] behind a short convolution, [T, B, N, K] and [T, B, N, V], and the past.
func (c sizes) short(g *graph.Graph, x, past graph.Node, o recurrent.Order) (q, k, v, next graph.Node) {
	keys, values := c.heads*c.key, c.heads*c.value
	x = g.Concat(2, linear(g, "q_proj", x, keys), linear(g, "k_proj", x, keys), linear(g, "v_proj", x, values))
	x, next = convolved(g, nn.DepthwiseConv1D{Kernel: c.kernel, NoBias: true}, x, past, o)
	p := cut(g, x, keys, keys, values)
	return perHead(g, p[0], c.heads), perHead(g, p[1], c.heads), perHead(g, p[2], c.heads), next
}

// cut cuts the last axis of x into parts of the given widths.
func cut(g *graph.Graph, x graph.Node, widths ...int) []graph.Node {
	parts, at := make([]graph.Node, len(widths)), 0
	for i, w := range widths {
		parts[i] = g.Slice(x, -1, at, at+w)
		at += w
	}
	return parts
}

// logSigmoid is log σ(x), without overflow.
func logSigmoid(g *graph.Graph, x graph.Node) graph.Node { return g.Neg(g.Softplus(g.Neg(x))) }

// scaled is a query [..., K] over √K, as in attention.
func scaled(g *graph.Graph, q graph.Node) graph.Node {
	return g.MulScalar(q, 1/math.Sqrt(float64(max(q.Dim(-1), 1))))
}

// usual is v, or the usual value for 0.
func usual(v, usual float64) float64 {
	if v == 0 {
		return usual
	}
	return v
}
