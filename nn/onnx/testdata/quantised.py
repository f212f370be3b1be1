"""Records quantised models and what ONNX Runtime computes with them, for the tests of the package.

    v/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 torch==2.15.0
    v/bin/python quantised.py      writes quantised/*.onnx and quantised.safetensors

Two kinds: single operators in the textual form of onnx.parser, with weights drawn here; and small models that PyTorch exports and
onnxruntime.quantization makes quantised ones of, dynamically and statically, in both of its formats.
"""
import os
import tempfile
import warnings

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization as Q
from record import Recording
from tensorfile import randint, randn
from torch import nn

# version, inputs, outputs, weights (type, shape, and for single ones the value), body
OPERATORS = {
    "quantise": (19, "float[n,3] x", "uint8[n,3] a, int8[n,3] b, uint8[n,3] c, float[n,3] d",
                 {"s": [0.05, 0.02, 0.1], "z": ("u1", [3, 250, 128]), "zi": ("i1", [-3, 0, 100])}, """
        one = Constant<value = float {0.03}>()  zero = Constant<value = uint8 {131}>()
        a = QuantizeLinear<axis = 1>(x, s, z)  b = QuantizeLinear(x, s, zi)  c = QuantizeLinear(x, one, zero)
        d = DequantizeLinear(b, s, zi)"""),
    "quantise_blocked": (21, "float[4,2] x", "int8[4,2] a, float[4,2] b",
                         {"s": np.array([[0.05, 0.02], [0.1, 0.3]]), "z": ("i1", [[3, -7], [0, 100]])}, """
        a = QuantizeLinear<axis = 0, block_size = 2>(x, s, z)  b = DequantizeLinear<axis = 0, block_size = 2>(a, s, z)"""),
    "dynamic": (13, "float[n,3] x", "uint8[n,3] a, float s, uint8 z, float[n,3] y", {}, """
        a, s, z = DynamicQuantizeLinear(x)  y = DequantizeLinear(a, s, z)"""),
    "dequantise_table": (13, "int64[n] ids", "float[n,4] y", {"t": ("i1", (9, 4)), "s": [0.25], "z": ("i1", [3])}, """
        rows = Gather(t, ids)  y = DequantizeLinear(rows, s, z)"""),
    "dequantise_bias": (13, "float[n,3] x", "float[n,3] y", {"b": ("i4", [2**30 + 77, -5, 2**24 + 1]), "s": [1e-9]}, """
        f = DequantizeLinear(b, s)  y = Add(x, f)"""),
    "matmul_unsigned": (13, "float[n,700] x", "float[n,5] y", {"w": ("u1", (700, 5)), "z": ("u1", [0, 255, 128, 7, 200]), "s": [0.01]}, """
        q, s0, z0 = DynamicQuantizeLinear(x)  i = MatMulInteger(q, w, z0, z)  f = Cast<to = 1>(i)  k = Mul(s0, s)  y = Mul(f, k)"""),
    "matmul_signed": (13, "float[2,n,700] x", "float[2,n,5] y", {"w": ("i1", (700, 5)), "z": ("i1", [5]), "s": [0.01]}, """
        q, s0, z0 = DynamicQuantizeLinear(x)  i = MatMulInteger(q, w, z0, z)  f = Cast<to = 1>(i)  k = Mul(s0, s)  y = Mul(f, k)"""),
    "matmul_computed": (13, "float[2,n,8] x, float[2,8,5] w", "float[2,n,5] y", {}, """
        q, s0, z0 = DynamicQuantizeLinear(x)  v, s1, z1 = DynamicQuantizeLinear(w)  i = MatMulInteger(q, v, z0, z1)
        f = Cast<to = 1>(i)  k = Mul(s0, s1)  y = Mul(f, k)"""),
    "conv_integer": (13, "float[n,4,9,7] x", "float[n,6,5,7] y",
                     {"w": ("u1", (6, 2, 3, 3)), "z": ("u1", [131]), "b": ("i4", [1000, -20000, 3, 0, 7, 2**24 + 1])}, """
        q, s, z0 = DynamicQuantizeLinear(x)
        i = ConvInteger<group = 2, pads = [1, 1, 1, 1], strides = [2, 1], dilations = [1, 1]>(q, w, z0, z)
        shape = Constant<value = int64[4] {1, 6, 1, 1}>()  c = Reshape(b, shape)  j = Add(i, c)  f = Cast<to = 1>(j)  y = Mul(f, s)"""),
    "conv_integer_bias": (13, "float[n,3,12] x", "float[n,2,12] y", {"w": ("i1", (2, 3, 5)), "b": [0.7, -0.3], "sw": [0.02]}, """
        q, s, z = DynamicQuantizeLinear(x)  i = ConvInteger<pads = [2, 2]>(q, w, z)  k = Mul(s, sw)  d = Div(b, k)  e = Floor(d)
        r = Cast<to = 6>(e)  shape = Constant<value = int64[3] {1, 2, 1}>()  c = Reshape(r, shape)  j = Add(i, c)  f = Cast<to = 1>(j)
        y = Mul(f, k)"""),
    "rounded": (13, "float[n,4] x", "float[n,4] y", {"k": [0.7]}, "d = Div(x, k)  a = Floor(d)  b = Round(d)  y = Sub(a, b)"),
    "pooled": (13, "float[n,2,8] x", "float[n,4,2] y", {}, """
        q, s, z = DynamicQuantizeLinear(x)  p = MaxPool<kernel_shape = [3], strides = [2]>(q)  t = Transpose<perm = [0, 2, 1]>(p)
        first = Constant<value = int64[1] {0}>()  last = Constant<value = int64[1] {2}>()  axis = Constant<value = int64[1] {1}>()
        u = Slice(t, first, last, axis)  c = Concat<axis = 1>(u, u)  y = DequantizeLinear(c, s, z)"""),
}


