package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// mamba2 is the mixer of Mamba-2 (Dao and Gu, 2024, arXiv 2405.21060), which many hybrids have, too: heads whose state decays
// by one number a step.
type mamba2 struct {
	width, heads, dim, states, groups, taps int

	bias, outBias, convBias bool
	act                     string
	least, most             float64 // of the step size

	norm      bool // before the output
	normFirst bool // and the gate after it
	epsilon   float64

	scales []float64 // of gate, x, B, C and step size; nil for ones
}

// mamba2Family reads the configuration of Mamba-2.
func mamba2Family(c *config) network {
	m := &mamba2{
		width: c.size("hidden_size"), heads: c.size("num_heads"), dim: c.size("head_dim"), states: c.size("state_size"),
		groups: c.sizeOr("n_groups", 1), taps: c.sizeOr("conv_kernel", 4), bias: c.flag("use_bias", false),
		convBias: c.flag("use_conv_bias", true), act: c.text("hidden_act", "silu"), norm: true,
	}
	m.outBias = m.bias
	m.epsilon = c.number("layer_norm_epsilon", 1e-5)
	m.limits(c)
	return network{
		layers: c.size("num_hidden_layers"), trunk: "backbone", embedding: "embeddings", width: m.width,
		tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, _ int, x graph.Node) graph.Node {
			return b.g.Add(x, m.mixer(b.in("mixer"), b.rms("norm", x, m.epsilon)))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("norm_f", x, m.epsilon) },
	}
}

// limits reads between what the step size is kept, and checks the groups.
func (m *mamba2) limits(c *config) {
	m.least, m.most = stepLimits(c)
	c.parts("the number of heads", m.heads, m.groups)
}

// hybridMamba2 reads the configuration by the names that hybrids have for it.
func hybridMamba2(c *config) *mamba2 {
	m := &mamba2{
		width: c.size("hidden_size"), heads: c.size("mamba_n_heads"), states: c.size("mamba_d_state"),
		groups: c.sizeOr("mamba_n_groups", 1), taps: c.sizeOr("mamba_d_conv", 4), bias: c.flag("mamba_proj_bias", false),
		convBias: c.flag("mamba_conv_bias", true), act: c.text("hidden_act", "silu"), norm: true,
	}
	m.outBias = m.bias
	if string(c.fields["mamba_d_head"]) == `"auto"` || !c.has("mamba_d_head") {
		m.dim = c.parts("the inner width", c.sizeOr("mamba_expand", 2)*m.width, m.heads)
	} else {
		m.dim = c.size("mamba_d_head")
	}
	m.epsilon = c.number("rms_norm_eps", 1e-5)
	m.limits(c)
	return m
}

// inner is the width of all heads.
func (m *mamba2) inner() int { return m.heads * m.dim }

// mixer maps x [T, B, width] to as much. State: the convolution's rows, and ssm [B, heads, dim, states].
func (m *mamba2) mixer(b block, x graph.Node) graph.Node {
	g, inner, wide := b.g, m.inner(), m.groups*m.states
	all := b.dense("in_proj", x, 2*inner+2*wide+m.heads, m.bias)
	if m.scales != nil {
		all = g.Mul(all, spread(g, m.scales, inner, inner, wide, wide, m.heads))
	}
	parts := columns(g, all, inner, inner+2*wide, m.heads)
	gate, dt := parts[0], g.Softplus(g.Add(parts[2], b.weight("dt_bias", m.heads)))
	if m.least > 0 || m.most < unbounded {
		dt = g.Clamp(dt, m.least, m.most)
	}
	mixed := activation(g, m.act, b.conv("conv1d", parts[1], m.taps, m.convBias))
	y := m.scan(b, dt, columns(g, mixed, inner, wide, wide)) // [T, B, inner]
	if m.norm {
		norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: m.epsilon, Groups: m.groups}, NormFirst: m.normFirst}
		y = norm.Apply(b.in("norm").g, y, gate)
	} else {
		y = g.Mul(y, silu(g, gate))
	}
	return b.dense("out_proj", y, m.width, m.outBias)
}

// scan is S' = exp(Δ·A)·S + Δ·x·Bᵀ, y = S'·C + D·x for each head, of which those of one group share B and C. parts are x, B
// and C.
func (m *mamba2) scan(b block, dt graph.Node, parts []graph.Node) graph.Node {
	g := b.g
	s := b.vector("ssm", m.heads, m.dim, m.states)
	a := g.Neg(g.Exp(b.weight("A_log", m.heads)))
	x := grouped(g, parts[0], m.heads) // [T, B, heads, dim]
	share := func(y graph.Node) graph.Node { return repeated(g, grouped(g, y, m.groups), 2, m.heads/m.groups) }
	y := each(g, func(at []graph.Node) graph.Node {
		decay, dx, in, out := at[0], at[1], at[2], at[3]
		s.next = g.Add(g.Mul(column(g, column(g, decay)), s.next), outer(g, dx, in))
		return g.Sum(g.Mul(s.next, row(g, out)), -1) // [B, heads, dim]
	}, g.Exp(g.Mul(dt, a)), g.Mul(x, column(g, dt)), share(parts[1]), share(parts[2]))
	return joined(g, g.Add(y, g.Mul(x, column(g, b.weight("D", m.heads)))))
}

// unbounded is more than any step size.
const unbounded = 1e30

// stepLimits reads what step sizes are kept between.
func stepLimits(c *config) (least, most float64) {
	least, most = 0, unbounded
	var limits []any
	if !c.has("time_step_limit") || !c.decode("time_step_limit", "two numbers", &limits) {
		return least, most
	}
	if len(limits) != 2 {
		c.wrong("time_step_limit", "two numbers")
		return least, most
	}
	if v, ok := limits[0].(float64); ok {
		least = v
	}
	if v, ok := limits[1].(float64); ok {
		most = v
	}
	if !(least <= most) {
		c.wrong("time_step_limit", "two numbers, the smaller first")
		return 0, unbounded
	}
	return least, min(most, unbounded)
}

// spread repeats each number as often as its width says.
func spread(g *graph.Graph, values []float64, widths ...int) graph.Node {
	var out []float32
	for i, n := range widths {
		for range n {
			out = append(out, float32(values[i]))
		}
	}
	return g.Const(graph.Floats(out))
}
