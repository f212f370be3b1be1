"""Reads and writes safetensors files: what the record.py scripts of the test data share. Needs numpy and torch.

Layout: the header's length as a little-endian u64; the header, JSON padded with spaces to a multiple of 8 bytes;
the tensors, row-major and little-endian, in the header's order and without holes.
"""
import json
import struct

import numpy
import torch

DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def write(path, tensors, metadata):
    """Writes a dict of torch tensors (float32, float64, int64) and a dict of settings, which become strings."""
    header = {"__metadata__": {k: str(v) for k, v in metadata.items()}}
    body = b""
    for name, t in tensors.items():
        a = t.detach().contiguous().numpy()
        code = next(c for c, d in DTYPES.items() if numpy.dtype(d) == a.dtype)
        data = a.astype(DTYPES[code]).tobytes()
        header[name] = {"dtype": code, "shape": list(a.shape), "data_offsets": [len(body), len(body) + len(data)]}
        if a.dtype.kind == "f":
            assert numpy.isfinite(a).all(), f"{path}: {name} is not finite"
        body += data
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + body)
    back, _ = read(path)
    assert all(numpy.array_equal(back[n], t.detach().numpy()) for n, t in tensors.items()), f"{path} reads back wrong"


def read(path):
    """Returns the tensors of a file, as numpy arrays by name, and its settings."""
    with open(path, "rb") as f:
        data = f.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, body, end = json.loads(data[8:8 + length]), data[8 + length:], 0
    settings, tensors = header.pop("__metadata__", {}), {}
    for name, t in header.items():
        start, stop = t["data_offsets"]
        assert start == end and length % 8 == 0, f"{path}: {name} starts at {start}, want {end}"
        tensors[name] = numpy.frombuffer(body[start:stop], DTYPES[t["dtype"]]).reshape(t["shape"])
        end = stop
    assert end == len(body), f"{path}: {len(body) - end} bytes too many"
    return tensors, settings


def randn(seed, *shape, dtype=torch.float64):
    """Normal numbers from a seed, the same for every dtype up to rounding."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64).to(dtype)


def randint(seed, high, *shape):
    """Whole numbers below high from a seed."""
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


torch.set_num_threads(1)  # one order of summation, hence one set of bytes
