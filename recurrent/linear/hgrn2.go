package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// HGRN2 is the layer of Qin et al. (2024, arXiv 2404.07904): gated linear attention whose keys are what its forget gates leave, so
// that what a row takes in and what it keeps add up to one. For each of N heads:
//
//	f = γ + (1-γ)·σ(W_f·x)        q = silu(W_q·x)/√K      v = W_i·x
//	S' = f⊙S + (1-f)·vᵀ           y = S'ᵀ·q
//	h' = W_o·norm(y)
//
// norm divides by the root mean square of all heads.
//
// State: h [B, H], which is not read, and the matrices [B, N·K·V], rows of f and columns of v, V = H/N. Parameters, as in the
// authors' program: q_proj.weight and f_proj.weight [N·K, I], i_proj.weight [H, I], g_norm.weight [H], o_proj.weight [H, H].
type HGRN2 struct {
	Hidden int // H, the width of the output
	Heads  int // N, a divisor of H; 0 for 1
	Key    int // K, the rows of a head; 0 for H/N
	// Least is γ, below which no forget gate falls: at least 0, below 1. The paper learns one for each layer, from 0 in the first
	// one up.
	Least   float64
	Epsilon float64 // of norm; 0 for 1e-5
}

func (c HGRN2) sizes() sizes { return usualSizes("HGRN2", c.Hidden, c.Heads, c.Key, 0) }

func (c HGRN2) valid(g *graph.Graph) bool {
	switch z := c.sizes(); {
	case !z.valid(g):
	case c.Hidden%z.heads != 0:
		g.Failf("HGRN2", "%d heads; want a divisor of the hidden size %d", z.heads, c.Hidden)
	case !(c.Least >= 0 && c.Least < 1):
		g.Failf("HGRN2", "Least is %g; want at least 0 and below 1", c.Least)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c HGRN2) Begin(g *graph.Graph, batch int) recurrent.State {
	c.valid(g)
	return c.sizes().begin(g, batch)
}

// Step computes the output, [B, H], and the new state.
func (c HGRN2) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "HGRN2", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c HGRN2) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !c.valid(g) || !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	N, keys := z.heads, z.heads*z.key
	_, first := z.parts(s)
	f := linear(g, "f_proj", x, keys)
	keep, fastest := logSigmoid(g, f), 0.0
	if c.Least > 0 {
		keep, fastest = g.Log(g.Affine(g.Sigmoid(f), 1-c.Least, c.Least)), math.Log(c.Least)
	}
	taken := g.MulScalar(g.Sigmoid(g.Neg(f)), 1-c.Least) // 1-f
	read, last := o.Chunks(g, recurrent.Memory{
		Query: scaled(g, perHead(g, nn.SiLU{}.Apply(g, linear(g, "q_proj", x, keys)), N)), Key: perHead(g, taken, N),
		Value: perHead(g, linear(g, "i_proj", x, c.Hidden), N), LogDecay: perHead(g, keep, N), Fastest: fastest,
	}, first)
	y := nn.RMSNorm{Epsilon: usual(c.Epsilon, 1e-5)}.Apply(g.Scope("g_norm"), joined(g, read))
	h := linear(g, "o_proj", y, c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), graph.Node{}, last)
}
