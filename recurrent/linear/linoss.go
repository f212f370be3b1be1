package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// LinOSS is a layer of linear oscillators (Rusch and Rus, 2025, arXiv 2410.03943), which are driven by the input:
//
//	y" = -a⊙y + B·x      h = C·y + W_xr·x + b
//
// in steps of Δ, for places y and speeds z. The implicit step loses energy where it is large, so that the oscillators forget:
//
//	z' = z + Δ·(-a⊙y' + B·x)      y' = y + Δ·z'
//
// With Explicit the force is that at the old place, -a⊙y, and energy is kept (the paper's IMEX). a is max(stiffness, 0), and Δ
// is σ(step). An oscillator's place and speed are mixed by a 2x2 matrix, which recurrent.Order.LinearPairs scans. A
// nonlinearity belongs behind it; the paper's network has one and a gate.
//
// State: h [B, H], which is not read, speeds z and places y [B, N]. Parameters: stiffness and step [N], weight_ih (B) [N, I],
// weight_hr (C) [H, N], weight_xr [H, I], bias_hr [H].
type LinOSS struct {
	Hidden   int  // H, the width of the output
	State    int  // N, how many oscillators there are; 0 for H
	Explicit bool // keep energy
}

func (c LinOSS) widths() []int { n := or(c.State, c.Hidden); return []int{c.Hidden, n, n} }

// Begin returns zeros.
func (c LinOSS) Begin(g *graph.Graph, batch int) recurrent.State {
	return zeros(g, "LinOSS", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c LinOSS) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "LinOSS", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c LinOSS) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !sequence(g, "LinOSS", x, s, c.widths()) {
		return graph.Node{}, s
	}
	n := c.widths()[1]
	a := g.ReLU(g.Param("stiffness", graph.Uniform(0, 1), n))
	delta := g.Sigmoid(g.Param("step", graph.Uniform(0, 1), n))
	bound := 1 / math.Sqrt(float64(x.Dim(2)))
	force := g.MatMulT(x, g.Param("weight_ih", graph.Uniform(-bound, bound), n, x.Dim(2)))

	pull := g.Mul(delta, a)                    // Δ·a
	slow := g.AddScalar(g.Mul(delta, pull), 1) // 1 + Δ²·a
	var m [4]graph.Node                        // of z and y
	var push graph.Node                        // what the force is times, in z; Δ times that in y
	if c.Explicit {
		one := g.Full(1, n)
		m = [4]graph.Node{one, g.Neg(pull), delta, g.Sub(one, g.Mul(delta, pull))}
		push = delta
	} else {
		kept := g.Div(g.Full(1, n), slow)
		m = [4]graph.Node{kept, g.Neg(g.Mul(pull, kept)), g.Mul(delta, kept), kept}
		push = g.Mul(delta, kept)
	}
	moved := g.Mul(push, force)
	all, last := o.LinearPairs(g, m, [2]graph.Node{moved, g.Mul(delta, moved)}, [2]graph.Node(s[1:3]))
	h := g.MatMulT(all[1], g.Param("weight_hr", graph.GlorotUniform(), c.Hidden, n))
	h = through(g, h, x)
	return h, recurrent.State{o.Last(g, h, s[0]), last[0], last[1]}
}
