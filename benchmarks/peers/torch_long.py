"""What benchmarks/long does, in PyTorch on one thread: gradients of one LSTM over one sequence, clipping and Adam.

    OMP_NUM_THREADS=1 python3 torch_long.py --steps 10000 --hidden 16
"""
import argparse
import json
import statistics
import time

import peer
import torch
from torch import nn


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--batch", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    n = a.steps * a.batch * a.hidden
    x = ((torch.arange(n) % 17) / 17 - 0.5).reshape(a.steps, a.batch, a.hidden)
    model = nn.LSTM(a.hidden, a.hidden)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    base = peer.peak_mb()

    def step():
        adam.zero_grad(set_to_none=True)
        h = model(x)[1][0]
        h.square().mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()

    start = time.perf_counter()
    step()
    first = (time.perf_counter() - start) * 1e3
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < 1:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    middle = statistics.median(times)
    print(json.dumps({"library": "torch " + torch.__version__, "steps": a.steps, "hidden": a.hidden, "batch": a.batch,
                      "compile_ms": max(0, first - middle), "step_ms": middle, "peak_mb": peer.peak_mb(), "base_mb": base}))


main()
