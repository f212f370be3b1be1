"""Trains what BenchmarkTrain trains, in PyTorch on the CPU, and prints tokens a second.

    OPENBLAS_CORETYPE=SkylakeX python3 torch_rnn.py --threads 1 lstm 32 50 128 128 1 65

The arguments are cell, B, T, I, H, L, V as in the benchmark's names. A step is the gradients of embedding, stacked
cells and softmax head, clipping of the global norm to 1, and Adam. The median of the steps' times counts. OpenBLAS may
pick an SSE kernel by itself on virtual machines, hence the variable; PyTorch's own wheels bring other libraries.
"""
import argparse
import statistics
import time

import torch
from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, cell, i, h, layers, v):
        super().__init__()
        self.embedding = nn.Embedding(v, i)
        self.rnn = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](i, h, layers)
        self.head = nn.Linear(h, v)

    def forward(self, ids):
        return self.head(self.rnn(self.embedding(ids))[0])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cell", choices=["rnn", "lstm", "gru"])
    p.add_argument("sizes", type=int, nargs=6, metavar="N", help="B T I H L V")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=3)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    b, t, i, h, layers, v = a.sizes
    model = LanguageModel(a.cell, i, h, layers, v)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    ids, targets = torch.randint(v, (t, b)), torch.randint(v, (t, b))
    times, start = [], time.perf_counter()
    while len(times) < 8 or time.perf_counter() - start < a.seconds:
        before = time.perf_counter()
        adam.zero_grad()
        loss = nn.functional.cross_entropy(model(ids).reshape(t * b, v), targets.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        adam.step()
        times.append(time.perf_counter() - before)
    print(f"torch {torch.__version__} {a.cell} B{b}T{t}I{i}H{h}L{layers}V{v} threads {a.threads}: "
          f"{t * b / statistics.median(times[3:]):.0f} tokens/s")


if __name__ == "__main__":
    main()
