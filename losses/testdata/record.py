"""Records what PyTorch computes for the losses, for their tests.

    python3 record.py      writes losses_f64.safetensors here

Recorded with PyTorch 2.15, reduction "mean". Tensors of a case: {case}.in.x (logits or predictions), {case}.in.targets,
where the case has them {case}.in.weights and {case}.in.pos_weight, then {case}.out.loss and {case}.grad.x. Settings:
"cases", and where the case has them {case}.ignore and {case}.smoothing.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

T, B, V = 5, 3, 7
TENSORS, SETTINGS = {}, {"cases": "", "T": T, "B": B, "V": V}


def record(case, f, x, inputs, settings):
    x = x.clone().requires_grad_()
    loss = f(x)
    loss.backward()
    TENSORS.update({f"{case}.in.x": x, **{f"{case}.in.{n}": v for n, v in inputs.items()}})
    TENSORS.update({f"{case}.out.loss": loss, f"{case}.grad.x": x.grad})
    SETTINGS.update({f"{case}.{k}": v for k, v in settings.items()})
    SETTINGS["cases"] += ("," if SETTINGS["cases"] else "") + case


def cross_entropy(case, logits, targets, weights, smoothing, ignore):
    """Logits [T*B, V], row t*B+b is step t of sequence b; targets [T*B]."""
    inputs, settings = {"targets": targets}, {}
    if weights is not None:
        inputs["weights"] = weights
    if smoothing:
        settings["smoothing"] = smoothing
    if ignore is not None:
        settings["ignore"] = ignore
    record(case, lambda x: F.cross_entropy(x, targets, weights, label_smoothing=smoothing,
                                           ignore_index=-100 if ignore is None else ignore), logits, inputs, settings)


LOGITS, WEIGHTS = 2 * randn(1, T * B, V), 0.3 + randn(2, V).abs()
PLAIN = randint(3, V, T * B)
PLAIN[:3] = torch.tensor([2, 0, 6])  # the ids that padding uses below do occur, as do the first and the last


def padded(pad):
    """Sequence 0 has all its steps, sequence 1 its first three, sequence 2 only the first: [T*B]."""
    targets = PLAIN.clone().reshape(T, B)
    targets[3:, 1] = targets[1:, 2] = pad
    return targets.reshape(-1)


# "ignore" pads with an id outside the vocabulary, "pad2" with class 2, which then counts nowhere
for smooth in (0, 0.1):
    for weights in (None, WEIGHTS):
        for label, ignore in {"": None, "_ignore": -100, "_pad2": 2}.items():
            name = ("ce" + ("_smooth" if smooth else "") + ("_weights" if weights is not None else "") + label)
            targets = PLAIN if ignore is None else padded(ignore)
            cross_entropy(name, LOGITS, targets, weights, smooth, ignore)
        name = "ce" + ("_smooth" if smooth else "") + ("_weights" if weights is not None else "") + "_all_but_one"
        cross_entropy(name, LOGITS, torch.where(torch.arange(T * B) == 7, PLAIN, -100), weights, smooth, -100)
cross_entropy("ce_one_row", LOGITS[:1], PLAIN[:1], None, 0, None)
cross_entropy("ce_large_logits", 1000 * LOGITS, PLAIN, None, 0, None)
cross_entropy("ce_smooth1", LOGITS, PLAIN, None, 1.0, None)

TARGET = randn(5, T, B, 4)
record("mse", lambda x: F.mse_loss(x, TARGET), randn(4, T, B, 4), {"targets": TARGET}, {})

HARD = (randn(6, T, B) > 0).double()
SOFT = torch.sigmoid(randn(7, T, B))
ELEMENTS = 0.2 + randn(8, T, B).abs()
POSITIVE = torch.tensor(3.5, dtype=torch.float64)
SCORES = 2 * randn(9, T, B)
EXTREME = SCORES.clone()
EXTREME.view(-1)[:6] = torch.tensor([-100, 100, -1000, 1000, 0, 1e-30], dtype=torch.float64)


def bce(case, x, targets, **kwargs):
    names = {"weight": "weights", "pos_weight": "pos_weight"}
    inputs = {"targets": targets, **{names[k]: v for k, v in kwargs.items()}}
    record(case, lambda x: F.binary_cross_entropy_with_logits(x, targets, **kwargs), x, inputs, {})


bce("bce", SCORES, HARD)
bce("bce_soft", SCORES, SOFT)
bce("bce_extreme", EXTREME, HARD)
bce("bce_pos_weight", SCORES, HARD, pos_weight=POSITIVE)
bce("bce_pos_weight_soft", SCORES, SOFT, pos_weight=POSITIVE)
bce("bce_weights", SCORES, HARD, weight=ELEMENTS)
bce("bce_weights_pos_weight", SCORES, SOFT, weight=ELEMENTS, pos_weight=POSITIVE)

write(os.path.join(HERE, "losses_f64.safetensors"), TENSORS, SETTINGS)
