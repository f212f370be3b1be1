package pretrained

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// rwkv4 is RWKV-4 (Peng et al., 2023, arXiv 2305.13048).
type rwkv4 struct {
	time     linear.RWKV4TimeMix
	channels linear.RWKV4ChannelMix
	rescale  int // after so many layers, what flows through them is halved; 0 for never
	epsilon  float64
}

func rwkv4Family(c *config) network {
	width := c.size("hidden_size")
	m := &rwkv4{
		time:     linear.RWKV4TimeMix{Hidden: width, Inner: c.sizeOr("attention_hidden_size", width)},
		channels: linear.RWKV4ChannelMix{Hidden: width, Inner: c.sizeOr("intermediate_size", 4*width)},
		rescale:  c.countOr("rescale_every", 6), epsilon: c.number("layer_norm_epsilon", 1e-5),
	}
	return network{
		layers: c.size("num_hidden_layers"), trunk: "rwkv", embedding: "embeddings", list: "blocks", head: "head", width: width,
		tied: c.flag("tie_word_embeddings", false), layer: m.layer, change: rwkv4Weight,
		last: func(b block, x graph.Node) graph.Node { return b.norm("ln_out", x, m.epsilon) },
	}
}

// layer maps x [T, B, width] to as much. Halving changes nothing but how the norms' ε compares with what they see; it was
// meant for numbers of 16 bits, and is kept because the published values have it.
func (m *rwkv4) layer(b block, i int, x graph.Node) graph.Node {
	g, scale := b.g, 1.0
	if m.rescale > 0 {
		scale = 1 / float64(uint64(1)<<min(i/m.rescale, 60))
	}
	if i == 0 {
		x = b.norm("pre_ln", x, m.epsilon)
	}
	b.in("attention").wants("key.weight", m.time.Inner, m.time.Hidden)
	y := b.in("attention").cell(m.time, b.norm("ln1", x, m.epsilon), "before", "numerator", "denominator", "largest")
	x = g.Add(x, g.MulScalar(y, scale))
	y = b.in("feed_forward").cell(m.channels, b.norm("ln2", x, m.epsilon), "before")
	x = g.Add(x, g.MulScalar(y, scale))
	if m.rescale > 0 && (i+1)%m.rescale == 0 {
		x = g.MulScalar(x, 0.5)
	}
	return x
}

// rwkv4Names are the parts of names in the files of RWKV's authors, and in those of transformers.
var rwkv4Names = strings.NewReplacer(".att.", ".attention.", ".ffn.", ".feed_forward.", ".ln0.", ".pre_ln.", "emb.", "embeddings.",
	"time_mix_k", "time_mix_key", "time_mix_v", "time_mix_value", "time_mix_r", "time_mix_receptance")

// rwkv4Weight gives a weight of RWKV-4 the name that transformers has for it, and vectors the shape of one.
func rwkv4Weight(t graph.Named) (graph.Named, bool) {
	if strings.HasPrefix(t.Name, "emb.") || strings.HasPrefix(t.Name, "blocks.") || strings.HasPrefix(t.Name, "ln_out.") {
		t.Name = "rwkv." + rwkv4Names.Replace(t.Name)
	}
	return vector(t), true
}

// vector takes the ones away that stand before the size of a vector.
func vector(t graph.Named) graph.Named {
	shape := t.Value.Shape()
	if len(shape) == 3 && shape[0] == 1 && shape[1] == 1 {
		t.Value = graph.Floats(t.Value.Float32s(), shape[2])
	}
	return t
}
