package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// CoRNN is the coupled oscillatory network (Rusch and Mishra, 2021, arXiv 2010.00951). Each unit is an oscillator at the place
// y with the speed z, which a spring pulls back (γ) and friction slows down (ε); the others drive it through a tanh, so gradients
// neither vanish nor explode over many steps. With Δ for the time that a step takes:
//
//	z' = z + Δ·(tanh(W·y + 𝒲·z + V·x + b) - γ·y - ε·z)
//	y' = y + Δ·z'
//
// The paper tunes Δ, γ and ε for each task: 0.054, 4.9 and 4.8 for a review of some hundred words, 0.042, 2.7 and 4.7 for the 784
// pixels of a digit. With so short steps the memory is long and the answer to an input slow; a network that tells the next letter
// wants Δ = 1, γ = 0.5 and ε = 1, say.
//
// State: h, which is y, and z. Parameters: weight_ih (V) [H, I], Glorot uniform, weight_hh (W) and weight_zh (𝒲) [H, H],
// orthogonal, bias_ih [H], zero at the start.
type CoRNN struct {
	Hidden    int     // H, the number of oscillators
	Interval  float64 // Δ; 0 for 0.054
	Stiffness float64 // γ; 0 for 4.9
	Friction  float64 // ε; 0 for 4.8
}

// Begin returns h = z = 0, [B, H] each.
func (c CoRNN) Begin(g *graph.Graph, batch int) State {
	return zeros(g, "CoRNN", batch, c.Hidden, c.Hidden)
}

// Step computes the new places, which are also the output, [B, H], and speeds.
func (c CoRNN) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	var constants [3]float64
	for i, v := range []struct {
		name         string
		value, usual float64
	}{{"Interval", c.Interval, 0.054}, {"Stiffness", c.Stiffness, 4.9}, {"Friction", c.Friction, 4.8}} {
		if !(v.value >= 0) || math.IsInf(v.value, 1) {
			return g.Failf("CoRNN", "%s is %g; want a number above 0, or 0 for %g", v.name, v.value, v.usual), s
		}
		if constants[i] = v.value; v.value == 0 {
			constants[i] = v.usual
		}
	}
	if !checked(g, "CoRNN", x, s, c.Hidden, c.Hidden) {
		return graph.Node{}, s
	}
	delta, gamma, epsilon := constants[0], constants[1], constants[2]
	y, z := s[0], s[1]
	force := g.Tanh(g.Add(inputs(g, x, 1, c.Hidden, nil),
		g.MatMulT(y, g.Param("weight_hh", graph.Orthogonal(1), c.Hidden, c.Hidden)),
		g.MatMulT(z, g.Param("weight_zh", graph.Orthogonal(1), c.Hidden, c.Hidden))))
	z = g.Add(g.MulScalar(z, 1-delta*epsilon), g.MulScalar(g.Sub(force, g.MulScalar(y, gamma)), delta))
	y = g.Add(y, g.MulScalar(z, delta))
	return y, State{y, z}
}
