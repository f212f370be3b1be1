"""Records what PyTorch's optimisers, clipping and schedules do, for the tests of package optim.

    python3 record.py      writes optim_f64, clip_f64 and schedules_f64.safetensors here

Recorded with PyTorch 2.15.
optim_f64: in.w0 [7], in.grads [12, 7], the same whatever the weights are; {case}.out.w [12, 7], the weights after each
    step.
clip_f64: in.a [7], in.b [2, 3]; {case}.out.norm (before clipping), {case}.out.a, {case}.out.b; norms count a and b
    together. PyTorch scales by max_norm/(norm+1e-6), a relative 1e-6/norm off the textbook's.
schedules_f64: {case}.out.lr [20], the rate in use at steps 0 to 19; for plateau* {case}.in.metric [20] and the rate
    after having seen each value.
Settings: "cases", and {case}.{option} for the options that are not at their default, named as in PyTorch.
"""
import os
import sys

import torch
from torch import optim
from torch.nn import utils
from torch.optim import lr_scheduler

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

STEPS = 12
# Columns 3 to 6: tiny (tells eps inside and outside the root apart), large, zero for half the run, always zero.
SCALE = torch.tensor([1, 1, 0.1, 1e-8, 1e3, 1, 0], dtype=torch.float64)
OPTIMISERS = {
    "sgd": (optim.SGD, {"lr": 0.1}),
    "sgd_momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "sgd_nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd_decay": (optim.SGD, {"lr": 0.1, "weight_decay": 1e-2}),
    "sgd_nesterov_decay": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}),
    "rmsprop": (optim.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}),
    "rmsprop_momentum": (optim.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.9}),
    "rmsprop_centered": (optim.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "centered": True}),
    "rmsprop_centered_momentum": (
        optim.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "centered": True, "momentum": 0.9}),
    "rmsprop_decay": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "weight_decay": 1e-2}),
    "adam": (optim.Adam, {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    "adam_decay": (optim.Adam, {"lr": 0.01, "beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 1e-2}),
    "adamw": (optim.AdamW, {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2}),
    "adagrad": (optim.Adagrad, {"lr": 0.1, "eps": 1e-10}),
    "adagrad_lr_decay": (optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1, "eps": 1e-10}),
    "adagrad_start": (optim.Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-10}),
    "adagrad_decay": (optim.Adagrad, {"lr": 0.1, "weight_decay": 1e-2, "eps": 1e-10}),
}


def settings(cases):
    out = {"cases": ",".join(cases)}
    for case, (_, options) in cases.items():
        out.update({f"{case}.{k}": str(v).lower() if isinstance(v, bool) else v for k, v in options.items()})
    return out


def record_optimisers():
    w0, grads = randn(1, 7), randn(2, STEPS, 7) * SCALE
    grads[:6, 5] = 0
    tensors = {"in.w0": w0, "in.grads": grads}
    for case, (make, options) in OPTIMISERS.items():
        options = dict(options)
        if "beta1" in options:
            options["betas"] = (options.pop("beta1"), options.pop("beta2"))
        w, path = w0.clone().requires_grad_(), []
        o = make([w], **options)
        for g in grads:
            w.grad = g.clone()
            o.step()
            path.append(w.detach().clone())
        tensors[f"{case}.out.w"] = torch.stack(path)
    write(os.path.join(HERE, "optim_f64.safetensors"), tensors, settings(OPTIMISERS))


CLIPS = {
    "norm": (utils.clip_grad_norm_, {"max_norm": 0.5}),
    "norm_loose": (utils.clip_grad_norm_, {"max_norm": 100.0}),  # leaves the gradients alone
    "value": (utils.clip_grad_value_, {"clip_value": 0.4}),
}


def record_clipping():
    a, b = randn(3, 7), randn(4, 2, 3)
    tensors = {"in.a": a, "in.b": b}
    for case, (clip, options) in CLIPS.items():
        params = [torch.zeros_like(v) for v in (a, b)]
        for p, v in zip(params, (a, b)):
            p.grad = v.clone()
        norm = clip(params, **options)
        if norm is not None:
            tensors[f"{case}.out.norm"] = norm
        tensors.update({f"{case}.out.a": params[0].grad, f"{case}.out.b": params[1].grad})
    write(os.path.join(HERE, "clip_f64.safetensors"), tensors, settings(CLIPS))


METRIC = [3.0, 2.5, 2.4, 2.41, 2.42, 2.43, 2.39, 2.3899, 2.3899, 2.3898,
          2.3897, 2.5, 2.6, 2.0, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1]
SCHEDULES = {  # the base rate is 0.1
    "step": (lr_scheduler.StepLR, {"step_size": 5, "gamma": 0.3}),
    "cosine": (lr_scheduler.CosineAnnealingLR, {"T_max": 20, "eta_min": 0.001}),
    "warmup": (lr_scheduler.LinearLR, {"start_factor": 0.1, "total_iters": 6}),
    "constant": (lr_scheduler.LambdaLR, {}),
    "plateau": (lr_scheduler.ReduceLROnPlateau, {"factor": 0.5, "patience": 2, "threshold": 1e-4}),
    "plateau_cooldown": (
        lr_scheduler.ReduceLROnPlateau,
        {"factor": 0.3, "patience": 1, "threshold": 1e-4, "cooldown": 2, "min_lr": 0.005}),
}


def record_schedules():
    tensors = {}
    for case, (make, options) in SCHEDULES.items():
        sgd = optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        schedule = make(sgd, lr_lambda=lambda k: 1.0) if case == "constant" else make(sgd, **options)
        metric = METRIC if case.startswith("plateau") else None
        rates = []
        for k in range(20):
            if metric:
                schedule.step(metric[k])
            rates.append(sgd.param_groups[0]["lr"])
            if not metric:
                sgd.step()
                schedule.step()
        if metric:
            tensors[f"{case}.in.metric"] = torch.tensor(metric, dtype=torch.float64)
        tensors[f"{case}.out.lr"] = torch.tensor(rates, dtype=torch.float64)
    write(os.path.join(HERE, "schedules_f64.safetensors"), tensors, {"lr": 0.1, **settings(SCHEDULES)})


record_optimisers()
record_clipping()
record_schedules()
