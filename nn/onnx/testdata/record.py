"""Records ONNX models and what they compute, for the tests of the package.

    python3 -m venv v && v/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 torch==2.15.0
    v/bin/python record.py      writes node/*.onnx, runtime/*.onnx, torch/*.onnx and one .safetensors for each folder

Recorded with PyTorch 2.15. Four sources:

node     cases of the ONNX project's own node tests (onnx.backend.test), see node_tests.py, with their outputs;
operators  small graphs of the operators around them, run by ONNX Runtime;
runtime  models written with the onnx package that use every attribute and input of the three operators, run by
         ONNX Runtime;
torch    models written by torch.onnx.export, run by PyTorch.

Values are called {case}.in.{name} and {case}.out.{name}.
"""
import os
import sys
import warnings

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "graph", "testdata"))
from tensorfile import randint, randn, write  # noqa: E402


def array(x):
    """A tensor of one of the three element types that the Go reader knows."""
    x = np.ascontiguousarray(x)
    return torch.from_numpy(x.astype(np.int64) if x.dtype.kind == "i" else x)


class Recording:
    """The models and values of one folder."""

    def __init__(self, folder):
        self.folder, self.values = folder, {}
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)

    def path(self, case):
        return os.path.join(HERE, self.folder, case + ".onnx")

    def add(self, case, inputs, outputs):
        for name, v in inputs.items():
            self.values[f"{case}.in.{name}"] = array(v)
        for name, v in outputs.items():
            self.values[f"{case}.out.{name}"] = array(v)

    def close(self):
        write(os.path.join(HERE, self.folder + ".safetensors"), self.values, {})


OUTPUTS = {"RNN": ["Y", "Y_h"], "GRU": ["Y", "Y_h"], "LSTM": ["Y", "Y_h", "Y_c"]}


def record_node_tests():
    from node_tests import record
    record()


GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
T, B, I, H = 5, 3, 4, 2

# name: operator, optional inputs, attributes
RUNTIME = {
    "rnn_relu_clip": ("RNN", "B initial_h", {"activations": ["Relu"], "clip": 0.6}),
    "rnn_bidirectional_lengths": ("RNN", "B sequence_lens initial_h", {"direction": "bidirectional"}),
    "rnn_two_activations": ("RNN", "B", {"direction": "bidirectional", "activations": ["LeakyRelu", "ScaledTanh"],
                                         "activation_alpha": [0.1, 1.7], "activation_beta": [0.6]}),
    "rnn_hardsigmoid": ("RNN", "", {"activations": ["HardSigmoid"], "activation_alpha": [0.3],
                                    "activation_beta": [0.4]}),
    "rnn_elu": ("RNN", "", {"activations": ["Elu"], "activation_alpha": [0.7]}),
    "rnn_softplus": ("RNN", "", {"activations": ["Softplus"]}),
    "rnn_softsign": ("RNN", "", {"activations": ["Softsign"]}),
    "rnn_affine": ("RNN", "", {"activations": ["Affine"], "activation_alpha": [0.4], "activation_beta": [-0.2]}),
    "gru_reset_after": ("GRU", "B", {"linear_before_reset": 1}),
    "gru_bidirectional": ("GRU", "B sequence_lens initial_h", {"direction": "bidirectional"}),
    "gru_bidirectional_reset_after": ("GRU", "B sequence_lens initial_h", {"direction": "bidirectional",
                                                                          "linear_before_reset": 1, "clip": 0.5}),
    "gru_activations": ("GRU", "B", {"activations": ["HardSigmoid", "Relu"], "activation_alpha": [0.2],
                                     "activation_beta": [0.5]}),
    "lstm_reverse_lengths": ("LSTM", "B sequence_lens initial_h initial_c", {"direction": "reverse"}),
    "lstm_everything": ("LSTM", "B sequence_lens initial_h initial_c P", {"direction": "bidirectional", "clip": 0.4}),
    "lstm_peepholes_lengths": ("LSTM", "sequence_lens P", {}),
    "lstm_coupled": ("LSTM", "B", {"input_forget": 1}),
    "lstm_activations": ("LSTM", "B P", {"activations": ["HardSigmoid", "Softsign", "ScaledTanh"],
                                         "activation_alpha": [0.25, 1.5], "activation_beta": [0.5, 0.8]}),
}


