package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// MLSTM is the mLSTM of xLSTM (Beck et al., 2024, arXiv 2405.04517, eq. 19-27). Its memory is a matrix, to which values are
// written under keys, and which is read with queries. In each of its heads, of width D = H/Heads, with one number i and one
// number f a head:
//
//	q = W_q·x + b_q      k = W_k·x/√D + b_k      v = W_v·x + b_v
//	i, f = exp(ĩ), σ(f̃)      ĩ = w_i·x + b_i, ...      o = σ(W_o·x + b_o)
//	C' = f·C + i·v·kᵀ      n' = f·n + i·k
//	h' = o⊙C'q/max(|n'ᵀq|, 1)
//
// Its gates do not look at h. To keep exp in range, C and n are stored times exp(-m), with the stabiliser
// m' = max(log f + m, ĩ), and 1 becomes exp(-m'). With Exponential, f = exp(f̃).
//
// State: h [B, H], which is not read, C [B, Heads·D·D], rows of v and columns of k, n [B, H], m [B, Heads]. Parameters,
// in the order q, k, v, o, i, f: weight_ih [4H+2·Heads, I], bias_ih [4H+2·Heads]. The biases of f start at equal
// distances from 3 to 6 over the heads, as in the authors' code, so that heads remember for different times. Like SLSTM,
// this is the cell alone, without the paper's block. It is a Scanner: Scan computes its steps in chunks.
type MLSTM struct {
	Hidden      int  // H, the width of h
	Heads       int  // how many matrices there are; a divisor of H, 0 for 1
	Exponential bool // exponential forget gate
}

// widths are those of the state's entries.
func (c MLSTM) widths() []int {
	heads := max(c.Heads, 1)
	return []int{c.Hidden, c.Hidden * c.Hidden / heads, c.Hidden, heads}
}

// Begin returns h = C = n = 0, and m for an empty memory.
func (c MLSTM) Begin(g *graph.Graph, batch int) State {
	if !c.valid(g) {
		return make(State, 4)
	}
	s := zeros(g, "MLSTM", batch, c.widths()...)
	if g.Err() == nil {
		s[3] = g.Full(EmptyStabiliser, batch, max(c.Heads, 1))
	}
	return s
}

// valid reports heads that do not fit, or a matrix that is too large.
func (c MLSTM) valid(g *graph.Graph) bool {
	if !headsFit(g, "MLSTM", c.Hidden, c.Heads) {
		return false
	}
	if d := c.Hidden / max(c.Heads, 1); d > widest/c.Hidden {
		g.Failf("MLSTM", "hidden size %d in %d heads: a memory of %d times %d numbers; want at most %d",
			c.Hidden, max(c.Heads, 1), c.Hidden, d, widest)
	}
	return g.Err() == nil
}

// Startable tells that no entry can be an arbitrary vector. The memory is a matrix, and h is not read.
func (c MLSTM) Startable(g *graph.Graph, _ int) bool {
	g.Failf("MLSTM", "its memory is a matrix, which a vector cannot start; give the vector as an input of every step")
	return false
}

// Step computes the new state; the output is h, [B, H].
func (c MLSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !c.valid(g) || !checked(g, "MLSTM", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	B, N, D := x.Dim(0), max(c.Heads, 1), c.Hidden/max(c.Heads, 1)
	q, k, v, o, iHat, fHat := c.projections(g, x)
	i, f, m := stabilised(g, iHat, logForget(g, fHat, c.Exponential), s[3]) // [B, N]

	row := func(n graph.Node) graph.Node { return g.Reshape(n, B, N, 1, D) }
	of := func(n graph.Node, shape ...int) graph.Node { return g.Reshape(n, append([]int{B, N}, shape...)...) }
	written := g.Mul(g.Mul(of(i, 1, 1), of(v, D, 1)), row(k)) // i·v·kᵀ, [B, N, D, D]
	C := g.Add(g.Mul(of(f, 1, 1), of(s[1], D, D)), written)
	n := g.Add(g.Mul(of(f, 1), of(s[2], D)), g.Mul(of(i, 1), of(k, D))) // [B, N, D]

	read := g.Sum(g.Mul(C, row(q)), 3)                             // Cq, [B, N, D]
	below := of(normaliser(g, g.Sum(g.Mul(n, of(q, D)), 2), m), 1) // [B, N, 1]
	h := g.Mul(o, g.Reshape(g.Div(read, below), B, c.Hidden))
	return h, State{h, g.Reshape(C, B, N*D*D), g.Reshape(n, B, c.Hidden), m}
}

// Scan computes all steps at once, in chunks: x [T, B, I] gives [T, B, H].
func (c MLSTM) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	if !c.valid(g) || !scannable(g, "MLSTM", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	T, B, N := x.Dim(0), x.Dim(1), max(c.Heads, 1)
	q, k, v, out, i, f := c.projections(g, x)
	heads := func(n graph.Node) graph.Node { return g.Reshape(n, T, B, N, -1) }
	read, last := o.Exponential(g, Memory{Query: heads(q), Key: heads(k), Value: heads(v), LogDecay: heads(logForget(g, f, c.Exponential))},
		i, 0, State{c.turned(g, s[1]), s[2], s[3]})
	if g.Err() != nil {
		return graph.Node{}, s
	}
	h := g.Mul(out, g.Reshape(read, T, B, c.Hidden))
	return h, State{o.Last(g, h, s[0]), c.turned(g, last[0]), last[1], last[2]}
}

// turned is C [B, N·D·D] with every matrix transposed: a Memory has rows of k and columns of v.
func (c MLSTM) turned(g *graph.Graph, C graph.Node) graph.Node {
	B, N, D := C.Dim(0), max(c.Heads, 1), c.Hidden/max(c.Heads, 1)
	return g.Reshape(g.Transpose(g.Reshape(C, B, N, D, D), 0, 1, 3, 2), B, N*D*D)
}

// projections returns q, k, v and σ(õ), [..., H] each, and ĩ and f̃, [..., Heads] each, for x [..., I].
func (c MLSTM) projections(g *graph.Graph, x graph.Node) (q, k, v, o, i, f graph.Node) {
	H, N := c.Hidden, max(c.Heads, 1)
	rows := []int{H, H, H, H, N, N}
	zero, glorot := graph.Constant(0), graph.GlorotUniform()
	w := g.Param("weight_ih", sections(rows, glorot, glorot, glorot, glorot, glorot, glorot), 4*H+2*N, x.Dim(-1))
	b := g.Param("bias_ih", sections(rows, zero, zero, zero, zero, zero, spread(3, 6)), 4*H+2*N)
	z := g.MatMulT(x, w)
	part := make([]graph.Node, len(rows))
	at := 0
	for p, n := range rows {
		product := g.Slice(z, -1, at, at+n)
		if p == 1 {
			product = g.MulScalar(product, 1/math.Sqrt(float64(H/N)))
		}
		part[p] = g.Add(product, g.Slice(b, 0, at, at+n))
		at += n
	}
	return part[0], part[1], part[2], g.Sigmoid(part[3]), part[4], part[5]
}
