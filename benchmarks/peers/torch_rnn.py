"""The benchmarks' work in PyTorch on the CPU, reported in the same lines as the other programs of the comparison.

    OMP_NUM_THREADS=1 python3 torch_rnn.py --threads 1 Train/lstm/B32T50I128H128L1V65

A training step is the gradients of embedding, stacked cells (in both directions for birnn, bilstm, bigru) and softmax
head, clipping of the global norm to 1, and Adam, on one batch again and again; "Ragged" is the same with sequences of
many lengths. "Infer" is the logits of a batch. Generating is one token a step: the likeliest is the next input. The
median of the steps' times counts, after two that do not.

What was done so that PyTorch shows what it can:
- Training runs nn.LSTM, nn.GRU, nn.RNN over the whole sequence, time-major, so that products over time are its own to
  batch; with oneDNN, which it uses for LSTMs by itself where it can (a third faster than without, in 2.15).
- Adam is the fused one where it runs on the CPU (2.4 and later), else the plain one: "foreach" was no faster.
  Gradients are set to None, not zeroed. Clipping is "foreach" where there is such (2.0 and later).
- Ids and targets are made once, in the shapes that the loss wants. No copies, no .item() in a timed step.
- Generation uses nn.LSTMCell and its like under inference_mode: for one token, nn.LSTM took 1.7 times as long or more
  in 2.15, and 1.0 to 1.3 times in 1.13. torch.jit.script gained at most 7 % on the cells, torch.compile nothing.
- Ragged batches run in both of PyTorch's ways, padded with the padding's targets ignored, and packed; what is faster in
  the first steps counts. (Packed sequences do without oneDNN in 2.15: padding wins by a factor of three and more.)
- Training in bfloat16 runs under autocast, and with float32's products at precision "medium"; the faster one counts.
  Weights of 8 bits are those of torch.ao.quantization.quantize_dynamic.
- Inference runs as it is and frozen by torch.jit, and again the faster one counts.
- "fifth" is an LSTM with a gate more, written as a user does it: the inputs' product of all steps at once, then a loop.
  With --compile its step goes through torch.compile, once; a whole sequence took it minutes.
- One interop thread, and as many others as asked for. OMP_NUM_THREADS must agree, as OpenMP reads it at start.

The environment matters too, and benchmarks/compare sets it: OpenBLAS may take a virtual machine for an old processor
and pick an SSE kernel (OPENBLAS_CORETYPE=SkylakeX), and glibc's malloc gives memory back to the system after every step
(MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ keep it, as jemalloc would: 14 % less time for 5 % more memory at
H512 with V10000).

Written for Python 3.8 and PyTorch 1.13 and later.
"""
import os
import re
import sys

import peer

try:
    import torch
except ImportError as e:
    sys.exit(f"torch_rnn: {e}")
from torch import nn


def fifth_step(x, h, c, weight):
    """The gates' share of the input [B, 5H], hidden and cell state [B, H], weight [5H, H] to the next states."""
    i, f, o, n, m = torch.addmm(x, h, weight.t()).chunk(5, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(m) * torch.sigmoid(i) * torch.tanh(n)
    return torch.sigmoid(o) * torch.tanh(c), c


class Fifth(nn.Module):
    """A layer of LSTM with a fifth gate, [T, B, I] to [T, B, H]; steps may be compiled."""

    step = staticmethod(fifth_step)

    def __init__(self, i, h, layers, bidirectional):
        super().__init__()
        if layers != 1 or bidirectional:
            peer.unsupported("torch_rnn: the cell fifth has one layer in one direction")
        self.input, self.hidden = nn.Linear(i, 5 * h), nn.Linear(h, 5 * h, bias=False)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], self.hidden.in_features)
        outputs = []
        for z in self.input(x).unbind(0):
            h, c = Fifth.step(z, h, c, self.hidden.weight)
            outputs.append(h)
        return torch.stack(outputs), (h, c)


class LanguageModel(nn.Module):
    """Ids [T, B] to logits [T, B, V]."""

    def __init__(self, w):
        super().__init__()
        self.embedding = nn.Embedding(w.v, w.i)
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "fifth": Fifth}[w.cell]
        self.rnn = kind(w.i, w.h, w.layers, bidirectional=w.both)
        self.head = nn.Linear(2 * w.h if w.both else w.h, w.v)

    def forward(self, ids):
        return self.head(self.rnn(self.embedding(ids))[0])

    def packed(self, ids, lengths):
        """Logits of the true tokens alone, in the order of a packed sequence."""
        x = nn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, enforce_sorted=False)
        return self.head(self.rnn(x)[0].data)


class StepModel(nn.Module):
    """Ids [B] and the layers' states to logits [B, V] and the next states: one time step."""

    def __init__(self, w):
        super().__init__()
        kind = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[w.cell]
        self.embedding = nn.Embedding(w.v, w.i)
        self.cells = nn.ModuleList(kind(w.i if k == 0 else w.h, w.h) for k in range(w.layers))
        self.head = nn.Linear(w.h, w.v)
        zeros = torch.zeros(1, w.h)
        self.first = (zeros, zeros) if w.cell == "lstm" else zeros

    def begin(self):
        return [self.first for _ in self.cells]

    def forward(self, ids, states):
        x, after = self.embedding(ids), []
        for cell, state in zip(self.cells, states):
            state = cell(x, state)
            x = state[0] if isinstance(state, tuple) else state
            after.append(state)
        return self.head(x), after


