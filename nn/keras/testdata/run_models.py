"""Runs models in Keras for builder_test.go: needs keras with a backend, and numpy.

Reads JSON from standard input, [{"model": path, "runs": [[{"shape", "ints", "data"}, ...], ...]}, ...], and writes what every
model gives in every run. Each model is also saved again, as path.again.keras, to be read back.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np

results = []
for job in json.load(sys.stdin):
    model = keras.models.load_model(job["model"])
    runs = []
    for run in job["runs"]:
        given = [np.array(v["data"], np.int32 if v["ints"] else np.float32).reshape(v["shape"]) for v in run]
        y = np.asarray(model(given[0] if len(given) == 1 else given, training=False))
        runs.append({"shape": y.shape, "data": y.ravel().astype(np.float64).tolist()})
    model.save(job["model"] + ".again.keras")
    results.append(runs)
json.dump(results, sys.stdout)
