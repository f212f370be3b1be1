"""Records what torch.nn.RNN, LSTM and GRU and a character language model compute, for the tests of the cells.

    python3 record.py      writes {cell}_{case}_{f32,f64}.safetensors and charlm_{f32,f64}.safetensors here
    python3 record.py proj ^gru      writes those whose name one of the patterns fits

Recorded with PyTorch 2.15. The loss of a cell's case is sum(y*wy) + sum(h_n*wh) + sum(c_n*wc) with random weights w,
so that every output and every final state sends a gradient back. Tensors: param.*, in.*, out.*, grad.*; x and y are
[T, B, .], states [layers, B, H]. Every case is computed a second time by the plain equations below, which are also the
only source of the GRU that resets before the product, a form that PyTorch does not have.
"""
import os
import re
import sys

import torch
from torch import nn
from torch.nn.utils import rnn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

CELLS = {
    "rnn_tanh": lambda *a, **k: nn.RNN(*a, nonlinearity="tanh", **k),
    "rnn_relu": lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": nn.LSTM,
    "lstm_proj": lambda *a, **k: nn.LSTM(*a, proj_size=2, **k),
    "gru": nn.GRU,
    "gru_resetbefore": nn.GRU,  # only as the holder of the parameters
}
# name: layers, T, B, I, H, lengths, reverse
CASES = {
    "1layer": (1, 5, 3, 4, 6, None, False),
    "2layer": (2, 5, 3, 4, 6, None, False),
    "3layer": (3, 4, 2, 3, 5, None, False),
    "size1": (1, 1, 1, 1, 1, None, False),
    "lengths": (2, 5, 3, 4, 6, [5, 2, 3], False),
    "reverse": (1, 5, 3, 4, 6, [5, 2, 3], True),  # the backward half of a bidirectional layer
}


