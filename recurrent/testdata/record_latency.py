"""Records latency-controlled bidirectional layers: python3 record_latency.py writes latency/{cell}_{n}_{chunk}_{ahead}.safetensors.

Recorded with PyTorch 2.15 in float64. PyTorch has no such layers: each chunk is read by itself here, as when a sequence is still
going on, by the layers of one direction. The loss is sum(y*wy) + sum(h_n*wh) + sum(c_n*wc) with random weights w. Tensors: param.*
with the names of bidirectional layers, in.*, out.*, grad.*; x and y are [T, B, .], states [layers, B, H].
"""
import os
import sys

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
T, B, I, H = 11, 3, 4, 5


def record(cell, layers, chunk, ahead, lengths):
    lstm = cell == "lstm"
    modules, leaves = [], {}
    for layer in range(layers):
        for reverse in ("", "_reverse"):
            m = CELLS[cell](I if layer == 0 else 2 * H, H).double()
            for i, (name, p) in enumerate(m.named_parameters()):
                with torch.no_grad():
                    p.copy_(0.4 * randn(100 + 10 * len(modules) + i, *p.shape))
                leaves[name.replace("_l0", f"_l{layer}") + reverse] = p
            modules.append(m)
    x = randn(1, T, B, I, dtype=torch.float64).requires_grad_()
    names = ["h", "c"] if lstm else ["h"]
    first = [randn(2 + i, layers, B, H, dtype=torch.float64).requires_grad_() for i in range(len(names))]
    leaves.update({"x": x, **{n + "0": s for n, s in zip(names, first)}})

    lengths_of = lengths or [T] * B
    masks = torch.tensor([[[1.0] if t < n else [0.0] for n in lengths_of] for t in range(T)]).double()
    chunks = -(-T // chunk)
    padded = torch.cat([x * masks, torch.zeros(chunks * chunk + ahead - T, B, I).double()])
    states = [tuple(s[layer:layer + 1] for s in first) for layer in range(layers)]
    one = (lambda s: s) if lstm else (lambda s: s[0])  # what PyTorch's modules want
    many = (lambda s: s) if lstm else (lambda s: (s,))
    out = []
    for k in range(chunks):
        window = padded[k * chunk:(k + 1) * chunk + ahead]
        for layer in range(layers):
            there, back = modules[2 * layer:2 * layer + 2]
            inside = min(chunk, T - k * chunk)  # the rest of the last chunk is not of the sequence: it changes no state
            y, behind = there(window[:inside], one(states[layer]))
            forward = y
            if inside < len(window):
                after, _ = there(window[inside:], behind)
                forward = torch.cat([y, after])
            backward, _ = back(window.flip(0))
            window = torch.cat([forward, backward.flip(0)], 2)
            states[layer] = many(behind)
        out.append(window[:chunk])
    y = torch.cat(out)[:T] * masks
    final = [torch.cat([s[i] for s in states]) for i in range(len(names))]
    weighing = [randn(10 + i, *v.shape, dtype=torch.float64) for i, v in enumerate([y, *final])]
    loss = sum((a * b).sum() for a, b in zip([y, *final], weighing))
    grads = torch.autograd.grad(loss, leaves.values())
    tensors = {f"param.{n}": p for n, p in leaves.items() if "weight" in n or "bias" in n}
    tensors.update({"in.x": x, **{f"in.{n}0": s for n, s in zip(names, first)}})
    if lengths is not None:
        tensors["in.lengths"] = torch.tensor(lengths)
    tensors.update({f"in.w{n}": v for n, v in zip(["y", *names], weighing)})
    tensors.update({f"out.{n}": v for n, v in zip(["loss", "y", *(n + "_n" for n in names)], [loss, y, *final])})
    tensors.update({f"grad.{n}": g for n, g in zip(leaves, grads)})
    write(os.path.join(HERE, "latency", f"{cell}_{layers}_{chunk}_{ahead}.safetensors"), tensors,
          {"cell": cell, "layers": layers, "hidden": H, "chunk": chunk, "ahead": ahead})


os.makedirs(os.path.join(HERE, "latency"), exist_ok=True)
for cell in CELLS:
    record(cell, 1, 4, 2, None)
    record(cell, 2, 4, 3, [11, 6, 1])
    record(cell, 3, 3, 5, None)
    record(cell, 3, 4, 0, [4, 11, 8])
    record(cell, 2, 20, 2, None)
