package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// mamba2Family is Mamba-2 (Dao and Gu, 2024, arXiv 2405.21060).
func mamba2Family(c *config) network {
	m := linear.Mamba2{
		Hidden: c.size("hidden_size"), Heads: c.size("num_heads"), State: c.size("state_size"), Groups: c.sizeOr("n_groups", 1),
		Kernel: c.sizeOr("conv_kernel", 4), Bias: c.flag("use_bias", false), NoConvBias: !c.flag("use_conv_bias", true),
		Epsilon: c.number("layer_norm_epsilon", 1e-5),
	}
	m.Inner = m.Heads * c.size("head_dim")
	m.MinStep, m.MaxStep = stepLimits(c)
	c.one("hidden_act", "silu", "swish")
	return network{
		layers: c.size("num_hidden_layers"), trunk: "backbone", embedding: "embeddings", width: m.Hidden,
		tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, _ int, x graph.Node) graph.Node {
			return b.g.Add(x, b.in("mixer").mamba2(m, b.rms("norm", x, m.Epsilon)))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("norm_f", x, m.Epsilon) },
	}
}

// mamba2 is Mamba-2's mixer. State: the last inputs of the convolution, and ssm [B, N·S·P].
func (b block) mamba2(m linear.Mamba2, x graph.Node) graph.Node {
	if m.Heads%m.Groups == 0 { // which the layer says better
		keys := m.Groups * m.State
		b.wants("in_proj.weight", 2*m.Inner+2*keys+m.Heads, m.Hidden)
		b.wants("conv1d.weight", m.Inner+2*keys, 1, m.Kernel)
	}
	if m.Kernel == 1 {
		return b.cell(m, x, "ssm")
	}
	return b.cell(m, x, "conv", "ssm")
}

// hybridMamba2 reads the configuration by the names that hybrids have for it.
func hybridMamba2(c *config) linear.Mamba2 {
	m := linear.Mamba2{
		Hidden: c.size("hidden_size"), Heads: c.size("mamba_n_heads"), State: c.size("mamba_d_state"), Groups: c.sizeOr("mamba_n_groups", 1),
		Kernel: c.sizeOr("mamba_d_conv", 4), Bias: c.flag("mamba_proj_bias", false), NoConvBias: !c.flag("mamba_conv_bias", true),
		Epsilon: c.number("rms_norm_eps", 1e-5),
	}
	m.Inner = c.sizeOr("mamba_expand", 2) * m.Hidden
	if c.has("mamba_d_head") && string(c.fields["mamba_d_head"]) != `"auto"` {
		m.Inner = m.Heads * c.size("mamba_d_head")
	}
	m.MinStep, m.MaxStep = stepLimits(c)
	c.one("hidden_act", "silu", "swish")
	return m
}

// stepLimits reads what step sizes are kept between; 0 for no bound.
func stepLimits(c *config) (least, most float64) {
	var limits []any
	if !c.has("time_step_limit") || !c.decode("time_step_limit", "two numbers", &limits) {
		return 0, 0
	}
	if len(limits) != 2 {
		c.wrong("time_step_limit", "two numbers")
		return 0, 0
	}
	if v, ok := limits[0].(float64); ok {
		least = v
	}
	if v, ok := limits[1].(float64); ok && v < 1e30 { // Python writes an infinity in several ways
		most = v
	}
	return least, most
}
