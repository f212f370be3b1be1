"""Runs models in ONNX Runtime for runtime_test.go: needs onnx, onnxruntime and numpy.

Reads a job in each line of standard input, in JSON, {"model": path, "runs": [[{"name", "shape", "ints", "data"}, ...], ...]}, and
answers with a line: the outputs of every run as a list of such lists, without the names.
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

options = onnxruntime.SessionOptions()
options.log_severity_level = 2  # warnings, which the test takes for failures
for line in sys.stdin:
    job = json.loads(line)
    onnx.checker.check_model(onnx.load(job["model"]), full_check=True)
    session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    kinds = {i.name: {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64,
                      "tensor(int32)": np.int32}[i.type] for i in session.get_inputs()}
    results = []
    for run in job["runs"]:
        given = {v["name"]: np.array(v["data"], kinds[v["name"]]).reshape(v["shape"]) for v in run}
        results.append([{"shape": y.shape, "data": y.ravel().astype(np.float64).tolist()} for y in session.run(None, given)])
    print(json.dumps(results), flush=True)
