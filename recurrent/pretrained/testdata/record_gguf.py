"""Writes the checkpoints of record.py as GGUF, by the names of PyPI's gguf, and changed as llama.cpp's conversions change them.

    pip install torch safetensors gguf==0.19.0
    python record_gguf.py

Matrices are F16, which holds their numbers exactly, unless they are scaled, and all others F32. mamba-q8.gguf is mamba.gguf
with what can be in Q8_0. rwkv7.safetensors is RWKV-7 by its authors' names, with the weights of rwkv7.gguf.
"""
import json, os
import gguf, numpy as np, torch
from safetensors.numpy import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "gguf")
os.makedirs(out, exist_ok=True)
ARCH = {"mamba": "MAMBA", "falcon-mamba": "MAMBA", "mamba2": "MAMBA2", "falcon-h1": "FALCON_H1", "jamba": "JAMBA", "lfm2": "LFM2",
        "granite-hybrid": "GRANITE_HYBRID", "nemotron-h": "NEMOTRON_H", "qwen3-next": "QWEN3NEXT"}


def vocabulary(w, v, merges):
    """Byte-level BPE of v tokens, of which three are control tokens and the last is a merge."""
    names = ["<|endoftext|>", "<s>", "</s>"] + list("abcdehinorstu")[: v - 7] + ["Ġ", "he", "Ġt", "the"]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(names)
    w.add_token_types([3] * 3 + [1] * (len(names) - 3))
    w.add_token_merges(merges)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)


