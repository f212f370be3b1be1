package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Mamba (Gu and Dao, 2023, arXiv 2312.00752) and FalconMamba (Zuo et al., 2024, arXiv 2410.05355), which also divides what
// the step size and the projections are made of by their root mean square.

// mambaFamily reads the configuration of either.
func mambaFamily(c *config) network {
	m := &mamba{
		width: c.size("hidden_size"), states: c.size("state_size"), taps: c.size("conv_kernel"),
		bias: c.flag("use_bias", false), convBias: c.flag("use_conv_bias", true), act: c.text("hidden_act", "silu"),
	}
	m.inner = c.sizeOr("intermediate_size", c.sizeOr("expand", 2)*m.width)
	m.rank = rankOf(c, "time_step_rank", m.width)
	if c.text("model_type", "") == "falcon_mamba" {
		m.inside = c.number("mixer_rms_eps", 1e-6)
	}
	epsilon := c.number("layer_norm_epsilon", 1e-5)
	layers := c.size("num_hidden_layers")
	return network{
		layers: layers, trunk: "backbone", embedding: "embeddings", width: m.width, tied: c.flag("tie_word_embeddings", true),
		layer: func(b block, _ int, x graph.Node) graph.Node {
			return b.g.Add(x, m.mixer(b.in("mixer"), b.rms("norm", x, epsilon)))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("norm_f", x, epsilon) },
	}
}

// rankOf is the width of what Mamba's step size is made of: a number, or "auto" for a sixteenth of the width.
func rankOf(c *config, name string, width int) int {
	if string(c.fields[name]) == `"auto"` {
		return (width + 15) / 16
	}
	return c.size(name)
}

// mamba is Mamba's mixer.
type mamba struct {
	width, inner, states, rank, taps int
	bias, convBias                   bool
	act                              string

	// inside is the ε of the norms of B, C and the step size; 0 for none. named tells that they have weights in the file.
	inside float64
	named  bool
}

// mixer maps x [T, B, width] to as much. State: the convolution's rows, and ssm [B, inner, states].
func (m *mamba) mixer(b block, x graph.Node) graph.Node {
	g := b.g
	parts := columns(g, b.dense("in_proj", x, 2*m.inner, m.bias), m.inner, m.inner)
	x = activation(g, m.act, b.conv("conv1d", parts[0], m.taps, m.convBias))
	mixed := columns(g, b.dense("x_proj", x, m.rank+2*m.states, false), m.rank, m.states, m.states)
	for i, name := range []string{"dt_layernorm", "b_layernorm", "c_layernorm"} {
		switch {
		case m.named:
			mixed[i] = b.rms(name, mixed[i], m.inside)
		case m.inside > 0:
			mixed[i] = nn.RMSNorm{Epsilon: m.inside, NoAffine: true}.Apply(g, mixed[i])
		}
	}
	dt := g.Softplus(b.dense("dt_proj", mixed[0], m.inner, true))
	y := m.scan(b, dt, x, mixed[1], mixed[2])
	y = g.Add(y, g.Mul(x, b.weight("D", m.inner)))
	return b.dense("out_proj", g.Mul(y, activation(g, m.act, parts[1])), m.width, m.bias)
}

// scan is the selective scan (equation 2 with ZOH for A and Euler for B): s' = exp(Δ·A)⊙s + (Δ⊙x)·Bᵀ, y = s'·C.
func (m *mamba) scan(b block, dt, x, in, out graph.Node) graph.Node {
	g := b.g
	s := b.vector("ssm", m.inner, m.states)
	a := g.Neg(g.Exp(b.weight("A_log", m.inner, m.states)))
	return each(g, func(at []graph.Node) graph.Node {
		dt, dx, in, out := at[0], at[1], at[2], at[3]
		s.next = g.Add(g.Mul(g.Exp(g.Mul(column(g, dt), a)), s.next), outer(g, dx, in))
		return g.Sum(g.Mul(s.next, row(g, out)), -1) // [B, inner]
	}, dt, g.Mul(dt, x), in, out)
}
