package pretrained

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
	"gorgonia.org/tensor"
)

// rwkv7Family is RWKV-7 (Peng et al., 2025, arXiv 2503.14456) in the form of the library flash-linear-attention, of which the
// weights get the names and the shapes that the authors have.
func rwkv7Family(c *config) network {
	m := linear.RWKV7{Hidden: c.size("hidden_size"), Layers: c.size("num_hidden_layers"), Head: c.sizeOr("head_dim", 64)}
	if c.has("num_heads") && !c.has("head_dim") {
		m.Head = c.parts("hidden_size", m.Hidden, c.size("num_heads"))
	}
	if m.Layers > maxLayers {
		c.wrong("num_hidden_layers", "10,000 at most")
		m.Layers = 1
	}
	if c.number("norm_eps", 1e-5) != 1e-5 || m.Head != 64 {
		c.wrong("norm_eps", "1e-5, and a head_dim of 64: the authors have no others")
	}
	if m.Forward = 4 * m.Hidden; c.has("intermediate_size") {
		m.Forward = c.size("intermediate_size")
	} else if c.has("hidden_ratio") {
		m.Forward = int(float64(m.Hidden) * c.number("hidden_ratio", 4))
	}
	m.DecayRank, m.RateRank = c.sizeOr("decay_low_rank_dim", 64), c.sizeOr("a_low_rank_dim", 64)
	m.ValueRank, m.GateRank = c.sizeOr("v_low_rank_dim", 16), c.sizeOr("gate_low_rank_dim", 128)
	c.one("hidden_act", "sqrelu")
	if c.has("attn") {
		c.wrong("attn", "null: attention beside RWKV-7 is not computed here")
	}
	return rwkv7Network(m)
}

// rwkv7Of takes the sizes of RWKV-7 from the shapes of the authors' weights.
func rwkv7Of(s shapes) (network, error) {
	shape := func(name string, rank int) ([]int, error) {
		if has := s[name]; len(has) == rank {
			return has, nil
		}
		return make([]int, rank), errors.Errorf("%s has shape %v; want %d dimensions", name, s[name], rank)
	}
	var wrong error
	of := func(name string, rank, axis int) int {
		s, err := shape(name, rank)
		if wrong == nil {
			wrong = err
		}
		return s[axis]
	}
	m := linear.RWKV7{
		Hidden: of("emb.weight", 2, 1), Layers: blocks(s, "att.r_k"), Head: of("blocks.0.att.r_k", 2, 1),
		Forward: of("blocks.0.ffn.key.weight", 2, 0), DecayRank: of("blocks.0.att.w1", 2, 1),
		RateRank: of("blocks.0.att.a1", 2, 1), GateRank: of("blocks.0.att.g1", 2, 1),
	}
	if m.Layers > 1 {
		m.ValueRank = of("blocks.1.att.v1", 2, 1)
	}
	n := rwkv7Network(m)
	n.vocab = of("emb.weight", 2, 0)
	return n, wrong
}

func rwkv7Network(m linear.RWKV7) network {
	return network{
		layers: m.Layers, embedding: "emb", head: "head", width: m.Hidden, change: rwkv7Weight,
		body: func(b block, x graph.Node) graph.Node {
			var parts []string
			for i := range m.Layers {
				at := "blocks." + itoa(i)
				parts = append(parts, at+".att.before", at+".att.S", at+".ffn.before")
			}
			return b.cell(m, x, parts...)
		},
		last: func(b block, x graph.Node) graph.Node { return b.norm("ln_out", x, 1e-5) },
	}
}

// rwkv7Names are the parts of names in files of flash-linear-attention, and in those of the authors.
var rwkv7Names = strings.NewReplacer("model.layers.", "blocks.", "model.embeddings.", "emb.", "model.norm.", "ln_out.", "lm_head.", "head.",
	".pre_norm.", ".ln0.", ".attn_norm.", ".ln1.", ".ffn_norm.", ".ln2.", ".attn.", ".att.", "g_norm.", "ln_x.",
	"r_proj.", "receptance.", "k_proj.", "key.", "v_proj.", "value.", "o_proj.", "output.")

// rwkv7Weight gives a weight of RWKV-7 the name that the authors have for it, and the shape that it has in linear.RWKV7.
func rwkv7Weight(t graph.Named) (graph.Named, bool) {
	t.Name = rwkv7Names.Replace(t.Name)
	before, part, ok := strings.Cut(t.Name, "_lora.lora.")
	if !ok {
		return vector(t), true
	}
	switch part { // of a matrix of low rank: [rank, in], [out, rank] and [out]
	case "0.weight":
		t.Name = before + "1"
	case "2.weight":
		t.Name = before + "2"
	default:
		t.Name = before + "0"
		return t, true
	}
	if len(t.Value.Shape()) == 2 {
		t.Value = turned(t.Value)
	}
	return t, true
}

// turned is a matrix with its axes swapped.
func turned(m *tensor.Dense) *tensor.Dense {
	rows, cols := m.Shape()[0], m.Shape()[1]
	in, out := m.Float32s(), make([]float32, rows*cols)
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = in[i*cols+j]
		}
	}
	return graph.Floats(out, cols, rows)
}
