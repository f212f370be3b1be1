"""Records a GRU-D (Che et al., 2018) as a loop of PyTorch operations, for the test of recurrent.GRUD.

    python3 record_grud.py      writes grud/grud_{f32,f64}.safetensors

Recorded with PyTorch 2.15. PyTorch has no such cell: the equations are the paper's, gate by gate, with weights of their
own for values, mask and state, but for the update gate, which is 1 less the paper's. The mean, gaps and mask are made from
times at which features were observed, by eq. 1 and 2.
"""
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

T, B, F, H = 7, 3, 4, 5
LENGTHS = torch.tensor([7, 4, 6])


def gaps(times, mask):
    """Eq. 1: the time since each feature was last observed. times [T, B], mask [T, B, F]."""
    out = torch.zeros_like(mask)
    for t in range(1, T):
        step = (times[t] - times[t - 1])[:, None]
        out[t] = torch.where(mask[t - 1] == 1, step, step + out[t - 1])
    return out


def record(dtype):
    values = randn(1, T, B, F, dtype=dtype)
    mask = (randint(2, 3, T, B, F) > 0).to(dtype)
    times = randn(3, T, B, dtype=dtype).abs().cumsum(0)
    delta, mean = gaps(times, mask), 0.5 * randn(4, F, dtype=dtype)
    shapes = {"weight_ih_l0": (3 * H, 2 * F), "weight_hh_l0": (3 * H, H), "bias_ih_l0": (3 * H,), "weight_decay_x_l0": (F,),
              "bias_decay_x_l0": (F,), "weight_decay_h_l0": (H, F), "bias_decay_h_l0": (H,)}
    w = {n: (0.5 * randn(100 + i, *s, dtype=dtype)).requires_grad_() for i, (n, s) in enumerate(shapes.items())}
    wx, wm = w["weight_ih_l0"][:, :F].chunk(3), w["weight_ih_l0"][:, F:].chunk(3)
    u, b = w["weight_hh_l0"].chunk(3), w["bias_ih_l0"].chunk(3)

    h, last, ys = torch.zeros(B, H, dtype=dtype), mean.expand(B, F), []
    for t in range(T):
        x, m, d = values[t], mask[t], delta[t]
        gx = torch.exp(-torch.clamp(w["weight_decay_x_l0"] * d + w["bias_decay_x_l0"], min=0))
        gh = torch.exp(-torch.clamp(d @ w["weight_decay_h_l0"].T + w["bias_decay_h_l0"], min=0))
        filled = torch.where(m == 1, x, gx * last + (1 - gx) * mean)
        hh = gh * h
        r, z = (torch.sigmoid(filled @ wx[k].T + m @ wm[k].T + hh @ u[k].T + b[k]) for k in (0, 1))
        n = torch.tanh(filled @ wx[2].T + m @ wm[2].T + (r * hh) @ u[2].T + b[2])
        real = (t < LENGTHS)[:, None]
        h = torch.where(real, (1 - z) * n + z * hh, h)
        last = torch.where(real & (m == 1), x, last)
        ys.append(torch.where(real, h, torch.zeros_like(h)))
    y, wy, wh = torch.stack(ys), randn(10, T, B, H, dtype=dtype), randn(11, B, H, dtype=dtype)
    loss = (y * wy).sum() + (h * wh).sum()
    grads = torch.autograd.grad(loss, w.values())

    tensors = {f"param.{n}": p for n, p in w.items()}
    tensors.update({"in.x": torch.cat([values, mask, delta], 2), "in.lengths": LENGTHS, "in.mean": mean, "in.wy": wy, "in.wh": wh})
    tensors.update({"out.loss": loss, "out.y": y, "out.h_n": h, "out.last_n": last})
    tensors.update({f"grad.{n}": g for n, g in zip(w, grads)})
    name = f"grud_{'f32' if dtype == torch.float32 else 'f64'}.safetensors"
    write(os.path.join(HERE, "grud", name), tensors, {"T": T, "B": B, "features": F, "hidden": H})


for dtype in (torch.float32, torch.float64):
    record(dtype)
