"""Records what PyTorch 2.15 computes for each module and function that a description may have: recorded.json has the
descriptions, recorded.safetensors NAME/state/..., NAME/in/... and NAME/out/...:  python record.py"""
import json
import torch
from torch import nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(3)
cases, tensors = {}, {}


def record(name, layers, inputs, run, outputs=None, **modules):
    """layers as in a description; inputs: name to tensor; run(m, *inputs) computes with the modules."""
    m = nn.ModuleDict(modules).eval()
    for k, p in m.state_dict().items():
        if k.endswith("running_var"):
            p.uniform_(0.5, 2)
        elif p.is_floating_point() and not k.endswith("original0") and not k.endswith("weight_g"):
            p.normal_(0, 0.4)
    axes = iter("ABCDEFGHIJKLMNOP")
    declared = [{"name": k, "type": "float" if x.is_floating_point() else "int", "shape": [next(axes) for _ in x.shape]} for k, x in inputs.items()]
    layers = [dict(l) for l in layers]
    if not outputs:
        layers[-1].setdefault("name", "out")
    outputs = outputs or [layers[-1]["name"]]
    cases[name] = {"inputs": declared, "layers": layers, "outputs": outputs}
    with torch.no_grad():
        out = run(m, *inputs.values())
    out = out if isinstance(out, tuple) else (out,)
    assert len(out) == len(outputs), name
    for kind, items in (("state", m.state_dict()), ("in", inputs), ("out", dict(zip(outputs, out)))):
        for k, v in items.items():
            if not k.endswith("num_batches_tracked"):
                tensors[f"{name}/{kind}/{k}"] = v.detach().contiguous().clone()


def x(*shape): return torch.randn(*shape)


# recurrent modules: layers, directions, projections, states, without biases, without a batch
for cls in (nn.RNN, nn.GRU, nn.LSTM):
    n = cls.__name__
    more = ["m.h_n", "m.c_n"] if cls is nn.LSTM else ["m.h_n"]
    flat = lambda y, h: (y, *h) if isinstance(h, tuple) else (y, h)
    record(n, [{"module": n, "weights": "m"}], {"x": x(5, 2, 3)}, lambda m, a: flat(*m.m(a)), ["m"] + more, m=cls(3, 4))
    record(n + " deep", [{"module": n, "weights": "m", "batch_first": True}], {"x": x(2, 4, 3)}, lambda m, a: flat(*m.m(a)), ["m"] + more,
           m=cls(3, 4, 2, bidirectional=True, batch_first=True))
    record(n + " no bias, unbatched", [{"module": n, "weights": "m"}], {"x": x(4, 3)}, lambda m, a: flat(*m.m(a)), ["m"] + more, m=cls(3, 4, bias=False))
    if cls is nn.LSTM:
        record(n + " state", [{"module": n, "weights": "m", "from": ["x", "h", "c"]}], {"x": x(3, 2, 3), "h": x(4, 2, 4), "c": x(4, 2, 4)},
               lambda m, a, h, c: flat(*m.m(a, (h, c))), ["m"] + more, m=cls(3, 4, 2, bidirectional=True))
        record(n + " projection", [{"module": n, "weights": "m"}], {"x": x(3, 2, 3)}, lambda m, a: flat(*m.m(a)), ["m"] + more, m=cls(3, 4, proj_size=2))
    else:
        record(n + " state", [{"module": n, "weights": "m", "from": ["x", "h"]}], {"x": x(3, 2, 3), "h": x(2, 2, 4)},
               lambda m, a, h: flat(*m.m(a, h)), ["m"] + more, m=cls(3, 4, 2))
        record(n + " state, unbatched", [{"module": n, "weights": "m", "from": ["x", "h"]}], {"x": x(3, 3), "h": x(1, 4)},
               lambda m, a, h: flat(*m.m(a, h)), ["m"] + more, m=cls(3, 4))
record("RNN relu", [{"module": "RNN", "weights": "m", "nonlinearity": "relu"}], {"x": x(3, 2, 3)}, lambda m, a: m.m(a)[0], ["m"], m=nn.RNN(3, 4, nonlinearity="relu"))


def cell(m, a):
    h = c = torch.zeros(2, 4)
    out = []
    for s in a:
        h, c = m.m(s, (h, c))
        out.append(h)
    return torch.stack(out)


record("LSTMCell", [{"module": "LSTM", "weights": "m"}], {"x": x(3, 2, 3)}, cell, ["m"], m=nn.LSTMCell(3, 4))

