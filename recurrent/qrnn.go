package recurrent

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// QRNN is the quasi-recurrent network (Bradbury et al., 2017, arXiv 1611.01576) with fo-pooling: the gates are a convolution
// over the last K inputs, and the only recurrence is a weighted sum.
//
//	n = tanh(W_n·x + V_n·x⁻ + b_n)      x⁻ is the input one step before
//	f, o = σ(W_f·x + V_f·x⁻ + b_f), ...
//	c' = f⊙c + (1-f)⊙n
//	h' = o⊙c'
//
// for K = 2. It is a Scanner: Scan computes all steps at once.
//
// State: h, which is not read, c, and K-1 entries p [B, 3H], which are what earlier inputs contribute to the next steps:
// p_1 = V_1·x + p_2 and so on. They start at zero, like the convolution's padding. Parameters, in the order n, f, o:
// weight_ih [3H, I], bias_ih [3H], zero at the start, and weight_ih_1 to weight_ih_{K-1} [3H, I], for the input of so many
// steps before.
type QRNN struct {
	Hidden int // H, the width of h and c
	Window int // K, how many inputs the gates see; 0 for 2
}

// widths are those of the state's entries.
func (c QRNN) widths() []int {
	w := []int{c.Hidden, c.Hidden}
	for k := 1; k < c.window(); k++ {
		w = append(w, 3*c.Hidden)
	}
	return w
}

func (c QRNN) window() int {
	if c.Window == 0 {
		return 2
	}
	return c.Window
}

// Begin returns zeros.
func (c QRNN) Begin(g *graph.Graph, batch int) State {
	if !c.valid(g) {
		return nil
	}
	return zeros(g, "QRNN", batch, c.widths()...)
}

// valid reports a window that is negative or too long.
func (c QRNN) valid(g *graph.Graph) bool {
	if c.Window < 0 || c.Window > dense.MaxParts {
		g.Failf("QRNN", "window %d; want 1 to %d, or 0 for 2", c.Window, dense.MaxParts)
	}
	return g.Err() == nil
}

// before returns V_k·x for x [..., I]: what an input contributes to the gates k steps later, [..., 3H].
func (c QRNN) before(g *graph.Graph, x graph.Node, k int) graph.Node {
	w := g.Param("weight_ih_"+strconv.Itoa(k), graph.Repeat(3, graph.GlorotUniform()), 3*c.Hidden, x.Dim(-1))
	return g.MatMulT(x, w)
}

// gates returns n, f and o from their arguments [..., 3H].
func (c QRNN) gates(g *graph.Graph, z graph.Node) (n, f, o graph.Node) {
	gate := g.Split(z, z.Rank()-1, 3)
	return g.Tanh(gate[0]), g.Sigmoid(gate[1]), g.Sigmoid(gate[2])
}

// Step computes the new hidden and cell state; the output is the hidden state, [B, H].
func (c QRNN) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !c.valid(g) || !checked(g, "QRNN", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	z, sent := inputs(g, x, 3, c.Hidden, nil), State{}
	for k := 1; k < c.window(); k++ {
		p := c.before(g, x, k)
		if k+1 < c.window() {
			p = g.Add(p, s[k+2])
		}
		sent = append(sent, p)
	}
	if len(sent) > 0 {
		z = g.Add(z, s[2])
	}
	n, f, o := c.gates(g, z)
	cell := g.Add(g.Mul(f, s[1]), g.Mul(g.Affine(f, -1, 1), n))
	h := g.Mul(o, cell)
	return h, append(State{h, cell}, sent...)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c QRNN) Scan(g *graph.Graph, x graph.Node, s State, order Order) (graph.Node, State) {
	if !c.valid(g) || !scannable(g, "QRNN", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	z, sent := inputs(g, x, 3, c.Hidden, nil), make(State, c.window()-1)
	var arriving graph.Node // what earlier steps sent, [T, B, 3H]
	for k := c.window() - 1; k >= 1; k-- {
		p := c.before(g, x, k)
		if arriving.Valid() {
			p = g.Add(p, arriving)
		}
		arriving, sent[k-1] = order.Before(g, p, s[k+1])
	}
	if arriving.Valid() {
		z = g.Add(z, arriving)
	}
	n, f, o := c.gates(g, z)
	cell, last := order.Linear(g, f, g.Mul(g.Affine(f, -1, 1), n), s[1])
	h := g.Mul(o, cell)
	return h, append(State{order.Last(g, h, s[0]), last}, sent...)
}
