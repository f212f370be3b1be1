package linear

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// RGLRU is the real-gated linear recurrent unit of Griffin (De et al., 2024, arXiv 2402.19427, section 2.4): every unit
// decays at a rate of its own, which a gate slows down, and another gate scales its input:
//
//	r = σ(W_r·x + b_r)      i = σ(W_i·x + b_i)      in Heads blocks of the width each
//	a = exp(-8·r⊙softplus(λ))                       between 0 and 1
//	h' = a⊙h + √(1-a²)⊙(i⊙x)                        h' = i⊙x at the very first step
//
// The input is as wide as h. It is the recurrence alone; Griffin has the block around it.
//
// State: h [B, H], and whether a step was read before, 0 or 1, [B, 1]. Parameters, as in transformers' RecurrentGemma:
// input_gate_weight and recurrent_gate_weight [Heads, H/Heads, H/Heads], of which the second axis is that of the input,
// input_gate_bias and recurrent_gate_bias [Heads, H/Heads], recurrent_param λ [H], which starts so that a⁸ of an open gate
// lies between 0.9 and 0.999.
type RGLRU struct {
	Hidden int // H, the width of the input and of the output
	Heads  int // how many blocks the gates' weights have; a divisor of H, 0 for 1
}

func (c RGLRU) widths() []int { return []int{c.Hidden, 1} }

func (c RGLRU) valid(g *graph.Graph) bool {
	if positive(g, "RGLRU", size{"hidden size", c.Hidden}) && (c.Heads < 0 || c.Hidden%max(c.Heads, 1) != 0) {
		g.Failf("RGLRU", "%d heads over a width of %d; want a divisor of it", c.Heads, c.Hidden)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c RGLRU) Begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, 2)
	}
	return zeros(g, "RGLRU", batch, c.widths())
}

// Step computes the new state; the output is h, [B, H].
func (c RGLRU) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "RGLRU", c, x, s)
}

// Scan computes all steps at once: x [T, B, H] gives [T, B, H].
func (c RGLRU) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !c.valid(g) || !sequence(g, "RGLRU", x, s, c.widths()) {
		return graph.Node{}, s
	}
	if x.Dim(2) != c.Hidden {
		return g.Failf("RGLRU", "an input of %d numbers; want %d, the width of the output", x.Dim(2), c.Hidden), s
	}
	i, r := c.gate(g, "input_gate", x), c.gate(g, "recurrent_gate", x)
	rate := g.MulScalar(g.Mul(r, g.Softplus(g.Param("recurrent_param", slowing, c.Hidden))), 8) // -log a
	begun, first := o.Before(g, g.Full(1, x.Dim(0), x.Dim(1), 1), s[1])
	gain := g.Where(g.Reshape(begun, x.Dim(0), x.Dim(1)), contraction(g, rate), g.Full(1))
	h, last := o.Linear(g, g.Exp(g.Neg(rate)), g.Mul(gain, g.Mul(i, x)), s[0])
	return h, recurrent.State{last, first}
}

// contraction is √(1-a²) for a = exp(-rate): what keeps the size of a state that decays by a. It is 2t/(1+t) under the root,
// with t = tanh(rate), which does not cancel where a is near 1; and never quite zero, where a root has no slope.
func contraction(g *graph.Graph, rate graph.Node) graph.Node {
	t := g.Tanh(rate)
	return g.Sqrt(g.Clamp(g.Div(g.MulScalar(t, 2), g.AddScalar(t, 1)), 1e-12, 1))
}

// gate is σ of a product with blocks of weights, and a bias: x [T, B, H] gives [T, B, H].
func (c RGLRU) gate(g *graph.Graph, name string, x graph.Node) graph.Node {
	T, B, N := x.Dim(0), x.Dim(1), max(c.Heads, 1)
	width := c.Hidden / N
	w := g.Param(name+"_weight", graph.Repeat(N, eachMatrix(graph.GlorotUniform())), N, width, width)
	b := g.Param(name+"_bias", graph.Constant(0), N, width)
	rows := g.Transpose(g.Reshape(x, T*B, N, width), 1, 0, 2) // [N, T·B, width]
	z := g.Transpose(g.MatMul(rows, w), 1, 0, 2)              // [T·B, N, width]
	return g.Sigmoid(g.Reshape(g.Add(z, b), T, B, c.Hidden))
}

// eachMatrix draws a block [1, M, N] as a matrix.
func eachMatrix(init graph.Init) graph.Init {
	return func(dst []float64, shape []int, rng *rand.Rand) error { return init(dst, shape[1:], rng) }
}

// slowing draws λ so that exp(-8·softplus(λ)), squared, is uniform between 0.9² and 0.999².
func slowing(dst []float64, _ []int, rng *rand.Rand) error {
	for i := range dst {
		square := 0.9*0.9 + float64((0.999*0.999-0.9*0.9)*rng.Float64())
		dst[i] = math.Log(math.Expm1(-math.Log(square) / 16)) // the inverse of softplus
	}
	return nil
}

// Startable tells that a vector can start the state, but not what says whether a step was read before.
func (c RGLRU) Startable(_ *graph.Graph, entry int) bool { return entry < len(c.widths())-1 }
