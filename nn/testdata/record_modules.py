"""Records normalisation, activations, attention, Transformers, convolution and pooling of PyTorch, for package nn.

    python3 record_modules.py      writes modules_f64.safetensors here

Recorded with PyTorch 2.15 in float64, everything time-major [T, B, F]. Tensors of a case: {case}.param.{name},
{case}.in.{name} with {case}.in.g, the gradient from above, of y's shape, {case}.out.y and others, {case}.grad.{name}.
"""
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import weight_norm

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

T, S, B, E, HEADS = 5, 4, 3, 6, 2
LENGTHS = torch.tensor([5, 2, 4])  # of x
MEMORY_LENGTHS = torch.tensor([1, 4, 3])
X, MEMORY = randn(1, T, B, E), randn(2, S, B, E)
TENSORS = {}


def record(case, module, f, inputs, keep=None):
    """f(module, **inputs) gives y, or y and a dict of other outputs. keep [T, B]: steps whose y counts."""
    module = module.double()
    with torch.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(randn(100 + i, *p.shape) * 0.5 + (1 if p.dim() == 1 else 0))
    inputs = {n: v.clone().requires_grad_() if v.is_floating_point() else v for n, v in inputs.items()}
    before = {n: v.clone() for n, v in module.state_dict().items() if v.is_floating_point()}
    y = f(module, **inputs)
    y, others = y if isinstance(y, tuple) else (y, {})
    g = randn(99, *y.shape)
    if keep is not None:
        y, g = y * keep[..., None], g * keep[..., None]
    leaves = {**dict(module.named_parameters()), **{n: v for n, v in inputs.items() if v.requires_grad}}
    grads = torch.autograd.grad(y, leaves.values(), g)
    TENSORS.update({f"{case}.param.{n}": v for n, v in before.items()})
    TENSORS.update({f"{case}.in.{n}": v for n, v in inputs.items()})
    TENSORS.update({f"{case}.in.g": g, f"{case}.out.y": y})
    TENSORS.update({f"{case}.out.{n}": v for n, v in others.items()})
    TENSORS.update({f"{case}.grad.{n}": d for n, d in zip(leaves, grads)})


def steps(lengths, t):
    return (torch.arange(t)[:, None] < lengths[None, :]).double()  # [T, B]


def padding(lengths, t):
    return steps(lengths, t).T == 0  # [B, T], True at padding


def causal(t, s=None):
    return torch.ones(t, s or t, dtype=torch.bool).triu(1)  # True where query i must not see key j


# Normalisation and activations.
def apply(m, x):
    return m(x)


record("layernorm", nn.LayerNorm(E), apply, {"x": X})
record("layernorm_plain", nn.LayerNorm(E, eps=0.1, elementwise_affine=False), apply, {"x": X})
record("rmsnorm", nn.RMSNorm(E, eps=1e-6), apply, {"x": X})
record("gelu", nn.GELU(), apply, {"x": X})
record("gelu_tanh", nn.GELU(approximate="tanh"), apply, {"x": X})
record("silu", nn.SiLU(), apply, {"x": X})
record("sequential", nn.Sequential(nn.Linear(E, 4), nn.ReLU(), nn.Linear(4, 3), nn.Tanh()), apply, {"x": X})


def batchnorm(m, x):
    y = m(x.reshape(-1, E)).reshape(x.shape)
    return y, {"running_mean": m.running_mean.clone(), "running_var": m.running_var.clone()}


def batchnorm_lengths(m, x):  # PyTorch has no lengths: pick the steps out, normalise them, and put them back
    there = steps(LENGTHS, T) == 1
    y, others = torch.zeros_like(x), {}
    rows = m(x[there])
    y[there] = rows
    return y, {"running_mean": m.running_mean.clone(), "running_var": m.running_var.clone()}


def trained(momentum=0.1):
    m = nn.BatchNorm1d(E, momentum=momentum).double()
    m.running_mean.copy_(randn(3, E))
    m.running_var.copy_(randn(4, E).abs() + 0.5)
    return m


record("batchnorm", trained(), batchnorm, {"x": X})
record("batchnorm_eval", trained().eval(), batchnorm, {"x": X})
record("batchnorm_lengths", trained(0.3), lambda m, x, lengths: batchnorm_lengths(m, x), {"x": X, "lengths": LENGTHS})


# Attention.
def attend(m, q, k, v, lengths=None, mask=None):
    pad = None if lengths is None else padding(lengths, len(k))
    y, w = m(q, k, v, key_padding_mask=pad, attn_mask=mask, average_attn_weights=False)
    return y, {"weights": w}


