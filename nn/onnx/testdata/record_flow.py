"""Records small models with branches, loops, sequences of tensors and whole numbers that are computed when a model runs.

    v/bin/python record_flow.py      with the environment of record.py; writes flow/*.onnx and flow.safetensors

ONNX Runtime gives the values. Every model is run for several sizes, {case}/{run} in the names of the values.
"""
import os
import sys

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from record import Recording  # noqa: E402

random = np.random.default_rng(17)


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def ids(high, *shape, low=0):
    return random.integers(low, high, shape)


MODELS = {}


def model(name, inputs, text, runs, opset=17):
    """inputs and text of onnx.parser; runs are lists of inputs."""
    MODELS[name] = (f'<ir_version: 9, opset_import: ["": {opset}]> {name} ({inputs}) => ({text}', runs)


model("if_data", "float[N,3] x, float s", """float[N,3] y, int64[N] k)
    <float[3,3] w = {0.5, -1, 2, 0.25, 1, 0, -0.5, 0.125, 1}, int64[1] axis = {1}, float zero = {0}> {
    c = Greater (s, zero)
    y, k = If (c) <then_branch = yes () => (float[N,3] a, int64[N] i) {
        b = Constant <value = float[3] {0.5, 0.25, -1}> ()
        p = MatMul (x, w)
        a = Add (p, b)
        i = ArgMax <axis: int = 1, keepdims: int = 0> (a)
      }, else_branch = no () => (float[N,3] d, int64[N] j) {
        b = Constant <value = float[3,3] {1, 0, 2, 0.5, 0.25, 1, -1, 0.5, 2}> ()
        d = MatMul (x, b)
        j = ArgMax <axis: int = -1, keepdims: int = 0, select_last_index: int = 1> (d)
      }>
  }""", [[floats(4, 3), np.float32(0.5)], [floats(1, 3), np.float32(-2)]])

model("if_shape", "float[N,T] x", """float[?,?] y)
    <int64 one = {1}, int64 two = {2}> {
    s = Shape (x)
    t = Gather (s, one)
    c = Greater (t, two)
    y = If (c) <then_branch = yes () => (float[N,T] a) { a = Neg (x) },
                else_branch = no () => (float[M,K] b) {
                    e = Equal (t, one)
                    b = If (e) <then_branch = inner () => (float[A,B] u) { u = Concat <axis: int = 1> (x, x, x) },
                                else_branch = other () => (float[A,B] v) { v = Exp (x) }>
                }>
  }""", [[floats(2, 4)], [floats(2, 2)], [floats(3, 1)]])

model("loop", "float[B,T,4] x", """float[B,5] h, float[T2,B,5] ys)
    <float[4,5] w = {0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.7, -0.8, 0.9, 0.1, 0.2, -0.3, 0.4, 0.5, 0.6, -0.7, 0.8, 0.9, -0.1, 0.2},
     float[5,5] u = {0.1, 0, 0.2, 0, 0.3, 0, 0.1, 0, 0.2, 0, -0.3, 0, 0.1, 0, 0.2, 0, -0.3, 0, 0.1, 0, 0.2, 0, 0.3, 0, -0.1},
     int64[1] five = {5}, int64 zero = {0}, int64 one = {1}, bool yes = {1}> {
    s = Shape (x)
    t = Gather (s, one)
    b = Gather (s, zero)
    axis = Constant <value = int64[1] {0}> ()
    b1 = Unsqueeze (b, axis)
    shape = Concat <axis: int = 0> (b1, five)
    start = ConstantOfShape (shape)
    h, ys = Loop (t, yes, start) <body = step (int64 i, bool c, float[B,5] before) => (bool d, float[B,5] after, float[B,5] y) {
        d = Identity (c)
        xt = Gather <axis: int = 1> (x, i)
        p = MatMul (xt, w)
        q = MatMul (before, u)
        r = Add (p, q)
        after = Tanh (r)
        y = Neg (after)
    }>
  }""", [[floats(2, 3, 4)], [floats(3, 1, 4)], [floats(1, 7, 4)]])

