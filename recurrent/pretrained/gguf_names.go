package pretrained

import (
	"maps"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// ggufKinds is the table of the kinds of networks in files of llama.cpp. A kind that is added takes an entry here.
func ggufKinds() []ggufKind {
	return []ggufKind{
		{arch: "mamba", config: ggufMamba, layers: "backbone.layers.", names: with(mambaParts("mixer."), map[string]string{
			"token_embd": "backbone.embeddings", "output_norm": "backbone.norm_f", "output": "lm_head", "attn_norm": "norm",
		})},
		{arch: "mamba2", config: ggufMamba2, layers: "backbone.layers.", names: with(mamba2Parts("mixer."), map[string]string{
			"token_embd": "backbone.embeddings", "output_norm": "backbone.norm_f", "output": "lm_head", "attn_norm": "norm",
		})},
		{arch: "falcon-h1", config: ggufFalconH1, layers: "model.layers.",
			names: with(mamba2Parts("mamba."), attentionParts("o_proj"), hybridParts())},
		{arch: "jamba", config: ggufJamba, layers: "model.layers.", names: with(mambaParts("mamba."), attentionParts("o_proj"), hybridParts(),
			map[string]string{
				"ssm_dt_norm": "mamba.dt_layernorm", "ssm_b_norm": "mamba.b_layernorm", "ssm_c_norm": "mamba.c_layernorm",
				"ffn_gate_inp": "feed_forward.router", "ffn_gate_exps": "feed_forward.experts.*.gate_proj",
				"ffn_up_exps": "feed_forward.experts.*.up_proj", "ffn_down_exps": "feed_forward.experts.*.down_proj",
			})},
		{arch: "lfm2", config: ggufLFM2, layers: "model.layers.", names: with(attentionParts("out_proj"), map[string]string{
			"token_embd": "model.embed_tokens", "token_embd_norm": "model.embedding_norm", "output_norm": "model.embedding_norm",
			"output": "lm_head", "attn_norm": "operator_norm", "ffn_norm": "ffn_norm",
			"attn_q_norm": "self_attn.q_layernorm", "attn_k_norm": "self_attn.k_layernorm", "shortconv.conv": "conv.conv",
			"shortconv.in_proj": "conv.in_proj", "shortconv.out_proj": "conv.out_proj",
			"ffn_gate": "feed_forward.w1", "ffn_down": "feed_forward.w2", "ffn_up": "feed_forward.w3",
		})},
		{arch: "granitehybrid", config: ggufGranite, turn: turnGranite, layers: "model.layers.",
			names: with(mamba2Parts("mamba."), attentionParts("o_proj"), map[string]string{
				"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head", "attn_norm": "input_layernorm",
				"ffn_norm": "post_attention_layernorm", "ffn_gate_inp": "block_sparse_moe.router.layer",
				"ffn_gate": "shared_mlp.input_linear", "ffn_up": "shared_mlp.input_linear", "ffn_down": "shared_mlp.output_linear",
				"ffn_gate_shexp": "shared_mlp.input_linear", "ffn_up_shexp": "shared_mlp.input_linear",
				"ffn_down_shexp": "shared_mlp.output_linear", "ffn_gate_exps": "block_sparse_moe.input_linear",
				"ffn_up_exps": "block_sparse_moe.input_linear", "ffn_down_exps": "block_sparse_moe.output_linear",
			})},
		{arch: "nemotron_h", config: ggufNemotron, turn: turnGranite, layers: "backbone.layers.",
			names: with(mamba2Parts("mixer."), map[string]string{
				"token_embd": "backbone.embeddings", "output_norm": "backbone.norm_f", "output": "lm_head", "attn_norm": "norm",
				"attn_q": "mixer.q_proj", "attn_k": "mixer.k_proj", "attn_v": "mixer.v_proj", "attn_output": "mixer.o_proj",
				"ffn_up": "mixer.up_proj", "ffn_down": "mixer.down_proj",
			})},
		{arch: "qwen3next", config: ggufQwen, turn: turnQwen, layers: "model.layers.",
			names: with(attentionParts("o_proj"), map[string]string{
				"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head", "attn_norm": "input_layernorm",
				"post_attention_norm": "post_attention_layernorm", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
				"attn_qkv": "linear_attn.in_proj_qkv", "attn_gate": "linear_attn.in_proj_z", "ssm_ba": "linear_attn.in_proj_ba",
				"ssm_conv1d": "linear_attn.conv1d", "ssm_a": "linear_attn.A_log", "ssm_dt.bias": "linear_attn.dt_bias",
				"ssm_norm": "linear_attn.norm", "ssm_out": "linear_attn.out_proj", "ffn_gate_inp": "mlp.gate",
				"ffn_gate_inp_shexp": "mlp.shared_expert_gate", "ffn_gate_shexp": "mlp.shared_expert.gate_proj",
				"ffn_up_shexp": "mlp.shared_expert.up_proj", "ffn_down_shexp": "mlp.shared_expert.down_proj",
				"ffn_gate_exps": "mlp.experts.*.gate_proj", "ffn_up_exps": "mlp.experts.*.up_proj",
				"ffn_down_exps": "mlp.experts.*.down_proj",
			})},
		{arch: "rwkv7", turn: turnRWKV7, layers: "blocks.", names: rwkv7Parts()},
	}
}

// with joins tables of names.
func with(tables ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

func mambaParts(at string) map[string]string {
	return map[string]string{
		"ssm_in": at + "in_proj", "ssm_conv1d": at + "conv1d", "ssm_x": at + "x_proj", "ssm_dt": at + "dt_proj", "ssm_a": at + "A_log",
		"ssm_d": at + "D", "ssm_out": at + "out_proj",
	}
}

func mamba2Parts(at string) map[string]string {
	return map[string]string{
		"ssm_in": at + "in_proj", "ssm_conv1d": at + "conv1d", "ssm_dt.bias": at + "dt_bias", "ssm_a": at + "A_log", "ssm_d": at + "D",
		"ssm_norm": at + "norm", "ssm_out": at + "out_proj",
	}
}

func attentionParts(out string) map[string]string {
	return map[string]string{
		"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn." + out,
	}
}

// hybridParts are the names that Falcon-H1 and Jamba share.
func hybridParts() map[string]string {
	return map[string]string{
		"token_embd": "model.embed_tokens", "output_norm": "model.final_layernorm", "output": "lm_head", "attn_norm": "input_layernorm",
		"ffn_norm": "pre_ff_layernorm", "ffn_gate": "feed_forward.gate_proj", "ffn_up": "feed_forward.up_proj",
		"ffn_down": "feed_forward.down_proj",
	}
}

// rwkv7Parts gives the authors' names.
func rwkv7Parts() map[string]string {
	out := map[string]string{
		"token_embd": "emb", "token_embd_norm": "blocks.0.ln0", "output_norm": "ln_out", "output": "head", "attn_norm": "ln1",
		"attn_norm_2": "ln2", "time_mix_lerp_fused.weight": "att.x_*", "time_mix_k_k.weight": "att.k_k", "time_mix_k_a.weight": "att.k_a",
		"time_mix_r_k.weight": "att.r_k", "time_mix_key": "att.key", "time_mix_value": "att.value", "time_mix_output": "att.output",
		"time_mix_receptance": "att.receptance", "time_mix_ln": "att.ln_x", "channel_mix_lerp_k.weight": "ffn.x_k",
		"channel_mix_key": "ffn.key", "channel_mix_value": "ffn.value",
	}
	for _, k := range []string{"w", "a", "v", "g"} {
		for _, n := range []string{"0", "1", "2"} {
			out["time_mix_"+k+n+".weight"] = "att." + k + n
		}
	}
	return out
}

// turnRWKV7 turns a weight of RWKV-7 back. The first block has values to mix in, too, which are those of others and not used.
func turnRWKV7(_ ggufFile, t graph.Named, part, layer string) ([]graph.Named, error) {
	shape := t.Value.Shape()
	switch {
	case layer == "0" && len(part) == len("time_mix_v0") && strings.HasPrefix(part, "time_mix_v"):
		return nil, nil
	case part == "time_mix_lerp_fused":
		n := shape[len(shape)-1]
		if shape.TotalSize() != 6*n {
			return nil, errors.Errorf("it has shape %v; want six vectors", shape)
		}
		var out []graph.Named
		for i, k := range []string{"r", "w", "k", "v", "a", "g"} {
			out = append(out, graph.Named{
				Name: strings.Replace(t.Name, "*", k, 1), Value: graph.Floats(t.Value.Float32s()[i*n:(i+1)*n], n),
			})
		}
		return out, nil
	case part == "time_mix_r_k":
		n := shape.TotalSize()
		if n%rwkvHead != 0 {
			return nil, errors.Errorf("it has shape %v; want heads of %d", shape, rwkvHead)
		}
		return []graph.Named{reshaped(t, n/rwkvHead, rwkvHead)}, nil
	case len(part) == len("time_mix_w1") && (strings.HasSuffix(part, "1") || strings.HasSuffix(part, "2")) && len(shape) == 2:
		t.Value = turned(t.Value)
	}
	return []graph.Named{t}, nil
}

// rwkvHead is the width of a head, of which there is no other.
const rwkvHead = 64

// logOfMinus is log(-a), which is what files of others have for a.
func logOfMinus(a *tensor.Dense) *tensor.Dense {
	out := make([]float32, len(a.Float32s()))
	for i, v := range a.Float32s() {
		out[i] = float32(math.Log(-float64(v)))
	}
	return graph.Floats(out, a.Shape()...)
}

// reshaped has the same numbers in another shape, which has as many.
func reshaped(t graph.Named, shape ...int) graph.Named {
	return graph.Named{Name: t.Name, Value: graph.Floats(t.Value.Float32s(), shape...)}
}

// slices3 are the matrices of a tensor [n, rows, columns], with their numbers in the place of * in its name.
func slices3(t graph.Named) ([]graph.Named, error) {
	s := t.Value.Shape()
	if len(s) != 3 {
		return nil, errors.Errorf("it has shape %v; want a matrix for each expert", s)
	}
	out, n := make([]graph.Named, s[0]), s[1]*s[2]
	for i := range out {
		out[i] = graph.Named{
			Name: strings.Replace(t.Name, "*", itoa(i), 1), Value: graph.Floats(t.Value.Float32s()[i*n:(i+1)*n], s[1], s[2]),
		}
	}
	return out, nil
}
