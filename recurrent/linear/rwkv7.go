package linear

import (
	"math"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// RWKV7 is the body of RWKV-7 "Goose" (Peng et al., 2025, arXiv 2503.14456): Layers blocks, each of which adds to what it gets
// first what it mixes over time, then what it mixes over channels. Both look at x and at how it differs from the x before,
// x_c = x + (x_before - x)⊙μ_c. Mixing over time is a memory with the generalised delta rule: what it removes is found under
// another key than what it writes, and rows decay each for itself. With lo(x) = f(x·W₁)·W₂ of a low rank, for each of N heads:
//
//	r = W_r·x_r     k = W_k·x_k     v = W_v·x_v     g = σ(x_g·G₁)·G₂
//	log w = -e^{-1/2}·σ(w₀ + tanh(x_w·W₁)·W₂)       a = σ(a₀ + x_a·A₁·A₂)
//	k̂ = k⊙κ/|k⊙κ|     k = k⊙(1 + (a-1)⊙α)          v = v + (v_first - v)⊙σ(v₀ + x_v·V₁·V₂), but in the first block
//	S_t = w⊙S - (k̂⊙a)·k̂ᵀ·S + k·vᵀ                  y = groupnorm(S_tᵀ·r) + (Σ r⊙k⊙ρ)·v
//	x = x + W_o·(y⊙g)                               x = x + W_v·relu(W_k·x_k)²
//
// Each begins with a layer normalisation, of x as it is there, and the first block with one more. v_first are the values of
// the first block. An input that is not as wide as the output, C, is projected first, by in_proj.weight [C, I].
//
// State: h [B, C], which is not read, then for each block the normalised x before of both [B, C] around the matrices
// [B, N·K·K], rows of k and columns of v. Parameters, as in the published files, without leading ones:
// blocks.0.ln0, and in blocks.i: ln1 and ln2 (.weight and .bias [C]), and below att: x_r, x_w, x_k, x_v, x_a and x_g [C],
// w0, a0 and v0 [C], w1, a1, v1 and g1 [C, rank], w2, a2, v2 and g2 [rank, C], k_k and k_a (κ and α) [C], r_k (ρ) [N, K],
// receptance, key, value and output (.weight [C, C]), ln_x (.weight and .bias [C]), and below ffn: x_k [C], key.weight [F, C],
// value.weight [C, F]. They start as in the author's program.
type RWKV7 struct {
	Hidden  int // C, the width of the output
	Layers  int // the number of blocks; 0 for 1
	Head    int // K, the width of a head, a divisor of C; 0 for 64, or C where 64 does not divide it
	Forward int // F, the width of the channel mixing; 0 for 4·C
	// The ranks of w, a, v and g; 0 for what the author's program takes for this width.
	DecayRank, RateRank, ValueRank, GateRank int
}

// filled puts defaults in place of zeros.
func (c RWKV7) filled() RWKV7 {
	if c.Head == 0 {
		c.Head = 64
		if c.Hidden%64 != 0 {
			c.Head = c.Hidden
		}
	}
	rank := func(factor, power float64) int {
		return max(32, 32*int(math.Round(factor*math.Pow(float64(max(c.Hidden, 1)), power)/32)))
	}
	c.Layers, c.Forward = or(c.Layers, 1), or(c.Forward, 4*c.Hidden)
	c.DecayRank, c.RateRank = or(c.DecayRank, rank(1.8, 0.5)), or(c.RateRank, rank(1.8, 0.5))
	c.ValueRank, c.GateRank = or(c.ValueRank, rank(1.3, 0.5)), or(c.GateRank, rank(0.6, 0.8))
	return c
}

func (c RWKV7) heads() int { return c.Hidden / max(c.Head, 1) }

// widths are those of the state's entries.
func (c RWKV7) widths() []int {
	w := []int{c.Hidden}
	for range c.Layers {
		w = append(w, c.Hidden, c.Hidden*c.Head, c.Hidden)
	}
	return w
}

func (c RWKV7) valid(g *graph.Graph) bool {
	const most = 1 << 20
	ok := positive(g, "RWKV7", size{"hidden size", c.Hidden}, size{"Layers", c.Layers}, size{"Head", c.Head}, size{"Forward", c.Forward},
		size{"DecayRank", c.DecayRank}, size{"RateRank", c.RateRank}, size{"ValueRank", c.ValueRank}, size{"GateRank", c.GateRank})
	switch {
	case !ok:
	case c.Hidden%c.Head != 0:
		g.Failf("RWKV7", "heads of a width of %d; want a divisor of the hidden size %d", c.Head, c.Hidden)
	case c.Hidden > most || c.Layers > 10000 || c.Hidden > widest/c.Head:
		g.Failf("RWKV7", "%d blocks of width %d with heads of %d: more than this can be", c.Layers, c.Hidden, c.Head)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c RWKV7) Begin(g *graph.Graph, batch int) recurrent.State {
	c = c.filled()
	if !c.valid(g) {
		return make(recurrent.State, 1)
	}
	return zeros(g, "RWKV7", batch, c.widths())
}

// Step computes the output, [B, C], and the new state.
func (c RWKV7) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "RWKV7", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, C].
func (c RWKV7) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !c.valid(g) || !sequence(g, "RWKV7", x, s, c.widths()) {
		return graph.Node{}, s
	}
	if x.Dim(2) != c.Hidden {
		x = linear(g, "in_proj", x, c.Hidden)
	}
	norm := func(g *graph.Graph, name string, x graph.Node) graph.Node {
		return nn.LayerNorm{}.Apply(g.Scope(name), x)
	}
	var values graph.Node // of the first block
	next := make(recurrent.State, 1, len(s))
	for i := range c.Layers {
		at := g.Scope("blocks").Scope(strconv.Itoa(i))
		if i == 0 {
			x = norm(at, "ln0", x)
		}
		b := rwkv7Block{RWKV7: c, layer: i}
		y, own := b.overTime(at.Scope("att"), norm(at, "ln1", x), s[1+3*i:], &values, o)
		x = g.Add(x, y)
		z, before := b.overChannels(at.Scope("ffn"), norm(at, "ln2", x), s[3+3*i], o)
		x = g.Add(x, z)
		next = append(next, own[0], own[1], before)
	}
	next[0] = o.Last(g, x, s[0])
	return x, next
}
