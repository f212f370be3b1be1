package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// RetNet is multi-scale retention (Sun et al., 2023, arXiv 2307.08621, eq. 5-8): linear attention with a fixed decay for each head
// and positions in the angles of queries and keys. For head n of N, from 0, and step t:
//
//	q, k, v = W_q·x/√K, W_k·x, W_v·x       γ = 1 - 2^(-5-n)
//	S' = γ·S + rot(k, t)·vᵀ                y = S'ᵀ·rot(q, t)
//	h' = W_o·(norm(y)⊙silu(W_g·x))
//
// rot turns each pair of elements i and i+K/2 by the angle t·10000^(-2i/K) (Su et al., 2021, arXiv 2104.09864). norm divides
// by the root mean square of a head.
//
// State: h [B, H], which is not read, t [B, 1], and the matrices [B, N·K·V], rows of k and columns of v. Parameters:
// q_proj.weight and k_proj.weight [N·K, I], v_proj.weight and g_proj.weight [N·V, I], g_norm.weight [V], o_proj.weight [H, N·V].
type RetNet struct {
	Hidden  int     // H, the width of the output
	Heads   int     // N; 0 for 1
	Key     int     // K, the width of a key, even; 0 for the first even number from H/N on
	Value   int     // V, the width of a value; 0 for H/N
	Epsilon float64 // of norm; 0 for 1e-5
}

func (c RetNet) sizes() sizes {
	each := c.Hidden / max(c.Heads, 1)
	return usualSizes("RetNet", c.Hidden, c.Heads, or(c.Key, each+each%2), c.Value)
}

// widths are those of the state's entries.
func (c RetNet) widths() []int {
	w := c.sizes().widths()
	return []int{w[0], 1, w[1]}
}

func (c RetNet) valid(g *graph.Graph) bool {
	if z := c.sizes(); z.valid(g) && z.key%2 != 0 {
		g.Failf("RetNet", "keys of a width of %d; want an even number, as pairs of elements are turned", z.key)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c RetNet) Begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, 3)
	}
	return zeros(g, "RetNet", batch, c.widths())
}

// Startable tells that a vector can start the matrices, but neither the time nor h, which is not read.
func (c RetNet) Startable(_ *graph.Graph, entry int) bool { return entry == 2 }

// Step computes the output, [B, H], and the new state.
func (c RetNet) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "RetNet", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c RetNet) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !c.valid(g) || !sequence(g, "RetNet", x, s, c.widths()) {
		return graph.Node{}, s
	}
	N, keys, values := z.heads, z.heads*z.key, z.heads*z.value
	// A counter is a linear recurrence: it counts in reading order, and not at padding.
	after, t := o.Linear(g, g.Full(1, 1), g.Full(1, x.Dim(0), x.Dim(1), 1), s[1])
	turned := c.turning(g, g.AddScalar(after, -1))
	log := make([]float64, N)
	for n := range log {
		log[n] = math.Log1p(-math.Exp2(-5 - float64(n)))
	}
	read, last := o.Chunks(g, recurrent.Memory{
		Query: turned(scaled(g, perHead(g, linear(g, "q_proj", x, keys), N))), Key: turned(perHead(g, linear(g, "k_proj", x, keys), N)),
		Value: perHead(g, linear(g, "v_proj", x, values), N), LogDecay: fixed(g, x, log),
	}, s[2])
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: usual(c.Epsilon, 1e-5)}, NormFirst: true}
	y := norm.Apply(g.Scope("g_norm"), read, perHead(g, linear(g, "g_proj", x, values), N))
	h := linear(g, "o_proj", joined(g, y), c.Hidden)
	return h, recurrent.State{o.Last(g, h, s[0]), t, last}
}

// turning returns rot for the positions t [T, B, 1]: it turns x [T, B, N, K].
func (c RetNet) turning(g *graph.Graph, t graph.Node) func(x graph.Node) graph.Node {
	half := c.sizes().key / 2
	speed := make([]float64, half)
	for i := range speed {
		speed[i] = math.Pow(10000, -float64(i)/float64(half))
	}
	angle := g.Mul(t, g.Const(graph.Floats64(speed, half))) // [T, B, K/2]
	angle = g.Reshape(angle, t.Dim(0), t.Dim(1), 1, half)
	cos, sin := g.Cos(angle), g.Sin(angle)
	return func(x graph.Node) graph.Node {
		p := cut(g, x, half, half)
		return g.Concat(3, g.Sub(g.Mul(p[0], cos), g.Mul(p[1], sin)), g.Add(g.Mul(p[1], cos), g.Mul(p[0], sin)))
	}
}