def library(module, x, states, lengths, reverse):
    """Runs PyTorch's own layer: y and the final states."""
    if reverse:  # the forward half starts at zero, and is cut off again below
        states = [torch.cat([torch.zeros_like(s), s]) for s in states]
    if lengths is not None:
        x = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, final = module(x, tuple(states) if len(states) > 1 else states[0])
    if lengths is not None:
        y, _ = rnn.pad_packed_sequence(y)
    final = final if len(states) > 1 else (final,)
    if reverse:
        y, final = y[..., y.shape[-1] // 2:], [s[1:] for s in final]
    return y, final


def plain_step(cell, w, k, x, state):
    """One step of layer k by the equations: the new state, of which the first entry is the output."""
    w_ih, w_hh, b_ih, b_hh = (w[f"{n}_l{k}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = state[0]
    a = x @ w_ih.T + b_ih
    if cell.startswith("rnn"):
        z = a + h @ w_hh.T + b_hh
        return [z.clamp(min=0) if cell == "rnn_relu" else torch.tanh(z)]
    if cell.startswith("lstm"):
        i, f, n, o = (a + h @ w_hh.T + b_hh).chunk(4, 1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(n)
        h = torch.sigmoid(o) * torch.tanh(c)
        return [h @ w[f"weight_hr_l{k}"].T if cell == "lstm_proj" else h, c]
    (ar, az, an), (ur, uz, un), (br, bz, bn) = a.chunk(3, 1), w_hh.chunk(3), b_hh.chunk(3)
    r = torch.sigmoid(ar + h @ ur.T + br)
    z = torch.sigmoid(az + h @ uz.T + bz)
    if cell == "gru_resetbefore":
        n = torch.tanh(an + (r * h) @ un.T + bn)
    else:
        n = torch.tanh(an + r * (h @ un.T + bn))
    return [(1 - z) * n + z * h]


def plain(cell, w, x, states, lengths, reverse):
    """Runs the equations: y and the final states. Padded steps leave the state as it is and give zero."""
    lengths = torch.tensor(lengths or [x.shape[0]] * x.shape[1])
    final = []
    for k in range(len(states[0])):
        state, ys = [s[k] for s in states], [None] * len(x)
        for t in reversed(range(len(x))) if reverse else range(len(x)):
            real = (t < lengths)[:, None]
            new = plain_step(cell, w, k, x[t], state)
            state = [torch.where(real, a, b) for a, b in zip(new, state)]
            ys[t] = torch.where(real, new[0], torch.zeros_like(new[0]))
        x = torch.stack(ys)
        final.append(state)
    return x, [torch.stack(s) for s in zip(*final)]


def record_cell(cell, case, dtype):
    layers, T, B, I, H, lengths, reverse = CASES[case]
    module = CELLS[cell](I, H, layers, bidirectional=reverse).to(dtype)
    w = {n.replace("_reverse", ""): p for n, p in module.named_parameters() if reverse == n.endswith("_reverse")}
    with torch.no_grad():
        for i, p in enumerate(w.values()):
            p.copy_(0.4 * randn(100 + i, *p.shape))
    names = ["h", "c"] if cell.startswith("lstm") else ["h"]
    widths = [2 if cell == "lstm_proj" else H, H][:len(names)]
    x = randn(1, T, B, I, dtype=dtype).requires_grad_()
    states = [randn(2 + i, layers, B, n, dtype=dtype).requires_grad_() for i, n in enumerate(widths)]
    weighing = [randn(10, T, B, widths[0], dtype=dtype)]
    weighing += [randn(11 + i, layers, B, n, dtype=dtype) for i, n in enumerate(widths)]
    leaves = {**w, "x": x, **{n + "0": s for n, s in zip(names, states)}}

    def run(outputs):
        y, final = outputs
        loss = sum((a * b).sum() for a, b in zip([y, *final], weighing))
        return [y, *final, loss], torch.autograd.grad(loss, leaves.values())

    out, grads = equations = run(plain(cell, w, x, states, lengths, reverse))
    if cell != "gru_resetbefore":
        out, grads = run(library(module, x, states, lengths, reverse))
        for a, b in zip([*out, *grads], [*equations[0], *equations[1]]):
            assert torch.allclose(a, b, rtol=1e-5, atol=2e-5 if dtype == torch.float32 else 1e-12), (cell, case)

    tensors = {f"param.{n}": p for n, p in w.items()}
    tensors.update({"in.x": x, **{f"in.{n}0": s for n, s in zip(names, states)}})
    if lengths:
        tensors["in.lengths"] = torch.tensor(lengths)
    tensors.update({f"in.w{n}": v for n, v in zip(["y", *names], weighing)})
    tensors.update({f"out.{n}": v for n, v in zip(["y", *(n + "_n" for n in names), "loss"], out)})
    tensors.update({f"grad.{n}": g for n, g in zip(leaves, grads)})
    settings = {"cell": cell, "layers": layers, "input": I, "hidden": H, "T": T, "B": B,
                "reverse": str(reverse).lower()}
    if lengths:
        settings["lengths"] = ",".join(map(str, lengths))
    name = f"{cell}_{case}_{'f32' if dtype == torch.float32 else 'f64'}.safetensors"
    write(os.path.join(HERE, name), tensors, settings)


class CharLM(nn.Module):
    """Embedding, LSTM and linear head: the logits of the next character."""

    def __init__(self, vocabulary, embed, hidden, layers):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embed)
        self.lstm = nn.LSTM(embed, hidden, layers)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, ids, state=None):
        y, state = self.lstm(self.embedding(ids), state)
        return self.head(y), state


def record_charlm(dtype, V=11, E=4, H=6, layers=2, T=7, B=3, steps=20, lr=1e-2, clip=0.5):
    """One loss with its gradients from a zero state; then, from the same weights and a zero state, Adam with clipping
    over the steps' own ids, the state carried on from step to step without its gradient."""
    model = CharLM(V, E, H, layers).to(dtype)
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(randn(200 + i, *p.shape))  # large enough for some steps to be clipped, and some not
    tensors = {f"param.{n}": p.clone() for n, p in model.named_parameters()}

    def loss_of(ids, targets, state=None):
        logits, state = model(ids, state)
        return nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1)), state

    ids, targets = randint(20, V, T, B), randint(21, V, T, B)
    loss, _ = loss_of(ids, targets)
    loss.backward()
    tensors.update({"in.ids": ids, "in.targets": targets, "out.loss": loss})
    tensors.update({f"grad.{n}": p.grad.clone() for n, p in model.named_parameters()})

    ids, targets = randint(22, V, steps, T, B), randint(23, V, steps, T, B)
    adam, state, losses, norms = torch.optim.Adam(model.parameters(), lr=lr), None, [], []
    for k in range(steps):
        adam.zero_grad()
        loss, state = loss_of(ids[k], targets[k], state)
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), clip))
        adam.step()
        state = tuple(s.detach() for s in state)
        losses.append(loss.detach())
    tensors.update({"in.ids_steps": ids, "in.targets_steps": targets})
    tensors.update({"out.losses": torch.stack(losses), "out.norms": torch.stack(norms)})
    tensors.update({"out.h_n": state[0], "out.c_n": state[1]})
    tensors.update({f"final.{n}": p for n, p in model.named_parameters()})
    write(os.path.join(HERE, f"charlm_{'f32' if dtype == torch.float32 else 'f64'}.safetensors"), tensors,
          {"vocabulary": V, "embed": E, "hidden": H, "layers": layers, "T": T, "B": B, "steps": steps,
           "optimizer": "adam", "lr": lr, "clip": clip})


def main(wanted):
    for dtype in (torch.float32, torch.float64):
        for cell in ("rnn_tanh", "rnn_relu", "lstm", "lstm_proj", "gru"):
            for case in CASES:
                if wanted(f"{cell}_{case}") and (cell, case) != ("lstm_proj", "size1"):  # PyTorch wants proj_size < H
                    record_cell(cell, case, dtype)
        if wanted("charlm"):
            record_charlm(dtype)
    if wanted("gru_resetbefore"):
        record_cell("gru_resetbefore", "2layer", torch.float64)


main(lambda name: len(sys.argv) < 2 or any(re.search(pattern, name) for pattern in sys.argv[1:]))