def record_runtime():
    r = Recording("runtime")
    for seed, (case, (op, optional, attributes)) in enumerate(RUNTIME.items()):
        optional = optional.split()
        D, G = 1 + (attributes.get("direction") == "bidirectional"), GATES[op]
        value = lambda k, *shape: (0.6 * randn(100 * seed + k, *shape)).numpy().astype(np.float32)
        given = {"X": value(0, T, B, I), "sequence_lens": np.array([5, 2, 3], np.int32),
                 "initial_h": value(1, D, B, H), "initial_c": value(2, D, B, H)}
        weights = {"W": value(3, D, G * H, I), "R": value(4, D, G * H, H), "B": value(5, D, 2 * G * H),
                   "P": value(6, D, 3 * H)}
        order = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
        names = [n if n in "XWR" or n in optional else "" for n in order]
        while not names[-1]:
            names.pop()
        node = helper.make_node(op, names, OUTPUTS[op], name="/encoder/" + op, hidden_size=H, **attributes)
        given = {n: v for n, v in given.items() if n in names}
        kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
        dims = {"X": ["time", "batch", I], "sequence_lens": ["batch"], "initial_h": [D, "batch", H],
                "initial_c": [D, "batch", H], "Y": ["time", D, "batch", H], "Y_h": [D, "batch", H],
                "Y_c": [D, "batch", H]}
        graph = helper.make_graph(
            [node], case, [helper.make_tensor_value_info(n, kinds[v.dtype], dims[n]) for n, v in given.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, dims[n]) for n in OUTPUTS[op]],
            [numpy_helper.from_array(v, n) for n, v in weights.items() if n in names])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, r.path(case))
        session = onnxruntime.InferenceSession(r.path(case), providers=["CPUExecutionProvider"])
        r.add(case, given, dict(zip(OUTPUTS[op], session.run(None, given))))
    r.close()


