"""Records cells whose state decays element by element, as plain loops over the papers' equations in float64.

    python3 record_diagonal.py      writes diagonal_f64.safetensors here

Recorded with PyTorch 2.15. Where transformers (5.24) is installed, each loop is compared with its module first, in float32.
Everything is time-major [T, B, F]. Tensors of a case {cell}.{size}: {case}.param.{name}_l0, {case}.in.x with {case}.in.g, the
gradient from above, {case}.out.y, {case}.grad.{name}_l0 and {case}.grad.x.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

SIZES = {"one": (1, 1), "two": (2, 3), "odd": (63, 1), "past": (65, 3), "long": (257, 1)}
TENSORS = {}


def record(cell, shapes, f, width, positive=()):
    """f(params, x) gives y. shapes are those of the parameters; the names in positive get 1 added."""
    params = {n: randn(200 + i, *s) * (0.5 if len(s) < 2 else 1.2 / s[-1] ** 0.5) + (1 if n in positive else 0)
              for i, (n, s) in enumerate(shapes.items())}
    for size, (T, B) in SIZES.items():
        case, x = f"{cell}.{size}", randn(T, T, B, width).requires_grad_()
        leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
        y = f(leaves, x)
        g = randn(99, *y.shape)
        grads = torch.autograd.grad(y, [*leaves.values(), x], g, allow_unused=True, materialize_grads=True)
        names = [n + "_l0" for n in leaves]
        TENSORS.update({f"{case}.param.{n}": v for n, v in zip(names, leaves.values())})
        TENSORS.update({f"{case}.in.x": x, f"{case}.in.g": g, f"{case}.out.y": y})
        TENSORS.update({f"{case}.grad.{n}": d for n, d in zip(names + ["x"], grads)})
    return params


def conv(x, w, b):
    """A causal depthwise convolution of x [T, B, C] with w [C, 1, K]."""
    K = w.shape[-1]
    padded = torch.cat([torch.zeros(K - 1, *x.shape[1:], dtype=x.dtype), x])
    y = sum(padded[k:k + len(x)] * w[:, 0, k] for k in range(K))
    return y if b is None else y + b


def rms(x, weight=None, eps=1e-6):
    y = x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps)
    return y if weight is None else y * weight


# Mamba (arXiv 2312.00752), Jamba and FalconMamba.
def mamba(p, x, rank, norm=None, eps=1e-6):
    u, z = F.linear(x, p["in_proj.weight"], p.get("in_proj.bias")).chunk(2, -1)
    u = F.silu(conv(u, p["conv1d.weight"], p.get("conv1d.bias")))
    S = p["A_log"].shape[1]
    dt, b, c = F.linear(u, p["x_proj.weight"]).split([rank, S, S], -1)
    if norm == "plain":
        dt, b, c = rms(dt, eps=eps), rms(b, eps=eps), rms(c, eps=eps)
    elif norm == "weighted":
        dt, b, c = (rms(v, p[f"{n}_layernorm.weight"], eps) for n, v in (("dt", dt), ("b", b), ("c", c)))
    dt = F.softplus(F.linear(dt, p["dt_proj.weight"], p["dt_proj.bias"]))
    a, s, y = -torch.exp(p["A_log"]), torch.zeros(x.shape[1], *p["A_log"].shape, dtype=x.dtype), []
    for t in range(len(x)):
        s = torch.exp(dt[t][..., None] * a) * s + (dt[t] * u[t])[..., None] * b[t][:, None]
        y.append((s * c[t][:, None]).sum(-1))
    y = (torch.stack(y) + u * p["D"]) * F.silu(z)
    return F.linear(y, p["out_proj.weight"], p.get("out_proj.bias"))


def mamba_shapes(I, H, E, S, K, R, bias=False, conv_bias=True, norm=False):
    s = {"in_proj.weight": (2 * E, I), "conv1d.weight": (E, 1, K), "x_proj.weight": (R + 2 * S, E), "dt_proj.weight": (E, R),
         "dt_proj.bias": (E,), "A_log": (E, S), "D": (E,), "out_proj.weight": (H, E)}
    if conv_bias:
        s["conv1d.bias"] = (E,)
    if bias:
        s |= {"in_proj.bias": (2 * E,), "out_proj.bias": (H,)}
    if norm:
        s |= {"dt_layernorm.weight": (R,), "b_layernorm.weight": (S,), "c_layernorm.weight": (S,)}
    return s


MAMBA = record("mamba", mamba_shapes(4, 4, 8, 16, 4, 1), lambda p, x: mamba(p, x, 1), 4, {"D"})
record("mamba_one", mamba_shapes(2, 3, 5, 1, 2, 2, conv_bias=False), lambda p, x: mamba(p, x, 2), 2)
FALCON = record("falcon_mamba", mamba_shapes(4, 4, 8, 5, 3, 2), lambda p, x: mamba(p, x, 2, "plain"), 4)
JAMBA = record("jamba", mamba_shapes(4, 4, 8, 5, 4, 2, bias=True, norm=True), lambda p, x: mamba(p, x, 2, "weighted", 1e-5), 4,
               {"dt_layernorm.weight", "b_layernorm.weight", "c_layernorm.weight"})


# RWKV-4 (arXiv 2305.13048).
def before(x):
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


def mix(p, name, x):
    m = p["time_mix_" + name]
    return x * m + before(x) * (1 - m)


def time_mix(p, x):
    k, v, r = (F.linear(mix(p, n, x), p[n + ".weight"]) for n in ("key", "value", "receptance"))
    w, u, num, den, y = -torch.exp(p["time_decay"]), p["time_first"], 0, 0, []
    for t in range(len(x)):  # without the running maximum: float64 has room for these keys
        bonus = torch.exp(u + k[t])
        y.append((num + bonus * v[t]) / (den + bonus))
        num, den = torch.exp(w) * num + torch.exp(k[t]) * v[t], torch.exp(w) * den + torch.exp(k[t])
    return F.linear(torch.sigmoid(r) * torch.stack(y), p["output.weight"])


def channel_mix(p, x):
    k = torch.relu(F.linear(mix(p, "key", x), p["key.weight"])) ** 2
    return torch.sigmoid(F.linear(mix(p, "receptance", x), p["receptance.weight"])) * F.linear(k, p["value.weight"])


def rwkv_shapes(H, A):
    return {"time_decay": (A,), "time_first": (A,), **{f"time_mix_{n}": (H,) for n in ("key", "value", "receptance")},
            **{f"{n}.weight": (A, H) for n in ("key", "value", "receptance")}, "output.weight": (H, A)}


RWKV = record("rwkv4", rwkv_shapes(4, 6), time_mix, 4)
CHANNELS = record("rwkv4_channels", {"time_mix_key": (4,), "time_mix_receptance": (4,), "key.weight": (9, 4),
                                     "receptance.weight": (4, 4), "value.weight": (4, 9)}, channel_mix, 4)


# RG-LRU and Griffin's recurrent block (arXiv 2402.19427).
def rglru(p, x, at=""):
    def gate(name):
        w, b = p[f"{at}{name}_gate_weight"], p[f"{at}{name}_gate_bias"]
        parts = x.reshape(*x.shape[:-1], *b.shape)
        return torch.sigmoid(torch.einsum("tbni,nij->tbnj", parts, w) + b).reshape(x.shape)

    a = torch.exp(-8 * gate("recurrent") * F.softplus(p[at + "recurrent_param"]))
    gain = torch.sqrt(1 - a * a)
    gain = torch.cat([torch.ones_like(gain[:1]), gain[1:]])
    u, h, y = gain * gate("input") * x, torch.zeros_like(x[0]), []
    for t in range(len(x)):
        h = a[t] * h + u[t]
        y.append(h)
    return torch.stack(y)


def griffin(p, x):
    y = F.gelu(F.linear(x, p["linear_y.weight"], p["linear_y.bias"]), approximate="tanh")
    u = conv(F.linear(x, p["linear_x.weight"], p["linear_x.bias"]), p["conv_1d.weight"], p["conv_1d.bias"])
    return F.linear(rglru(p, u, "rg_lru.") * y, p["linear_out.weight"], p["linear_out.bias"])


def rglru_shapes(W, N, at=""):
    gates = {f"{at}{n}_gate_weight": (N, W // N, W // N) for n in ("input", "recurrent")}
    return gates | {f"{at}{n}_gate_bias": (N, W // N) for n in ("input", "recurrent")} | {at + "recurrent_param": (W,)}


record("rglru", rglru_shapes(6, 3), rglru, 6)
GRIFFIN = record("griffin", {"linear_y.weight": (4, 4), "linear_y.bias": (4,), "linear_x.weight": (4, 4), "linear_x.bias": (4,),
                             "conv_1d.weight": (4, 1, 4), "conv_1d.bias": (4,), **rglru_shapes(4, 2, "rg_lru."),
                             "linear_out.weight": (4, 4), "linear_out.bias": (4,)}, griffin, 4)


# The complex LRU (arXiv 2303.06349), S5 (2208.04933) and S4D (2206.11893), with torch's complex numbers.
def cnum(p, name):
    return torch.complex(p[name + "_re"], p[name + "_im"])


def around(p, h, x):
    return h + F.linear(x, p["weight_xr"]) + p["bias_hr"]


def complex_lru(p, x):
    lam = torch.exp(torch.complex(-torch.exp(p["nu_log"]), torch.exp(p["theta_log"])))
    s, y, gain = 0, [], torch.exp(p["gamma_log"])
    for t in range(len(x)):
        s = lam * s + gain * (x[t].to(torch.complex128) @ cnum(p, "B").T)
        y.append((s @ cnum(p, "C").T).real)
    return around(p, torch.stack(y), x)


def discretised(lam, dt, bilinear):
    if bilinear:
        return (1 + lam * dt / 2) / (1 - lam * dt / 2), dt / (1 - lam * dt / 2)
    return torch.exp(lam * dt), (torch.exp(lam * dt) - 1) / lam


def s5(p, x, bilinear=False):
    lam = torch.complex(p["Lambda_re"].clamp(max=-1e-4), p["Lambda_im"])
    a, gain = discretised(lam, torch.exp(p["log_step"]), bilinear)
    s, y = 0, []
    for t in range(len(x)):
        s = a * s + gain * (x[t].to(torch.complex128) @ cnum(p, "B").T)
        y.append(2 * (s @ cnum(p, "C").T).real)
    return around(p, torch.stack(y), x)


def s4d(p, x, bilinear=False, plain=False):
    if "in_proj.weight" in p:
        x = F.linear(x, p["in_proj.weight"], p["in_proj.bias"])
    lam = torch.complex(-torch.exp(p["log_A_real"]), p["A_imag"])
    a, gain = discretised(lam, torch.exp(p["log_dt"])[:, None], bilinear)
    s, y = 0, []
    for t in range(len(x)):
        s = a * s + gain * x[t][..., None]
        y.append(2 * (s * cnum(p, "C")).sum(-1).real)
    h = torch.stack(y) + x * p["D"]
    return h if plain else F.glu(F.linear(F.gelu(h), p["output_linear.weight"], p["output_linear.bias"]))


def both(name, *shape):
    return {name + "_re": shape, name + "_im": shape}


def path(I, H):
    return {"weight_xr": (H, I), "bias_hr": (H,)}


record("complex_lru", {"nu_log": (5,), "theta_log": (5,), "gamma_log": (5,), **both("B", 5, 2), **both("C", 3, 5), **path(2, 3)}, complex_lru, 2)
S5 = {"Lambda_re": (4,), "Lambda_im": (4,), "log_step": (4,), **both("B", 4, 2), **both("C", 3, 4), **path(2, 3)}
record("s5", S5, lambda p, x: s5({**p, "Lambda_re": p["Lambda_re"] - 1}, x), 2)
record("s5_bilinear", S5, lambda p, x: s5({**p, "Lambda_re": p["Lambda_re"] - 1}, x, True), 2)
S4D = {"log_A_real": (3, 4), "A_imag": (3, 4), "log_dt": (3,), **both("C", 3, 4), "D": (3,)}
MIX = {"output_linear.weight": (6, 3), "output_linear.bias": (6,)}
record("s4d", S4D | MIX, s4d, 3)
record("s4d_wide", S4D | MIX | {"in_proj.weight": (3, 2), "in_proj.bias": (3,)}, s4d, 2)
record("s4d_bilinear", S4D, lambda p, x: s4d(p, x, True, True), 3)


# LinOSS (arXiv 2410.03943): the paper's steps, each place and speed by itself.
def linoss(p, x, explicit):
    a, dt = torch.relu(p["stiffness"]), torch.sigmoid(p["step"])
    y, z, out = 0, 0, []
    for t in range(len(x)):
        force = F.linear(x[t], p["weight_ih"])
        if explicit:
            z = z + dt * (-a * y + force)
        else:  # z' = z + dt·(-a·(y + dt·z') + force), solved for z'
            z = (z + dt * (-a * y + force)) / (1 + dt * dt * a)
        y = y + dt * z
        out.append(F.linear(y, p["weight_hr"]))
    return around(p, torch.stack(out), x)


OSCILLATORS = {"stiffness": (4,), "step": (4,), "weight_ih": (4, 2), "weight_hr": (3, 4), **path(2, 3)}
record("linoss", OSCILLATORS, lambda p, x: linoss(p, x, False), 2, {"stiffness"})
record("linoss_explicit", OSCILLATORS, lambda p, x: linoss(p, x, True), 2, {"stiffness"})


# HGRN (arXiv 2311.04823), as flash-linear-attention's layer has it; the loop is that of its naive.py.
def hgrn(p, x):
    f = 0.3 + 0.7 * torch.sigmoid(F.linear(x, p["f_proj.weight"]))
    u, s, y = F.silu(F.linear(x, p["i_proj.weight"])) * (1 - f), 0, []
    for t in range(len(x)):
        s = f[t] * s + u[t]
        y.append(s)
    return F.linear(rms(torch.stack(y), p["g_norm.weight"], 1e-5) * F.silu(F.linear(x, p["g_proj.weight"])), p["o_proj.weight"])


record("hgrn", {"i_proj.weight": (4, 2), "f_proj.weight": (4, 2), "g_proj.weight": (4, 2), "g_norm.weight": (4,), "o_proj.weight": (3, 4)}, hgrn, 2)


# Eigenvalues of the normal part of HiPPO-LegS, the positive imaginary parts, largest first.
def hippo(n):
    root = (torch.arange(2 * n).double() + 0.5).sqrt()
    k = torch.outer(root, root)
    skew = k.triu(1) - k.tril(-1)
    return torch.linalg.eigvalsh(1j * skew)[n:].flip(0)


for n in (1, 2, 8, 33):
    TENSORS[f"hippo.{n}"] = hippo(n)


def compare():
    """The loops above against transformers' modules, in float32."""
    from transformers import FalconMambaConfig, JambaConfig, MambaConfig, RecurrentGemmaConfig, RwkvConfig
    from transformers.models.falcon_mamba.modeling_falcon_mamba import FalconMambaMixer
    from transformers.models.jamba.modeling_jamba import JambaMambaMixer
    from transformers.models.mamba.modeling_mamba import MambaMixer
    from transformers.models.recurrent_gemma.modeling_recurrent_gemma import RecurrentGemmaRecurrentBlock
    from transformers.models.rwkv.modeling_rwkv import RwkvFeedForward, RwkvSelfAttention

    x = randn(5, 9, 2, 4).float()
    for name, module, p, f, call in (
        ("mamba", MambaMixer(MambaConfig(hidden_size=4, state_size=16, time_step_rank=1, num_hidden_layers=1), 0), MAMBA,
         lambda p, x: mamba(p, x, 1), lambda m, x: m(x)),
        ("falcon mamba", FalconMambaMixer(FalconMambaConfig(hidden_size=4, state_size=5, conv_kernel=3, time_step_rank=2, num_hidden_layers=1), 0, False),
         FALCON, lambda p, x: mamba(p, x, 2, "plain"), lambda m, x: m(x)),
        ("jamba", JambaMambaMixer(JambaConfig(hidden_size=4, mamba_d_state=5, mamba_dt_rank=2, mamba_proj_bias=True, rms_norm_eps=1e-5,
                                              num_hidden_layers=1, use_mamba_kernels=False), 0),
         JAMBA, lambda p, x: mamba(p, x, 2, "weighted", 1e-5), lambda m, x: m(x)),
        ("rwkv", RwkvSelfAttention(RwkvConfig(hidden_size=4, attention_hidden_size=6)), RWKV, time_mix, lambda m, x: m(x)[0]),
        ("rwkv channels", RwkvFeedForward(RwkvConfig(hidden_size=4, intermediate_size=9)), CHANNELS, channel_mix, lambda m, x: m(x)[0]),
        ("griffin", RecurrentGemmaRecurrentBlock(RecurrentGemmaConfig(hidden_size=4, lru_width=4, num_attention_heads=2), 0), GRIFFIN,
         griffin, lambda m, x: m(x, torch.arange(x.shape[1])[None].expand(x.shape[0], -1), None, use_cache=False)[0]),
    ):
        own = module.float().eval().state_dict()
        module.load_state_dict({n: p[n].float().reshape(v.shape) for n, v in own.items()})
        want, got = call(module, x.transpose(0, 1)).transpose(0, 1), f({n: v.float() for n, v in p.items()}, x)
        error = ((want - got).abs().max() / want.abs().max()).item()
        print(f"{name}: differs from transformers by {error:.1e}")
        assert error < 2e-6, name


try:
    compare()
except ImportError as e:
    print("not compared with transformers:", e)
write(os.path.join(HERE, "diagonal_f64.safetensors"), TENSORS, {})