# modules with weights
one = lambda m, a: m.m(a)
record("Embedding", [{"module": "Embedding", "weights": "m"}], {"ids": torch.tensor([[0, 4, 2]])}, one, m=nn.Embedding(5, 3))
record("Linear", [{"module": "Linear", "weights": "m"}], {"x": x(2, 3, 4)}, one, m=nn.Linear(4, 3))
record("Linear without bias", [{"module": "Linear", "weights": "m"}], {"x": x(1, 4)}, one, m=nn.Linear(4, 1, bias=False))
record("Conv1d", [{"module": "Conv1d", "weights": "m", "stride": 2, "padding": 1, "dilation": 2, "groups": 2}], {"x": x(2, 4, 9)}, one,
       m=nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2))
record("Conv1d same", [{"module": "Conv1d", "weights": "m", "padding": "same"}], {"x": x(2, 3, 7)}, one, m=nn.Conv1d(3, 2, 4, padding="same", bias=False))
record("Conv1d weight norm", [{"module": "Conv1d", "weights": "m"}], {"x": x(2, 3, 7)}, one, m=nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 2, 4)))
record("Conv2d", [{"module": "Conv2d", "weights": "m", "stride": [2, 1], "padding": [0, 1]}], {"x": x(2, 3, 6, 5)}, one, m=nn.Conv2d(3, 2, (2, 3), stride=(2, 1), padding=(0, 1)))
record("BatchNorm1d", [{"module": "BatchNorm1d", "weights": "m"}], {"x": x(2, 3, 4)}, one, m=nn.BatchNorm1d(3))
record("BatchNorm1d of rows", [{"module": "BatchNorm1d", "weights": "m", "eps": 0.001}], {"x": x(2, 3)}, one, m=nn.BatchNorm1d(3, eps=0.001, affine=False))
record("BatchNorm2d", [{"module": "BatchNorm2d", "weights": "m"}], {"x": x(2, 3, 4, 2)}, one, m=nn.BatchNorm2d(3))
record("LayerNorm", [{"module": "LayerNorm", "weights": "m", "eps": 0.01}], {"x": x(2, 3, 4)}, one, m=nn.LayerNorm(4, eps=0.01))
record("RMSNorm", [{"module": "RMSNorm", "weights": "m"}], {"x": x(2, 3, 4)}, one, m=nn.RMSNorm(4))
record("MultiheadAttention", [{"module": "MultiheadAttention", "weights": "m", "num_heads": 2}], {"x": x(3, 2, 4)}, lambda m, a: m.m(a, a, a)[0], m=nn.MultiheadAttention(4, 2))
record("MultiheadAttention of others", [{"module": "MultiheadAttention", "weights": "m", "num_heads": 2, "batch_first": True, "from": ["q", "kv"]}],
       {"q": x(2, 3, 4), "kv": x(2, 5, 4)}, lambda m, q, k: m.m(q, k, k)[0], m=nn.MultiheadAttention(4, 2, batch_first=True, bias=False))
record("TransformerEncoderLayer", [{"module": "TransformerEncoderLayer", "weights": "m", "nhead": 2, "batch_first": True, "activation": "gelu"}], {"x": x(2, 3, 4)}, one,
       m=nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, activation="gelu"))
record("TransformerEncoderLayer norm first", [{"module": "TransformerEncoderLayer", "weights": "m", "nhead": 1, "norm_first": True}], {"x": x(3, 2, 4)}, one,
       m=nn.TransformerEncoderLayer(4, 1, 6, norm_first=True))
record("a module used twice", [{"module": "Linear", "weights": "m", "name": "first"}, {"module": "tanh"}, {"module": "Linear", "weights": "m", "name": "second"}],
       {"x": x(2, 3)}, lambda m, a: m.m(torch.tanh(m.m(a))), ["second"], m=nn.Linear(3, 3))