def weight(name, spec, seed):
    kind, v = spec if isinstance(spec, tuple) else ("f4", spec)
    if isinstance(v, tuple):
        low, high = np.iinfo(kind).min, np.iinfo(kind).max
        v = np.random.default_rng(seed).integers(low, high + 1, v)
    return numpy_helper.from_array(np.array(v, kind), name)


def run(r, case, given):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # with more, the LSTM quantises the states of parts of the batch
    session = onnxruntime.InferenceSession(r.path(case), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    out = dict(zip(names, session.run(names, given)))
    r.add(case, given, {n: v.astype(np.float32) if v.dtype.itemsize == 1 else v for n, v in out.items()})


def record_operators(r):
    for seed, (case, (version, inputs, outputs, weights, body)) in enumerate(OPERATORS.items()):
        model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {version}]> {case} ({inputs}) => ({outputs}) {{ {body} }}')
        model.graph.initializer.extend(weight(n, w, seed) for n, w in weights.items())
        onnx.save(model, r.path(case))
        given = {}
        for k, i in enumerate(model.graph.input):
            shape = [d.dim_value or 3 for d in i.type.tensor_type.shape.dim]
            given[i.name] = (randint(seed, 9, *shape).numpy() if i.type.tensor_type.elem_type == TensorProto.INT64 else
                             randn(50 * seed + k, *shape).numpy().astype(np.float32))
        run(r, case, given)