def fused_adam(parameters):
    try:
        return torch.optim.Adam(parameters, lr=1e-3, fused=True), "fused Adam"
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, lr=1e-3), "plain Adam"


def trainer(w, packed=False, autocast=False):
    """A step of training, which returns the loss as a tensor, and what it computes with."""
    model = LanguageModel(w)
    parameters = list(model.parameters())
    adam, what = fused_adam(parameters)
    clip = {"foreach": True} if newer(2) else {}
    ids, targets, lengths = torch.randint(w.v, (w.t, w.b)), torch.randint(w.v, (w.t, w.b)), torch.tensor(w.lengths())
    if packed:
        targets = nn.utils.rnn.pack_padded_sequence(targets, lengths, enforce_sorted=False).data
    else:
        targets[torch.arange(w.t)[:, None] >= lengths] = -100  # what cross_entropy ignores
        targets = targets.view(-1)

    def step():
        adam.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            logits = model.packed(ids, lengths) if packed else model(ids).view(-1, w.v)
            loss = nn.functional.cross_entropy(logits, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1, **clip)
        adam.step()
        return loss.detach()

    return step, what


def ragged_trainer(w):
    """A step of training on sequences of many lengths."""
    (padded, what), (packed, _) = trainer(w), trainer(w, packed=True)
    way, step = peer.fastest({"padded": padded, "packed": packed})
    return step, f"{what}, {way}"


def rounded_trainer(w):
    """A step of training with products in bfloat16, by autocast or by the precision of float32's products."""
    autocast, what = trainer(w, autocast=True)
    plain, _ = trainer(w)

    def medium():
        torch.set_float32_matmul_precision("medium")
        try:
            return plain()
        finally:
            torch.set_float32_matmul_precision("highest")

    way, step = peer.fastest({"autocast": autocast, "medium": medium})
    return step, f"{what}, {way}"


def reader(w):
    """The logits of a batch, to be called under inference_mode."""
    model, ids = LanguageModel(w).eval(), torch.randint(w.v, (w.t, w.b))
    ways = {"eager": lambda: model(ids)}
    if w.cell != "fifth":
        frozen = torch.jit.freeze(torch.jit.trace(model, ids))
        ways["frozen"] = lambda: frozen(ids)
    way, step = peer.fastest(ways)
    return step, way


def generator(w):
    """A step that writes a token, to be called under inference_mode."""
    if w.cell == "fifth":
        peer.unsupported("torch_rnn: the cell fifth does not generate")
    model = StepModel(w).eval()
    if w.kind == "GenerateInt8":
        kinds = {nn.Linear, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
        try:
            model = torch.ao.quantization.quantize_dynamic(model, kinds, dtype=torch.qint8)
        except (AttributeError, RuntimeError) as e:
            peer.unsupported(f"torch_rnn: no dynamic quantisation: {e}")
    ids, states = torch.zeros(1, dtype=torch.long), model.begin()

    def step():
        nonlocal ids, states
        logits, states = model(ids, states)
        ids = logits.argmax(-1)

    return step, "cells"


def newer(major):
    return int(torch.__version__.split(".")[0]) >= major


def build():
    """What this PyTorch computes with."""
    config = torch.__config__.show()
    parts = [f"Python {sys.version.split()[0]}"]
    for pattern, label in [
        (r"CPU capability usage: (\S+)", "{}"),
        (r"Math Kernel Library Version (\S+?)-", "MKL {}"),
        (r"MKL-DNN v([\d.]+)", "oneDNN {}"),
        (r"OpenMP (\d+)", "OpenMP {}"),
    ]:
        found = re.search(pattern, config)
        if found:
            parts.append(label.format(found.group(1)))
    blas = loaded(r"lib(openblas[^/]*|blis[^/]*|blas)\.so")
    if blas and "Math Kernel Library" not in config:
        parts.append("BLAS " + blas)
    malloc = loaded(r"lib(jemalloc|tcmalloc[^/]*)\.so")
    if malloc:
        parts.append(malloc)
    return parts


def loaded(pattern):
    """The name of a shared library of this process, with links followed."""
    try:
        with open("/proc/self/maps") as f:
            for line in f:
                path = line.split(maxsplit=5)[-1].strip()
                if re.search(pattern, os.path.basename(path)):
                    return os.path.basename(path)
    except OSError:
        pass
    return None


def main():
    a = peer.arguments(__doc__, [("--compile", "compile the step of the cell fifth, the only work then")])
    w = a.work
    if a.compile and w.cell != "fifth":
        peer.unsupported("torch_rnn: --compile is for the cell fifth alone")
    torch.set_num_threads(a.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    if a.compile:
        Fifth.step = staticmethod(torch.compile(fifth_step))
    parts, base = build(), peer.peak_mb()
    make = {"Train": trainer, "TrainBF16": rounded_trainer, "Ragged": ragged_trainer, "Infer": reader,
            "Generate": generator, "GenerateInt8": generator}[w.kind]
    with torch.inference_mode(not w.trains):
        step, what = make(w)
        times, first, last = peer.measure(step, a.seconds)
    library = f"torch {torch.__version__}" + (", torch.compile" if a.compile else "")
    peer.report(library, parts + [what], w, torch.get_num_threads(), base, times, first, last)


if __name__ == "__main__":
    main()