# functions
for name, settings, inputs, run in [
    ("relu", {}, [x(2, 3)], F.relu), ("tanh", {}, [x(2, 3)], torch.tanh), ("sigmoid", {}, [x(2, 3)], torch.sigmoid), ("softplus", {}, [x(2, 3)], F.softplus),
    ("exp", {}, [x(2, 3)], torch.exp), ("log", {}, [x(2, 3).abs()], torch.log), ("sqrt", {}, [x(2, 3).abs()], torch.sqrt), ("square", {}, [x(2, 3)], torch.square),
    ("abs", {}, [x(2, 3)], torch.abs), ("gelu", {}, [x(2, 3)], F.gelu), ("silu", {}, [x(2, 3)], F.silu), ("elu", {"alpha": 0.7}, [x(2, 3)], lambda a: F.elu(a, 0.7)),
    ("leaky_relu", {"negative_slope": 0.2}, [x(2, 3)], lambda a: F.leaky_relu(a, 0.2)), ("hardtanh", {"min_val": -0.5}, [x(2, 3)], lambda a: F.hardtanh(a, -0.5, 1)),
    ("softmax", {"dim": 1}, [x(2, 3, 2)], lambda a: F.softmax(a, 1)), ("log_softmax", {"dim": -1}, [x(2, 3)], lambda a: F.log_softmax(a, -1)),
    ("normalize", {}, [x(2, 3)], F.normalize), ("hypot", {}, [x(2, 3), x(2, 3)], torch.hypot), ("dropout", {"p": 0.3}, [x(2, 3)], lambda a: a),
    ("scale", {"by": 2, "plus": -1}, [x(2, 3)], lambda a: 2 * a - 1),
    ("max_pool1d", {"kernel_size": 3, "stride": 2, "padding": 1}, [x(2, 3, 8)], lambda a: F.max_pool1d(a, 3, 2, 1)),
    ("max_pool2d", {"kernel_size": [2, 3]}, [x(2, 3, 6, 7)], lambda a: F.max_pool2d(a, (2, 3))),
    ("avg_pool1d", {"kernel_size": 2, "padding": 1}, [x(2, 3, 6)], lambda a: F.avg_pool1d(a, 2, padding=1)),
    ("avg_pool2d", {"kernel_size": 2, "stride": 1}, [x(2, 3, 4, 4)], lambda a: F.avg_pool2d(a, 2, 1)),
    ("mean", {"dim": 1}, [x(2, 3, 4)], lambda a: a.mean(1)), ("sum", {"dim": -1, "keepdim": True}, [x(2, 3)], lambda a: a.sum(-1, keepdim=True)),
    ("amax", {"dim": 0}, [x(2, 3)], lambda a: a.amax(0)), ("pad", {"pad": [1, 2, 0, 1], "value": 0.5}, [x(2, 3)], lambda a: F.pad(a, (1, 2, 0, 1), value=0.5)),
    ("pad", {"pad": [2, 3], "mode": "reflect"}, [x(1, 2, 5)], lambda a: F.pad(a, (2, 3), "reflect")),
    ("pad", {"pad": [2, 3], "mode": "replicate"}, [x(1, 2, 2)], lambda a: F.pad(a, (2, 3), "replicate")),
    ("reshape", {"shape": ["B", -1, 2]}, [x(4, 3, 2)], lambda a: a.reshape(3, -1, 2)), ("flatten", {"start_dim": 1}, [x(2, 3, 4)], lambda a: a.flatten(1)),
    ("squeeze", {"dim": -1}, [x(2, 3, 1)], lambda a: a.squeeze(-1)), ("unsqueeze", {"dim": -1}, [x(2, 3)], lambda a: a.unsqueeze(-1)),
    ("permute", {"dims": [2, 0, 1]}, [x(2, 3, 4)], lambda a: a.permute(2, 0, 1)), ("transpose", {"dim0": 0, "dim1": -1}, [x(2, 3, 4)], lambda a: a.transpose(0, -1)),
    ("select", {"dim": 1, "index": -2}, [x(2, 3)], lambda a: a.select(1, -2)), ("narrow", {"dim": 1, "start": 1, "length": 2}, [x(2, 4)], lambda a: a.narrow(1, 1, 2)),
    ("narrow", {"dim": 0, "start": -2}, [x(3, 2)], lambda a: a[-2:]), ("flip", {"dim": 1}, [x(2, 3)], lambda a: a.flip(1)),
    ("cat", {"dim": -1}, [x(2, 3), x(2, 1)], lambda a, b: torch.cat([a, b], -1)), ("add", {}, [x(2, 3), x(3)], torch.add), ("mul", {}, [x(2, 3), x(2, 1)], torch.mul),
    ("matmul", {}, [x(2, 3, 4), x(2, 4, 2)], torch.matmul), ("stack", {"dim": -1}, [x(2, 3), x(2, 3)], lambda a, b: torch.stack([a, b], -1)),
    ("sub", {}, [x(2, 3), x(2, 3)], torch.sub), ("div", {}, [x(2, 3), x(2, 3).abs() + 1], torch.div),
]:
    key = name
    while key in cases:
        key += "'"
    named = {"xyz"[i]: v for i, v in enumerate(inputs)}
    record(key, [dict(module=name, name="out", **({"from": list(named)} if len(named) > 1 else {}), **settings)], named, lambda m, *a, run=run: run(*a))

json.dump(cases, open("recorded.json", "w"), indent=1)
save_file(tensors, "recorded.safetensors")
