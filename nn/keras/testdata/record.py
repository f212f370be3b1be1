"""Records what Keras 3 saves and computes, for the tests of the package.

    python3 -m venv v && v/bin/pip install keras==3.15.1 jax h5py numpy
    v/bin/python record.py           writes {case}.weights.h5 and {case}.json here
    v/bin/python record.py --load    reads {case}.weights.h5 in the folder given as second argument, which the tests
                                     wrote, into new models, and compares what they compute with the recordings

The weights, biases too, are drawn from a seed.
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
T, B, I = 5, 3, 4


def model(*body, ids=False):
    first = keras.Input((None,), dtype="int32") if ids else keras.Input((None, I))
    return keras.Sequential([first, *body])


CASES = {
    "lstm": lambda: model(layers.LSTM(3, return_sequences=True)),
    "gru": lambda: model(layers.GRU(3, return_sequences=True)),
    "gru_reset_before": lambda: model(layers.GRU(3, return_sequences=True, reset_after=False)),
    "simple_rnn": lambda: model(layers.SimpleRNN(3, return_sequences=True)),
    "no_bias": lambda: model(layers.LSTM(3, return_sequences=True, use_bias=False),
                             layers.Dense(2, use_bias=False)),
    "tagger": lambda: model(
        layers.Embedding(7, 4), layers.Bidirectional(layers.LSTM(3, return_sequences=True, recurrent_dropout=0.1)),
        layers.Bidirectional(layers.GRU(2, return_sequences=True)), layers.Dropout(0.2),
        layers.Dense(5, activation="softmax"), ids=True),
}


def close(case, a, b):
    error = float(np.abs(np.array(a) - b).max())
    assert np.shape(a) == np.shape(b) and error < 1e-5, f"{case}: differs by {error}"
    print(f"{case}: largest difference {error:.2g}")


def main():
    keras.utils.set_random_seed(1)
    for case, make in CASES.items():
        m = make()
        if "--load" in sys.argv:
            with open(os.path.join(HERE, case + ".json")) as f:
                recorded = json.load(f)
            m.load_weights(os.path.join(sys.argv[2], case + ".weights.h5"))
            close(case, recorded["y"], m.predict(np.array(recorded["x"]), verbose=0))
            continue
        rng = np.random.default_rng(7)
        for w in m.trainable_weights:
            w.assign((0.6 * rng.standard_normal(w.shape)).astype(np.float32))
        ids = case == "tagger"
        x = rng.integers(0, 7, (B, T)) if ids else rng.standard_normal((B, T, I)).astype(np.float32)
        m.save_weights(os.path.join(HERE, case + ".weights.h5"))
        with open(os.path.join(HERE, case + ".json"), "w") as f:
            json.dump({"x": x.tolist(), "y": m.predict(x, verbose=0).astype(float).tolist()}, f)


main()