model("loop_until", "float[N] x", """float[N] y, int64 n)
    <int64 many = {6}, bool yes = {1}, float limit = {10}, int64 none = {0}, int64 one = {1}> {
    y, n = Loop (many, yes, x, none) <body = step (int64 i, bool c, float[N] a, int64 k) => (bool d, float[N] b, int64 m) {
        b = Add (a, a)
        m = Add (k, one)
        total = ReduceSum <keepdims: int = 0> (b)
        d = Less (total, limit)
    }>
  }""", [[np.array([0.5, 1], np.float32)], [np.array([20, 1, 3], np.float32)], [np.array([-1], np.float32)]])

model("loop_counts", "float[N] x", """float[N] y)
    <int64 huge = {9223372036854775807}, bool yes = {1}, int64 none = {0}, int64 one = {1}, int64 end = {4}> {
    y, n = Loop (huge, yes, x, none) <body = step (int64 i, bool c, float[N] a, int64 k) => (bool d, float[N] b, int64 m) {
        b = Add (a, x)
        m = Add (k, one)
        d = Less (m, end)
    }>
  }""", [[floats(3)]])

model("loop_sequence", "float[T,2] x", """float[T,2] y, int64 n)
    <int64 zero = {0}, bool yes = {1}, int64 last = {-1}, int64 first = {0}> {
    s = Shape (x)
    t = Gather (s, zero)
    e = SequenceEmpty ()
    q = Loop (t, yes, e) <body = step (int64 i, bool c, seq(float[2]) a) => (bool d, seq(float[2]) b) {
        d = Identity (c)
        r = Gather <axis: int = 0> (x, i)
        v = Exp (r)
        b = SequenceInsert (a, v, first)
    }>
    y = ConcatFromSequence <axis: int = 0, new_axis: int = 1> (q)
    n = SequenceLength (q)
  }""", [[floats(3, 2)], [floats(1, 2)]])

model("sequences", "float[6,N] x", """float[?,N] y, float[6,N] z, float[1,N] w)
    <int64[3] parts = {1, 2, 3}, int64 one = {1}, int64 minus = {-1}, int64 two = {2}> {
    s = SplitToSequence <axis: int = 0> (x, parts)
    e = SequenceErase (s, one)
    y = ConcatFromSequence <axis: int = 0> (e)
    t = SplitToSequence <axis: int = 0> (x, two)
    a = SequenceAt (t, minus)
    b = SequenceAt (t, one)
    c = SequenceConstruct (a, b)
    f = SequenceInsert (c, b, one)
    z = ConcatFromSequence <axis: int = 0> (f)
    u = SplitToSequence <axis: int = 0> (x)
    w = SequenceAt (u, two)
  }""", [[floats(6, 2)], [floats(6, 1)]])

model("scan", "float[T,B,3] x, float[B,4] h, float[B,T] z", """float[B,4] last, float[B,T,4] ys, float[T,B,4] back)
    <float[3,4] w = {0.1, 0.2, -0.3, 0.4, 0.5, 0.6, 0.7, -0.8, 0.9, 1, 1.1, 0.2}, int64[1] axis = {1}> {
    last, ys, back = Scan <num_scan_inputs = 2, scan_input_axes = [0, 1], scan_output_axes = [1, 0], scan_input_directions = [0, 1],
                           scan_output_directions = [0, 1],
      body = step (float[B,4] a, float[B,3] xt, float[B] zt) => (float[B,4] b, float[B,4] y, float[B,4] v) {
        p = MatMul (xt, w)
        q = Add (p, a)
        zc = Unsqueeze (zt, axis)
        r = Mul (q, zc)
        b = Tanh (r)
        y = Identity (b)
        v = Neg (b)
    }> (h, x, z)
  }""", [[floats(3, 2, 3), floats(2, 4), floats(2, 3)], [floats(1, 1, 3), floats(1, 4), floats(1, 1)]])