def changed(name, kind, c, data):
    """A tensor as llama.cpp has it, and its new name."""
    if name.endswith(".dt_bias"):
        name = name[: -len("dt_bias")] + "dt_proj.bias"
    heads = kind in ("mamba2", "falcon-h1", "granite-hybrid", "nemotron-h")
    if name.endswith(".A_log"):
        data = -np.exp(data)
    if name.endswith((".A_log", ".D")) and heads:
        data = data.reshape(-1, 1)
    if "conv1d.weight" in name or "conv.conv" in name:
        data = data.squeeze(1)
    if kind == "mamba2" and "mixer.norm" in name:
        data = data.reshape(c["n_groups"], -1)
    if kind in ("granite-hybrid", "nemotron-h") and ("q_proj" in name or "k_proj" in name):
        n = c["num_attention_heads"] if "q_proj" in name else c["num_key_value_heads"]
        data = data.reshape(n, 2, len(data) // n // 2, -1).swapaxes(1, 2).reshape(data.shape)
    if kind == "qwen3-next" and name.endswith("norm.weight") and not name.endswith("linear_attn.norm.weight"):
        data = data + np.float32(1)
    if kind == "qwen3-next" and name.endswith("shared_expert_gate.weight"):
        data = data.squeeze()
    if kind == "falcon-h1":
        for part, by in {"down_proj": c["mlp_multipliers"][1], "gate_proj": c["mlp_multipliers"][0],
                         "k_proj": c["key_multiplier"] * c["attention_in_multiplier"], "q_proj": c["attention_in_multiplier"],
                         "v_proj": c["attention_in_multiplier"], "o_proj": c["attention_out_multiplier"], "out_proj": c["ssm_out_multiplier"],
                         "in_proj": c["ssm_in_multiplier"], "lm_head": c["lm_head_multiplier"], "embed_tokens": c["embedding_multiplier"]}.items():
            if "." + part in "." + name:
                data = data * np.float32(by)
        if "in_proj" in name:
            inner, keys = c["mamba_d_ssm"], c["mamba_n_groups"] * c["mamba_d_state"]
            ends = np.cumsum([0, inner, inner, keys, keys, len(data) - 2 * inner - 2 * keys])
            for i, by in enumerate(c["ssm_multipliers"]):
                data[ends[i] : ends[i + 1]] *= np.float32(by)
    return name, data


def parted(name, c, data):
    """A tensor of which conversions make several, with their names: by gguf's names without blk.N, or those of transformers."""
    if "input_linear" in name:
        end = "exps" if "block_sparse_moe" in name else "shexp" if c["num_local_experts"] else ""
        half = data.shape[-2] // 2
        return [("ffn_gate" + "_" * bool(end) + end, data[..., :half, :]), ("ffn_up" + "_" * bool(end) + end, data[..., half:, :])]
    k, d = c["linear_num_key_heads"], c["linear_key_head_dim"]
    v = c["linear_num_value_heads"] // k * c["linear_value_head_dim"]
    heads = data.reshape(k, 2 * d + 2 * v, -1)
    parts = [heads[:, a:b].reshape(-1, data.shape[-1]) for a, b in ((0, d), (d, 2 * d), (2 * d, 2 * d + v), (2 * d + v, 2 * d + 2 * v))]
    return [("attn_qkv", np.concatenate(parts[:3])), ("attn_gate", parts[3])]


def more_fields(w, kind, c):
    """What conversions of Granite 4, Nemotron-H and Qwen3-Next write beside what all do."""
    types = c.get("layer_types") or c["layers_block_type"]
    dim = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    kv = [c["num_key_value_heads"] if "full" in t else 0 for t in types]
    w.add_head_count_kv(kv if kind != "qwen3-next" else c["num_key_value_heads"])
    if kind == "granite-hybrid":
        w.add_feed_forward_length(c["intermediate_size"])
        w.add_attention_scale(c["attention_multiplier"]), w.add_embedding_scale(c["embedding_multiplier"])
        w.add_residual_scale(c["residual_multiplier"]), w.add_logit_scale(c["logits_scaling"])
        w.add_expert_shared_feed_forward_length(c["shared_intermediate_size"])
        w.add_rope_dimension_count(dim), w.add_rope_scaling_finetuned(True)
        width, heads, state, groups, taps = "mamba_d_head", "mamba_n_heads", "mamba_d_state", "mamba_n_groups", "mamba_d_conv"
    elif kind == "nemotron-h":
        w.add_feed_forward_length([c["intermediate_size"] if t == "mlp" else 0 for t in types])
        w.add_key_length(dim), w.add_value_length(dim)
        width, heads, state, groups, taps = "mamba_head_dim", "mamba_num_heads", "ssm_state_size", "n_groups", "conv_kernel"
    else:
        w.add_feed_forward_length(c["intermediate_size"])
        w.add_key_length(dim), w.add_value_length(dim), w.add_full_attention_interval(4)
        w.add_expert_feed_forward_length(c["moe_intermediate_size"])
        w.add_expert_shared_feed_forward_length(c["shared_expert_intermediate_size"])
        w.add_rope_dimension_count(int(dim * c["rope_parameters"]["partial_rotary_factor"]))
        width, heads, state = "linear_value_head_dim", "linear_num_value_heads", "linear_key_head_dim"
        groups, taps = "linear_num_key_heads", "linear_conv_kernel_dim"
    w.add_ssm_inner_size(c[width] * c[heads]), w.add_ssm_time_step_rank(c[heads]), w.add_ssm_state_size(c[state])
    w.add_ssm_group_count(c[groups]), w.add_ssm_conv_kernel(c[taps])
    experts = c.get("num_local_experts", c.get("num_experts"))
    if experts:
        w.add_expert_count(experts), w.add_expert_used_count(c["num_experts_per_tok"])


def layers(c):
    return c["num_hidden_layers"] if "num_hidden_layers" in c else len(c["layers_block_type"])


def fields(w, kind, c):
    w.add_embedding_length(c["hidden_size"])
    w.add_block_count(layers(c))
    w.add_vocab_size(c["vocab_size"])
    w.add_layer_norm_rms_eps(c.get("layer_norm_epsilon", c.get("rms_norm_eps", c.get("norm_eps"))))
    n = layers(c)
    if kind in ("granite-hybrid", "nemotron-h", "qwen3-next"):
        more_fields(w, kind, c)
    elif kind == "lfm2":
        w.add_feed_forward_length(-(-int(2 * c["intermediate_size"] / 3) // c["block_multiple_of"]) * c["block_multiple_of"])
        w.add_shortconv_l_cache(c["conv_L_cache"])
        w.add_head_count_kv([c["num_key_value_heads"] if t != "conv" else 0 for t in c["layer_types"]])
    else:
        w.add_feed_forward_length(c.get("intermediate_size", 0) if "mamba" not in kind else 0)
        w.add_ssm_conv_kernel(c.get("conv_kernel", c.get("mamba_d_conv")))
        w.add_ssm_state_size(c.get("state_size", c.get("mamba_d_state")))
        w.add_ssm_inner_size(c.get("mamba_d_ssm", 2 * c["hidden_size"]))
        rank = c.get("mamba_dt_rank", c.get("time_step_rank"))
        w.add_ssm_time_step_rank({"mamba2": c.get("num_heads"), "falcon-h1": c.get("mamba_n_heads")}.get(kind, rank))
    if kind == "mamba2":
        w.add_ssm_group_count(c["n_groups"])
    if kind == "falcon-h1":
        w.add_ssm_group_count(c["mamba_n_groups"])
        w.add_head_count_kv(c["num_key_value_heads"])
        w.add_key_length(c["hidden_size"] // c["num_attention_heads"])
    if kind in ("mamba", "falcon-mamba"):
        w.add_ssm_dt_b_c_rms(kind == "falcon-mamba")
    if kind == "jamba":
        at, per = c["attn_layer_offset"], c["attn_layer_period"]
        w.add_head_count_kv([c["num_key_value_heads"] if i >= at and (i - at) % per == 0 else 0 for i in range(n)])
        w.add_expert_count(c["num_experts"])
        w.add_expert_used_count(c["num_experts_per_tok"])
    w.add_head_count(c.get("num_attention_heads", 0))
    if "rope_parameters" in c:
        w.add_rope_freq_base(c["rope_parameters"]["rope_theta"])


def put(w, name, data, kind=None):
    data = np.ascontiguousarray(data, dtype=np.float32)
    if kind == "q8" and data.ndim > 1 and data.shape[-1] % 32 == 0:
        q = gguf.quants.quantize(data, gguf.GGMLQuantizationType.Q8_0)
        w.add_tensor(name, q, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    elif data.ndim > 1 and np.array_equal(data.astype(np.float16).astype(np.float32), data):
        w.add_tensor(name, data.astype(np.float16))
    else:
        w.add_tensor(name, data)


def close(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def write(kind, to, form=None):
    folder = os.path.join(here, "models", kind)
    c = json.load(open(os.path.join(folder, "config.json")))
    arch = getattr(gguf.MODEL_ARCH, ARCH[kind])
    names = gguf.get_tensor_name_map(arch, layers(c))
    w = gguf.GGUFWriter(os.path.join(out, to + ".gguf"), gguf.MODEL_ARCH_NAMES[arch])
    fields(w, kind, c)
    vocabulary(w, c["vocab_size"], ["h e", "Ġ t", "t he"])
    stacks = {}
    for name, data in sorted(load_file(os.path.join(folder, "model.safetensors")).items()):
        if "shared_mlp.input_linear" in name or "block_sparse_moe.input_linear" in name or "in_proj_qkvz" in name:
            for new, part in parted(name, c, data.astype(np.float32)):
                put(w, f"blk.{name.split('.')[2]}.{new}.weight", part, form)
            continue
        name, data = changed(name, kind, c, data.astype(np.float32))
        if ".experts." in name:
            layer, part = name.split(".experts.")[0], name.split(".")[-2]
            stacks.setdefault((layer, part), []).append(data)
            continue
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert new, name
        put(w, new, data, form)
    for (layer, part), data in stacks.items():
        new = names.get_name(layer.replace("feed_forward", "mlp") + ".experts." + part + ".weight", try_suffixes=(".weight",))
        put(w, new, np.stack(data), form)
    close(w)


def write_rwkv7():
    V, C, F, L = 20, 64, 32, 2
    rng, own = np.random.default_rng(7), {}
    r = lambda *shape: (0.15 * rng.standard_normal(shape)).astype(np.float16)
    own["emb.weight"], own["head.weight"] = 4 * r(V, C), r(V, C)
    for n in ("ln_out", "blocks.0.ln0") + tuple(f"blocks.{i}.{n}" for i in range(L) for n in ("ln1", "ln2", "att.ln_x")):
        own[n + ".weight"], own[n + ".bias"] = 1 + r(C), r(C)
    for i in range(L):
        b = f"blocks.{i}."
        for k, rank in {"w": 8, "a": 6, "v": 4, "g": 10}.items():
            if k == "v" and i == 0:
                continue
            own[b + f"att.{k}1"], own[b + f"att.{k}2"] = r(C, rank), r(rank, C)
            if k != "g":
                own[b + f"att.{k}0"] = r(1, 1, C)
        for k in ("x_r", "x_w", "x_k", "x_v", "x_a", "x_g", "k_k", "k_a"):
            own[b + "att." + k] = r(1, 1, C)
        own[b + "att.r_k"] = r(1, C)
        for k in ("receptance", "key", "value", "output"):
            own[b + f"att.{k}.weight"] = r(C, C)
        own[b + "ffn.x_k"], own[b + "ffn.key.weight"], own[b + "ffn.value.weight"] = r(1, 1, C), r(F, C), r(C, F)
    save_file(own, os.path.join(out, "rwkv7.safetensors"))
    arch = gguf.MODEL_ARCH.RWKV7
    names = gguf.get_tensor_name_map(arch, L)
    w = gguf.GGUFWriter(os.path.join(out, "rwkv7.gguf"), "rwkv7")
    w.add_embedding_length(C), w.add_block_count(L), w.add_layer_norm_eps(1e-5), w.add_wkv_head_size(64), w.add_feed_forward_length(F)
    w.add_head_count(0)
    w.add_tokenizer_model("rwkv")
    tokens = [b"a", b"b", b"\n", b"'", b"th", b"the", "é".encode(), b"\xff", b"\\", b" "]
    w.add_token_list([b"<s>"] + [repr(t)[2:-1].encode() for t in tokens] + [f"[PAD{i}]".encode() for i in range(len(tokens) + 1, V)])
    w.add_token_types([3] + [1] * len(tokens) + [5] * (V - len(tokens) - 1))
    for i in range(L):
        lerp = np.stack([own[f"blocks.{i}.att.x_{k}"] for k in "rwkvag"])
        put(w, f"blk.{i}.time_mix_lerp_fused.weight", lerp)
    for name, data in sorted(own.items()):
        if ".att.x_" in name:
            continue
        data = data.astype(np.float32).squeeze()
        other = name.replace("blocks.0.ln0", "model.layers.0.pre_norm").replace("blocks.", "model.layers.").replace(".ffn.", ".feed_forward.")
        other = other.replace(".att.", ".attention.").replace("ln_out", "model.norm").replace("emb.", "model.embeddings.")
        new = names.get_name(other.replace("head.", "lm_head."), try_suffixes=(".weight", ".bias"))
        assert new, name
        if not new.endswith((".weight", ".bias")):
            new += ".weight"
        if any(new.endswith(f"time_mix_{k}{n}.weight") for k in "wavg" for n in "12"):
            data = data.T
        if "r_k" in new:
            data = data.flatten()
        if "blk.0.time_mix_a" in new:
            put(w, new.replace("time_mix_a", "time_mix_v"), data)
        put(w, new, data)
    close(w)


for kind in ARCH:
    write(kind, kind)
write("mamba", "mamba-q8", "q8")
write_rwkv7()

# One tensor of each type, and what PyPI's gguf makes of them.
x = np.random.default_rng(1).standard_normal((3, 64)).astype(np.float32)
room = os.path.join(here, "..", "internal", "gguf", "testdata")
w, want = gguf.GGUFWriter(os.path.join(room, "types.gguf"), "none"), {}
for kind in ("F32", "F16", "BF16", "Q8_0"):
    q = getattr(gguf.GGMLQuantizationType, kind)
    data = gguf.quants.quantize(x, q)
    want[kind] = gguf.quants.dequantize(data, q).astype(np.float32).flatten().tolist()
    w.add_tensor(kind, data, raw_dtype=q)
w.add_uint8("u8", 200), w.add_int8("i8", -3), w.add_uint16("u16", 60000), w.add_int16("i16", -300), w.add_uint32("u32", 4000000000)
w.add_int32("i32", -70000), w.add_float32("f32", 1.5), w.add_bool("yes", True), w.add_string("text", "é"), w.add_uint64("u64", 2**40)
w.add_int64("i64", -(2**40)), w.add_float64("f64", 0.1), w.add_array("list", [1, 2, 3]), w.add_array("texts", ["a", "b"])
close(w)
json.dump(want, open(os.path.join(room, "types.json"), "w"))
