"""Values of cells whose state is a matrix, in float64: naive loops of fla-core, layers of transformers, and the author's RWKV-7.

    pip install torch transformers==5.24.0 einops safetensors
    pip download --no-deps -d PACKAGES fla-core==0.6.0 rwkv==0.8.32 && unzip -d SOURCES 'PACKAGES/*.whl'
    python record_matrix.py SOURCES

These programs round to float32 on their way; here that name means float64.
"""
import math, os, re, sys
import torch

torch.Tensor.float = torch.Tensor.double
import transformers  # noqa: E402  (before float32 is renamed: its tables name types)
from transformers.models.mamba2 import modeling_mamba2 as mamba2
from transformers.models.qwen3_next import modeling_qwen3_next as qwen
from transformers.models.kimi_linear import modeling_kimi_linear as kimi
from transformers.models.minimax import modeling_minimax as minimax
from safetensors.torch import save_file

torch.float32 = torch.float = torch.float64
torch.set_default_dtype(torch.float64)
sources, out = sys.argv[1], {}
g = torch.Generator().manual_seed(7)


def rand(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=g, dtype=torch.float64)


def naive(name):
    text = open(f"{sources}/fla/ops/{name}/naive.py").read()
    space = {"__name__": name}
    exec(compile(re.sub(r"torch\.float32|torch\.float\b", "torch.float64", text), name, "exec"), space)
    return space


# Memories: q, k [B, T, N, K], v [B, T, N, V], g log decays, beta, b and a as the form has them, o [B, T, N, V].
B, T, N, K, V = 2, 70, 3, 5, 4


def memory(name, f, heads_first=False, **extra):
    q, k, v = rand(B, T, N, K), torch.nn.functional.normalize(rand(B, T, N, K), dim=-1), rand(B, T, N, V)
    own = {"q": q, "k": k, "v": v, **extra}
    turn = (lambda x: x.transpose(1, 2).contiguous()) if heads_first else (lambda x: x)
    o = f(*[turn(x) for x in own.values()])
    o = turn(o[0] if isinstance(o, tuple) else o)
    for key, x in {**own, "o": o}.items():
        out[f"{name}/{key}"] = x.contiguous()


def logs(*shape, scale=0.3):
    return -scale * rand(*shape).abs()


memory("retention", naive("retention")["naive_retention"], heads_first=True)
memory("simple_gla", naive("simple_gla")["naive_recurrent_simple_gla"], g=logs(B, T, N))
memory("gla", naive("gla")["naive_recurrent_gla"], g=logs(B, T, N, K))
memory("delta", naive("delta_rule")["delta_rule_recurrence"], heads_first=True, beta=torch.sigmoid(rand(B, T, N)))
memory("gated_delta", naive("gated_delta_rule")["naive_recurrent_gated_delta_rule"], beta=torch.sigmoid(rand(B, T, N)), g=logs(B, T, N))
memory("kda", naive("kda")["naive_recurrent_kda"], g=logs(B, T, N, K), beta=torch.sigmoid(rand(B, T, N)))
a = torch.nn.functional.normalize(rand(B, T, N, K), dim=-1)
memory("dplr", naive("generalized_delta_rule/dplr")["dplr_recurrence"], heads_first=True, alpha=-a, beta=0.5 * a + 0.05 * rand(B, T, N, K), g=logs(B, T, N, K))


# Layers: x and y are [T, B, D].
def layer(name, module, call, D, T=21, B=2):
    module = module.double().eval()
    with torch.no_grad():
        for key, p in sorted(module.named_parameters()):
            p.add_(rand(*p.shape, scale=0.3))
        x = rand(B, T, D)
        y = call(module, x)
    for key, p in module.named_parameters():
        out[f"{name}/{key}"] = p.detach().contiguous()
    out[f"{name}/x"], out[f"{name}/y"] = x.transpose(0, 1).contiguous(), y.detach().transpose(0, 1).contiguous()


first = lambda m, x: (lambda y: y[0] if isinstance(y, tuple) else y)(m(x))
c = transformers.Mamba2Config(hidden_size=6, num_heads=4, head_dim=3, expand=2, state_size=5, n_groups=2, num_hidden_layers=1, chunk_size=8)
layer("mamba2", mamba2.Mamba2Mixer(c, 0), first, 6)
c = transformers.Qwen3NextConfig(hidden_size=6, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=3, linear_value_head_dim=5,
                                 num_hidden_layers=1, layer_types=["linear_attention"])