model("whole_arithmetic", "int64[N] a, int64[N] b, int64[N,1] c", """int64[N] sum, int64[N,N] outer, int64[N] quotient, int64[N] rest,
     int64[N] rest2, int64[N] sign, int64[N] least, int64[N] clipped, int64[N] chosen, int64[N] power, int32[N] small, uint8[N] bytes, float[N] real,
     bool[N] some, int64[N] again, float[N] root)
    <int64[1] three = {3}, int64 low = {-2}, int64 high = {4}, int64 two = {2}, float half = {0.5}> {
    sum = Add (a, b)
    outer = Mul (a, c)
    quotient = Div (a, three)
    rest = Mod (a, three)
    rest2 = Mod <fmod: int = 1> (a, three)
    n = Neg (a)
    m = Abs (n)
    sign = Sign (a)
    d = Sub (b, m)
    least = Min (a, b, d)
    most = Max (a, b)
    clipped = Clip (most, low, high)
    less = Less (a, b)
    chosen = Where (less, a, b)
    power = Pow (a, two)
    small = Cast <to = 6> (power)
    bytes = Cast <to = 2> (m)
    real = Cast <to = 1> (a)
    some = Cast <to = 9> (a)
    scaled = Mul (real, half)
    again = Cast <to = 7> (scaled)
    positive = Cast <to = 1> (m)
    root = Sqrt (positive)
  }""", [[ids(9, 5, low=-8), ids(9, 5, low=-8), ids(9, 5, 1, low=-8)], [ids(9, 1, low=-8), ids(9, 1, low=-8), ids(9, 1, 1, low=-8)]])

model("whole_bytes", "uint8[N] a, int8[N] b", """uint8[N] y, int8[N] z, bool[N] w)
    <uint8 c = {200}, int8 d = {100}> {
    y = Add (a, c)
    z = Mul (b, d)
    w = GreaterOrEqual (a, y)
  }""", [[ids(256, 6).astype(np.uint8), ids(128, 6, low=-128).astype(np.int8)]], opset=14)

model("whole_shapes", "int64[B,T] x, int64[B] n", """int64[T,B] turned, int64[B,?] both, int64[B,2] part, int64[B,T] sums, int64[B,T] back,
     int64[B] total, int64[1,T] most, int64[B,T] lower, int64[?,?] tiled, int64[?,T] padded, int64[B,T] stepped, int64[B] flat, float[B,T] mask,
     int64[B] mean, int64[B,1] any)
    <int64 one = {1}, int64 zero = {0}, int64[1] axis = {1}, int64[1] start = {0}, int64[1] end = {2}, int64[2] times = {2, 1}, int64[4] pads = {1, 0, 0, 0},
     int64 seven = {7}, int64[1] all = {-1}, int64[1] step = {-1}, int64[1] far = {-9223372036854775807}, int64[1] from = {-1}> {
    turned = Transpose (x)
    nc = Unsqueeze (n, axis)
    both = Concat <axis: int = 1> (x, nc, x)
    part = Slice (x, start, end, axis)
    stepped = Slice (x, from, far, axis, step)
    sums = CumSum (x, one)
    back = CumSum <reverse = 1, exclusive = 1> (x, one)
    total = ReduceSum <keepdims: int = 0> (x, axis)
    most = ReduceMax <axes = [0]> (x)
    least = ReduceMin <axes = [1]> (x)
    mean = ReduceMean <axes = [1], keepdims: int = 0> (x)
    product = ReduceProd <axes = [1]> (x)
    any = Add (least, product)
    lower = Trilu <upper: int = 0> (x)
    tiled = Tile (x, times)
    padded = Pad (x, pads, seven)
    shape = Shape (x)
    wide = Expand (nc, shape)
    less = Less (x, wide)
    mask = Cast <to = 1> (less)
    f = Reshape (n, all)
    flat = Identity (f)
  }""", [[ids(6, 2, 3, low=-3), ids(4, 2)], [ids(6, 1, 5, low=-3), ids(4, 1)]])

