"""Times ONNX Runtime on one thread on the models of UNROLL_MODEL_FILES, as BenchmarkShippedModels times ours.

    v/bin/python time_runtime.py FOLDER NAME ...
"""
import glob
import sys
import time

import onnxruntime
from safetensors.numpy import load_file

for name in sys.argv[2:]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(glob.glob(f"{sys.argv[1]}/{name}/*.onnx")[0], options, providers=["CPUExecutionProvider"])
    values = load_file(f"{sys.argv[1]}/{name}/reference.safetensors")
    given = {i.name: values["in/" + i.name] for i in session.get_inputs()}
    took = []
    for _ in range(5):
        session.run(None, given)
    for _ in range(100):
        start = time.perf_counter()
        session.run(None, given)
        took.append(time.perf_counter() - start)
        if sum(took) > 3:
            break
    print(f"{name}: median {sorted(took)[len(took) // 2] * 1e3:.3f} ms")