def record_runtimes(r):
    """Operators of ONNX Runtime's own domain."""
    rng = np.random.default_rng(7)
    i8 = lambda *shape: rng.integers(-128, 128, shape).astype(np.int8)
    u8 = lambda *shape: rng.integers(0, 256, shape).astype(np.uint8)
    f4 = lambda *shape: (rng.random(shape) * 0.02 + 0.001).astype(np.float32)
    T, N, I, H = 4, 3, 5, 6
    lstm = lambda D, kind, each: {"W": kind(D, I, 4 * H), "R": kind(D, H, 4 * H), "B": rng.standard_normal((D, 8 * H)).astype(np.float32) * 0.3,
                                  "sw": f4(*each), "zw": kind(*each), "sr": f4(*each), "zr": kind(*each)}
    names = ["x", "W", "R", "B", "lengths", "h", "c", "P", "sw", "zw", "sr", "zr"]
    states = {"x": randn(1, T, N, I), "h": randn(2, 1, N, H), "c": randn(3, 1, N, H)}
    both = {"x": randn(1, T, N, I), "h": randn(2, 2, N, H), "c": randn(3, 2, N, H)}
    cases = {
        "lstm": ("DynamicQuantizeLSTM", names, states, lstm(1, i8, (1,)), {"hidden_size": H}),
        "lstm_columns": ("DynamicQuantizeLSTM", names, states, {**lstm(1, i8, (1, 4 * H)), "zw": np.zeros((1, 4 * H), np.int8), "zr": np.zeros((1, 4 * H), np.int8)},
                         {"hidden_size": H}),
        "lstm_both": ("DynamicQuantizeLSTM", names, both, {**lstm(2, u8, (2,)), "P": rng.standard_normal((2, 3 * H)).astype(np.float32)},
                      {"hidden_size": H, "direction": "bidirectional"}),
        "dynamic_matmul": ("DynamicQuantizeMatMul", ["x", "w", "s", "z", "b"], {"x": randn(4, 2, 3, 40)},
                           {"w": u8(40, 9), "s": f4(9), "z": u8(9), "b": f4(9)}, {}),
        "integer_to_float": ("MatMulIntegerToFloat", ["q", "w", "sq", "sw", "zq", "zw", "b"], {"q": torch.from_numpy(u8(3, 40))},
                             {"w": i8(40, 9), "sq": f4(1), "sw": f4(9), "zq": u8(1), "zw": np.zeros(9, np.int8), "b": f4(9)}, {}),
        "qgemm": ("QGemm", ["q", "sq", "zq", "w", "sw", "zw", "c", "sy", "zy"], {"q": torch.from_numpy(u8(3, 40))},
                  {"w": i8(9, 40), "sq": f4(), "zq": u8(), "sw": f4(9), "zw": np.zeros(9, np.int8), "c": rng.integers(-9999, 9999, 9).astype(np.int32),
                   "sy": np.float32(0.9), "zy": np.uint8(100)}, {"transB": 1, "alpha": 1.0}),
        "qgemm_float": ("QGemm", ["q", "sq", "zq", "w", "sw", "zw", "c"], {"q": torch.from_numpy(u8(3, 40))},
                        {"w": u8(40, 9), "sq": f4(), "zq": u8(), "sw": f4(), "zw": u8(), "c": rng.integers(-9999, 9999, 9).astype(np.int32)}, {}),
        "qlinear_mul": ("QLinearMul", ["q", "sq", "zq", "w", "sw", "zw", "sy", "zy"], {"q": torch.from_numpy(u8(3, 9))},
                        {"w": u8(9), "sq": f4(), "zq": u8(), "sw": f4(), "zw": u8(), "sy": np.float32(0.03), "zy": np.uint8(100)}, {}),
        "qlinear_sigmoid": ("QLinearSigmoid", ["q", "sq", "zq", "sy", "zy"], {"q": torch.from_numpy(u8(3, 40))},
                            {"sq": np.float32(0.05), "zq": np.uint8(120), "sy": np.float32(1 / 256), "zy": np.uint8(0)}, {}),
        "qlinear_leaky": ("QLinearLeakyRelu", ["q", "sq", "zq", "sy", "zy"], {"q": torch.from_numpy(u8(3, 40))},
                          {"sq": np.float32(0.05), "zq": np.uint8(120), "sy": np.float32(0.04), "zy": np.uint8(30)}, {"alpha": 0.2}),
        "qlinear_pool": ("QLinearGlobalAveragePool", ["q", "sq", "zq", "sy", "zy"], {"q": torch.from_numpy(u8(2, 3, 4, 5))},
                         {"sq": np.float32(0.05), "zq": np.uint8(120), "sy": np.float32(0.02), "zy": np.uint8(130)}, {"channels_last": 0}),
        "qlinear_concat": ("QLinearConcat", ["sy", "zy", "q", "sq", "zq", "w", "sw", "zw"], {"q": torch.from_numpy(u8(3, 9)), "w": torch.from_numpy(u8(3, 4))},
                           {"sq": np.float32(0.05), "zq": np.uint8(120), "sw": np.float32(0.03), "zw": np.uint8(7), "sy": np.float32(0.06), "zy": np.uint8(100)}, {"axis": 1}),
        "own_quantise": ("QuantizeLinear", ["x", "s", "z"], {"x": randn(8, 3, 4)}, {"s": np.float32(0.05), "z": np.uint8(120)}, {}),
        "own_dequantise": ("DequantizeLinear", ["q", "s", "z"], {"q": torch.from_numpy(u8(3, 4))}, {"s": np.float32(0.05), "z": np.uint8(120)}, {}),
        "fused_matmul": ("FusedMatMul", ["a", "b"], {"a": randn(5, 2, 4, 3), "b": randn(6, 2, 5, 4)}, {}, {"transA": 1, "transB": 1, "alpha": 0.5}),
    }
    for case, (op, names, given, weights, attributes) in cases.items():
        given = {n: np.ascontiguousarray(v.numpy().astype(np.float32) if v.is_floating_point() else v.numpy()) for n, v in given.items()}
        there = [n if n in given or n in weights else "" for n in names]
        outs = ["Y", "Y_h", "Y_c"] if "LSTM" in op else ["y"]
        kind = TensorProto.UINT8 if case == "qgemm" or case.startswith("qlinear") or case == "own_quantise" else TensorProto.FLOAT
        graph = helper.make_graph([helper.make_node(op, there, outs, domain="com.microsoft", **attributes)], case,
                                  [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in given.items()],
                                  [helper.make_tensor_value_info(n, kind, None) for n in outs],
                                  [numpy_helper.from_array(np.asarray(v), n) for n, v in weights.items()])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)], ir_version=8), r.path(case))
        run(r, case, given)
        for n in [n for n, v in given.items() if v.dtype == np.uint8]:
            r.values[f"{case}.in.{n}"] = r.values[f"{case}.in.{n}"].to(torch.float32)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(self, x):
        return self.layers(x)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.head = nn.Embedding(11, 6), nn.LSTM(6, 8, bidirectional=True), nn.Linear(16, 4)

    def forward(self, ids):
        return torch.log_softmax(self.head(self.lstm(self.embedding(ids))[0]), -1)


class GRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.gru, self.head = nn.Linear(6, 8), nn.GRU(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.gru(torch.relu(self.before(x)))[0])


class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.ReLU())
        self.lstm, self.head = nn.LSTM(16, 6), nn.Linear(6, 3)

    def forward(self, x):
        y = self.convs(x)  # [N, 4, 4, T]
        return self.head(self.lstm(y.permute(3, 0, 1, 2).flatten(2))[0])


class Reader(Q.CalibrationDataReader):
    def __init__(self, batches):
        self.batches = iter(batches)

    def get_next(self):
        return next(self.batches, None)


def record_models(r):
    draw = {"mlp": (MLP, lambda s: randn(s, 5, 6)), "lstm": (LSTM, lambda s: randint(s, 11, 7, 3)), "gru": (GRU, lambda s: randn(s, 5, 2, 6)),
            "crnn": (CRNN, lambda s: randn(s, 2, 1, 8, 10))}
    axes = {"mlp": {0: "n"}, "lstm": {0: "t", 1: "n"}, "gru": {0: "t", 1: "n"}, "crnn": {0: "n"}}
    dynamic = {"dynamic": {}, "dynamic_unsigned": {"weight_type": Q.QuantType.QUInt8}, "dynamic_columns": {"per_channel": True}}
    static = {"qdq": {}, "qdq_channels": {"per_channel": True, "activation_type": Q.QuantType.QUInt8, "weight_type": Q.QuantType.QInt8},
              "operators": {"quant_format": Q.QuantFormat.QOperator, "activation_type": Q.QuantType.QUInt8, "weight_type": Q.QuantType.QUInt8},
              "operators_channels": {"quant_format": Q.QuantFormat.QOperator, "activation_type": Q.QuantType.QUInt8, "weight_type": Q.QuantType.QInt8,
                                     "per_channel": True}}
    with tempfile.TemporaryDirectory() as folder:
        for k, (name, (make, inputs)) in enumerate(draw.items()):
            model = make().eval()
            with torch.no_grad():
                for i, p in enumerate(model.parameters()):
                    p.copy_(0.4 * randn(900 + 50 * k + i, *p.shape))
            x = lambda s: (lambda v: v.to(torch.float32) if v.is_floating_point() else v)(inputs(s))
            path = os.path.join(folder, name + ".onnx")
            torch.onnx.export(model, (x(1),), path, input_names=["x"], output_names=["y"], dynamic_axes={"x": axes[name]}, opset_version=17, dynamo=False)
            for kind, options in dynamic.items():
                Q.quantize_dynamic(path, r.path(f"{name}_{kind}"), **options)
                run(r, f"{name}_{kind}", {"x": x(2).numpy()})
            for kind, options in static.items():
                reader = Reader([{"x": x(s).numpy()} for s in range(10, 14)])
                Q.quantize_static(path, r.path(f"{name}_{kind}"), reader, **options)
                run(r, f"{name}_{kind}", {"x": x(2).numpy()})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    onnxruntime.set_default_logger_severity(3)
    recording = Recording("quantised")
    record_operators(recording)
    record_runtimes(recording)
    record_models(recording)
    recording.close()