record("attention_self", nn.MultiheadAttention(E, HEADS), lambda m, x: attend(m, x, x, x), {"x": X})
record("attention_nobias", nn.MultiheadAttention(E, HEADS, bias=False), lambda m, x: attend(m, x, x, x), {"x": X})
record("attention_causal", nn.MultiheadAttention(E, HEADS),
       lambda m, x, lengths: attend(m, x, x, x, lengths, causal(T)), {"x": X, "lengths": LENGTHS}, keep=steps(LENGTHS, T))
record("attention_cross", nn.MultiheadAttention(E, HEADS),
       lambda m, x, memory, lengths: attend(m, x, memory, memory, lengths), {"x": X, "memory": MEMORY, "lengths": MEMORY_LENGTHS})
record("attention_widths", nn.MultiheadAttention(E, HEADS, kdim=4, vdim=3),
       lambda m, x, key, value: attend(m, x, key, value), {"x": X, "key": randn(5, S, B, 4), "value": randn(6, S, B, 3)})


# Transformers.
def encoder(norm_first, activation="relu"):
    return nn.TransformerEncoderLayer(E, HEADS, 7, dropout=0, activation=activation, norm_first=norm_first)


def encode(m, x, lengths=None, mask=None):
    return m(x, mask, padding(lengths, T) if lengths is not None else None)


def encode_lengths(m, x, lengths):
    return encode(m, x, lengths)


def decoder(norm_first):
    return nn.TransformerDecoderLayer(E, HEADS, 7, dropout=0, norm_first=norm_first)


def decode(m, x, memory, lengths, memory_lengths):
    return m(x, memory, tgt_mask=causal(T), tgt_key_padding_mask=padding(lengths, T),
             memory_key_padding_mask=padding(memory_lengths, S))


BOTH = {"x": X, "memory": MEMORY, "lengths": LENGTHS, "memory_lengths": MEMORY_LENGTHS}
record("encoder_layer", encoder(True), encode, {"x": X})
record("encoder_layer_gelu", encoder(True, "gelu"), lambda m, x: encode(m, x, mask=causal(T)), {"x": X})
record("encoder_layer_post", encoder(False), encode, {"x": X})
record("encoder", nn.TransformerEncoder(encoder(True), 2, nn.LayerNorm(E)), encode_lengths,
       {"x": X, "lengths": LENGTHS}, keep=steps(LENGTHS, T))
record("decoder_layer_post", decoder(False), decode, BOTH, keep=steps(LENGTHS, T))
record("decoder", nn.TransformerDecoder(decoder(True), 2, nn.LayerNorm(E)), decode, BOTH, keep=steps(LENGTHS, T))


# Convolution and pooling, [T, B, C] turned around to PyTorch's [B, C, T] and back.
def over_time(m, x):
    return m(x.permute(1, 2, 0)).permute(2, 0, 1)


LONG = randn(7, 11, 2, 3)
for case, settings in {
    "conv": dict(kernel_size=3),
    "conv_nobias": dict(kernel_size=1, bias=False),
    "conv_same": dict(kernel_size=4, padding="same"),
    "conv_same_dilated": dict(kernel_size=3, dilation=3, padding="same"),
    "conv_number": dict(kernel_size=3, padding=2),
    "conv_stride": dict(kernel_size=3, stride=2, padding=1),
    "conv_stride_dilated": dict(kernel_size=2, stride=3, dilation=4),
    "conv_whole": dict(kernel_size=11),
}.items():
    record(case, nn.Conv1d(3, 4, **settings), over_time, {"x": LONG})
record("conv_causal", nn.Conv1d(3, 4, 3, dilation=2), lambda m, x: m(F.pad(x.permute(1, 2, 0), (4, 0))).permute(2, 0, 1),
       {"x": LONG})
record("conv_weightnorm", weight_norm(nn.Conv1d(3, 4, 3)), over_time, {"x": LONG})
record("maxpool", nn.MaxPool1d(3), over_time, {"x": LONG})
record("maxpool_overlapping", nn.MaxPool1d(3, 1), over_time, {"x": LONG})
record("maxpool_gaps", nn.MaxPool1d(2, 3), over_time, {"x": LONG})
record("avgpool", nn.AvgPool1d(4), over_time, {"x": LONG})
record("avgpool_overlapping", nn.AvgPool1d(4, 2), over_time, {"x": LONG})


