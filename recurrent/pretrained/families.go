package pretrained

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// family is a kind of network that has a model_type of its own in config.json.
type family struct {
	kind  string // the model_type
	title string
	read  func(c *config) network
}

// families is the table of what can be opened. A family that is added takes a line here and a file of its own.
func families() []family {
	return []family{
		{"mamba", "Mamba", mambaFamily},
		{"falcon_mamba", "FalconMamba", mambaFamily},
		{"mamba2", "Mamba-2", mamba2Family},
		{"rwkv", "RWKV-4", rwkv4Family},
		{"recurrent_gemma", "RecurrentGemma", gemmaFamily},
		{"xlstm", "xLSTM", xlstmFamily},
		{"bamba", "Bamba", bambaFamily},
		{"granitemoehybrid", "Granite 4", graniteFamily},
		{"falcon_h1", "Falcon-H1", falconFamily},
		{"nemotron_h", "Nemotron-H", nemotronFamily},
		{"rwkv7", "RWKV-7", rwkv7Family},
		{"qwen3_next", "Qwen3-Next", qwenFamily},
		{"qwen3_5", "Qwen3.5", qwenFamily},
		{"qwen3_5_text", "Qwen3.5", qwenFamily},
		{"qwen3_5_moe", "Qwen3.5", qwenFamily},
		{"qwen3_5_moe_text", "Qwen3.5", qwenFamily},
		{"zamba2", "Zamba2", zamba2Family},
		{"jamba", "Jamba", jambaFamily},
		{"olmo_hybrid", "OLMo Hybrid", olmoFamily},
		{"kimi_linear", "Kimi Linear", kimiFamily},
		{"minimax", "MiniMax", minimaxFamily},
		{"lfm2", "LFM2", lfm2Family},
	}
}

// Families are the model_types of config.json that Load knows.
func Families() []string {
	var out []string
	for _, f := range families() {
		out = append(out, f.kind)
	}
	slices.Sort(out)
	return out
}

// familyOf finds the family that a configuration names, and reads it.
func familyOf(c *config) (family, network, error) {
	kind := c.text("model_type", "")
	for _, f := range families() {
		if f.kind != kind {
			continue
		}
		n := f.read(c)
		n.vocab = c.size("vocab_size")
		return f, n, c.err
	}
	if c.err != nil {
		return family{}, network{}, c.err
	}
	return family{}, network{}, errors.Errorf("config.json: the model_type is %q; want one of %s", kind, strings.Join(Families(), ", "))
}

// maxLayers is more layers than any network has.
const maxLayers = 10_000

// wrongKind is the error of a layer of a kind that is not computed here.
func wrongKind(kind string, known []string) error {
	return errors.Errorf("config.json: a layer of the kind %q; want %s", kind, strings.Join(known, ", "))
}
