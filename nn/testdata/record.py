"""Records what PyTorch computes for embedding, linear layer and tied softmax head, for the tests of package nn.

    python3 record.py      writes layers_f64.safetensors here

Recorded with PyTorch 2.15. Tensors of a case: {case}.param.*, {case}.in.* with {case}.in.g, the gradient from above, of
y's shape, {case}.out.y, {case}.grad.{parameter} and {case}.grad.x where x holds floats. Setting: embedding_pad.pad.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

T, B, V, E, N, PAD = 5, 3, 7, 4, 6, 2
TENSORS = {}


def record(case, f, params, inputs):
    params = {n: v.clone().requires_grad_() for n, v in params.items()}
    inputs = {n: v.clone().requires_grad_() if v.is_floating_point() else v for n, v in inputs.items()}
    leaves = {**params, **{n: v for n, v in inputs.items() if v.requires_grad}}
    y = f(*params.values(), *inputs.values())
    g = randn(99, *y.shape)
    grads = torch.autograd.grad(y, leaves.values(), g)
    TENSORS.update({f"{case}.param.{n}": v for n, v in params.items()})
    TENSORS.update({f"{case}.in.{n}": v for n, v in inputs.items()})
    TENSORS.update({f"{case}.in.g": g, f"{case}.out.y": y})
    TENSORS.update({f"{case}.grad.{n}": d for n, d in zip(leaves, grads)})


# [T, B] with repeats; the padding id at the end of two sequences; id 5 nowhere
IDS = torch.tensor([[0, 6, 1], [3, 6, 4], [6, 1, PAD], [0, PAD, PAD], [1, PAD, PAD]])
TABLE = randn(1, V, E)
ZEROED = TABLE.clone()
ZEROED[PAD] = 0
X, WEIGHT, BIAS = randn(2, T, B, E), randn(3, N, E), randn(4, N)

record("embedding", lambda w, ids: F.embedding(ids, w), {"weight": TABLE}, {"ids": IDS})
record("embedding_pad", lambda w, ids: F.embedding(ids, w, padding_idx=PAD), {"weight": ZEROED}, {"ids": IDS})
record("linear", lambda w, b, x: F.linear(x, w, b), {"weight": WEIGHT, "bias": BIAS}, {"x": X})
record("linear_nobias", lambda w, x: F.linear(x, w), {"weight": WEIGHT}, {"x": X})
record("linear_matrix", lambda w, b, x: F.linear(x, w, b), {"weight": WEIGHT, "bias": BIAS}, {"x": X[0]})
# the head uses the embedding's table: the table's gradient comes from both sides
record("tied", lambda w, b, ids: F.log_softmax(F.linear(torch.tanh(F.embedding(ids, w)), w, b), -1),
       {"embedding.weight": TABLE, "head.bias": randn(5, V)}, {"ids": IDS})

write(os.path.join(HERE, "layers_f64.safetensors"), TENSORS,
      {"cases": "embedding,embedding_pad,linear,linear_nobias,linear_matrix,tied", "embedding_pad.pad": PAD})
