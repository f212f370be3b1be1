"""Records whole models that Keras saves, with what they compute, for the tests of the package.

    python3 -m venv v && v/bin/pip install tensorflow-cpu tf_keras h5py numpy
    v/bin/python record_models.py    writes models.zip here: {case}.{keras,h5}, and {case}.{keras,h5}.json with inputs and outputs

Keras 3 writes the .keras archives and, for some, .h5 files, and tf_keras, which is Keras 2, the files whose names begin with
keras2. Weights are drawn from a seed.
"""
import json
import os
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import keras as keras3  # noqa: E402
import numpy as np  # noqa: E402
import tf_keras as keras2  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
T, B, F = 6, 3, 4
ACTIVATIONS = ["linear", "relu", "relu6", "sigmoid", "tanh", "softmax", "log_softmax", "exponential", "softplus", "softsign", "elu", "selu",
               "gelu", "silu", "hard_sigmoid", "hard_silu", "hard_tanh", "mish", "leaky_relu"]


def cases(k, new):
    """Models by name, each with its inputs: a list of arrays."""
    L, rng = k.layers, np.random.default_rng(3)
    x = rng.standard_normal((B, T, F)).astype(np.float32)
    masked = x.copy()
    masked[0, 4:], masked[1, :2], masked[1, 3] = 0, 0, 0  # at the end, at the beginning, and in between
    ids = rng.integers(1, 9, (B, T))
    ids[0, 4:], ids[1, 0], ids[1, 3] = 0, 0, 0
    seq = lambda *body: k.Sequential([k.Input((None, F)), *body])
    fixed = lambda *body: k.Sequential([k.Input((T, F)), *body])
    tokens = lambda *body: k.Sequential([k.Input((None,), dtype="int32"), *body])

    for kind in ("SimpleRNN", "LSTM", "GRU"):
        R = getattr(L, kind)
        low = kind.lower()
        yield low, seq(R(3, return_sequences=True), R(2)), [x]
        yield low + "_relu", seq(R(3, activation="relu", return_sequences=True, go_backwards=True)), [x]
        yield low + "_masked", seq(L.Masking(), R(3, return_sequences=True), R(2, return_sequences=True, go_backwards=True), R(3)), [masked]
        yield low + "_no_bias", seq(R(3, use_bias=False)), [x]
        for mode in ("concat", "sum", "mul", "ave"):
            yield f"{low}_{mode}", seq(L.Masking(), L.Bidirectional(R(3, return_sequences=mode in ("concat", "sum")), merge_mode=mode)), [masked]
    yield "gru_before", seq(L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid", return_sequences=True)), [3 * x]
    yield "lstm_hard", seq(L.LSTM(3, recurrent_activation="hard_sigmoid")), [3 * x]
    yield "stateful", k.Sequential([k.Input(batch_shape=(B, T, F)) if new else k.Input(batch_size=B, shape=(T, F)), L.LSTM(3, stateful=True, dropout=0.1)]), [x]
    yield "tokens", tokens(L.Embedding(9, 4, mask_zero=True), L.Dropout(0.3), L.Bidirectional(L.LSTM(3, return_sequences=True)), L.SpatialDropout1D(0.2), L.Dense(3), L.GlobalAveragePooling1D()), [ids]
    yield "pooled", tokens(L.Embedding(9, 4, mask_zero=True), L.LSTM(3, return_sequences=True), L.Dense(5, activation="tanh"), L.GlobalAveragePooling1D(), L.Dense(2, activation="softmax")), [ids]
    yield "distributed", seq(L.TimeDistributed(L.Dense(3, activation="relu")), L.TimeDistributed(L.RepeatVector(2)), L.TimeDistributed(L.GRU(3)), L.TimeDistributed(L.LayerNormalization())), [x]
    yield "conv", seq(L.Conv1D(5, 3, padding="same", activation="relu"), L.Conv1D(4, 2, dilation_rate=2, padding="causal"), L.Conv1D(3, 2), L.BatchNormalization()), [x]
    yield "strides", fixed(L.Conv1D(5, 3, padding="same", strides=2), L.ZeroPadding1D((2, 1)), L.Conv1D(4, 2, strides=2), L.Flatten(), L.Dense(2)), [x]
    yield "pools", fixed(L.MaxPooling1D(3, strides=2, padding="same"), L.AveragePooling1D(2, strides=1, padding="same"), L.MaxPooling1D(2, strides=1), L.AveragePooling1D(2)), [x]
    yield "maximum", seq(L.AveragePooling1D(3, padding="same"), L.Cropping1D((0, 1)), L.GlobalMaxPooling1D()), [x]
    yield "norms", seq(L.BatchNormalization(scale=False), L.LayerNormalization(epsilon=0.1), L.BatchNormalization(center=False), L.LayerNormalization(center=False)), [x]
    yield "shapes", fixed(L.Permute((2, 1)), L.Reshape((3, -1)), L.Flatten(), L.RepeatVector(2), L.Flatten()), [x]
    yield "functions", seq(L.Dense(4), L.LeakyReLU(0.1), L.Dense(4), L.PReLU(shared_axes=[1]), L.Dense(4), L.ELU(0.7), L.Dense(4), L.ReLU(max_value=1.5), L.Dense(4), L.ReLU(negative_slope=0.3), L.Softmax()), [x]
    for name in ACTIVATIONS:
        if new or name not in ("hard_silu", "hard_tanh", "log_softmax", "silu", "leaky_relu"):
            yield "activation_" + name, seq(L.Activation(name)), [3 * x]
    if not new:
        yield "activation_swish", seq(L.Activation("swish")), [3 * x]
    yield "picture", k.Sequential([k.Input((None, 5, 2)), L.Conv2D(3, (3, 2), padding="same"), L.Conv2D(2, (1, 5), strides=(2, 1))]), [rng.standard_normal((B, T, 5, 2)).astype(np.float32)]
    yield "picture_pools", k.Sequential([k.Input((None, 5, 2)), L.MaxPooling2D((3, 2), strides=(1, 2), padding="same"), L.AveragePooling2D((2, 3), strides=(1, 2), padding="same"), L.AveragePooling2D((2, 1)), L.GlobalAveragePooling2D()]), [rng.standard_normal((B, T, 5, 2)).astype(np.float32)]
    yield "picture_maximum", k.Sequential([k.Input((None, 5, 2)), L.MaxPooling2D(2), L.GlobalMaxPooling2D()]), [rng.standard_normal((B, T, 5, 2)).astype(np.float32)]

    a, b = k.Input((None, F), name="a"), k.Input((None, F), name="b")
    both = L.Concatenate()([L.Add()([a, b]), L.Multiply()([a, b]), L.Subtract()([a, b]), L.Average()([a, b]), L.Maximum()([a, b]), L.Minimum()([a, b])])
    yield "merged", k.Model([a, b], [L.Dense(3, name="one")(both), L.LSTM(2, name="two")(L.Concatenate(axis=1)([a, b]))]), [x, x[::-1].copy()]
    m, n = L.Masking()(a), L.Masking()(b)
    yield "masks", k.Model([a, b], [L.LSTM(2, name="add")(L.Add()([m, n])), L.LSTM(2, name="concat")(L.Concatenate()([m, n])), L.LSTM(2, name="time")(L.Concatenate(axis=1)([m, b if new else n]))]), [masked, masked[::-1].copy()]
    shared = L.LSTM(3, name="shared")
    yield "shared", k.Model([a, b], L.Dot(1)([shared(a), shared(b)])), [x, x[::-1].copy()]
    e, h, c = L.LSTM(3, return_state=True)(a)
    yield "encoder_decoder", k.Model([a, b], L.Dense(2)(L.LSTM(3, return_sequences=True)(b, initial_state=[h, c]))), [x, x[::-1, :4].copy()]
    inner = k.Sequential([k.Input((None, F)), L.Dense(3), L.BatchNormalization()], name="inner")
    yield "nested", k.Model(a, L.GRU(2)(inner(a))), [x]
    q, v = L.Masking()(a), L.Masking()(b)
    yield "attention", k.Model([a, b], [L.Attention(use_scale=True, name="dot")([q, v]), L.AdditiveAttention(name="additive")([q, v]), L.Attention(score_mode="concat", name="joined")([q, v]), L.Dot(2, name="scores")([a, b])]), [masked, masked[::-1].copy()]
    yield "heads", k.Model([a, b], [L.MultiHeadAttention(2, 3, name="self")(a, a), L.MultiHeadAttention(2, 3, value_dim=2, use_bias=False, name="cross")(a, b), L.MultiHeadAttention(2, 3, name="masked")(query=q, value=v)]), [masked, masked[::-1].copy()]


def weigh(m):
    rng = np.random.default_rng(5)
    for w in m.weights:
        if "seed" in w.name:
            continue
        v = 0.5 * rng.standard_normal(w.shape)
        w.assign((np.abs(v) + 0.5 if "variance" in w.name else v).astype(np.float32))


def main():
    with zipfile.ZipFile(os.path.join(HERE, "models.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z, tempfile.TemporaryDirectory() as out:
        for k, new in ((keras3, True), (keras2, False)):
            k.utils.set_random_seed(1)
            for name, m, x in cases(k, new):
                name = name if new else "keras2_" + name
                weigh(m)
                endings = [".keras"] if new else [".h5"]
                if name in ("lstm", "gru_concat", "merged", "nested", "conv"):
                    endings.append(".h5")
                y = m(x if len(x) > 1 else x[0], training=False)
                y = y if isinstance(y, (list, tuple)) else [y]
                for ending in endings:
                    if "stateful" in name:
                        [l.reset_states() if hasattr(l, "reset_states") else l.reset_state() for l in m.layers if hasattr(l, "stateful")]
                    m.save(os.path.join(out, name + ending))
                    z.write(os.path.join(out, name + ending), name + ending)
                    z.writestr(name + ending + ".json", json.dumps({"x": [v.tolist() for v in x], "y": [np.asarray(v, np.float64).tolist() for v in y]}))
                print(name, flush=True)


main()
