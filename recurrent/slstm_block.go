package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// SLSTMBlock is the block around an SLSTM of xLSTM (Beck et al., 2024, arXiv 2405.04517, figure 9): a short convolution before it, a
// normalisation of each head behind it, and a gated feed-forward layer. It adds to its input x, of width H, one after the other:
//
//	u = norm(x)      c = silu(conv(u)), over the last Kernel steps      x = x + headnorm(SLSTM([c u]))
//	x = x + W_down·(gelu(W_gate·norm(x))⊙W_up·norm(x))
//
// All normalisations are layer normalisations without a bias. In the paper, gates i and f see c, z and o see u, head by head;
// here every gate sees both.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·H], the oldest first, and the state of the
// SLSTM, four times [B, H]. Parameters: norm.weight [H], conv1d.weight [H, 1, Kernel] and .bias [H], those of the SLSTM in
// slstm, outnorm.weight [H], norm_ffn.weight [H], proj_gate.weight and proj_up.weight [F, H], proj_down.weight [H, F].
type SLSTMBlock struct {
	Hidden  int // H, the width of input and output
	Heads   int // of the SLSTM, a divisor of H; 0 for 1
	Kernel  int // how many steps the convolution sees, at least 2; 0 for 4
	Forward int // F, the width of the feed-forward layer; 0 for 4/3·H, rounded up
}

// filled puts defaults in place of zeros.
func (c SLSTMBlock) filled() SLSTMBlock {
	if c.Kernel == 0 {
		c.Kernel = 4
	}
	if c.Forward == 0 {
		c.Forward = int(math.Ceil(4 * float64(c.Hidden) / 3))
	}
	return c
}

func (c SLSTMBlock) core() SLSTM { return SLSTM{Hidden: c.Hidden, Heads: c.Heads} }

// widths are those of the state's entries.
func (c SLSTMBlock) widths() []int {
	H := c.Hidden
	return []int{H, (c.Kernel - 1) * H, H, H, H, H}
}

func (c SLSTMBlock) valid(g *graph.Graph) bool {
	const most = 1 << 20
	if headsFit(g, "SLSTMBlock", c.Hidden, c.Heads) && (c.Kernel < 2 || c.Forward < 1 || max(c.Hidden, c.Kernel, c.Forward) > most) {
		g.Failf("SLSTMBlock", "a width of %d, a kernel of %d and a feed-forward layer of %d; want at least 1, 2 and 1, and at most %d",
			c.Hidden, c.Kernel, c.Forward, most)
	}
	return g.Err() == nil
}

// Begin returns zeros, and the state of an SLSTM.
func (c SLSTMBlock) Begin(g *graph.Graph, batch int) State {
	c = c.filled()
	if !c.valid(g) {
		return make(State, 6)
	}
	return append(zeros(g, "SLSTMBlock", batch, c.widths()[:2]...), c.core().Begin(g, batch)...)
}

// Startable tells that only the hidden state of the SLSTM can be an arbitrary vector.
func (c SLSTMBlock) Startable(_ *graph.Graph, entry int) bool { return entry == 2 }

// Step computes the output, [B, H], and the new state.
func (c SLSTMBlock) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	c = c.filled()
	if !c.valid(g) || !checked(g, "SLSTMBlock", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	if x.Dim(1) != c.Hidden {
		return g.Failf("SLSTMBlock", "an input of width %d; want %d, the hidden size", x.Dim(1), c.Hidden), s
	}
	norm := func(name string, x graph.Node) graph.Node { return nn.LayerNorm{NoBias: true}.Apply(g.Scope(name), x) }
	dense := func(name string, x graph.Node, units int) graph.Node {
		return nn.Dense{Units: units, NoBias: true}.Apply(g.Scope(name), x)
	}
	u := norm("norm", x)
	seen, past := nn.DepthwiseConv1D{Kernel: c.Kernel}.Step(g.Scope("conv1d"), u, s[1])
	y, next := c.core().Step(g.Scope("slstm"), g.Concat(1, nn.SiLU{}.Apply(g, seen), u), s[2:])
	x = g.Add(x, nn.GroupNorm{Groups: max(c.Heads, 1), NoBias: true}.Apply(g.Scope("outnorm"), y))
	z := norm("norm_ffn", x)
	up := g.Mul(nn.GELU{}.Apply(g, dense("proj_gate", z, c.Forward)), dense("proj_up", z, c.Forward))
	h := g.Add(x, dense("proj_down", up, c.Hidden))
	return h, append(State{h, past}, next...)
}