model("topk", "float[B,5] x, int64[B] n", """float[B,3] v, int64[B,3] i, float[2,?] w, int64[2,?] j, int64[B] m, int64[B] order, float[B,5] sorted)
    <int64[1] three = {3}, int64[1] two = {2}, int64[1] axis = {1}> {
    v, i = TopK (x, three)
    w, j = TopK <axis: int = 0, largest: int = 0> (x, two)
    s = Shape (n)
    m, order = TopK <largest: int = 0> (n, s)
    sorted = Gather <axis: int = 0> (x, order)
  }""", [[np.round(floats(4, 5)), ids(3, 4)], [np.round(floats(2, 5)), ids(3, 2)]])

model("places", "float[B,4] x, int64[B,2] at, int64[B,2] along, int64[B] n, float[N,2] rows", """float[B,2] elements, float[2,4] first, float[B] pairs,
     float[?,2] slices, int64[B,2] whole, float[B,4] reversed, float[B,5] hot, int64[5,B] numbers, bool[B,4] nan, bool[B,4] inf)
    <int64 five = {5}, float[2] offOn = {-1, 2}, int64[2] wholes = {3, 7}, int64[1] axis = {1}, int64[2,1] some = {1, 0}, int64[2,4] index = {0, 1, -1, 0, 1, 1, 0, 0}> {
    elements = GatherElements <axis: int = 1> (x, at)
    first = GatherElements <axis: int = 0> (x, index)
    pairs = GatherND (x, along)
    c = Unsqueeze (n, axis)
    slices = GatherND (rows, c)
    whole = Gather <axis: int = 0> (at, n)
    reversed = ReverseSequence <batch_axis: int = 0, time_axis: int = 1> (x, n)
    hot = OneHot <axis: int = -1> (n, five, offOn)
    numbers = OneHot <axis: int = 0> (n, five, wholes)
    nan = IsNaN (x)
    inf = IsInf (x)
  }""", [[floats(3, 4), ids(4, 3, 2, low=-4), np.stack([ids(3, 3), ids(4, 3, low=-4)], 1), ids(3, 3), floats(3, 2)],
         [floats(2, 4), ids(4, 2, 2, low=-4), np.stack([ids(2, 2), ids(4, 2, low=-4)], 1), ids(2, 2), floats(4, 2)]])

model("scatter", "float[3,4] x, int64[2,4] at, float[2,4] u, int64[2,1] rows, float[2,4] r, int64[N,2] pairs, float[N] v, int64[3,4] k, int64[2,4] ku",
      """float[3,4] elements, float[3,4] byRow, float[3,4] single, float[3,4] added, float[3,4] larger, float[3,4] times, int64[3,4] whole, int64[3,4] sums)
    <int64[3,1] same = {2, 0, 2}> {
    elements = ScatterElements <axis: int = 0> (x, at, u)
    byRow = ScatterND (x, rows, r)
    single = ScatterND (x, pairs, v)
    added = ScatterND <reduction = "add"> (x, pairs, v)
    larger = ScatterElements <axis: int = 0, reduction = "max"> (x, at, u)
    times = ScatterND <reduction = "mul"> (x, same, x)
    whole = ScatterND (k, rows, ku)
    sums = ScatterElements <axis: int = 0, reduction = "add"> (k, at, ku)
  }""", [[floats(3, 4), ids(3, 2, 4, low=-3), floats(2, 4), np.array([[2], [0]]), floats(2, 4), np.stack([ids(3, 5), ids(4, 5)], 1), floats(5), ids(9, 3, 4),
          ids(9, 2, 4)]], opset=18)

model("scatter_before", "float[3,4] x, int64[2,4] at, float[2,4] u", """float[3,4] y) { y = Scatter <axis: int = 0> (x, at, u) }""",
      [[floats(3, 4), np.array([[0, 1, 2, 0], [2, 2, 1, 1]]), floats(2, 4)]], opset=10)

model("rounds", "float[N] x, float[N] like", """float[N] a, float[N] b, float[N] c, float[N] d, float[N] e) {
    a = Floor (x)
    b = Ceil (x)
    c = Round (x)
    d = Sign (x)
    w = Cast <to = 7> (x)
    e = CastLike (w, like)
  }""", [[np.array([-2.5, -1.5, -0.5, -0.2, 0, 0.3, 0.5, 1.5, 2.5, 3e9, -7, 16777217], np.float32), floats(12)]])

