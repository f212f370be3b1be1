"""Makes a tiny random checkpoint of every family, as transformers saves it, and records what transformers computes with it.

    pip install torch transformers==5.24.0 safetensors tokenizers
    python record.py

Weights are rounded to float16 before anything is computed with them, and saved so. reference.json has for each family two prompts
[2, 11], the logits of the first [11, V], one call for all, and those of the second one's last token.
"""
import json, os, shutil, sys
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch, transformers
from safetensors.torch import save_file

V, D = 20, 16
IDS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, vocab_size=V)
ATT = dict(num_attention_heads=2, num_key_value_heads=1)
M2 = dict(mamba_n_heads=2, mamba_d_head=16, mamba_d_state=4, mamba_n_groups=1, mamba_d_conv=3, mamba_expand=2, mamba_chunk_size=4)
GDN = dict(linear_conv_kernel_dim=3, linear_key_head_dim=4, linear_value_head_dim=6, linear_num_key_heads=1, linear_num_value_heads=2)
LINEAR = ["linear_attention", "full_attention"]
MODELS = {
    "rwkv4": ("Rwkv", dict(context_length=32, hidden_size=D, attention_hidden_size=D, num_hidden_layers=2, intermediate_size=24, rescale_every=1)),
    "mamba": ("Mamba", dict(hidden_size=D, state_size=4, num_hidden_layers=2, time_step_rank=2, conv_kernel=3)),
    "falcon-mamba": ("FalconMamba", dict(hidden_size=D, state_size=4, num_hidden_layers=1, time_step_rank=2)),
    "mamba2": ("Mamba2", dict(hidden_size=D, num_heads=4, head_dim=8, state_size=4, n_groups=2, num_hidden_layers=1, chunk_size=4)),
    "recurrent-gemma": ("RecurrentGemma", dict(hidden_size=D, intermediate_size=32, lru_width=D, num_attention_heads=2, num_key_value_heads=1, head_dim=8, attention_window_size=5, num_hidden_layers=2, block_types=["recurrent", "attention"])),
    "xlstm": ("xLSTM", dict(hidden_size=64, embedding_dim=64, num_hidden_layers=1, num_blocks=1, num_heads=4, qk_dim_factor=1.0, ffn_proj_factor=0.5, chunk_size=4)),
    "bamba": ("Bamba", dict(hidden_size=D, intermediate_size=24, num_hidden_layers=2, attn_layer_indices=[1], **ATT, **M2)),
    "jamba": ("Jamba", dict(hidden_size=D, intermediate_size=16, num_hidden_layers=2, attn_layer_period=2, attn_layer_offset=1, num_experts=3, num_experts_per_tok=2, mamba_d_state=4, mamba_dt_rank=2, use_mamba_kernels=False, **ATT)),
    "zamba2": ("Zamba2", dict(hidden_size=D, intermediate_size=16, num_hidden_layers=3, layer_types=["hybrid", "mamba", "hybrid"], hybrid_layer_ids=[0, 2], num_mem_blocks=1, mamba_d_state=4, n_mamba_heads=2, mamba_ngroups=1, chunk_size=4, num_attention_heads=2, num_key_value_heads=2, adapter_rank=2, use_mamba_kernels=False, use_mem_rope=True)),
    "granite-hybrid": ("GraniteMoeHybrid", dict(hidden_size=D, intermediate_size=8, shared_intermediate_size=16, num_hidden_layers=2, layer_types=["mamba", "attention"], num_local_experts=3, num_experts_per_tok=2, embedding_multiplier=3.0, logits_scaling=2.0, residual_multiplier=0.5, attention_multiplier=0.3, position_embedding_type="rope", **ATT, **M2)),
    "falcon-h1": ("FalconH1", dict(hidden_size=D, intermediate_size=24, num_hidden_layers=1, mamba_d_ssm=32, ssm_multipliers=[0.5, 0.7, 1.2, 0.9, 1.1], mlp_multipliers=[0.8, 1.3], key_multiplier=0.6, ssm_in_multiplier=0.9, ssm_out_multiplier=1.2, attention_in_multiplier=1.1, attention_out_multiplier=0.7, embedding_multiplier=2.0, lm_head_multiplier=0.4, **ATT, **M2)),
    "nemotron-h": ("NemotronH", dict(hidden_size=D, intermediate_size=24, layers_block_type=["linear_attention", "mlp", "full_attention"], head_dim=8, ssm_state_size=4, mamba_num_heads=2, mamba_head_dim=16, n_groups=1, chunk_size=4, use_mamba_kernels=False, **ATT)),
    "qwen3-next": ("Qwen3Next", dict(hidden_size=D, intermediate_size=24, moe_intermediate_size=8, shared_expert_intermediate_size=8, num_experts=3, num_experts_per_tok=2, num_hidden_layers=2, head_dim=8, layer_types=LINEAR, **ATT, **GDN)),
    "qwen3.5": ("Qwen3_5", dict(hidden_size=D, intermediate_size=24, num_hidden_layers=2, head_dim=8, layer_types=LINEAR, **ATT, **GDN)),
    "olmo-hybrid": ("OlmoHybrid", dict(hidden_size=D, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, layer_types=LINEAR, **GDN)),
    "kimi-linear": ("KimiLinear", dict(hidden_size=D, intermediate_size=24, moe_intermediate_size=8, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, layer_types=LINEAR, kv_lora_rank=8, qk_rope_head_dim=2, qk_nope_head_dim=4, v_head_dim=4, num_experts=3, num_experts_per_token=2, linear_head_dim=4, linear_num_heads=2)),
    "minimax": ("MiniMax", dict(hidden_size=D, intermediate_size=12, num_hidden_layers=2, head_dim=8, num_local_experts=3, num_experts_per_tok=2, block_size=4, layer_types=LINEAR[::-1], **ATT)),
    "lfm2": ("Lfm2", dict(hidden_size=D, intermediate_size=24, num_hidden_layers=2, layer_types=["conv", "full_attention"], block_auto_adjust_ff_dim=True, block_multiple_of=8, **ATT)),
}
KEEP = ("A_log", "dt_bias", "time_decay", "time_first", "recurrent_param", "norm", "ln", "time_mix", "slope")


