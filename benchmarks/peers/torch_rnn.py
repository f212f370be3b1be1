"""The benchmarks' work in PyTorch on the CPU, reported in the same lines as the other programs of the comparison.

    OMP_NUM_THREADS=1 python3 torch_rnn.py --threads 1 Train/lstm/B32T50I128H128L1V65

A training step is the gradients of embedding, stacked cells (in both directions for birnn, bilstm, bigru) and softmax
head, clipping of the global norm to 1, and Adam, on one batch again and again. Generating is one token a step: the
likeliest is the next input. The median of the steps' times counts, after two that do not.

What was done so that PyTorch shows what it can:
- Training runs nn.LSTM, nn.GRU, nn.RNN over the whole sequence, time-major, so that products over time are its own to
  batch; with oneDNN, which it uses for LSTMs by itself where it can (a third faster than without, in 2.15).
- Adam is the fused one where it runs on the CPU (2.4 and later), else the plain one: "foreach" was no faster.
  Gradients are set to None, not zeroed. Clipping is "foreach" where there is such (2.0 and later).
- Ids and targets are made once, in the shapes that the loss wants. No copies, no .item() in a timed step.
- Generation uses nn.LSTMCell and its like under inference_mode: for one token, nn.LSTM took 1.7 times as long or more
  in 2.15, and 1.0 to 1.3 times in 1.13. torch.jit.script gained at most 7 % on the cells, torch.compile nothing.
- One interop thread, and as many others as asked for. OMP_NUM_THREADS must agree, as OpenMP reads it at start.

The environment matters too, and benchmarks/compare sets it: OpenBLAS may take a virtual machine for an old processor
and pick an SSE kernel (OPENBLAS_CORETYPE=SkylakeX), and glibc's malloc gives memory back to the system after every step
(MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ keep it, as jemalloc would: 14 % less time for 5 % more memory at
H512 with V10000).

Written for Python 3.8 and PyTorch 1.13 and later, on Linux for the figures of memory.
"""
import argparse
import os
import re
import statistics
import sys
import time

try:
    import torch
except ImportError as e:
    sys.exit(f"torch_rnn: {e}")
from torch import nn

SETTLING, LEAST = 2, 3  # steps before the clock counts, and least number that count
NAME = re.compile(r"(Train|Generate)/((?:bi)?)(lstm|gru|rnn)/B(\d+)T(\d+)I(\d+)H(\d+)L(\d+)V(\d+)")


class LanguageModel(nn.Module):
    """Ids [T, B] to logits [T, B, V]."""

    def __init__(self, cell, both, i, h, layers, v):
        super().__init__()
        self.embedding = nn.Embedding(v, i)
        self.rnn = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](i, h, layers, bidirectional=both)
        self.head = nn.Linear(2 * h if both else h, v)

    def forward(self, ids):
        return self.head(self.rnn(self.embedding(ids))[0])


class StepModel(nn.Module):
    """Ids [B] and the layers' states to logits [B, V] and the next states: one time step."""

    def __init__(self, cell, i, h, layers, v):
        super().__init__()
        kind = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[cell]
        self.embedding = nn.Embedding(v, i)
        self.cells = nn.ModuleList(kind(i if k == 0 else h, h) for k in range(layers))
        self.head = nn.Linear(h, v)
        self.first = (lambda: (torch.zeros(1, h), torch.zeros(1, h))) if cell == "lstm" else lambda: torch.zeros(1, h)

    def begin(self):
        return [self.first() for _ in self.cells]

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


def trainer(cell, both, b, t, i, h, layers, v):
    """A step of training; it returns the loss, as a tensor."""
    model = LanguageModel(cell, both, i, h, layers, v)
    parameters = list(model.parameters())
    adam, what = fused_adam(parameters)
    clip = {"foreach": True} if newer(2) else {}
    ids, targets = torch.randint(v, (t, b)), torch.randint(v, (t * b,))

    def step():
        adam.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(ids).view(t * b, v), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1, **clip)
        adam.step()
        return loss.detach()

    return step, what


def generator(cell, i, h, layers, v):
    """A step that writes a token, to be called under inference_mode."""
    model = StepModel(cell, i, h, layers, v).eval()
    ids, states = torch.zeros(1, dtype=torch.long), model.begin()

    def step():
        nonlocal ids, states
        logits, states = model(ids, states)
        ids = logits.argmax(-1)

    return step


def newer(major):
    return int(torch.__version__.split(".")[0]) >= major


def measure(step, seconds):
    """The times of steps, and what the first and the last returned."""
    first = step()
    for _ in range(SETTLING - 1):
        step()
    times, start = [], time.perf_counter()
    while len(times) < LEAST or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        last = step()
        times.append(time.perf_counter() - before)
    return times, first, last


def peak_mb():
    """The most memory that this process has had resident, in 10^6 bytes.

    Linux's ru_maxrss starts from what the parent held when it forked, so it serves only where there is no /proc.
    """
    try:
        with open("/proc/self/status") as f:
            return int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1)) * 1024 / 1e6
    except (OSError, AttributeError):
        import resource
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


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
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", help="such as Train/lstm/B32T50I128H128L1V65 or Generate/gru/B1T1I128H128L1V65")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=3, help="how long to measure")
    a = p.parse_args()
    name = NAME.fullmatch(a.work)
    if not name:
        p.error(f"want a name like Train/lstm/B32T50I128H128L1V65, found {a.work!r}")
    kind, both, cell = name.group(1), name.group(2) == "bi", name.group(3)
    b, t, i, h, layers, v = map(int, name.groups()[3:])
    torch.set_num_threads(a.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    parts, base = build(), peak_mb()
    if kind == "Train":
        step, adam = trainer(cell, both, b, t, i, h, layers, v)
        parts.append(adam)
        times, first, last = measure(step, a.seconds)
        if not last < first:  # true of a NaN too
            sys.exit(f"torch_rnn: the loss went from {first} to {last}; want it to fall")
    elif (b, t, both) != (1, 1, False):
        p.error("one sequence is generated forward, token by token: want B1T1 and one direction")
    else:
        with torch.inference_mode():
            times, _, _ = measure(generator(cell, i, h, layers, v), a.seconds)
    median = statistics.median(times)
    print(f"library: torch {torch.__version__}")
    print("build: " + ", ".join(parts))
    print(f"Benchmark{a.work}-{torch.get_num_threads()} {len(times)} {median * 1e9:.0f} ns/op {b * t / median:.0f} tokens/s"
          f" {peak_mb():.1f} peak-MB {base:.1f} base-MB")


if __name__ == "__main__":
    main()
