"""Records what PyTorch computes where the losses have little or nothing to work with, for their tests.

    python3 record_corners.py      writes corners_f64.safetensors here

Tensors of a case: {case}.in.x, {case}.in.targets, where the case has them {case}.in.weights, {case}.in.frames and
{case}.in.labels, then {case}.out.loss and {case}.grad.x. Settings: "torch", the version that recorded (2.15.0), "cases", and
where the case has them {case}.ignore, {case}.smoothing, {case}.zero (zero_infinity), {case}.ruled_out, the places in x
that are -inf and stored as 0, and {case}.not_finite, what PyTorch's loss is in the place of loss and gradient.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

INF = float("inf")
TENSORS, SETTINGS, NAMES = {}, {"torch": torch.__version__.split("+")[0]}, []


def record(case, f, x, settings=None, **inputs):
    x = x.clone().requires_grad_()
    loss = f(x)
    loss.backward()
    ruled_out = torch.isinf(x)
    TENSORS.update({f"{case}.in.x": torch.where(ruled_out, 0, x), **{f"{case}.in.{n}": v for n, v in inputs.items()}})
    if ruled_out.any():
        SETTINGS[f"{case}.ruled_out"] = ",".join(str(i) for i in ruled_out.flatten().nonzero().flatten().tolist())
    if torch.isfinite(loss) and torch.isfinite(x.grad).all():
        TENSORS.update({f"{case}.out.loss": loss, f"{case}.grad.x": x.grad})
    else:
        SETTINGS[f"{case}.not_finite"] = f"loss {loss.item()}"
    SETTINGS.update({f"{case}.{k}": v for k, v in (settings or {}).items()})
    NAMES.append(case)


def numbers(*v):
    return torch.tensor(v, dtype=torch.float64)


def ids(*v):
    return torch.tensor(v, dtype=torch.int64)


def ce(case, x, targets, weights=None, smoothing=0.0, ignore=None):
    settings = {}
    if smoothing:
        settings["smoothing"] = smoothing
    if ignore is not None:
        settings["ignore"] = ignore
    inputs = {} if weights is None else {"weights": weights}
    record("ce_" + case, lambda x: F.cross_entropy(x, targets, weights, label_smoothing=smoothing, ignore_index=-100 if ignore is None else ignore),
           x, settings, targets=targets, **inputs)


X, W = randn(1, 4, 3), numbers(0, 1, 2)
ce("weight_0_of_some", X, ids(0, 1, 0, 2), W)
ce("weight_0_of_all", X, ids(0, 0, 0, 0), W)
ce("weight_0_of_all_smooth", X, ids(0, 0, 0, 0), W, smoothing=0.1)
ce("weight_0_of_some_smooth", X, ids(0, 1, 0, 0), W, smoothing=0.1)
ce("all_ignored", X, ids(-1, -1, -1, -1), ignore=-1)
ce("all_ignored_smooth_weights", X, ids(-1, -1, -1, -1), W, smoothing=0.1, ignore=-1)
ce("some_ignored_smooth_weights", X, ids(-1, 1, 0, -1), W, smoothing=0.3, ignore=-1)
ce("weights_of_0", X, ids(0, 1, 2, 1), numbers(0, 0, 0))
ce("smooth_of_1_weights", X, ids(0, 1, 2, 1), W, smoothing=1.0)
RULED = X.clone()
RULED[0, 2] = RULED[1, 0] = RULED[2, 0] = -INF  # never a target below
ce("ruled_out", RULED, ids(0, 1, 2, 1))
ce("ruled_out_target", RULED, ids(2, 1, 2, 1))
ce("ruled_out_smooth", RULED, ids(0, 1, 2, 1), smoothing=0.1)
ce("one_class", X[:, :1], ids(0, 0, 0, 0))
ce("one_class_smooth", X[:, :1], ids(0, 0, 0, 0), smoothing=0.5)
ce("large", 1e4 * X, ids(0, 1, 2, 1))

LOGP = torch.log_softmax(X, 1)
record("nll_weight_0_of_all", lambda x: F.nll_loss(x, ids(0, 0, 0, 0), W), LOGP, targets=ids(0, 0, 0, 0), weights=W)
record("nll_weight_0_of_some", lambda x: F.nll_loss(x, ids(0, 1, 0, 2), W), LOGP, targets=ids(0, 1, 0, 2), weights=W)
record("nll_all_ignored", lambda x: F.nll_loss(x, ids(-1, -1, -1, -1), ignore_index=-1), LOGP, {"ignore": -1}, targets=ids(-1, -1, -1, -1))

P = torch.softmax(randn(2, 4, 3), 1)
P[0] = numbers(0, 1, 0)
record("kl_0", lambda x: F.kl_div(x, P, reduction="batchmean"), LOGP, targets=P)
RULEDLOG = torch.log_softmax(RULED, 1)
Q = torch.softmax(RULED, 1)  # nothing where the other rules out
record("kl_ruled_out", lambda x: F.kl_div(x, Q, reduction="batchmean"), RULEDLOG, targets=Q)

for name, x, y in (("equal", X, X), ("zero", torch.zeros(4, 3, dtype=torch.float64), X), ("far", 1e8 * X, X)):
    record("mse_" + name, lambda x: F.mse_loss(x, y), x, targets=y)
    record("mae_" + name, lambda x: F.l1_loss(x, y), x, targets=y)
    record("huber_" + name, lambda x: F.huber_loss(x, y), x, targets=y)
    record("cosine_" + name, lambda x: F.cosine_embedding_loss(x, y, torch.ones(4)), x, targets=y)

HARD = numbers(0, 1, 0.5)
record("bce_certain", lambda x: F.binary_cross_entropy_with_logits(x, HARD), numbers(-1e4, 1e4, 0), targets=HARD)
record("bce_wrong", lambda x: F.binary_cross_entropy_with_logits(x, HARD), numbers(1e4, -1e4, 50), targets=HARD)


def ctc(case, x, targets, frames, labels, zero=False):
    targets, frames, labels = torch.tensor(targets), torch.tensor(frames), torch.tensor(labels)
    settings = {"zero": 1} if zero else {}
    record("ctc_" + case, lambda x: F.ctc_loss(F.log_softmax(x, 2), targets, frames, labels, zero_infinity=zero), x, settings,
           targets=targets, frames=frames, labels=labels)


Y = randn(3, 4, 2, 3)
ctc("no_labels", Y, [[1, 2], [2, 1]], [4, 3], [0, 0])
ctc("tight", Y, [[1, 1], [2, 1]], [3, 2], [2, 2])
ctc("too_long", Y, [[1, 1], [2, 1]], [2, 2], [2, 2])
ctc("too_long_zero", Y, [[1, 1], [2, 1]], [2, 2], [2, 2], zero=True)
ctc("all_too_long_zero", Y, [[1, 1], [2, 2]], [2, 1], [2, 2], zero=True)

SETTINGS["cases"] = ",".join(NAMES)
write(os.path.join(HERE, "corners_f64.safetensors"), TENSORS, SETTINGS)