# Small graphs of the operators around the recurrent ones, in the textual form of onnx.parser: version of the operators,
# inputs and outputs, body. Floats are drawn; ids are below 3, and in gather_from_end also down to -3.
OPERATORS = {
    "arithmetic": (14, "float[n,3] x, float[3] y", "float[n,3] z", """
        a = Add(x, y)  b = Sub(a, x)  c = Mul(b, x)  two = Constant<value = float {2.0}>()  d = Div(c, two)  z = Neg(d)"""),
    "functions": (14, "float[n,3] x", "float[n,3] z", """
        a = Abs(x)  b = Exp(a)  c = Log(b)  d = Sqrt(c)  e = Softplus(d)  f = Softsign(e)  g = Sigmoid(f)
        h = Tanh(x)  i = Relu(h)  z = Add(g, i)"""),
    "softmax_old": (11, "float[n,2,3] x", "float[n,2,3] z", "z = Softmax<axis = 1>(x)"),
    "softmax_new": (13, "float[n,2,3] x", "float[n,2,3] z", "a = Softmax<axis = 1>(x)  z = LogSoftmax(a)"),
    "gemm": (13, "float[4,n] a, float[3,4] b, float[n,1] c", "float[n,3] z",
             "z = Gemm<alpha = 0.5, beta = -2.0, transA = 1, transB = 1>(a, b, c)"),
    "matmul_vector": (13, "float[4] a, float[4,3] b", "float[3] z", "z = MatMul(a, b)"),
    "matmul_transposed": (13, "float[2,n,4] a, float[3,4] b", "float[2,n,3] z",
                          "t = Transpose(b)  z = MatMul(a, t)"),
    "gather": (13, "float[5,n,2] x", "float[n,2] y, float[5,n,2,2] z", """
        i = Constant<value = int64 {-1}>()  y = Gather<axis = 0>(x, i)
        j = Constant<value = int64[2,2] {1, 0, 0, -1}>()  z = Gather<axis = -1>(x, j)"""),
    "squeeze_old": (11, "float[n,1,3,1] x", "float[n,3] y, float[1,n,3,1] z", """
        a = Squeeze<axes = [1, -1]>(x)  y = Identity(a)  z = Unsqueeze<axes = [0, 3]>(a)"""),
    "squeeze_all": (13, "float[n,1,3,1] x", "float[n,3] y", "y = Squeeze(x)"),
    "slice_old": (9, "float[n,4,5] x", "float[n,2,3] y", "y = Slice<axes = [1, 2], starts = [1, -4], ends = [3, -1]>(x)"),
    "slice_steps": (13, "float[n,4,5] x", "float[n,2,5] y", """
        s = Constant<value = int64[2] {3, -1}>()  e = Constant<value = int64[2] {0, -100}>()
        a = Constant<value = int64[2] {1, 2}>()  t = Constant<value = int64[2] {-2, -1}>()  y = Slice(x, s, e, a, t)"""),
    "slice_past_end": (13, "float[n,4] x", "float[n,2] y", """
        s = Constant<value = int64[1] {2}>()  e = Constant<value = int64[1] {9223372036854775807}>()
        a = Constant<value = int64[1] {-1}>()  y = Slice(x, s, e, a)"""),
    "split": (13, "float[n,6] x", "float[n,1] a, float[n,3] b, float[n,2] c, float[n,3] d, float[n,3] e", """
        s = Constant<value = int64[3] {1, 3, 2}>()  a, b, c = Split<axis = 1>(x, s)  d, e = Split<axis = -1>(x)"""),
    "split_uneven": (18, "float[n,5] x", "float[n,3] a, float[n,2] b", "a, b = Split<axis = 1, num_outputs = 2>(x)"),
    "reshape": (14, "float[n,4,3] x", "float[n,12] y, float[2,k] z, float[k,3] w", """
        s = Constant<value = int64[2] {0, -1}>()  y = Reshape(x, s)
        t = Constant<value = int64[2] {2, -1}>()  z = Reshape(x, t)  w = Flatten<axis = 2>(x)"""),
    "transpose_concat": (13, "float[n,2,3] x, float[3,1,n] y", "float[3,3,n] z", "a = Transpose(x)  z = Concat<axis = 1>(a, y)"),
    "shapes": (15, "float[n,2,3] x", "float[2,n,4] y, float[n,2,3] z", """
        s = Shape(x)  one = Constant<value_int = 1>()  zero = Constant<value_ints = [0]>()
        n = Gather(s, zero)  two = Shape<start = -2, end = -1>(x)  four = Constant<value = int64[1] {4}>()
        dims = Concat<axis = 0>(two, n, four)  y = ConstantOfShape<value = float[1] {1.5}>(dims)
        last = Gather(s, one)  doubled = Add(last, last)  half = Div(doubled, last)  wide = Cast<to = 1>(half)
        scaled = Mul(x, wide)  small = Constant<value = float[1,3] {1.0, 2.0, 3.0}>()  big = Expand(small, s)
        z = Add(scaled, big)"""),
    "shape_slices": (13, "float[n,2,3] x", "float[n,6] y", """
        s = Shape(x)  b = Constant<value = int64[1] {0}>()  e = Constant<value = int64[1] {1}>()
        n = Slice(s, b, e)  q = Squeeze(n)  u = Unsqueeze(q, b)  minus = Constant<value = int32[1] {-1}>()
        m = Cast<to = 7>(minus)  t = Concat<axis = 0>(u, m)  y = Reshape(x, t)"""),
    "ids_turned": (13, "float[3,2] table, int64[b,t] ids", "float[t,b,2] y, float[k,2] z, float[b,1,2] w", """
        i = Transpose(ids)  y = Gather(table, i)  flat = Constant<value = int64[1] {-1}>()  j = Reshape(ids, flat)
        z = Gather(table, j)  one = Constant<value = int64 {1}>()  k = Gather<axis = 1>(ids, one)
        axis = Constant<value = int64[1] {1}>()  l = Unsqueeze(k, axis)  w = Gather(table, l)"""),
    "dropout": (13, "float[n,3] x", "float[n,3] y", """
        r = Constant<value = float {0.5}>()  off = Constant<value = bool {0}>()  y = Dropout(x, r, off)"""),
    "double": (14, "double[n,3] x, double[3] y", "double[n,3] z", "a = Mul(x, y)  z = Tanh(a)"),
    "gather_from_end": (13, "float[3,2] table, int64[b,t] ids, float[2,3,2] x", "float[b,t,2] y, float[2,b,t,2] z, float[2,3,b,t] w", """
        y = Gather(table, ids)  z = Gather<axis = 1>(x, ids)  twice = Concat<axis = -1>(x, x)  w = Gather<axis = 2>(twice, ids)"""),
    "matmul_stacks": (13, "float[2,n,3,4] a, float[4,3] v, float[3] x, float[2,1,4,3] b",
                      "float[2,n,3,3] p, float[2,n,3] q, float[4] r, float[2,n,4] s, float[2,n,4,4] t", """
        p = MatMul(a, b)  one = Constant<value = int64[1] {0}>()  w = Gather<axis = 1>(v, one)  all = Constant<value = int64[1] {-1}>()
        col = Reshape(w, all)  q = MatMul(a, col)  r = MatMul(v, x)  s = MatMul(x, a)
        t = MatMul(b, a)"""),
    "reduce": (18, "float[n,3,4] x", "float[n,1,4] a, float[n,4] b, float[1,1,1] c, float[n,3,4] d, float[1] s", """
        one = Constant<value = int64[1] {1}>()  a = ReduceMax(x, one)  b = ReduceMean<keepdims = 0>(x, one)  c = ReduceSum(x)
        d = ReduceSum<noop_with_empty_axes = 1>(x)  m = ReduceMax<keepdims = 0>(x)  first = Constant<value = int64[1] {0}>()  s = Unsqueeze(m, first)"""),
    "reduce_old": (12, "float[n,3,4] x", "float[3] a, float[n,1,4] b, float[n,3] c", """
        a = ReduceMax<axes = [-1, 0], keepdims = 0>(x)  b = ReduceMean<axes = [1]>(x)  c = ReduceSum<axes = [2], keepdims = 0>(x)"""),
    "masks": (14, "float[t,b,2] x, int64[b] lengths", "float[t,b,2] y, float[b,t] m, float[t,b,2] z, float[2,2] w", """
        s = Shape(x)  nought = Constant<value = int64 {0}>()  one = Constant<value = int64 {1}>()  t = Gather(s, nought)
        r = Range(nought, t, one)  axis = Constant<value = int64[1] {1}>()  column = Unsqueeze(r, axis)
        inside = Less(column, lengths)  last = Constant<value = int64[1] {-1}>()  each = Unsqueeze(inside, last)
        low = Constant<value = float {-2.5}>()  y = Where(each, x, low)  rows = Unsqueeze(lengths, axis)
        turned = Less(r, rows)  m = Cast<to = 1>(turned)  outside = Not(each)  zeros = Sub(x, x)  z = Where(outside, x, zeros)
        known = Constant<value = bool[2,1] {1, 0}>()  two = Constant<value = float[2] {1.0, 2.0}>()  w = Where(known, two, low)"""),
    "known_tables": (16, "float[n,2,3] x", "float[2,3] y, float[n,3] z", """
        s = Constant<value = int64[2,3] {1, 2, 3, 4, 5, 6}>()  t = Transpose(s)  k = Concat<axis = 0>(t, t)
        rows = Constant<value = int64[2] {1, 5}>()  r = Gather(k, rows)  twice = Constant<value = int64[2] {1, 2}>()
        tiled = Tile(r, twice)  low = Trilu<upper = 0>(tiled)  f = Cast<to = 1>(low)  first = Constant<value = int64[1] {0}>()
        last = Constant<value = int64[1] {3}>()  axis = Constant<value = int64[1] {1}>()  y = Slice(f, first, last, axis)
        n = Size(x)  wide = Cast<to = 1>(n)  sums = ReduceSum(x, axis)  flat = Squeeze(sums, axis)  z = Div(flat, wide)"""),
    "triangles": (16, "float[2,n,4] x", "float[2,n,4] y, float[2,n,4] z", """
        k = Constant<value = int64 {1}>()  y = Trilu(x, k)  z = Trilu<upper = 0>(x)"""),
    "comparisons": (16, "float[n,3] x, float[3] y, int64[b,t] ids", "float[n,3] p, float[b,t] q, float[n,3] r", """
        big = Greater(x, y)  same = Equal(x, x)  not_less = GreaterOrEqual(x, y)  one = Xor(big, same)  two = And(not_less, one)
        three = Or(two, big)  p = Cast<to = 1>(three)  pad = Constant<value = int64 {1}>()  padding = Equal(ids, pad)
        q = Cast<to = 1>(padding)  pair = Max(x, y)  low = Min(pair, x)  exponent = Constant<value = float {2.0}>()  r = Pow(low, exponent)"""),
    "gather_elements": (16, "float[3,4] x", "float[3,2] y, float[2,4] z", """
        i = Constant<value = int64[3,2] {0, -1, 2, 2, -4, 1}>()  y = GatherElements<axis = 1>(x, i)
        j = Constant<value = int64[2,4] {0, -1, 2, 2, -3, 1, 0, 1}>()  z = GatherElements<axis = 0>(x, j)"""),
    "gather_elements_ids": (16, "float[2,4] x, int64[2,3] ids", "float[2,3] y", "y = GatherElements<axis = 1>(x, ids)"),
    "pad_modes": (18, "float[2,n,4] x", "float[2,k,9] y, float[2,k,9] z, float[2,k,5] w", """
        p = Constant<value = int64[6] {0, 1, 3, 0, 1, 2}>()  y = Pad<mode = "reflect">(x, p)  z = Pad<mode = "edge">(x, p)
        q = Constant<value = int64[4] {-1, 2, 2, -1}>()  v = Constant<value = float {0.5}>()  axes = Constant<value = int64[2] {1, -1}>()
        w = Pad(x, q, v, axes)"""),
    "prelu_clip": (16, "float[n,3] x, float[3] slope", "float[n,3] y, float[n,3] z", """
        y = PRelu(x, slope)  low = Constant<value = float {-0.5}>()  z = Clip(x, low)"""),
}


