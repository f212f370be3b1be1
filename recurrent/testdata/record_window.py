"""Records attention over a window as a loop over steps, for the test of recurrent.WindowAttention.

    python3 record_window.py      writes window/window_f64.safetensors

Recorded with PyTorch 2.15 in float64. Where transformers (5.24) is installed, the loop is compared with its Qwen3-Next and
RecurrentGemma first. Tensors of a case {name}.{size}: {case}.param.{name}_l0, {case}.in.x [T, B, I] with {case}.in.g, the
gradient from above, {case}.out.y, {case}.grad.*.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

SIZES = {"one": (1, 1), "two": (2, 3), "odd": (63, 1), "past": (65, 3)}
TENSORS = {}


def turn(x, at, width, base=10000.0):
    """Rotates the first width numbers of heads x [B, N, D] by a position."""
    angles = at * base ** (-torch.arange(0, width, 2).to(x.dtype) / width)
    a, b, rest = x[..., :width // 2], x[..., width // 2:width], x[..., width:]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin(), rest], -1)


def rms(x, w):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w


def attention(p, x, heads, shared, width, window, turning=None, base=10000.0, norm="", gated=False, cap=None, scale=None):
    T, B, _ = x.shape
    dense = lambda n: F.linear(x, p[n + ".weight"], p.get(n + ".bias"))  # noqa: E731
    q, k, v = dense("q_proj"), dense("k_proj"), dense("v_proj")
    if gated:
        q, gate = q.view(T, B, heads, 2 * width).chunk(2, -1)
    if norm == "all":
        q, k = rms(q, p["q_norm.weight"]), rms(k, p["k_norm.weight"])
    q, k, v = q.reshape(T, B, heads, width), k.view(T, B, shared, width), v.view(T, B, shared, width)
    if norm == "one plus":
        q, k = rms(q, 1 + p["q_norm.weight"]), rms(k, 1 + p["k_norm.weight"])
    turning = width if turning is None else turning
    keys, out = [], []
    for t in range(T):
        keys.append(turn(k[t], t, turning, base) if turning else k[t])
        now = turn(q[t], t, turning, base) if turning else q[t]
        rows = []
        for h in range(heads):
            s = h * shared // heads
            first = max(0, t - window + 1)
            ks, vs = torch.stack([x[:, s] for x in keys[first:]]), v[first:t + 1, :, s]  # [n, B, width]
            score = (ks * now[:, h]).sum(-1) * (width ** -0.5 if scale is None else scale)
            score = score if cap is None else cap * torch.tanh(score / cap)
            rows.append((torch.softmax(score, 0)[..., None] * vs).sum(0))
        out.append(torch.cat(rows, -1))
    y = torch.stack(out)
    if gated:
        y = y * torch.sigmoid(gate.reshape(T, B, -1))
    return F.linear(y, p["o_proj.weight"], p.get("o_proj.bias"))


def record(name, I, H, heads, shared, width, window, bias=False, **settings):
    rows = {"q_proj": heads * width * (2 if settings.get("gated") else 1), "k_proj": shared * width, "v_proj": shared * width}
    shapes = {n + ".weight": (r, I) for n, r in rows.items()} | {"o_proj.weight": (H, heads * width)}
    if bias:
        shapes |= {n + ".bias": (r,) for n, r in rows.items()} | {"o_proj.bias": (H,)}
    if settings.get("norm"):
        every = settings["norm"] == "all"
        shapes |= {"q_norm.weight": (heads * width if every else width,), "k_norm.weight": (shared * width if every else width,)}
    params = {n: randn(300 + i, *s) * (1.5 / s[-1] ** 0.5 if len(s) > 1 else 0.4) for i, (n, s) in enumerate(shapes.items())}
    f = lambda p, x: attention(p, x, heads, shared, width, window, **settings)  # noqa: E731
    for size, (T, B) in SIZES.items():
        case, x = f"{name}.{size}", randn(T, T, B, I).requires_grad_()
        leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
        y = f(leaves, x)
        g = randn(99, *y.shape)
        grads = torch.autograd.grad(y, [*leaves.values(), x], g, allow_unused=True, materialize_grads=True)
        TENSORS.update({f"{case}.param.{n}_l0": v for n, v in params.items()})
        TENSORS.update({f"{case}.in.x": x, f"{case}.in.g": g, f"{case}.out.y": y})
        TENSORS.update({f"{case}.grad.{n}": d for n, d in zip([n + "_l0" for n in leaves] + ["x"], grads)})
    return params, f


record("plain", 3, 4, 2, 2, 2, 5)
GEMMA = record("gemma", 4, 4, 4, 1, 4, 8, turning=2)
QWEN = record("qwen", 4, 4, 4, 2, 6, 100, turning=2, base=500.0, norm="one plus", gated=True)
record("olmo", 4, 3, 2, 2, 4, 16, turning=0, norm="all", bias=True)
record("capped", 3, 4, 4, 2, 3, 2, turning=2, cap=1.5, scale=0.9)


def compare():
    """The loop against transformers' modules."""
    from transformers import Qwen3NextConfig, RecurrentGemmaConfig
    from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextAttention, Qwen3NextRotaryEmbedding
    from transformers.models.recurrent_gemma.modeling_recurrent_gemma import RecurrentGemmaAttention

    def masked(T, window):
        there = torch.ones(T, T).tril() * torch.ones(T, T).triu(1 - window)
        return torch.where(there == 1, 0.0, -1e30)[None, None]

    x, at = randn(5, 2, 20, 4).float(), torch.arange(20)[None].expand(2, -1)
    c = Qwen3NextConfig(hidden_size=4, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
                        rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 1 / 3})
    c._attn_implementation = "eager"
    rope = Qwen3NextRotaryEmbedding(c)(x, at)
    qwen = Qwen3NextAttention(c, 0).eval()
    c = RecurrentGemmaConfig(hidden_size=4, num_attention_heads=4, num_key_value_heads=1, head_dim=4, attention_window_size=8,
                             rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})
    c._attn_implementation = "eager"
    gemma = RecurrentGemmaAttention(c, 2).eval()
    for name, module, (p, f), call in (
        ("qwen3-next", qwen, QWEN, lambda m: m(x, rope, masked(20, 100))[0]),
        ("recurrent gemma", gemma, GEMMA, lambda m: m(x, at, masked(20, 8))[0]),
    ):
        p = {"o_proj.bias": torch.zeros(4)} | p
        module.load_state_dict({n: p[n].float() for n in module.state_dict()})
        want, got = call(module), f({n: v.float() for n, v in p.items()}, x.transpose(0, 1)).transpose(0, 1)
        error = ((want - got).abs().max() / want.abs().max()).item()
        print(f"{name}: differs from transformers by {error:.1e}")
        assert error < 2e-6, name


try:
    compare()
except ImportError as e:
    print("not compared with transformers:", e)
write(os.path.join(HERE, "window", "window_f64.safetensors"), TENSORS, {})
