"""Records what exporters write for recurrent networks, run by ONNX Runtime for several batches and lengths.

    v/bin/python record_exporters.py torch     PyTorch 2.15 with onnxscript 0.8: both of torch.onnx's exporters
    k/bin/python record_exporters.py keras     tf_keras 2.21, tf2onnx 1.17
    p/bin/python record_exporters.py paddle    paddlepaddle 3.3, paddle2onnx 2.1

Each writes exporters/{name}.onnx and exporters/{name}.safetensors, in which values are called {run}.in.{name} and
{run}.out.{name}. Descriptions of nodes and of shapes inside are left out of the files: they are most of their bytes.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "exporters")
SIZES = [(3, 6), (1, 4), (4, 9)]


def ids(high, b, t, padded):
    x = np.random.default_rng(100 * b + t).integers(1, high, (b, t))
    for i in range(b if padded else 0):
        x[i, max(1, t - i):] = 0
    return x


def normal(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def record(name, inputs):
    """Strips a file and runs it with inputs(b, t), one array for each input."""
    path = os.path.join(OUT, name + ".onnx")
    m = onnx.load(path)

    def strip(g):
        del g.value_info[:]
        for n in g.node:
            n.ClearField("doc_string"), n.ClearField("metadata_props")
            for a in n.attribute:
                a.ClearField("doc_string")
                if a.HasField("g"):
                    strip(a.g)
        for v in list(g.input) + list(g.output) + list(g.initializer):
            v.ClearField("metadata_props"), v.ClearField("doc_string")
        g.ClearField("metadata_props"), g.ClearField("doc_string")

    strip(m.graph)
    m.ClearField("metadata_props")
    onnx.save(m, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    values = {}
    for b, t in SIZES:
        given = {i.name: v.astype(np.int32) if "int32" in i.type else v for i, v in zip(session.get_inputs(), inputs(b, t))}
        out = zip((o.name for o in session.get_outputs()), session.run(None, given))
        for kind, pairs in (("in", given.items()), ("out", out)):
            for k, v in pairs:
                v = np.array(v, order="C")
                values[f"{b}x{t}.{kind}.{k}"] = v.astype(np.int64) if v.dtype.kind in "iu" else v
    save_file(values, os.path.join(OUT, name + ".safetensors"))


def torch_models():
    import torch
    from torch import nn
    torch.manual_seed(0)

    class Tagger(nn.Module):
        def __init__(self, kind, directions=1, layers=1):
            super().__init__()
            self.embedding = nn.Embedding(20, 4)
            self.rnn = getattr(nn, kind)(4, 5, layers, batch_first=True, bidirectional=directions == 2)
            self.head = nn.Linear(5 * directions, 3)

        def forward(self, x):
            y, h = self.rnn(self.embedding(x))
            return self.head(y), y.mean(1), h[0] if isinstance(h, tuple) else h

    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.rnn = nn.Embedding(20, 4), nn.LSTM(4, 5, batch_first=True, bidirectional=True)

        def forward(self, x, lengths):
            p = nn.utils.rnn.pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
            y, (h, _) = self.rnn(p)
            return nn.utils.rnn.pad_packed_sequence(y, batch_first=True)[0], h

    class Last(nn.Module):
        """Lengths counted from the ids, the last step of each sequence, attention over what is no padding."""
        def __init__(self):
            super().__init__()
            self.embedding, self.rnn, self.head = nn.Embedding(20, 4), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 3)

        def forward(self, x):
            lengths = (x != 0).sum(1)
            y, _ = self.rnn(self.embedding(x))
            h = y[torch.arange(y.shape[0]), (lengths - 1).clamp(min=0)]
            mask = torch.arange(y.shape[1])[None, :] < lengths[:, None]
            w = torch.softmax(self.head(y)[..., 0].masked_fill(~mask, -1e9), 1)
            return self.head(h), (w[..., None] * y).sum(1), self.head(h).argmax(-1)

    class CRNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2),
                                      nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d((1, None)))
            self.rnn, self.head = nn.LSTM(4, 5, 2, bidirectional=True), nn.Linear(10, 6)

        def forward(self, x):
            y, _ = self.rnn(self.conv(x).squeeze(2).permute(2, 0, 1))
            return torch.log_softmax(self.head(y), 2)

    class EncoderDecoder(nn.Module):
        """Four steps of greedy decoding with attention."""
        def __init__(self):
            super().__init__()
            self.embedding, self.encoder, self.cell = nn.Embedding(12, 4), nn.GRU(4, 5, batch_first=True), nn.GRUCell(9, 5)
            self.query, self.out = nn.Linear(5, 5), nn.Linear(10, 12)

        def forward(self, x):
            memory, h = self.encoder(self.embedding(x))
            h, token, scores, tokens = h[0], torch.ones(x.shape[0], dtype=torch.long), [], []
            for _ in range(4):
                a = torch.softmax(torch.einsum("bh,bth->bt", self.query(h), memory).masked_fill(x == 0, float("-inf")), 1)
                context = torch.bmm(a[:, None], memory)[:, 0]
                h = self.cell(torch.cat([self.embedding(token), context], 1), h)
                scores.append(self.out(torch.cat([h, context], 1)))
                token = scores[-1].argmax(1)
                tokens.append(token)
            return torch.stack(scores, 1), torch.stack(tokens, 1)

    class Scripted(nn.Module):
        """A cell in a loop over the steps, which the exporter keeps as a Loop over a sequence of tensors."""
        def __init__(self):
            super().__init__()
            self.w, self.u, self.head = nn.Linear(4, 10), nn.Linear(5, 10), nn.Linear(5, 3)

        def forward(self, x):
            h, c, out = torch.zeros(x.shape[0], 5), torch.zeros(x.shape[0], 5), []
            for t in range(x.shape[1]):
                a, g = (self.w(x[:, t]) + self.u(h)).chunk(2, 1)
                c = torch.sigmoid(a) * c + torch.tanh(g)
                h = torch.tanh(c)
                out.append(self.head(h))
            return torch.stack(out, 1), h

    class Greedy(nn.Module):
        """A loop that data may end sooner: all tokens are the end, or five steps are done."""
        def __init__(self):
            super().__init__()
            self.embedding, self.w, self.u, self.out = nn.Embedding(7, 5), nn.Linear(5, 6), nn.Linear(6, 6), nn.Linear(6, 7)

        def forward(self, h):
            token, i, done = torch.ones(h.shape[0], dtype=torch.long), 0, False
            while i < 5 and not done:
                h = torch.tanh(self.w(self.embedding(token)) + self.u(h))
                token = self.out(h).argmax(1)
                done = bool((token == 0).all())
                i = i + 1
            return h, token

    class Around(nn.Module):
        """What stands around recurrent layers: reversed sequences, sorting, resizing, scattering, masks."""
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.GRU(3, 4, batch_first=True), nn.RNN(3, 4, batch_first=True, nonlinearity="relu")
            self.norm = nn.LayerNorm(8)

        def forward(self, x):
            y = self.norm(torch.cat([self.a(x)[0], torch.flip(self.b(torch.flip(x, [1]))[0], [1])], -1))
            v, i = torch.topk(y, 3, -1)
            s = torch.sort(y[:, :, 0], dim=1, descending=True)
            up = nn.functional.interpolate(y.transpose(1, 2), scale_factor=2., mode="linear")
            most = y.max(1)
            put = torch.zeros(y.shape[0], 10).scatter(1, i[:, 0], v[:, 0])
            return (v, i, s[0], s[1], up, most[0], most[1], put, torch.tril(torch.ones(y.shape[1], y.shape[1])) @ y,
                    torch.where(x > 0, x, x * 0.1).cumsum(1), torch.gather(y, 2, i))

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.encoder = nn.Embedding(20, 4), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, dropout=0.)
            self.rnn = nn.LSTM(4, 4, batch_first=True)

        def forward(self, x):
            position = torch.cumsum((x != 0).long(), 1)
            y = self.encoder(self.embedding(x) + 0.01 * position[..., None].float(), src_key_padding_mask=x == 0)
            return self.rnn(y)[0], position

    whole, padded = (lambda b, t: [ids(20, b, t, False)]), (lambda b, t: [ids(20, b, t, True)])
    both = {"x": {0: "B", 1: "T"}}
    return {
        "lstm": (Tagger("LSTM", 2, 2), whole, both, "script dynamo"),
        "gru": (Tagger("GRU"), whole, both, "script dynamo"),
        "rnn": (Tagger("RNN", 2), whole, both, "script"),
        "packed": (Packed(), lambda b, t: [ids(20, b, t, True), np.array([max(1, t - i) for i in range(b)])],
                   {"x": {0: "B", 1: "T"}, "lengths": {0: "B"}}, "script"),
        "last": (Last(), padded, both, "script dynamo"),
        "crnn": (CRNN(), lambda b, t: [normal(b, 1, 8, 4 * t)], {"x": {0: "B", 3: "W"}}, "dynamo"),
        "encoder_decoder": (EncoderDecoder(), lambda b, t: [ids(12, b, t, True)], both, "script dynamo"),
        "scripted": (torch.jit.script(Scripted()), lambda b, t: [normal(b, t, 4)], both, "script"),
        "greedy": (torch.jit.script(Greedy()), lambda b, t: [normal(b, 6)], {"h": {0: "B"}}, "script"),
        "around": (Around(), lambda b, t: [normal(b, t, 3)], both, "script"),
        "transformer": (Transformer(), padded, both, "dynamo"),
    }


def record_torch():
    import torch
    for name, (module, inputs, axes, ways) in torch_models().items():
        module.eval()
        example = tuple(torch.from_numpy(v) for v in inputs(*SIZES[0]))
        for way in ways.split():
            case = f"torch_{name}_{way}"
            path = os.path.join(OUT, case + ".onnx")
            if way == "script":
                torch.onnx.export(module, example, path, input_names=list(axes), dynamic_axes=axes, dynamo=False, opset_version=17)
            else:
                shapes = tuple({k: torch.export.Dim.DYNAMIC for k in v} for v in axes.values())
                torch.onnx.export(module, example, path, input_names=list(axes), dynamic_shapes=shapes, dynamo=True, external_data=False,
                                  verbose=False)
            record(case, inputs)


def record_keras():
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tf2onnx
    import tf_keras as keras
    layers = keras.layers
    keras.utils.set_random_seed(0)

    class Cell(layers.Layer):
        def __init__(self, n):
            super().__init__()
            self.units = self.state_size = self.output_size = n

        def build(self, shape):
            self.k, self.u = self.add_weight(shape=(shape[-1], self.units), name="k"), self.add_weight(shape=(self.units, self.units), name="u")

        def call(self, x, states):
            h = tf.tanh(x @ self.k + states[0] @ self.u) + 0.5 * states[0]
            return h, [h]

    def chain(x, *list):
        first = x
        for layer in list:
            x = layer(x)
        return keras.Model(first, x)

    def words():
        return keras.Input((None,), dtype="int32", name="x")

    def series():
        return keras.Input((None, 4), name="x")

    source, target = keras.Input((None,), dtype="int32", name="source"), keras.Input((None,), dtype="int32", name="target")
    memory, h, c = layers.LSTM(6, return_sequences=True, return_state=True)(layers.Embedding(12, 5)(source))
    decoded = layers.LSTM(6, return_sequences=True)(layers.Embedding(12, 5)(target), initial_state=[h, c])
    attended = layers.Concatenate()([decoded, layers.Attention()([decoded, memory])])
    picture = keras.Input((8, None, 1), name="x")
    y = layers.MaxPooling2D((2, 2))(layers.Conv2D(3, 3, padding="same", activation="relu")(picture))
    y = layers.Reshape((-1, 12))(layers.Permute((2, 1, 3))(y))
    y = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(y)
    whole, normals = (lambda b, t: [ids(20, b, t, False)]), (lambda b, t: [normal(b, t, 4)])
    models = {
        "lstm": (chain(words(), layers.Embedding(20, 4), layers.LSTM(5, return_sequences=True), layers.Dense(3, activation="softmax")), whole),
        "gru": (chain(series(), layers.GRU(5, return_sequences=True), layers.GRU(4, reset_after=False), layers.Dense(3)), normals),
        "bidirectional": (chain(words(), layers.Embedding(20, 4), layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
                                layers.Bidirectional(layers.GRU(4)), layers.Dense(3)), whole),
        "masked": (chain(words(), layers.Embedding(20, 4, mask_zero=True), layers.LSTM(5), layers.Dense(3)), lambda b, t: [ids(20, b, t, True)]),
        "cell": (chain(series(), layers.RNN(Cell(5), return_sequences=True), layers.Dense(3)), normals),
        "convolutions": (chain(series(), layers.Conv1D(5, 3, padding="same", activation="relu"), layers.MaxPooling1D(2), layers.BatchNormalization(),
                               layers.SimpleRNN(5, return_sequences=True), layers.TimeDistributed(layers.Dense(3)), layers.GlobalMaxPooling1D()),
                         normals),
        "crnn": (keras.Model(picture, layers.Dense(7, activation="softmax")(y)), lambda b, t: [normal(b, 8, 2 * t, 1)]),
        "encoder_decoder": (keras.Model([source, target], layers.Dense(12)(attended)), lambda b, t: [ids(12, b, t, False), ids(12, b, t + 1, False)]),
    }
    for name, (m, inputs) in models.items():
        case = "keras_" + name
        signature = [tf.TensorSpec(i.shape, i.dtype, name=i.name) for i in m.inputs]
        tf2onnx.convert.from_keras(m, input_signature=signature, opset=17, output_path=os.path.join(OUT, case + ".onnx"))
        record(case, inputs)


def record_paddle():
    import paddle
    import paddle2onnx
    from paddle import nn
    paddle.seed(0)

    class Tagger(nn.Layer):
        def __init__(self, kind, direction, layers):
            super().__init__()
            self.embedding = nn.Embedding(20, 4)
            self.rnn = getattr(nn, kind)(4, 5, layers, direction=direction)
            self.head = nn.Linear(5 if direction == "forward" else 10, 3)

        def forward(self, x):
            return nn.functional.softmax(self.head(self.rnn(self.embedding(x))[0]))

    class CRNN(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2D(1, 3, 3, padding=1), nn.BatchNorm2D(3), nn.Hardswish(), nn.MaxPool2D(2),
                                      nn.Conv2D(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2D((4, 1)))
            self.rnn, self.head = nn.LSTM(4, 5, 2, direction="bidirect"), nn.Linear(10, 6)

        def forward(self, x):
            y = paddle.transpose(paddle.squeeze(self.conv(x), 2), [0, 2, 1])
            return nn.functional.softmax(self.head(self.rnn(y)[0]), axis=2)

    class Attention(nn.Layer):
        """Three steps with attention, the class before as input, as PaddleOCR's decoder."""
        def __init__(self):
            super().__init__()
            self.i, self.h, self.score = nn.Linear(6, 5, bias_attr=False), nn.Linear(5, 5), nn.Linear(5, 1, bias_attr=False)
            self.rnn, self.out = nn.GRUCell(10, 5), nn.Linear(5, 4)

        def forward(self, x):
            h, token, out = paddle.zeros((paddle.shape(x)[0], 5)), paddle.zeros([paddle.shape(x)[0]], dtype="int64"), []
            for _ in range(3):
                e = self.score(paddle.tanh(self.i(x) + paddle.unsqueeze(self.h(h), 1)))
                context = paddle.squeeze(paddle.mm(paddle.transpose(nn.functional.softmax(e, axis=1), [0, 2, 1]), x), 1)
                h, _ = self.rnn(paddle.concat([context, nn.functional.one_hot(token, 4)], 1), h)
                out.append(self.out(h))
                token = out[-1].argmax(1)
            return nn.functional.softmax(paddle.stack(out, 1), axis=2)

    spec = paddle.static.InputSpec
    words, whole = [spec([None, None], "int64", "x")], (lambda b, t: [ids(20, b, t, False)])
    for name, (m, signature, inputs) in {
        "lstm": (Tagger("LSTM", "forward", 1), words, whole),
        "gru": (Tagger("GRU", "bidirect", 2), words, whole),
        "crnn": (CRNN(), [spec([None, 1, 8, None], "float32", "x")], lambda b, t: [normal(b, 1, 8, 2 * t)]),
        "attention": (Attention(), [spec([None, None, 6], "float32", "x")], lambda b, t: [normal(b, t, 6)]),
    }.items():
        m.eval()
        path = os.path.join(OUT, "paddle_" + name)
        paddle.jit.save(paddle.jit.to_static(m, input_spec=signature, full_graph=True), path)
        paddle2onnx.export(path + ".json", path + ".pdiparams", path + ".onnx", opset_version=13)
        for end in (".json", ".pdiparams"):
            os.remove(path + end)
        record("paddle_" + name, inputs)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    {"torch": record_torch, "keras": record_keras, "paddle": record_paddle}[sys.argv[1]]()
