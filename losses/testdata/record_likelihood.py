"""Records the negative log-likelihoods of torch.distributions and their gradients, for the tests of Likelihood.

    python3 record_likelihood.py      writes likelihood_f64.safetensors here

Recorded with PyTorch 2.15. Tensors of a case: {case}.in.x (outputs [T, B, P]), {case}.in.targets [T, B], where the case has
them {case}.in.scale [B] and {case}.in.weights [T, B], then {case}.out.loss and {case}.grad.x. Settings: "cases"; a case's name
begins with its family.
"""
import os
import sys

import torch
import torch.distributions as D
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402

T, B, LEAST = 6, 5, 1e-6
TENSORS, NAMES = {}, []


def positive(o):
    return F.softplus(o, threshold=60) + LEAST


def gaussian(o, s):
    return D.Normal(s * o[..., 0], s * positive(o[..., 1]))


def student(o, s):
    return D.StudentT(2 + F.softplus(o[..., 2], threshold=60), s * o[..., 0], s * positive(o[..., 1]))


def negative_binomial(o, s):
    mean, dispersion = s * positive(o[..., 0]), positive(o[..., 1])
    return D.NegativeBinomial(1 / dispersion, logits=torch.log(mean * dispersion))


def poisson(o, s):
    return D.Poisson(s * positive(o[..., 0]))


def gamma(o, s):
    return D.Gamma(positive(o[..., 0]), positive(o[..., 1]) / s)


def log_normal(o, s):
    return D.LogNormal(o[..., 0] + torch.log(s), positive(o[..., 1]))


REAL, COUNTS = 3 * randn(1, T, B), randint(2, 40, T, B).double() * (randn(3, T, B) > -0.5)
SIZES = 0.01 + randn(4, T, B).abs()
FAMILIES = {"gaussian": (gaussian, 2, REAL), "student-t": (student, 3, REAL), "negative-binomial": (negative_binomial, 2, COUNTS),
            "poisson": (poisson, 1, COUNTS), "gamma": (gamma, 2, SIZES), "log-normal": (log_normal, 2, SIZES)}
SCALE, WEIGHTS = torch.tensor([0.1, 1, 7, 100, 0.003], dtype=torch.float64), randint(5, 3, T, B).double()
ONE = torch.ones((), dtype=torch.float64)


def record(case, make, x, targets, scale=None, weights=None):
    x = x.clone().requires_grad_()
    each = -make(x, ONE if scale is None else scale).log_prob(targets)
    loss = each.mean() if weights is None else (each * weights).sum() / weights.sum()
    loss.backward()
    TENSORS.update({f"{case}.in.x": x, f"{case}.in.targets": targets})
    for name, v in {"scale": scale, "weights": weights}.items():
        if v is not None:
            TENSORS[f"{case}.in.{name}"] = v
    TENSORS.update({f"{case}.out.loss": loss, f"{case}.grad.x": x.grad})
    NAMES.append(case)


for n, (family, (make, p, targets)) in enumerate(FAMILIES.items()):
    x = 2 * randn(10 + n, T, B, p)
    record(family, make, x, targets)
    record(family + "_scale", make, x, targets, scale=SCALE)
    record(family + "_weights", make, x, targets, weights=WEIGHTS)
    record(family + "_scale_weights", make, x, targets, scale=SCALE, weights=WEIGHTS)
    record(family + "_wide", make, 5 * x, targets)
    record(family + "_one", make, x[:1, :1], targets[:1, :1])
write(os.path.join(HERE, "likelihood_f64.safetensors"), TENSORS, {"cases": ",".join(NAMES)})
