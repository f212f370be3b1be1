package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// mambaFamily is Mamba (Gu and Dao, 2023, arXiv 2312.00752), or FalconMamba (Zuo et al., 2024, arXiv 2410.05355), which also
// divides what the step size and the projections are made of by their root mean square.
func mambaFamily(c *config) network {
	m := linear.Mamba{
		Hidden: c.size("hidden_size"), State: c.size("state_size"), Kernel: c.size("conv_kernel"), Bias: c.flag("use_bias", false),
		NoConvBias: !c.flag("use_conv_bias", true),
	}
	c.one("hidden_act", "silu", "swish")
	m.Inner, m.Rank = c.sizeOr("intermediate_size", c.sizeOr("expand", 2)*m.Hidden), rankOf(c, "time_step_rank", m.Hidden)
	if c.text("model_type", "") == "falcon_mamba" {
		m.Norm, m.Epsilon = linear.PlainNorm, c.number("mixer_rms_eps", 1e-6)
	}
	epsilon := c.number("layer_norm_epsilon", 1e-5)
	return network{
		layers: c.size("num_hidden_layers"), trunk: "backbone", embedding: "embeddings", width: m.Hidden,
		tied: c.flag("tie_word_embeddings", true),
		layer: func(b block, _ int, x graph.Node) graph.Node {
			return b.g.Add(x, b.in("mixer").mamba(m, b.rms("norm", x, epsilon)))
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

// mamba is Mamba's mixer. State: the last inputs of the convolution, and ssm [B, E·S].
func (b block) mamba(m linear.Mamba, x graph.Node) graph.Node {
	b.wants("A_log", m.Inner, m.State)
	b.wants("conv1d.weight", m.Inner, 1, m.Kernel)
	if m.Kernel == 1 {
		return b.cell(m, x, "ssm")
	}
	return b.cell(m, x, "conv", "ssm")
}
