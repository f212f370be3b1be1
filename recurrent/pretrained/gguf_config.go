package pretrained

// What config.json would say of files of llama.cpp, by their fields. A field that is missing is left out.

// common has what all kinds have, by the names of Mamba and of the hybrids.
func (f ggufFile) common(kind string) map[string]any {
	_, head := f.tensors["output.weight"]
	c := map[string]any{
		"model_type": kind, "hidden_size": f.field("embedding_length"), "num_hidden_layers": f.field("block_count"),
		"tie_word_embeddings": !head,
	}
	if t, ok := f.tensors["token_embd.weight"]; ok && len(t.Value.Shape()) == 2 {
		c["vocab_size"] = t.Value.Shape()[0]
	}
	return c
}

// set adds fields to a configuration, by pairs of names: there, and in the file.
func (f ggufFile) set(c map[string]any, pairs ...string) map[string]any {
	for i := 0; i+1 < len(pairs); i += 2 {
		c[pairs[i]] = f.field(pairs[i+1])
	}
	return c
}

func ggufMamba(f ggufFile) map[string]any {
	kind := "mamba"
	if normed, _ := f.field("ssm.dt_b_c_rms").(bool); normed {
		kind = "falcon_mamba"
	}
	c := f.set(f.common(kind), "state_size", "ssm.state_size", "conv_kernel", "ssm.conv_kernel", "intermediate_size", "ssm.inner_size",
		"time_step_rank", "ssm.time_step_rank", "layer_norm_epsilon", "attention.layer_norm_rms_epsilon")
	c["use_conv_bias"] = f.has(0, "ssm_conv1d.bias")
	c["use_bias"] = f.has(0, "ssm_in.bias")
	return c
}

func ggufMamba2(f ggufFile) map[string]any {
	c := f.set(f.common("mamba2"), "state_size", "ssm.state_size", "conv_kernel", "ssm.conv_kernel", "num_heads", "ssm.time_step_rank",
		"n_groups", "ssm.group_count", "layer_norm_epsilon", "attention.layer_norm_rms_epsilon")
	c["head_dim"] = f.headWidth()
	c["use_conv_bias"] = f.has(0, "ssm_conv1d.bias")
	c["use_bias"] = f.has(0, "ssm_in.bias")
	return c
}

// headWidth is the width of Mamba-2's heads; nil if the file does not tell.
func (f ggufFile) headWidth() any {
	inner, _ := f.field("ssm.inner_size").(float64)
	heads, _ := f.field("ssm.time_step_rank").(float64)
	if heads < 1 {
		return nil
	}
	return inner / heads
}

// ggufFalconH1 has no multipliers: they are in the weights. The gate comes before the norm, if there is one.
func ggufFalconH1(f ggufFile) map[string]any {
	c := f.set(f.common("falcon_h1"), "mamba_n_heads", "ssm.time_step_rank", "mamba_d_state", "ssm.state_size", "mamba_n_groups",
		"ssm.group_count", "mamba_d_conv", "ssm.conv_kernel", "mamba_d_ssm", "ssm.inner_size", "rms_norm_eps",
		"attention.layer_norm_rms_epsilon", "intermediate_size", "feed_forward_length", "num_attention_heads", "attention.head_count",
		"num_key_value_heads", "attention.head_count_kv", "head_dim", "attention.key_length", "rope_theta", "rope.freq_base")
	c["mamba_d_head"], c["mamba_conv_bias"] = f.headWidth(), f.has(0, "ssm_conv1d.bias")
	c["mamba_rms_norm"], c["mamba_norm_before_gate"] = f.has(0, "ssm_norm.weight"), false
	c["attention_bias"], c["mlp_bias"] = f.has(0, "attn_q.bias"), f.has(0, "ffn_up.bias")
	return c
}

// looking are the layers with attention, which have heads of keys and values, and how many heads those are.
func (f ggufFile) looking() (at []bool, heads any) {
	list, _ := f.field("attention.head_count_kv").([]any)
	at = make([]bool, f.layers())
	for i, v := range list {
		if n, _ := v.(float64); n > 0 && i < len(at) {
			at[i], heads = true, n
		}
	}
	return at, heads
}

// every is a period and an offset that are those of a list, in which layers of a kind come at equal distances.
func every(at []bool) (period, offset int) {
	first := len(at)
	for i, is := range at {
		switch {
		case is && first == len(at):
			first = i
		case is:
			return i - first, first
		}
	}
	return len(at) + 1, first
}

func ggufJamba(f ggufFile) map[string]any {
	c := f.set(f.common("jamba"), "mamba_d_state", "ssm.state_size", "mamba_d_conv", "ssm.conv_kernel", "mamba_dt_rank",
		"ssm.time_step_rank", "rms_norm_eps", "attention.layer_norm_rms_epsilon", "intermediate_size", "feed_forward_length",
		"num_attention_heads", "attention.head_count", "num_experts", "expert_count", "num_experts_per_tok", "expert_used_count")
	inner, _ := f.field("ssm.inner_size").(float64)
	width, _ := f.field("embedding_length").(float64)
	if width > 0 {
		c["mamba_expand"] = inner / width
	}
	look, heads := f.looking()
	c["num_key_value_heads"] = heads
	c["attn_layer_period"], c["attn_layer_offset"] = every(look)
	choosing := make([]bool, f.layers())
	for i := range choosing {
		choosing[i] = f.has(i, "ffn_gate_inp.weight")
	}
	c["expert_layer_period"], c["expert_layer_offset"] = every(choosing)
	return c
}

func ggufLFM2(f ggufFile) map[string]any {
	c := f.set(f.common("lfm2"), "norm_eps", "attention.layer_norm_rms_epsilon", "intermediate_size", "feed_forward_length",
		"num_attention_heads", "attention.head_count", "conv_L_cache", "shortconv.l_cache", "rope_theta", "rope.freq_base")
	c["block_auto_adjust_ff_dim"] = false
	look, heads := f.looking()
	c["num_key_value_heads"] = heads
	kinds := make([]string, len(look))
	for i, is := range look {
		if kinds[i] = "conv"; is {
			kinds[i] = "full_attention"
		}
	}
	c["layer_types"] = kinds
	return c
}
