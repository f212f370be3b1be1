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
		s[3] = g.Full(empty, batch, max(c.Heads, 1))
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

// startable: no entry can be an arbitrary vector. The memory is a matrix, and h is not read.
func (c MLSTM) startable(g *graph.Graph, _ int) bool {
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

// Scan computes all steps at once, in chunks: x [T, B, I] gives [T, B, H]. The stabilisers of all steps come first, and with them
// gates that are at most 1.
func (c MLSTM) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	if !c.valid(g) || !scannable(g, "MLSTM", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	T, B, N, D := x.Dim(0), x.Dim(1), max(c.Heads, 1), c.Hidden/max(c.Heads, 1)
	q, k, v, out, i, f := c.projections(g, x)
	logF, iHat := o.padded(g, logForget(g, f, c.Exponential), 0), o.padded(g, i, never)
	m, last := o.Largest(g, logF, iHat, s[3])
	old, _ := o.Before(g, m, s[3])

	heads := func(n graph.Node) graph.Node { return g.Reshape(n, T, B, N, -1) }
	// The normaliser n is one more column of the memory, of a value that is always 1.
	read, end := o.Chunks(g, Memory{
		Query: heads(q), Key: g.Mul(heads(g.Exp(g.Sub(iHat, m))), heads(k)), Value: g.Concat(3, heads(v), g.Full(1, T, B, N, 1)),
		LogDecay: heads(g.Add(logF, g.Sub(old, m))),
	}, c.joined(g, s))
	below := normaliser(g, g.Slice(read, 3, D, D+1), heads(m))
	h := g.Mul(out, g.Reshape(g.Div(g.Slice(read, 3, 0, D), below), T, B, c.Hidden))
	C, n := c.parted(g, end)
	return h, State{o.Last(g, h, s[0]), C, n, last}
}

// joined is C and n as the state of a Memory: C transposed, with rows of k and columns of v, and n as one more column.
func (c MLSTM) joined(g *graph.Graph, s State) graph.Node {
	B, N, D := s[1].Dim(0), max(c.Heads, 1), c.Hidden/max(c.Heads, 1)
	C := g.Transpose(g.Reshape(s[1], B, N, D, D), 0, 1, 3, 2)
	return g.Reshape(g.Concat(3, C, g.Reshape(s[2], B, N, D, 1)), B, -1)
}

// parted is the way back.
func (c MLSTM) parted(g *graph.Graph, s graph.Node) (C, n graph.Node) {
	B, N, D := s.Dim(0), max(c.Heads, 1), c.Hidden/max(c.Heads, 1)
	s = g.Reshape(s, B, N, D, D+1)
	C = g.Reshape(g.Transpose(g.Slice(s, 3, 0, D), 0, 1, 3, 2), B, -1)
	return C, g.Reshape(g.Slice(s, 3, D, D+1), B, -1)
}

// normaliser is max(|nᵀq|, exp(-m)).
func normaliser(g *graph.Graph, found, m graph.Node) graph.Node {
	one := g.Exp(g.Neg(g.Clamp(m, -80, math.Inf(1)))) // past e⁸⁰ the output is 0 anyway
	return g.Add(one, g.ReLU(g.Sub(g.Abs(found), one)))
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
