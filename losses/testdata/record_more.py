"""Records what PyTorch computes for the losses of numbers, distributions and label sequences, for their tests.

    python3 record_more.py      writes more_f64.safetensors here

Recorded with PyTorch 2.15 in float64. Tensors of a case: {case}.in.x, {case}.in.targets, of CTC also {case}.in.frames and
{case}.in.labels, then {case}.out.loss and {case}.grad.x. "cases" lists them.
"""
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

TENSORS, NAMES = {}, []


def record(case, f, x, **inputs):
    x = x.clone().requires_grad_()
    loss = f(x)
    loss.backward()
    TENSORS.update({f"{case}.in.x": x, **{f"{case}.in.{n}": v for n, v in inputs.items()}})
    TENSORS.update({f"{case}.out.loss": loss, f"{case}.grad.x": x.grad})
    NAMES.append(case)


X, Y = randn(1, 5, 3, 4), randn(2, 5, 3, 4)
record("mae", lambda x: F.l1_loss(x, Y), X, targets=Y)
record("huber", lambda x: F.huber_loss(x, Y), X, targets=Y)
record("huber_half", lambda x: F.huber_loss(x, Y, delta=0.5), X, targets=Y)
record("cosine", lambda x: F.cosine_embedding_loss(x.reshape(-1, 4), Y.reshape(-1, 4), torch.ones(15)), X, targets=Y)

P, Q = torch.softmax(randn(3, 6, 5), 1), torch.log_softmax(randn(4, 6, 5), 1)
P[0] = torch.tensor([0, 0.5, 0, 0.5, 0], dtype=torch.float64)
record("kl", lambda x: F.kl_div(x, P, reduction="batchmean"), Q, targets=P)
LOGP = torch.log_softmax(randn(5, 6, 5), 1)
record("kl_log", lambda x: F.kl_div(x, LOGP, reduction="batchmean", log_target=True), Q, targets=LOGP)

IDS, WEIGHTS = randint(6, 5, 6), torch.tensor([1, 2, 0.5, 0.1, 3], dtype=torch.float64)
record("nll", lambda x: F.nll_loss(x, IDS), Q, targets=IDS)
record("nll_weights", lambda x: F.nll_loss(x, IDS, WEIGHTS), Q, targets=IDS)
PADDED = IDS.clone()
PADDED[2:4] = -1
record("nll_ignore", lambda x: F.nll_loss(x, PADDED, ignore_index=-1), Q, targets=PADDED)


def focal(x, gamma):
    p = torch.softmax(x, 1).gather(1, IDS[:, None])[:, 0]
    return ((1 - p) ** gamma * -p.log()).mean()


LOGITS = 2 * randn(7, 6, 5)
record("focal_2", lambda x: focal(x, 2), LOGITS, targets=IDS)
record("focal_half", lambda x: focal(x, 0.5), LOGITS, targets=IDS)


def ctc(case, steps, targets, frames, labels, classes, blank=0, zero=False):
    targets, frames, labels = torch.tensor(targets), torch.tensor(frames), torch.tensor(labels)
    x = 2 * randn(len(case), steps, len(frames), classes)
    record(case, lambda x: F.ctc_loss(F.log_softmax(x, 2), targets, frames, labels, blank=blank, zero_infinity=zero), x,
           targets=targets, frames=frames, labels=labels)


ctc("ctc_short", 4, [[1, 2]], [4], [2], 3)
ctc("ctc_repeated", 7, [[1, 1, 2], [2, 2, 2], [1, 2, 1]], [7, 5, 7], [3, 3, 2], 4)
ctc("ctc_one_frame", 1, [[3], [1]], [1, 1], [1, 0], 4)
ctc("ctc_lengths", 12, [[1, 2, 3, 4], [4, 4, 1, 1], [2, 1, 1, 1], [3, 3, 3, 3]], [12, 9, 3, 8], [4, 2, 1, 4], 5)
ctc("ctc_blank_last", 9, [[0, 1, 1], [3, 2, 0]], [9, 6], [3, 2], 5, blank=4)
ctc("ctc_zero_infinity", 5, [[1, 1, 1], [2, 1, 0]], [4, 5], [3, 2], 3, zero=True)
ctc("ctc_long", 300, randint(9, 19, 2, 40).add(1).tolist(), [300, 250], [40, 31], 20)

write(os.path.join(HERE, "more_f64.safetensors"), TENSORS, {"cases": ",".join(NAMES)})
