"""Records what PyTorch's AdaptiveLogSoftmaxWithLoss computes, for the tests of package nn.

    python3 record_adaptive.py      writes adaptive_f64.safetensors here

Recorded with PyTorch 2.15. Tensors of a case: {case}.param.* under PyTorch's names, {case}.in.x, {case}.in.targets, and
{case}.in.g, the gradient from above, of y's shape; {case}.out.y, the loss of each row (minus PyTorch's output);
{case}.grad.* of weights and x. {case}_all has y = log_prob, whose gradients are those of all clusters. {case}_best.ids is
predict. Settings: cases, and {case}.cutoffs, {case}.classes, {case}.div, {case}.bias.
"""
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

TENSORS, SETTINGS = {}, {"cases": ""}


def record(case, hidden, classes, cutoffs, targets, div=4.0, bias=False):
    m = torch.nn.AdaptiveLogSoftmaxWithLoss(hidden, classes, cutoffs, div, bias).double()
    with torch.no_grad():
        for i, p in enumerate(m.parameters()):
            p.copy_(randn(50 + i, *p.shape))
    x = randn(1, len(targets), hidden).requires_grad_()
    params = dict(m.named_parameters())
    for name, y, ids in ((case, -m(x, targets).output, {"targets": targets}), (case + "_all", m.log_prob(x), {})):
        g = randn(99, *y.shape)
        grads = torch.autograd.grad(y, [*params.values(), x], g, allow_unused=True)
        TENSORS.update({f"{name}.param.{n}": v for n, v in params.items()})
        TENSORS.update({f"{name}.in.{n}": v for n, v in ({"x": x} | ids).items()})
        TENSORS.update({f"{name}.in.g": g, f"{name}.out.y": y})
        TENSORS.update({f"{name}.grad.{n}": d for n, d in zip([*params, "x"], grads) if d is not None})
    TENSORS[f"{case}_best.ids"] = m.predict(x)
    SETTINGS.update({f"{case}.cutoffs": " ".join(map(str, cutoffs)), f"{case}.classes": classes, f"{case}.div": div,
                     f"{case}.bias": int(bias)})
    SETTINGS["cases"] += ("," if SETTINGS["cases"] else "") + case


record("two", 16, 20, [4, 9], randint(3, 20, 15))
record("bias", 16, 20, [4, 9], randint(4, 20, 15), bias=True)
record("narrow", 9, 30, [5, 12, 20], randint(5, 30, 40), div=2.0)
record("fraction", 10, 12, [3, 6], randint(6, 12, 7), div=2.5, bias=True)
record("one", 4, 2, [1], randint(7, 2, 5))
record("single_row", 16, 9, [3, 5], torch.tensor([7]))
record("head_only", 16, 20, [4, 9], randint(8, 4, 6))  # no row in a cluster
record("all_rare", 16, 20, [4, 9], 9 + randint(9, 11, 6))  # all rows in the last
record("wide", 16, 560, [5, 290], randint(10, 560, 9))

write(os.path.join(HERE, "adaptive_f64.safetensors"), TENSORS, SETTINGS)