class Block(nn.Module):
    """A residual block of the TCN of Bai, Kolter and Koltun (2018), fig. 1b, with their names."""

    def __init__(self, i, o, k, d):
        super().__init__()
        self.pad = (k - 1) * d
        self.conv1 = weight_norm(nn.Conv1d(i, o, k, dilation=d))
        self.conv2 = weight_norm(nn.Conv1d(o, o, k, dilation=d))
        self.downsample = nn.Conv1d(i, o, 1) if i != o else None

    def forward(self, x):
        y = torch.relu(self.conv1(F.pad(x, (self.pad, 0))))
        y = torch.relu(self.conv2(F.pad(y, (self.pad, 0))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class TCN(nn.Module):
    def __init__(self, *channels, k):
        super().__init__()
        self.network = nn.Sequential(*[Block(i, o, k, 2 ** n) for n, (i, o) in enumerate(zip(channels, channels[1:]))])

    def forward(self, x):
        return self.network(x)


# What the blocks of linear recurrences are made of.
class RMS(nn.Module):
    """transformers' MambaRMSNormGated and Zamba2RMSNormGated, Qwen3NextRMSNormGated, Gemma's 1 + weight."""

    def __init__(self, width, groups=1, shift=0.0, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.groups, self.shift, self.eps = groups, shift, eps

    def forward(self, x):
        parts = x.view(*x.shape[:-1], self.groups, -1)
        parts = parts * torch.rsqrt(parts.pow(2).mean(-1, keepdim=True) + self.eps)
        return (self.weight + self.shift) * parts.view(x.shape)


Z = randn(8, T, B, E)
record("rmsnorm_oneplus", RMS(E, shift=1.0), apply, {"x": X})
record("rmsnorm_groups", RMS(E, groups=3, eps=1e-5), apply, {"x": X})
record("rmsnorm_gated", RMS(E), lambda m, x, z: m(x * F.silu(z)), {"x": X, "z": Z})
record("rmsnorm_gated_groups", RMS(E, groups=2), lambda m, x, z: m(x * F.silu(z)), {"x": X, "z": Z})
record("rmsnorm_then_gate", RMS(E), lambda m, x, z: m(x) * F.silu(z), {"x": X, "z": Z})
record("rmsnorm_then_sigmoid", RMS(E), lambda m, x, z: m(x) * torch.sigmoid(z), {"x": X, "z": Z})
record("groupnorm", nn.GroupNorm(2, E, eps=64e-5), lambda m, x: m(x.view(-1, E)).view(x.shape), {"x": X})
record("groupnorm_one", nn.GroupNorm(E, E, eps=0.1), lambda m, x: m(x.view(-1, E)).view(x.shape), {"x": X})
PLAIN = nn.Identity()
record("l2norm", PLAIN, lambda m, x: x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6), {"x": X})
record("l2norm_bound", PLAIN, lambda m, x: F.normalize(x, dim=-1, p=2.0), {"x": X})
record("squared_relu", PLAIN, lambda m, x: torch.relu(x) ** 2, {"x": X})
record("softcap", PLAIN, lambda m, x: torch.tanh(x / 1.5) * 1.5, {"x": X})
for case, k, bias in (("depthwise", 4, True), ("depthwise_one", 1, True), ("depthwise_nobias", 3, False), ("depthwise_long", 12, True)):
    record(case, nn.Conv1d(3, 3, k, groups=3, padding=k - 1, bias=bias),
           lambda m, x: m(x.permute(1, 2, 0))[..., :len(x)].permute(2, 0, 1), {"x": LONG})

def rotary(x, positions, width, interleaved=False, base=10000.0):
    """Complex multiplication, as in the paper, of x [..., H, D] at positions [...]."""
    turning, rest = x[..., :width], x[..., width:]
    if interleaved:
        z = torch.view_as_complex(turning.reshape(*turning.shape[:-1], -1, 2))
    else:
        z = torch.complex(*turning.chunk(2, -1))
    angles = positions[..., None, None] * base ** (-torch.arange(0, width, 2).double() / width)
    z = z * torch.polar(torch.ones_like(angles), angles)
    out = torch.view_as_real(z).flatten(-2) if interleaved else torch.cat([z.real, z.imag], -1)
    return torch.cat([out, rest], -1)


HEADED, AT = randn(9, T, B, 2, 6), torch.arange(T).double()[:, None].expand(T, B)
record("rope", PLAIN, lambda m, x: rotary(x, AT, 6), {"x": HEADED})
record("rope_partial", PLAIN, lambda m, x: rotary(x, AT, 4, base=500.0), {"x": HEADED})
record("rope_interleaved", PLAIN, lambda m, x: rotary(x, AT, 6, True), {"x": HEADED})
record("rope_at", PLAIN, lambda m, x: rotary(x, AT + torch.tensor([0.0, 1000.0, 3.0]).double(), 2), {"x": HEADED})

record("tcn", TCN(3, 4, 4, 2, k=2), over_time, {"x": LONG})

write(os.path.join(HERE, "modules_f64.safetensors"), TENSORS, {})