layer("qwen", qwen.Qwen3NextGatedDeltaNet(c, 0), first, 6)
c = transformers.KimiLinearConfig(hidden_size=6, linear_num_heads=2, linear_head_dim=4, num_hidden_layers=1, layer_types=["linear_attention"])
layer("kimi", kimi.KimiLinearDeltaAttention(c, 0), first, 6)
c = transformers.MiniMaxConfig(hidden_size=6, num_attention_heads=4, head_dim=3, num_hidden_layers=3, block_size=8, layer_types=["full_attention", "linear_attention", "linear_attention"])
layer("minimax", minimax.MiniMaxLightningAttention(c, 1), lambda m, x: m(x, None, None)[0], 6)

# RWKV-7: two blocks, as the author's program runs them; its 0.606531 is e^-0.5.
os.environ.update(RWKV_V7_ON="1", RWKV_JIT_ON="0", RWKV_CUDA_ON="0")
text = open(f"{sources}/rwkv/model.py").read().replace("0.606531", repr(math.exp(-0.5))).replace("torch.jit.script_method", "staticmethod").replace("torch.jit.script", "staticmethod")
space = {"__name__": "rwkv.model", "__file__": f"{sources}/rwkv/model.py"}
exec(compile(text, "rwkv", "exec"), space)
H, W, L, T = 2, 4, 2, 19
C = H * W
z = {}
for i in range(L):
    b = f"blocks.{i}."
    for ln in ["ln1", "ln2", "att.ln_x"] + ["ln0"] * (i == 0):
        z[b + ln + ".weight"], z[b + ln + ".bias"] = 1 + rand(C, scale=0.1), rand(C, scale=0.1)
    a = b + "att."
    for n in "rwkvag":
        z[a + "x_" + n] = torch.rand(C, generator=g, dtype=torch.float64)
    for n, d in (("w", 3), ("a", 2), ("v", 2), ("g", 5)):
        z[a + n + "1"], z[a + n + "2"] = rand(C, d, scale=C ** -0.5), rand(d, C)
    for n in ("w0", "a0", "v0", "k_k", "k_a"):
        z[a + n] = rand(C)
    z[a + "r_k"] = rand(H, W)
    for n in ("receptance", "key", "value", "output"):
        z[a + n + ".weight"] = rand(C, C, scale=C ** -0.5)
    z[b + "ffn.x_k"] = torch.rand(C, generator=g, dtype=torch.float64)
    z[b + "ffn.key.weight"], z[b + "ffn.value.weight"] = rand(3 * C, C, scale=C ** -0.5), rand(C, 3 * C, scale=C ** -0.5)
x = rand(T, C)
out["rwkv7/x"] = x[:, None].contiguous()
norm = lambda x, n: torch.nn.functional.layer_norm(x, (C,), z[n + ".weight"], z[n + ".bias"])
x, first_v = norm(x, "blocks.0.ln0"), None
for i in range(L):
    p = lambda n: z[f"blocks.{i}.att." + n]
    names = ["x_r", "x_w", "x_k", "x_v", "x_a", "x_g", "w0", "w1", "w2", "a0", "a1", "a2", "v0", "v1", "v2", "g1", "g2", "k_k", "k_a"]
    S = torch.zeros(H, W, W)
    y, past, S, first_v = space["RWKV_x070_TMix_seq"](i, H, W, norm(x, f"blocks.{i}.ln1"), torch.zeros(C), first_v, S, *[p(n) for n in names], p("r_k").flatten(),
                                               *[p(n + ".weight").t() for n in ("receptance", "key", "value", "output")], p("ln_x.weight"), p("ln_x.bias"))
    out[f"rwkv7/state{i}"] = S.transpose(1, 2).contiguous()
    x = x + y
    f = f"blocks.{i}.ffn."
    y, _ = space["RWKV_x070_CMix_seq"](norm(x, f"blocks.{i}.ln2"), torch.zeros(C), z[f + "x_k"], z[f + "key.weight"].t(), z[f + "value.weight"].t())
    x = x + y
out["rwkv7/y"] = x[:, None].contiguous()
out.update({"rwkv7/" + k: v.contiguous() for k, v in z.items()})
save_file(out, os.path.join(os.path.dirname(os.path.abspath(__file__)), "matrix_f64.safetensors"))
print(len(out), "tensors", sum(v.numel() for v in out.values()), "numbers")
