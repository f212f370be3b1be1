package pretrained

import (
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// Granite 4, Nemotron-H and Qwen3-Next in files of llama.cpp, which have matrices apart that checkpoints have in one, and one that
// they have apart.

// layerKinds are the kinds of layers by the weights that they have: pairs of a weight without .weight and a kind.
func (f ggufFile) layerKinds(pairs ...string) []string {
	out := make([]string, f.layers())
	for i := range out {
		for p := 0; p+1 < len(pairs); p += 2 {
			if f.has(i, pairs[p]+".weight") {
				out[i] = pairs[p+1]
			}
		}
	}
	return out
}

// rowsOf is the number of rows of the first such weight; nil if there is none.
func (f ggufFile) rowsOf(parts ...string) any {
	for i := range f.layers() {
		for _, part := range parts {
			if t, ok := f.tensors["blk."+itoa(i)+"."+part+".weight"]; ok && len(t.Value.Shape()) == 2 {
				return t.Value.Shape()[0]
			}
		}
	}
	return nil
}

// headDim is the width of attention's heads.
func (f ggufFile) headDim() float64 {
	if n, ok := f.field("attention.key_length").(float64); ok {
		return n
	}
	width, _ := f.field("embedding_length").(float64)
	heads, _ := f.field("attention.head_count").(float64)
	return width / math.Max(heads, 1)
}

func ggufGranite(f ggufFile) map[string]any {
	c := f.set(f.common("granitemoehybrid"), "mamba_n_heads", "ssm.time_step_rank", "mamba_d_state", "ssm.state_size", "mamba_n_groups",
		"ssm.group_count", "mamba_d_conv", "ssm.conv_kernel", "rms_norm_eps", "attention.layer_norm_rms_epsilon", "num_attention_heads",
		"attention.head_count", "attention_multiplier", "attention.scale", "embedding_multiplier", "embedding_scale",
		"residual_multiplier", "residual_scale", "logits_scaling", "logit_scale", "num_local_experts", "expert_count",
		"num_experts_per_tok", "expert_used_count", "intermediate_size", "feed_forward_length", "rope_theta", "rope.freq_base")
	c["mamba_d_head"], c["mamba_conv_bias"], c["mamba_proj_bias"] = f.headWidth(), f.has(0, "ssm_conv1d.bias"), f.has(0, "ssm_in.bias")
	c["layer_types"] = f.layerKinds("ssm_in", "mamba", "attn_q", "attention")
	c["shared_intermediate_size"] = f.rowsOf("ffn_gate_shexp", "ffn_gate")
	_, c["num_key_value_heads"] = f.looking()
	if c["attention_multiplier"] == nil { // Bamba's files have none
		c["attention_multiplier"] = 1 / math.Sqrt(f.headDim())
	}
	if turned, _ := f.field("rope.scaling.finetuned").(bool); turned {
		c["position_embedding_type"] = "rope"
		if dims, ok := f.field("rope.dimension_count").(float64); ok {
			c["partial_rotary_factor"] = dims / f.headDim()
		}
	}
	return c
}

func ggufNemotron(f ggufFile) map[string]any {
	c := f.set(f.common("nemotron_h"), "mamba_num_heads", "ssm.time_step_rank", "ssm_state_size", "ssm.state_size", "n_groups",
		"ssm.group_count", "conv_kernel", "ssm.conv_kernel", "layer_norm_epsilon", "attention.layer_norm_rms_epsilon",
		"num_attention_heads", "attention.head_count")
	c["mamba_head_dim"], c["head_dim"], c["intermediate_size"] = f.headWidth(), f.headDim(), f.rowsOf("ffn_up")
	c["layers_block_type"] = f.layerKinds("ssm_in", "mamba", "attn_q", "attention", "ffn_up", "mlp")
	_, c["num_key_value_heads"] = f.looking()
	for i := range f.layers() {
		c["use_conv_bias"] = c["use_conv_bias"] == true || f.has(i, "ssm_conv1d.bias")
		c["use_bias"] = c["use_bias"] == true || f.has(i, "ssm_in.bias")
		c["mlp_bias"] = c["mlp_bias"] == true || f.has(i, "ffn_up.bias")
	}
	return c
}

func ggufQwen(f ggufFile) map[string]any {
	c := f.set(f.common("qwen3_next"), "rms_norm_eps", "attention.layer_norm_rms_epsilon", "num_attention_heads", "attention.head_count",
		"num_key_value_heads", "attention.head_count_kv", "intermediate_size", "feed_forward_length", "num_experts", "expert_count",
		"num_experts_per_tok", "expert_used_count", "moe_intermediate_size", "expert_feed_forward_length", "rope_theta", "rope.freq_base",
		"linear_conv_kernel_dim", "ssm.conv_kernel", "linear_key_head_dim", "ssm.state_size", "linear_num_key_heads", "ssm.group_count",
		"linear_num_value_heads", "ssm.time_step_rank")
	c["linear_value_head_dim"], c["head_dim"] = f.headWidth(), f.headDim()
	c["shared_expert_intermediate_size"] = f.rowsOf("ffn_gate_shexp")
	c["layer_types"] = f.layerKinds("ssm_out", "linear_attention", "attn_q", "full_attention")
	if dims, ok := f.field("rope.dimension_count").(float64); ok {
		c["partial_rotary_factor"] = dims / f.headDim()
	}
	return c
}

// turnGranite turns back weights of Granite 4 and Nemotron-H: queries and keys lie in the order that llama.cpp rotates them in, and
// the first half of a feed-forward network is in two matrices.
func turnGranite(f ggufFile, t graph.Named, part, layer string) ([]graph.Named, error) {
	switch part {
	case "attn_q":
		n, _ := f.field("attention.head_count").(float64)
		return inHalves(t, n)
	case "attn_k":
		_, n := f.looking()
		heads, _ := n.(float64)
		return inHalves(t, heads)
	case "ffn_up", "ffn_up_shexp", "ffn_up_exps":
		if !strings.HasSuffix(t.Name, "up_proj.weight") {
			return nil, nil // it comes with the gate
		}
	case "ffn_gate", "ffn_gate_shexp", "ffn_gate_exps":
		up, ok := f.tensors["blk."+layer+"."+strings.Replace(part, "gate", "up", 1)+".weight"]
		if !ok {
			return nil, errors.Errorf("it is a half; the other, %s, is missing", strings.Replace(part, "gate", "up", 1))
		}
		return stacked(t, up)
	}
	return turnUsual(t, part)
}

// turnQwen turns back weights of Qwen3-Next: norms hold one plus the weight, and the projections of β and of the fading are those of
// one head of keys after the other.
func turnQwen(f ggufFile, t graph.Named, part, _ string) ([]graph.Named, error) {
	shape := t.Value.Shape()
	switch part {
	case "attn_norm", "post_attention_norm", "attn_q_norm", "attn_k_norm", "output_norm":
		out := make([]float32, shape.TotalSize())
		for i, v := range t.Value.Float32s() {
			out[i] = v - 1
		}
		t.Value = graph.Floats(out, shape...)
	case "ffn_gate_inp_shexp":
		return []graph.Named{reshaped(t, 1, shape.TotalSize())}, nil
	case "ssm_ba":
		keys, _ := f.field("ssm.group_count").(float64)
		if len(shape) != 2 || !(keys >= 1 && keys <= float64(shape[0])) || shape[0]%(2*int(keys)) != 0 {
			return nil, errors.Errorf("it has shape %v; want as many rows for each of %g heads of keys", shape, keys)
		}
		n, per := int(keys), shape[0]/2/int(keys)*shape[1]
		var parts [2][]float32
		for i := range 2 * n {
			parts[i%2] = append(parts[i%2], t.Value.Float32s()[i*per:(i+1)*per]...)
		}
		var out []graph.Named
		for i, name := range []string{"in_proj_b", "in_proj_a"} {
			out = append(out, graph.Named{Name: strings.Replace(t.Name, "in_proj_ba", name, 1), Value: graph.Floats(parts[i], shape[0]/2, shape[1])})
		}
		return out, nil
	}
	return turnUsual(t, part)
}

// inHalves has entry i of the second half of each head behind the first half, where the file has it behind entry i of that.
func inHalves(t graph.Named, heads float64) ([]graph.Named, error) {
	shape := t.Value.Shape()
	if len(shape) == 0 || !(heads >= 1 && heads <= float64(shape[0])) || shape[0]%(2*int(heads)) != 0 {
		return nil, errors.Errorf("it has shape %v; want %g heads of an even number of rows", shape, heads)
	}
	in := t.Value.Float32s()
	out := make([]float32, 0, len(in))
	row, width := len(in)/shape[0], shape[0]/int(heads)
	for h := range int(heads) {
		for half := range 2 {
			for i := range width / 2 {
				at := (h*width + 2*i + half) * row
				out = append(out, in[at:at+row]...)
			}
		}
	}
	t.Value = graph.Floats(out, shape...)
	return []graph.Named{t}, nil
}

// stacked has the rows of b [..., rows, columns] below those of a.
func stacked(a, b graph.Named) ([]graph.Named, error) {
	s, o := a.Value.Shape(), b.Value.Shape()
	if len(s) < 2 || len(s) != len(o) || s.TotalSize() != o.TotalSize() || s[len(s)-1] != o[len(o)-1] {
		return nil, errors.Errorf("it has shape %v, its other half %v; want the same", s, o)
	}
	n := s[len(s)-2] * s[len(s)-1]
	out := make([]float32, 0, 2*s.TotalSize())
	for i := 0; i < s.TotalSize(); i += n {
		out = append(append(out, a.Value.Float32s()[i:i+n]...), b.Value.Float32s()[i:i+n]...)
	}
	shape := append([]int{}, s...)
	shape[len(shape)-2] *= 2
	a.Value = graph.Floats(out, shape...)
	return []graph.Named{a}, nil
}