model("nonzero", "float[B,4] x", """float[B,2] y)
    <bool[4] keep = {0, 1, 0, 1}, int64[1] axis = {0}> {
    k = NonZero (keep)
    s = Squeeze (k, axis)
    y = Gather <axis: int = 1> (x, s)
  }""", [[floats(2, 4)]])

model("einsum", "float[B,3,3] x, float[3,2] w, float[1,3,3] z", """float[B,3] diagonal, float[B,3,2] product, float[B] trace, float[B,3,3] broadcast, float summed) {
    diagonal = Einsum <equation = "...ii->...i"> (x)
    product = Einsum <equation = "...ij,jk->...ik"> (x, w)
    trace = Einsum <equation = "bii->b"> (x)
    broadcast = Einsum <equation = "...ij,...jk"> (x, z)
    summed = Einsum <equation = "bij->"> (x)
  }""", [[floats(2, 3, 3), floats(3, 2), floats(1, 3, 3)]])

model("cubic", "float[1,2,H,W] x", """float[1,2,?,?] y, float[1,2,?,?] z)
    <float[4] scales = {1, 1, 2, 1.5}, int64[4] sizes = {1, 2, 7, 5}> {
    y = Resize <mode = "cubic"> (x, , scales)
    z = Resize <mode = "cubic", cubic_coeff_a = -0.5, exclude_outside = 1, coordinate_transformation_mode = "align_corners"> (x, , , sizes)
  }""", [[floats(1, 2, 4, 6)]])

model("nested", "float[B,T] x, int64[B] n", """float[B] y)
    <int64 one = {1}, int64 zero = {0}, bool yes = {1}, float f = {0}> {
    s = Shape (x)
    t = Gather (s, one)
    b = Gather (s, zero)
    axis = Constant <value = int64[1] {0}> ()
    b1 = Unsqueeze (b, axis)
    start = ConstantOfShape (b1)
    y = Loop (t, yes, start) <body = outer (int64 i, bool c, float[B] a) => (bool d, float[B] e) {
        d = Identity (c)
        v = Gather <axis: int = 1> (x, i)
        inside = Less (i, n)
        e = Loop (i, , a) <body = inner (int64 k, bool g, float[B] p) => (bool h, float[B] q) {
            h = Identity (g)
            u = Gather <axis: int = 1> (x, k)
            m = Mul (u, v)
            w = Where (inside, m, f)
            q = Add (p, w)
        }>
    }>
  }""", [[floats(2, 4), np.array([2, 4])], [floats(1, 3), np.array([3])]])


def main():
    r = Recording("flow")
    for name, (text, runs) in MODELS.items():
        try:
            m = onnx.parser.parse_model(text)
        except onnx.parser.ParseError as e:
            raise SystemExit(f"{name}: {e}")
        for i, n in enumerate(m.graph.node):
            n.name = n.name or f"{n.op_type.lower()}_{i}"
        onnx.checker.check_model(m, full_check=True)
        onnx.save(m, r.path(name))
        session = onnxruntime.InferenceSession(r.path(name), providers=["CPUExecutionProvider"])
        for k, values in enumerate(runs):
            given = {i.name: np.asarray(v) for i, v in zip(session.get_inputs(), values)}
            out = dict(zip((o.name for o in session.get_outputs()), session.run(None, given)))
            for kind, values in (("in", given), ("out", out)):
                for n, v in values.items():
                    r.values[f"{name}/{k}.{kind}.{n}"] = plain(v)
    r.close()


def plain(v):
    """Whole numbers as int64; true and false as 1 and 0, and those of 8 bits, as floats. (Scalars stay scalars.)"""
    return torch.from_numpy(np.array(v, np.float32 if v.dtype.itemsize == 1 else np.int64 if v.dtype.kind in "iu" else v.dtype, order="C"))


if __name__ == "__main__":
    main()
