package linear

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// Griffin is the recurrent block of Griffin and Hawk (De et al., 2024, arXiv 2402.19427, figure 2b), without the
// normalisation before it and the connection around it: an RGLRU behind a short convolution, and a gate beside them.
//
//	h' = W_out·(gelu(W_y·x + b_y)⊙RGLRU(conv(W_x·x + b_x))) + b_out
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·W], the oldest first (none for a
// Kernel of 1), and the two entries of the RGLRU. Parameters, as in transformers: linear_x, linear_y and linear_out (weight
// and bias), conv_1d.weight [W, 1, Kernel] and .bias [W], rg_lru.recurrent_param and so on.
type Griffin struct {
	Hidden int // H, the width of the output
	Width  int // W, of the recurrence; 0 for H
	Heads  int // of the RGLRU; 0 for 1
	Kernel int // how many steps the convolution sees; 0 for 4
	// Activation of the gate; nil for nn.GELU{Tanh: true}, as in RecurrentGemma.
	Activation nn.Module
}

func (c Griffin) filled() Griffin {
	c.Width, c.Kernel = or(c.Width, c.Hidden), or(c.Kernel, 4)
	if c.Activation == nil {
		c.Activation = nn.GELU{Tanh: true}
	}
	return c
}

// unit is the recurrence.
func (c Griffin) unit() RGLRU { return RGLRU{Hidden: c.Width, Heads: c.Heads} }

func (c Griffin) widths() []int {
	if c.Kernel == 1 {
		return append([]int{c.Hidden}, c.unit().widths()...)
	}
	return append([]int{c.Hidden, (c.Kernel - 1) * c.Width}, c.unit().widths()...)
}

func (c Griffin) valid(g *graph.Graph) bool {
	if positive(g, "Griffin", size{"hidden size", c.Hidden}, size{"Width", c.Width}, size{"Kernel", c.Kernel}) && c.Kernel > widest/c.Width {
		g.Failf("Griffin", "a convolution of %d channels and %d steps: more than a tensor may hold", c.Width, c.Kernel)
	}
	return g.Err() == nil && c.unit().valid(g)
}

// Begin returns zeros.
func (c Griffin) Begin(g *graph.Graph, batch int) recurrent.State {
	c = c.filled()
	if !c.valid(g) {
		return make(recurrent.State, len(c.widths()))
	}
	return zeros(g, "Griffin", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c Griffin) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "Griffin", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c Griffin) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !c.valid(g) || !sequence(g, "Griffin", x, s, c.widths()) {
		return graph.Node{}, s
	}
	gate := c.Activation.Apply(g, nn.Dense{Units: c.Width}.Apply(g.Scope("linear_y"), x))
	in := nn.Dense{Units: c.Width}.Apply(g.Scope("linear_x"), x)
	past, inner := recurrent.State{}, s[1:]
	var before graph.Node
	if c.Kernel > 1 {
		before, inner = s[1], s[2:]
	}
	u, before := o.Convolve(g.Scope("conv_1d"), nn.DepthwiseConv1D{Kernel: c.Kernel}, o.Clear(g, in), before)
	if c.Kernel > 1 {
		past = recurrent.State{before}
	}
	y, last := c.unit().Scan(g.Scope("rg_lru"), u, inner, o)
	h := nn.Dense{Units: c.Hidden}.Apply(g.Scope("linear_out"), g.Mul(gate, y))
	if g.Err() != nil {
		return graph.Node{}, s
	}
	return h, append(append(recurrent.State{o.Last(g, h, s[0])}, past...), last...)
}

// Startable tells that a vector can start the state, but not what says whether a step was read before.
func (c Griffin) Startable(_ *graph.Graph, entry int) bool { return entry < len(c.filled().widths())-1 }