def record_operators():
    r = Recording("operators")
    for seed, (case, (version, inputs, outputs, body)) in enumerate(OPERATORS.items()):
        model = onnx.parser.parse_model(
            f'<ir_version: 8, opset_import: ["": {version}]> {case} ({inputs}) => ({outputs}) {{ {body} }}')
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, r.path(case))
        given = {}
        for k, i in enumerate(model.graph.input):
            shape = [d.dim_value or {"b": 4, "t": 3}.get(d.dim_param, 2) for d in i.type.tensor_type.shape.dim]
            kind = i.type.tensor_type.elem_type
            low = -3 if case.endswith("from_end") else 0
            given[i.name] = (randint(seed, 3 - low, *shape).numpy() + low if kind == TensorProto.INT64 else
                             randn(50 * seed + k, *shape).numpy().astype(np.float32 if kind == 1 else np.float64))
        session = onnxruntime.InferenceSession(r.path(case), providers=["CPUExecutionProvider"])
        names = [o.name for o in model.graph.output]
        r.add(case, given, dict(zip(names, session.run(names, given))))
    r.close()


class CharLM(nn.Module):
    """A language model that takes and gives states, time first."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.lstm = nn.LSTM(4, 3, 2)
        self.head = nn.Linear(3, 7)

    def forward(self, ids, h0, c0):
        y, (h, c) = self.lstm(self.embedding(ids), (h0, c0))
        return self.head(y), h, c


class Tagger(nn.Module):
    """Two bidirectional GRU layers, batch first, a softmax at every step."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.gru = nn.GRU(4, 3, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.head = nn.Linear(6, 5)

    def forward(self, ids):
        return torch.softmax(self.head(self.gru(self.embedding(ids))[0]), -1)


