"""Records deep bidirectional layers of PyTorch: python3 record_layers.py writes layers/{cell}_{n}_{case}.safetensors.

Recorded with PyTorch 2.15 in float64. The loss is sum(y*wy) + sum(h_n*wh) + sum(c_n*wc) with random weights w. Tensors:
param.*, in.*, out.*, grad.*; x and y are [T, B, .], states [2*layers, B, H], forward before backward in each layer.
"""
import os
import sys

import torch
from torch import nn
from torch.nn.utils import rnn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM, "proj": lambda *a, **k: nn.LSTM(*a, proj_size=3, **k)}
T, B, I, H = 5, 3, 4, 6


def record(cell, layers, lengths):
    module = CELLS[cell](I, H, layers, bidirectional=True).double()
    with torch.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(0.4 * randn(100 + i, *p.shape))
    lstm = cell in ("lstm", "proj")
    widths = [3 if cell == "proj" else H] + ([H] if lstm else [])
    names = ["h", "c"][:len(widths)]
    x = randn(1, T, B, I, dtype=torch.float64).requires_grad_()
    states = [randn(2 + i, 2 * layers, B, w, dtype=torch.float64).requires_grad_() for i, w in enumerate(widths)]
    inputs = x if lengths is None else rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, final = module(inputs, tuple(states) if lstm else states[0])
    if lengths is not None:
        y, _ = rnn.pad_packed_sequence(y)
    final = final if lstm else (final,)
    weighing = [randn(10 + i, *v.shape, dtype=torch.float64) for i, v in enumerate([y, *final])]
    loss = sum((a * b).sum() for a, b in zip([y, *final], weighing))
    leaves = {**dict(module.named_parameters()), "x": x, **{n + "0": s for n, s in zip(names, states)}}
    grads = torch.autograd.grad(loss, leaves.values())
    tensors = {f"param.{n}": p for n, p in module.named_parameters()}
    tensors.update({"in.x": x, **{f"in.{n}0": s for n, s in zip(names, states)}})
    if lengths is not None:
        tensors["in.lengths"] = torch.tensor(lengths)
    tensors.update({f"in.w{n}": v for n, v in zip(["y", *names], weighing)})
    tensors.update({f"out.{n}": v for n, v in zip(["loss", "y", *(n + "_n" for n in names)], [loss, y, *final])})
    tensors.update({f"grad.{n}": g for n, g in zip(leaves, grads)})
    case = "whole" if lengths is None else "lengths"
    write(os.path.join(HERE, "layers", f"{cell}_{layers}_{case}.safetensors"), tensors,
          {"cell": cell, "layers": layers, "hidden": H})


for cell in CELLS:
    for layers in (1, 2, 3):
        for lengths in (None, [2, 5, 3]):
            record(cell, layers, lengths)
