"""Runs an ONNX file in ONNX Runtime on one thread, as often as standard input says, line by line: BenchmarkShipped asks.

    python onnxruntime_file.py FILE REFERENCE.safetensors        # in/NAME are the inputs
"""
import sys
import time

import numpy
import onnxruntime
from safetensors.numpy import load_file

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
values = load_file(sys.argv[2])
types = {"tensor(float)": numpy.float32, "tensor(int32)": numpy.int32, "tensor(int64)": numpy.int64}
given = {i.name: values["in/" + i.name].astype(types[i.type]) for i in session.get_inputs()}  # references hold int32 as int64
for _ in range(5):
    session.run(None, given)
print("ready", onnxruntime.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        session.run(None, given)
    print(time.perf_counter() - start, flush=True)
