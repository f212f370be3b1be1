"""Runs modules of PyTorch for roundtrip_test.go: needs torch.

Reads JSON from standard input, [{"module": code, "call": code, "state": path, "runs": [{"shape", "ints", "data"}, ...]}, ...]. The state
dict in the file, whose names begin with "layer.", goes into the module; call is what is computed of it, m, and of an input x.
Writes what every module gives, and saves its state dict again, as path.again.pt.
"""
import json
import sys

import torch
from torch import nn

torch.manual_seed(1)
results = []
with torch.no_grad():
    for job in json.load(sys.stdin):
        m = eval(job["module"], {"nn": nn, "torch": torch}).eval()
        state = {name.removeprefix("layer."): v for name, v in torch.load(job["state"]).items()}
        missing, unexpected = m.load_state_dict(state, strict=False)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing or unexpected:
            sys.exit(f"{job['module']}: missing {missing}, unexpected {unexpected}")
        runs = []
        for v in job["runs"]:
            x = torch.tensor(v["data"], dtype=torch.int64 if v["ints"] else torch.float32).reshape(v["shape"])
            y = eval(job["call"], {"m": m, "x": x, "nn": nn, "torch": torch})
            runs.append({"shape": list(y.shape), "data": y.double().reshape(-1).tolist()})
        torch.save({"layer." + name: v for name, v in m.state_dict().items()}, job["state"] + ".again.pt")
        results.append(runs)
json.dump(results, sys.stdout)
