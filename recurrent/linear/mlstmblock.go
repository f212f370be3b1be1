package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// MLSTMBlock is the block around an mLSTM of xLSTM (Beck et al., 2024, arXiv 2405.04517, figure 10): a wide memory between two
// projections, and a gate beside it. It adds to its input x, of width H, for each of N heads of width D = E/N:
//
//	u, z = W_up·norm(x)      c = silu(conv(u)), over the last Kernel steps
//	q, k, v = W_q·c, W_k·c/√D, W_v·u, each of so many square blocks of width 4
//	i, f = W_i·[q k v] + b_i, W_f·[q k v] + b_f
//	S_t = σ(f)·S + e^i·k·vᵀ      n_t = σ(f)·n + e^i·k      y = S_tᵀ·q/(max(|n_tᵀ·q|, 1) + 1e-6)
//	h' = x + W_down·((layernorm(y) + skip⊙c)⊙silu(z))
//
// norm is a layer normalisation, layernorm one of each head, both without a bias. k in i and f is not divided.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·E], the oldest first, S [B, N·D·D], rows
// of k and columns of v, n [B, E] and m [B, N], see recurrent.Order.Exponential. Parameters: norm.weight [H], proj_up.weight
// [2E, H], conv1d.weight [E, 1, Kernel] and .bias [E], q_proj, k_proj and v_proj .weight [E/4, 4, 4], igate and fgate, .weight
// [N, 3E] and .bias [N], outnorm.weight [E], skip [E], proj_down.weight [H, E].
type MLSTMBlock struct {
	Hidden int // H, the width of input and output
	Heads  int // N, a divisor of E; 0 for 1
	Inner  int // E; 0 for 2·H
	Kernel int // how many steps the convolution sees; 0 for 4
	Block  int // the width of the blocks of q, k and v, a divisor of E; 0 for 4, or E where 4 does not divide it
}

// filled puts defaults in place of zeros.
func (c MLSTMBlock) filled() MLSTMBlock {
	c.Inner, c.Heads, c.Kernel = or(c.Inner, 2*c.Hidden), or(c.Heads, 1), or(c.Kernel, 4)
	if c.Block == 0 {
		c.Block = 4
		if c.Inner%4 != 0 {
			c.Block = c.Inner
		}
	}
	return c
}

func (c MLSTMBlock) sizes() sizes {
	each := c.Inner / max(c.Heads, 1)
	return sizes{"MLSTMBlock", c.Hidden, c.Heads, each, each, c.Kernel, c.Inner}
}

// widths are those of the state's entries.
func (c MLSTMBlock) widths() []int { return append(c.sizes().widths(), c.Inner, c.Heads) }

func (c MLSTMBlock) valid(g *graph.Graph) bool {
	ok := positive(g, "MLSTMBlock", size{"Inner", c.Inner}, size{"Heads", c.Heads}, size{"Block", c.Block})
	if ok && (c.Inner%c.Heads != 0 || c.Inner%c.Block != 0 || c.Block > 1<<10) {
		g.Failf("MLSTMBlock", "%d heads and blocks of %d of a width of %d; want divisors, and blocks of at most 1024", c.Heads, c.Block, c.Inner)
	}
	return g.Err() == nil && c.sizes().valid(g)
}

// Begin returns zeros, and m of an empty memory.
func (c MLSTMBlock) Begin(g *graph.Graph, batch int) recurrent.State {
	c = c.filled()
	if !c.valid(g) {
		return make(recurrent.State, 1)
	}
	s := zeros(g, "MLSTMBlock", batch, c.widths())
	if g.Err() == nil {
		s[len(s)-1] = g.Full(recurrent.EmptyStabiliser, batch, c.Heads)
	}
	return s
}

// Startable tells that no entry can be an arbitrary vector, as recurrent.MLSTM does.
func (c MLSTMBlock) Startable(g *graph.Graph, entry int) bool { return unstartable(g, "MLSTMBlock") }

// Step computes the output, [B, H], and the new state.
func (c MLSTMBlock) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "MLSTMBlock", c, x, s)
}

// Scan computes all steps at once: x [T, B, H] gives [T, B, H].
func (c MLSTMBlock) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !c.valid(g) || !sequence(g, "MLSTMBlock", x, s, c.widths()) {
		return graph.Node{}, s
	}
	if x.Dim(2) != c.Hidden {
		return g.Failf("MLSTMBlock", "an input of width %d; want %d, the hidden size", x.Dim(2), c.Hidden), s
	}
	past, memory := c.sizes().parts(s)
	up := g.Split(linear(g, "proj_up", nn.LayerNorm{NoBias: true}.Apply(g.Scope("norm"), x), 2*c.Inner), 2, 2)
	seen, past := convolved(g, nn.DepthwiseConv1D{Kernel: c.Kernel}, up[0], past, o)
	q, k, v := c.blocks(g, "q_proj", seen), c.blocks(g, "k_proj", seen), c.blocks(g, "v_proj", up[0])
	gate := func(name string, bias graph.Init) graph.Node {
		at, all := g.Scope(name), g.Concat(2, q, k, v)
		return g.Add(g.MatMulT(all, at.Param("weight", graph.Constant(0), c.Heads, 3*c.Inner)), at.Param("bias", bias, c.Heads))
	}
	in, forget := gate("igate", graph.Normal(0, 0.1)), gate("fgate", spread)
	heads := func(x graph.Node) graph.Node { return perHead(g, x, c.Heads) }
	rest := s[len(s)-2:]
	read, next := o.Exponential(g, recurrent.Memory{
		Query: heads(q), Key: scaled(g, heads(k)), Value: heads(v), LogDecay: heads(logSigmoid(g, forget)),
	}, in, 1e-6, recurrent.State{memory, rest[0], rest[1]})
	if g.Err() != nil {
		return graph.Node{}, s
	}
	y := nn.GroupNorm{Groups: c.Heads, NoBias: true}.Apply(g.Scope("outnorm"), joined(g, read))
	y = g.Add(y, g.Mul(seen, g.Param("skip", graph.Constant(1), c.Inner)))
	h := g.Add(x, linear(g, "proj_down", g.Mul(y, nn.SiLU{}.Apply(g, up[1])), c.Hidden))
	return h, append(c.sizes().state(o.Last(g, h, s[0]), past, next[0]), next[1], next[2])
}

// blocks is x [T, B, E] times a block-diagonal matrix, name.weight [E/Block, Block, Block].
func (c MLSTMBlock) blocks(g *graph.Graph, name string, x graph.Node) graph.Node {
	n, b := c.Inner/c.Block, c.Block
	bound := math.Sqrt(3 / float64(b))
	w := g.Scope(name).Param("weight", graph.Uniform(-bound, bound), n, b, b)
	rows := g.Transpose(g.Reshape(x, -1, n, b), 1, 0, 2) // [n, T·B, b]
	return g.Reshape(g.Transpose(g.MatMulT(rows, w), 1, 0, 2), x.Shape()...)
}
