"""The benchmarks' work in JAX on the CPU, reported in the same lines as the other programs of the comparison.

    python3 jax_rnn.py --threads 1 Train/lstm/B32T50I128H128L1V65

The model is the one of torch_rnn.py: cells in jax.lax.scan over the steps, the inputs' product of all steps before it,
one jit over gradients, clipping (optax.clip_by_global_norm) and Adam (optax.adam), whose buffers are donated. Training
and inference in one direction are offered, for whole batches. XLA takes a thread for each processor that the process
may run on: taskset decides, --threads is only reported.
"""
import os
import sys

import peer

os.environ.setdefault("JAX_PLATFORMS", "cpu")
try:
    import jax
    import jax.numpy as jnp
    import optax
except ImportError as e:
    sys.exit(f"jax_rnn: {e}")


def lstm(z, state):
    h, c = state
    i, f, n, o = jnp.split(z, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(n)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return h, (h, c)


def fifth(z, state):
    h, c = state
    i, f, o, n, m = jnp.split(z, 5, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(m) * jax.nn.sigmoid(i) * jnp.tanh(n)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return h, (h, c)


def rnn(z, state):
    h = jnp.tanh(z)
    return h, (h,)


CELLS = {"lstm": (lstm, 4, 2), "fifth": (fifth, 5, 2), "rnn": (rnn, 1, 1)}  # step, gates, parts of the state


def parameters(w, key):
    _, gates, _ = CELLS[w.cell]

    def draw(*shape):
        nonlocal key
        key, now = jax.random.split(key)
        return jax.random.uniform(now, shape, jnp.float32, -0.05, 0.05)

    layers = [
        {"w": draw(w.i if k == 0 else w.h, gates * w.h), "u": draw(w.h, gates * w.h), "b": draw(gates * w.h)}
        for k in range(w.layers)
    ]
    return {"embedding": draw(w.v, w.i), "layers": layers, "head": draw(w.h, w.v), "bias": draw(w.v)}


def logits(w, p, ids):
    """Ids [T, B] to logits [T, B, V]."""
    step, _, parts = CELLS[w.cell]
    x = p["embedding"][ids]
    for layer in p["layers"]:
        def body(state, z, layer=layer):
            y, state = step(z + state[0] @ layer["u"], state)
            return state, y

        first = (jnp.zeros((w.b, w.h), jnp.float32),) * parts
        _, x = jax.lax.scan(body, first, x @ layer["w"] + layer["b"])
    return x @ p["head"] + p["bias"]


def trainer(w):
    p = parameters(w, jax.random.key(1))
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    state = optimiser.init(p)
    ids, targets = (jax.random.randint(jax.random.key(k), (w.t, w.b), 0, w.v) for k in (2, 3))
    mask = jnp.arange(w.t)[:, None] < jnp.array(w.lengths())

    def loss(p):
        each = optax.softmax_cross_entropy_with_integer_labels(logits(w, p, ids), targets)
        return jnp.where(mask, each, 0).sum() / mask.sum()

    def update(p, state):
        value, gradients = jax.value_and_grad(loss)(p)
        changes, state = optimiser.update(gradients, state, p)
        return optax.apply_updates(p, changes), state, value

    update = jax.jit(update, donate_argnums=(0, 1))

    def step():
        nonlocal p, state
        p, state, value = update(p, state)
        return value.block_until_ready()

    return step


def reader(w):
    p, ids = parameters(w, jax.random.key(1)), jax.random.randint(jax.random.key(2), (w.t, w.b), 0, w.v)
    run = jax.jit(lambda p, ids: logits(w, p, ids))
    return lambda: run(p, ids).block_until_ready()


def main():
    a = peer.arguments(__doc__)
    w = a.work
    if w.both or w.cell not in CELLS or w.generates or w.kind == "TrainBF16":
        peer.unsupported("jax_rnn: training and inference of rnn, lstm, fifth in one direction are offered")
    base = peer.peak_mb()
    times, first, last = peer.measure(trainer(w) if w.trains else reader(w), a.seconds)
    parts = [f"Python {sys.version.split()[0]}", f"optax {optax.__version__}"]
    if w.trains:
        first, last = float(first), float(last)
    peer.report(f"jax {jax.__version__}", parts, w, a.threads, base, times, first, last)


if __name__ == "__main__":
    main()
