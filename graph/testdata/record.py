"""Records what PyTorch computes for single operations, for the tests of the ops.

    python3 record.py      writes ops_f64.safetensors and ops_f32.safetensors here

Recorded with PyTorch 2.15. Tensors of a case: {case}.in.{x,a,b,...}, {case}.out.y, {case}.in.g, the gradient that comes
from above, of y's shape, and {case}.grad.{x,a,b,...} = d sum(y*g)/d in. Ids and masks have no gradient. The settings
hold, besides "cases", what a case needs to know: {case}.axis and the like.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from tensorfile import randn, write  # noqa: E402

X = randn(1, 3, 5)
POSITIVE = 0.2 + randn(2, 3, 5).abs()
EXTREME = torch.tensor([-1000, -100, -89, -17, -1, -1e-30, 0, 1e-30, 1, 17, 89, 100, 1000], dtype=torch.float64)
ROWS = torch.tensor([[100, -100, 0], [1e-30, 0, -1e-30], [100, 100, 100], [-100, -100, -100], [1000, 0, -1000],
                     [100, 99, 98]], dtype=torch.float64)
IDS = torch.tensor([[4, 0, 4], [6, 4, 0]])  # row 4 three times, row 0 twice
MASK = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 1]], dtype=torch.float64)
A, B = randn(3, 3, 5), randn(4, 3, 5)
ROW, COLUMN, ONE = 0.3 + randn(5, 5).abs(), 0.3 + randn(6, 3, 1).abs(), torch.tensor(-0.7, dtype=torch.float64)
BLOCK = randn(7, 2, 3, 4)


def softplus(x):
    return F.softplus(x, threshold=60)  # the default cuts log(1+exp(x)) off at x = 20, 2e-9 early


# name: function, inputs, settings
CASES = {
    "sigmoid": (torch.sigmoid, {"x": X}, {}),
    "tanh": (torch.tanh, {"x": X}, {}),
    "relu": (torch.relu, {"x": X}, {}),
    "exp": (torch.exp, {"x": X}, {}),
    "log": (torch.log, {"x": POSITIVE}, {}),
    "sqrt": (torch.sqrt, {"x": POSITIVE}, {}),
    "square": (torch.square, {"x": X}, {}),
    "softplus": (softplus, {"x": X}, {}),
    "abs": (torch.abs, {"x": X}, {}),
    "clamp": (lambda x: x.clamp(-0.7, 0.8), {"x": X}, {"low": -0.7, "high": 0.8}),
    "sigmoid_extreme": (torch.sigmoid, {"x": EXTREME}, {}),
    "tanh_extreme": (torch.tanh, {"x": EXTREME}, {}),
    "softplus_extreme": (softplus, {"x": EXTREME}, {}),
    "softmax_extreme": (lambda x: x.softmax(1), {"x": ROWS}, {"axis": 1}),
    "log_softmax_extreme": (lambda x: x.log_softmax(1), {"x": ROWS}, {"axis": 1}),
    "logsumexp_extreme": (lambda x: x.logsumexp(1), {"x": ROWS}, {"axis": 1}),
    "matmul": (lambda a, b: a @ b, {"a": randn(8, 3, 5), "b": randn(9, 5, 4)}, {}),
    "matmul_bt": (lambda a, b: a @ b.T, {"a": randn(8, 3, 5), "b": randn(9, 4, 5)}, {}),
    "matmul_at": (lambda a, b: a.T @ b, {"a": randn(8, 5, 3), "b": randn(9, 5, 4)}, {}),
    "matmul_one": (lambda a, b: a @ b, {"a": randn(8, 1, 1), "b": randn(9, 1, 1)}, {}),
    "matmul_wide": (lambda a, b: a @ b.T, {"a": randn(8, 1, 300), "b": randn(9, 3, 300)}, {}),
    "sum": (torch.sum, {"x": X}, {}),
    "mean": (torch.mean, {"x": X}, {}),
    "gather": (lambda table: F.embedding(IDS, table), {"table": randn(10, 7, 4), "ids": IDS}, {}),
    "concat_axis0": (lambda a, b: torch.cat([a, b], 0), {"a": A, "b": randn(11, 2, 5)}, {"axis": 0}),
    "concat_axis1": (lambda a, b: torch.cat([a, b], 1), {"a": A, "b": randn(11, 3, 2)}, {"axis": 1}),
    "stack": (lambda a, b, c: torch.stack([a, b, c]), {"a": A, "b": B, "c": randn(12, 3, 5)}, {"axis": 0}),
    "slice_past256": (lambda x: x[:, 256:300], {"x": randn(13, 2, 300)}, {"axis": 1, "start": 256, "end": 300}),
    "where": (lambda a, b: torch.where(MASK > 0, a, b), {"mask": MASK, "a": A, "b": B}, {}),
    "where_rows": (lambda a, b: torch.where(MASK[:, :1] > 0, a, b), {"mask": MASK[:, :1], "a": A, "b": B}, {}),
    "transpose": (lambda x: x.T, {"x": X}, {"axes": "1,0"}),
    "permute": (lambda x: x.permute(2, 0, 1), {"x": BLOCK}, {"axes": "2,0,1"}),
    "swap01": (lambda x: x.permute(1, 0, 2), {"x": BLOCK}, {"axes": "1,0,2"}),
}
for axis in (0, 1):
    at = {"axis": axis}
    CASES[f"softmax_axis{axis}"] = (lambda x, d=axis: x.softmax(d), {"x": X}, at)
    CASES[f"log_softmax_axis{axis}"] = (lambda x, d=axis: x.log_softmax(d), {"x": X}, at)
    CASES[f"logsumexp_axis{axis}"] = (lambda x, d=axis: x.logsumexp(d), {"x": X}, at)
    CASES[f"max_axis{axis}"] = (lambda x, d=axis: x.max(d).values, {"x": X}, at)
for axis in (0, 1, 2):
    at = {"axis": axis}
    CASES[f"sum_axis{axis}"] = (lambda x, d=axis: x.sum(d), {"x": BLOCK}, at)
    CASES[f"mean_axis{axis}"] = (lambda x, d=axis: x.mean(d), {"x": BLOCK}, at)
for name, op in {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}.items():
    for shape, b in {"same": POSITIVE, "row": ROW, "column": COLUMN, "scalar": ONE}.items():  # a is [3, 5]
        CASES[f"{name}_{shape}"] = (op, {"a": A, "b": b}, {})


def record(dtype):
    tensors, settings = {}, {"cases": ",".join(CASES)}
    for i, (case, (f, inputs, at)) in enumerate(CASES.items()):
        inputs = {n: v.to(dtype) if v.is_floating_point() else v for n, v in inputs.items()}
        leaves = {n: v.clone().requires_grad_() for n, v in inputs.items() if n not in ("ids", "mask")}
        y = f(*leaves.values())
        g = randn(1000 + i, *y.shape, dtype=dtype)
        grads = torch.autograd.grad(y, leaves.values(), g)
        tensors.update({f"{case}.in.{n}": v for n, v in inputs.items()})
        tensors.update({f"{case}.out.y": y, f"{case}.in.g": g})
        tensors.update({f"{case}.grad.{n}": d for n, d in zip(leaves, grads)})
        settings.update({f"{case}.{k}": v for k, v in at.items()})
    write(os.path.join(HERE, f"ops_{'f32' if dtype == torch.float32 else 'f64'}.safetensors"), tensors, settings)


record(torch.float64)
record(torch.float32)
