package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// GRUD is the GRU-D for values that are missing and times that are uneven (Che et al., 2018, "Recurrent neural networks for
// multivariate time series with missing values"). Of F features, its input holds 3F numbers: the values x, a mask m, which is
// 1 where a value was observed and 0 where it is missing, and the gaps δ, the time since each feature was last observed. What
// is missing decays from the last observation x' towards the feature's mean, and the hidden state decays, too:
//
//	γ_x = exp(-max(0, w_x⊙δ + b_x))      γ_h = exp(-max(0, W_h·δ + b_h))
//	x̂ = m⊙x + (1-m)⊙(γ_x⊙x' + (1-γ_x)⊙mean)
//	ĥ = γ_h⊙h
//	r, z = σ(W·x̂ + V·m + U·ĥ + b)
//	n = tanh(W_n·x̂ + V_n·m + U_n·(r⊙ĥ) + b_n)
//	h' = (1-z)⊙n + z⊙ĥ
//
// The paper's z is 1-z here, as in GRU. A missing x may be any finite number, such as 0. The gap of an observation counts,
// too: at step t it is the time since step t-1 if the feature was observed there, and longer if it was not (eq. 1); 0 at the
// first step.
//
// State: h [B, H], x' [B, F], which starts at the mean. Parameters, gates in the order r, z, n: weight_ih [3H, 2F], W and V
// side by side, weight_hh [3H, H], bias_ih [3H], as those of GRU; weight_decay_x [F], which starts at 0.1, bias_decay_x [F],
// weight_decay_h [H, F], which starts at 0.01, bias_decay_h [H]. At the start, all decay, but slowly: a decay below 0 has no
// gradient, and a fast one forgets what is rarely measured.
type GRUD struct {
	Hidden   int       // H, the width of h
	Features int       // F, a third of the width of the input
	Mean     []float64 // [F], of each feature over the training data; nil for zeros, the means of standardised features
}

// Begin returns h = 0, [B, H], and x' = mean, [B, F].
func (c GRUD) Begin(g *graph.Graph, batch int) State {
	if !c.valid(g) {
		return nil
	}
	s := zeros(g, "GRUD", batch, c.Hidden, c.Features)
	if c.Mean != nil && g.Err() == nil {
		s[1] = g.BroadcastTo(c.mean(g), batch, c.Features)
	}
	return s
}

// Step computes the new hidden state, which is also the output, [B, H], from x, m and δ side by side, [B, 3F].
func (c GRUD) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !c.valid(g) || !checked(g, "GRUD", x, s, c.Hidden, c.Features) {
		return graph.Node{}, s
	}
	if x.Dim(1) != 3*c.Features {
		return g.Failf("GRUD", "want an input [B, 3·features], values, mask and gaps of %d, found %v", c.Features, x.Shape()), s
	}
	in := g.Split(x, 1, 3) // x, m, δ, [B, F] each
	m, gap := in[1], in[2]
	keep := c.decay(g, g.Mul(gap, g.Param("weight_decay_x", graph.Constant(0.1), c.Features)), "bias_decay_x", c.Features)
	fade := c.decay(g, g.MatMulT(gap, g.Param("weight_decay_h", graph.Constant(0.01), c.Hidden, c.Features)), "bias_decay_h", c.Hidden)
	last := s[1]
	filled := c.between(g, m, in[0], c.fallen(g, keep, last))
	h := g.Mul(g.Record("hidden_decay", fade), s[0])
	next := c.gated(g, g.Concat(1, filled, m), h)
	return next, State{next, c.between(g, m, in[0], last)}
}

// decay is γ = exp(-max(0, z + b)), [B, width].
func (c GRUD) decay(g *graph.Graph, z graph.Node, bias string, width int) graph.Node {
	return g.Exp(g.Neg(g.ReLU(g.Add(z, g.Param(bias, graph.Constant(0), width)))))
}

// fallen is how far the last observation has fallen back towards the mean, γ⊙x' + (1-γ)⊙mean.
func (c GRUD) fallen(g *graph.Graph, keep, last graph.Node) graph.Node {
	if c.Mean == nil {
		return g.Mul(keep, last)
	}
	return c.between(g, keep, last, c.mean(g))
}

// between is m⊙a + (1-m)⊙b.
func (c GRUD) between(g *graph.Graph, m, a, b graph.Node) graph.Node {
	return g.Add(b, g.Mul(m, g.Sub(a, b)))
}

// gated is a step of the GRU that resets before the product, with one bias: x [B, 2F], h [B, H].
func (c GRUD) gated(g *graph.Graph, x, h graph.Node) graph.Node {
	in := g.Split(inputs(g, x, 3, c.Hidden, nil), 1, 3) // of r, z, n, [B, H] each
	u := g.Param("weight_hh", graph.Repeat(3, graph.Orthogonal(1)), 3*c.Hidden, c.Hidden)
	two, three := 2*c.Hidden, 3*c.Hidden
	back := g.Split(g.MatMulT(h, g.Slice(u, 0, 0, two)), 1, 2)
	r := g.Record("reset_gate", g.Sigmoid(g.Add(in[0], back[0])))
	z := g.Record("update_gate", g.Sigmoid(g.Add(in[1], back[1])))
	n := g.Tanh(g.Add(in[2], g.MatMulT(g.Mul(r, h), g.Slice(u, 0, two, three))))
	return g.Add(n, g.Mul(z, g.Sub(h, n))) // (1-z)⊙n + z⊙h
}

// mean is the features' mean, [1, F].
func (c GRUD) mean(g *graph.Graph) graph.Node {
	return g.Const(graph.Floats64(append([]float64{}, c.Mean...), 1, c.Features))
}

// valid reports a number of features that cannot be, and means that are not those of the features.
func (c GRUD) valid(g *graph.Graph) bool {
	switch {
	case g.Err() != nil:
	case c.Features < 1 || c.Features > dense.MaxElements/64:
		g.Failf("GRUD", "%d features; want 1 to %d", c.Features, dense.MaxElements/64)
	case c.Mean != nil && len(c.Mean) != c.Features:
		g.Failf("GRUD", "%d means of %d features; want as many, or none for zeros", len(c.Mean), c.Features)
	}
	return g.Err() == nil
}