def redraw(model, seed):
    """Draws weights at a scale that makes every part matter, and rounds them to float16."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if p.dim() >= 2 and not any(k in name for k in KEEP):
                fan = p[0].numel() if "experts" not in name or p.dim() < 3 else p.shape[-1]
                p.copy_(noise * (1.0 / fan ** 0.5 if "embed" not in name else 0.6))
            else:
                p.add_(0.15 * noise)
            p.copy_(p.half().float())
        for name, b in sorted(model.named_buffers()):
            if "e_score_correction_bias" in name:
                b.add_(0.1 * torch.randn(b.shape, generator=g)).copy_(b.half().float())


here, reference = os.path.dirname(os.path.abspath(__file__)), {}
for seed, (name, (kind, kw)) in enumerate(MODELS.items()):
    torch.manual_seed(seed)
    stem = "Qwen3_5Text" if kind == "Qwen3_5" else kind
    model = getattr(transformers, kind + "ForCausalLM")(getattr(transformers, stem + "Config")(**IDS, **kw)).float().eval()
    redraw(model, seed)
    if model.config.tie_word_embeddings:
        model.tie_weights()
    folder = os.path.join(here, "models", name)
    shutil.rmtree(folder, ignore_errors=True)
    half = getattr(transformers, kind + "ForCausalLM")(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    for extra in ("generation_config.json",):
        if name != "mamba" and os.path.exists(os.path.join(folder, extra)):
            os.remove(os.path.join(folder, extra))
    ids = torch.randint(3, V, (2, 11), generator=torch.Generator().manual_seed(100 + seed))
    with torch.no_grad():
        y = model(input_ids=ids).logits.float()
    reference[name] = {"ids": ids.tolist(), "first": [[round(v, 7) for v in r] for r in y[0].tolist()], "last": [round(v, 7) for v in y[1, -1].tolist()]}
    print(name, os.path.getsize(os.path.join(folder, "model.safetensors")))
json.dump(reference, open(os.path.join(here, "reference.json"), "w"), separators=(",", ":"))
