"""Records what PyTorch's optimisers do with sparse gradients of an embedding, for the tests of package optim.

    python3 record_sparse.py      writes sparse_f64.safetensors here

Recorded with PyTorch 2.15. in.w0 [300, 5]; in.ids [12, 9], with repeats, the ids of each step; in.g [12, 9, 5], the gradient
of the rows that they look up, which is that of the loss Σ g·w[ids] + Σ w[ids[:4]]², so that the table is looked up twice;
{case}.out.w [12, 300, 5], the table after each step. Settings: "cases", and {case}.{option}.
"""
import os
import sys

import torch
from torch import optim
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

STEPS = 12
TENSORS = {"in.w0": randn(1, 300, 5), "in.ids": randint(2, 300, STEPS, 9), "in.g": randn(3, STEPS, 9, 5)}
TENSORS["in.ids"][:, 3] = 7  # in every step
TENSORS["in.ids"][:, 5] = TENSORS["in.ids"][:, 0]  # twice in a step
TENSORS["in.g"][4] *= 1e-8  # tells the places of epsilon apart
SETTINGS = {"cases": ""}
for case, (make, options) in {
    "adam": (optim.SparseAdam, {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    "adam_eps": (optim.SparseAdam, {"lr": 0.03, "beta1": 0.8, "beta2": 0.99, "eps": 1e-2}),
    "sgd": (optim.SGD, {"lr": 0.1}),
    "adagrad": (optim.Adagrad, {"lr": 0.1, "eps": 1e-10, "initial_accumulator_value": 0.1}),
}.items():
    w = TENSORS["in.w0"].clone().requires_grad_()
    args = dict(options)
    if "beta1" in args:
        args["betas"] = (args.pop("beta1"), args.pop("beta2"))
    o = make([w], **args)
    out = []
    for ids, g in zip(TENSORS["in.ids"], TENSORS["in.g"]):
        o.zero_grad()
        again = F.embedding(ids[:4], w, sparse=True)
        ((F.embedding(ids, w, sparse=True) * g).sum() + (again * again).sum()).backward()
        assert w.grad.is_sparse
        o.step()
        out.append(w.detach().clone())
    TENSORS[f"{case}.out.w"] = torch.stack(out)
    SETTINGS |= {f"{case}.{k}": v for k, v in options.items()}
    SETTINGS["cases"] += ("," if SETTINGS["cases"] else "") + case

write(os.path.join(HERE, "sparse_f64.safetensors"), TENSORS, SETTINGS)
