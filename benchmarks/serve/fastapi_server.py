"""The simplest server of a classifier that was exported as ONNX: FastAPI, uvicorn and ONNX Runtime, one request at a time, beside
which `unroll serve` is measured. It takes tokens rather than text, so that it has no tokenizer to wait for.

    unroll export --model reviews.safetensors --out reviews.onnx
    python fastapi_server.py reviews.onnx 8091
    go run ./benchmarks/serve --url http://localhost:8091/predict --body '{"ids": [5, 17, 3]}'
"""

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # requests run side by side
session = onnxruntime.InferenceSession(sys.argv[1], options)
app = FastAPI()


class Text(BaseModel):
    ids: list[int]


@app.post("/predict")
def predict(text: Text):
    ids = np.array(text.ids, np.int64)[:, None]
    feed = {"ids": ids, "lengths": np.array([len(text.ids)], np.int32)}
    logits = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})[0][0]
    p = np.exp(logits - logits.max())
    return {"probabilities": (p / p.sum()).tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
