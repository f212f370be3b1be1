"""Records files of torch.save in every form, and what torch.load finds in them.

    python3 record.py    # writes NAME.pt and NAME.safetensors beside it

NAME.safetensors has every tensor of NAME.pt by the keys that lead to it, as PyTorch converts it: 16 bits to float32, whole
numbers and booleans to int64."""
import argparse, collections, os

import numpy as np
import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)


def named(v, name=""):
    """All tensors in a value, by the keys that lead to them."""
    below = lambda k: f"{name}.{k}" if name else str(k)
    if isinstance(v, torch.nn.Module):
        return dict(v.state_dict()) if not name else {f"{name}.{k}": t for k, t in v.state_dict().items()}
    if isinstance(v, np.ndarray):
        v = torch.from_numpy(np.ascontiguousarray(v.astype(v.dtype.newbyteorder("="))))
    if torch.is_tensor(v):
        return {name: v}
    if isinstance(v, argparse.Namespace):
        v = vars(v)
    items = v.items() if isinstance(v, dict) else enumerate(v) if isinstance(v, (list, tuple)) else ()
    out = {}
    for k, x in items:
        out.update(named(x, below(k)))
    return out


def wide(t):
    t = t.detach()
    return (t if t.dtype == torch.float64 else t.float() if t.is_floating_point() else t.long()).clone().contiguous()


def record(name, value, **options):
    torch.save(value, os.path.join(here, name + ".pt"), **options)
    save_file({k: wide(t) for k, t in named(value).items()}, os.path.join(here, name + ".safetensors"))


class Network(torch.nn.Module):
    def __init__(s):
        super().__init__()
        s.embedding = torch.nn.Embedding(5, 3)
        s.rnn = torch.nn.LSTM(3, 2, bidirectional=True)
        s.norm = torch.nn.BatchNorm1d(4)
        s.head = torch.nn.Linear(4, 2, bias=False)
        s.scale = torch.nn.Parameter(torch.randn(3).half())
        s.register_buffer("mask", torch.tensor([True, False]))

    def forward(s, x: torch.Tensor):
        return s.head(s.rnn(s.embedding(x))[0])


net = Network()
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
views = {  # views of one storage: transposed, with steps, in pieces, repeated
    "whole": base, "transposed": base.t(), "piece": base[1:3, 2:5], "steps": base[::2, ::3], "row": base[2], "one": base[3, 4],
    "repeated": base[0, :1].expand(3, 2), "none": base[:0], "double": base.double(), "bfloat16": base.bfloat16(), "half": base.half().t(),
    "int8": torch.tensor([-128, 127], dtype=torch.int8), "uint8": torch.tensor([0, 255], dtype=torch.uint8), "int16": torch.tensor([-7], dtype=torch.int16),
    "int32": torch.tensor([[-7]], dtype=torch.int32), "int64": torch.tensor(-(1 << 31)), "bool": torch.tensor([True, False]),
    "uint16": torch.tensor([65535], dtype=torch.uint16), "parameter": torch.nn.Parameter(base[:2, :2]),
}
optimiser = torch.optim.Adam(net.parameters())
net(torch.tensor([[1, 2]])).sum().backward()
optimiser.step()
checkpoint = {
    "epoch": 3, "loss": 0.25, "best": float("nan"), "name": "tagger é", "big": 1 << 80, "labels": ["A", "B"], "table": {"a": 1, 2: (None, True)},
    "model_state": net.state_dict(), "optimizer_state": optimiser.state_dict(), "device": torch.device("cpu"), "dtype": torch.float16,
    "size": torch.Size([2, 3]), "args": argparse.Namespace(lr=0.1, hidden=[3, 4]), "set": {1}, "score": np.float64(0.5), "count": np.int64(7),
    "raw": b"\x00\xff", "counter": collections.Counter("aab"), "default": collections.defaultdict(list, x=[1]),
    "arrays": {"f": np.arange(6, dtype=">f4").reshape(2, 3), "columns": np.asfortranarray(np.arange(6).reshape(2, 3)), "half": np.array([1.5], np.float16)},
}
for form, options in (("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False}), ("protocol4", {"pickle_protocol": 4}), ("protocol5", {"pickle_protocol": 5}),
                      ("protocol3", {"_use_new_zipfile_serialization": False, "pickle_protocol": 3})):
    record("state_" + form, net.state_dict(), **options)
    record("views_" + form, {k: v for k, v in views.items() if form in ("zip", "protocol4", "protocol5") or k != "uint16"}, **options)
    record("checkpoint_" + form, checkpoint, **options)
    record("module_" + form, torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.GRU(3, 2)), **options)
torch.jit.save(torch.jit.script(net), os.path.join(here, "script.pt"))
save_file({k: wide(t) for k, t in net.state_dict().items()}, os.path.join(here, "script.safetensors"))


class Cells(torch.nn.Module):  # names that this library has otherwise
    def __init__(s):
        super().__init__()
        s.conv = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 2), dim=0)
        s.lstm, s.gru, s.rnn = torch.nn.LSTMCell(4, 3), torch.nn.GRUCell(3, 3), torch.nn.RNNCell(3, 2)

    def forward(s, x):  # [T, B, 3]
        y = s.conv(x.permute(1, 2, 0)).permute(2, 0, 1)
        h = c = g = torch.zeros(x.shape[1], 3)
        r, out = torch.zeros(x.shape[1], 2), []
        for step in y:
            h, c = s.lstm(step, (h, c))
            g = s.gru(h, g)
            r = s.rnn(g, r)
            out.append(r)
        return torch.stack(out)


cells, x = Cells(), torch.randn(5, 2, 3)
os.makedirs(os.path.join(here, "cells"), exist_ok=True)
torch.save({"state_dict": torch.nn.DataParallel(cells).state_dict()}, os.path.join(here, "cells", "cells.pt"))
save_file({"x": x, "y": cells(x).detach().contiguous()}, os.path.join(here, "cells", "cells.safetensors"))


class Calls:
    def __reduce__(self):
        return os.system, ("touch /tmp/a-pickle-was-run",)


torch.save({"w": torch.zeros(1), "x": Calls()}, os.path.join(here, "refused_call.pt"))
torch.save({"w": torch.zeros(1), "x": Calls()}, os.path.join(here, "refused_call_legacy.pt"), _use_new_zipfile_serialization=False)
torch.save({"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "b": torch.eye(2).to_sparse(), "c": torch.ones(2, dtype=torch.complex64), "d": torch.ones(1)},
           os.path.join(here, "refused_kinds.pt"))
torch.save({"epoch": 1}, os.path.join(here, "refused_plain.pt"))
