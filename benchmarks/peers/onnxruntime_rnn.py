"""The benchmarks' work in ONNX Runtime on the CPU, reported in the same lines as the other programs of the comparison.

    python3 onnxruntime_rnn.py --threads 1 Infer/lstm/B32T50I128H128L1V65

The model is written here with ONNX's own LSTM and GRU operators and random weights: an embedding (Gather), the layers,
and the head (MatMul, Add). It runs with all graph optimisations. Inference and generation are offered, for one
direction. A generated token is one run of one step; its states go in and out, and NumPy picks the likeliest token.
"""
import os
import sys
import tempfile

import peer

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError as e:
    sys.exit(f"onnxruntime_rnn: {e}")

OPERATOR = {"lstm": ("LSTM", 4), "gru": ("GRU", 3), "rnn": ("RNN", 1)}  # and its number of gates


def model(w):
    """Ids [T, B] and the layers' states [1, B, H] to logits [T, B, V] and the next states, as a serialized file."""
    operator, gates = OPERATOR[w.cell]
    states = ["h", "c"] if w.cell == "lstm" else ["h"]
    rng = np.random.default_rng(1)
    weights, nodes, inputs, outputs = [], [], [], []

    def weight(name, *shape):
        values = rng.uniform(-0.05, 0.05, shape).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def states_of(k, suffix=""):
        return [f"{s}{k}{suffix}" for s in states]

    nodes.append(helper.make_node("Gather", [weight("embedding", w.v, w.i), "ids"], ["x"]))
    x, size, axis = "x", w.i, numpy_helper.from_array(np.array([1], np.int64), "axis")
    for k in range(w.layers):
        operands = [x, weight(f"w{k}", 1, gates * w.h, size), weight(f"u{k}", 1, gates * w.h, w.h),
                    weight(f"b{k}", 1, 2 * gates * w.h), "", *states_of(k)]
        more = {"linear_before_reset": 1} if w.cell == "gru" else {}
        nodes.append(helper.make_node(operator, operands, [f"y{k}", *states_of(k, "_next")], hidden_size=w.h, **more))
        nodes.append(helper.make_node("Squeeze", [f"y{k}", "axis"], [f"x{k}"]))
        x, size = f"x{k}", w.h
        inputs += states_of(k)
        outputs += states_of(k, "_next")
    nodes.append(helper.make_node("MatMul", [x, weight("head", w.h, w.v)], ["product"]))
    nodes.append(helper.make_node("Add", ["product", weight("bias", w.v)], ["logits"]))
    real = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [w.t, w.b])
    graph = helper.make_graph(
        nodes, "rnn", [ids] + [real(n, 1, w.b, w.h) for n in inputs],
        [real("logits", w.t, w.b, w.v)] + [real(n, 1, w.b, w.h) for n in outputs], weights + [axis])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString(), inputs


def quantised(data):
    """The model with weights of 8 bits, by ONNX Runtime's own tool (DynamicQuantizeLSTM, DynamicQuantizeMatMul)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        plain, small = os.path.join(folder, "plain.onnx"), os.path.join(folder, "small.onnx")
        with open(plain, "wb") as f:
            f.write(data)
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8)
        with open(small, "rb") as f:
            return f.read()


def runner(w, threads):
    """A step: the logits of a batch, or of the next token."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    data, names = model(w)
    if w.kind == "GenerateInt8":
        data = quantised(data)
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    feed = {n: np.zeros((1, w.b, w.h), np.float32) for n in names}
    feed["ids"] = np.random.default_rng(2).integers(0, w.v, (w.t, w.b))

    def read():
        session.run(["logits"], feed)

    def generate():
        logits, *after = session.run(None, feed)
        feed.update(zip(names, after))
        feed["ids"] = logits.argmax(-1)

    return generate if w.generates else read


def main():
    a = peer.arguments(__doc__)
    if a.work.trains or a.work.both or a.work.cell not in OPERATOR:
        peer.unsupported("onnxruntime_rnn: inference and generation with rnn, gru, lstm in one direction are offered")
    base = peer.peak_mb()
    times, _, _ = peer.measure(runner(a.work, a.threads), a.seconds)
    parts = [f"Python {sys.version.split()[0]}", f"onnx {onnx.__version__}"]
    peer.report(f"onnxruntime {onnxruntime.__version__}", parts, a.work, a.threads, base, times)


if __name__ == "__main__":
    main()