class Classifier(nn.Module):
    """A bidirectional LSTM over padded sequences, whose last states go into a linear head. The outputs of all steps come
    out, too: the exporter of PyTorch 2.15 breaks off where they are left packed."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 3, bidirectional=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=True)
        y, (h, _) = self.lstm(packed)
        return torch.log_softmax(self.head(torch.cat([h[-2], h[-1]], 1)), 1), nn.utils.rnn.pad_packed_sequence(y)[0]


class Forecast(nn.Module):
    """An Elman network with relu, batch first, whose last output is mapped to one number."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 3, nonlinearity="relu", batch_first=True)
        self.head = nn.Linear(3, 1)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.head(y[:, -1]).squeeze(1)


def record_torch():
    r = Recording("torch")
    ids = randint(1, 7, 5, 3)
    cases = {
        "charlm": (CharLM(), {"ids": ids, "h0": randn(2, 2, 3, 3), "c0": randn(3, 2, 3, 3)}, ["logits", "h", "c"],
                   {"ids": {0: "time", 1: "batch"}, "h0": {1: "batch"}, "c0": {1: "batch"}}),
        "tagger": (Tagger(), {"ids": ids}, ["y"], {"ids": {0: "batch", 1: "time"}}),
        "classifier": (Classifier(), {"x": randn(4, 5, 3, 4), "lengths": torch.tensor([5, 3, 2])}, ["y", "steps"],
                       {"x": {0: "time", 1: "batch"}, "lengths": {0: "batch"}}),
        "forecast": (Forecast(), {"x": randn(5, 3, 5, 2)}, ["y"], {"x": {0: "batch", 1: "time"}}),
    }
    for case, (model, inputs, outputs, axes) in cases.items():
        model.eval()
        with torch.no_grad():
            for i, p in enumerate(model.parameters()):
                p.copy_(0.5 * randn(300 + i, *p.shape))
        inputs = {n: v.to(torch.float32) if v.is_floating_point() else v for n, v in inputs.items()}
        torch.onnx.export(model, tuple(inputs.values()), r.path(case), input_names=list(inputs),
                          output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)
        with torch.no_grad():
            y = model(*inputs.values())
        y = y if isinstance(y, tuple) else (y,)
        r.add(case, {n: v.numpy() for n, v in inputs.items()}, dict(zip(outputs, (v.numpy() for v in y))))
        r.values.update({f"{case}.param.{n}": p.detach() for n, p in model.named_parameters()})
    r.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    record_node_tests()
    record_runtime()
    record_operators()
    record_torch()
