"""Records HDF5 files that h5py writes, for the tests of the package: forms.h5, with datasets that can be read and
others that must be refused, many.h5, whose group needs a tree of two levels, latest.h5 and ordered.h5, in the newer
form, and elsewhere.h5 and links.h5, which refer to other files.

    python3 -m venv v && v/bin/pip install h5py numpy
    v/bin/python record.py
    v/bin/python record.py --read FILE    prints the datasets of a file as JSON
"""
import json
import os
import sys

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))

if "--read" in sys.argv:
    found = {}
    with h5py.File(sys.argv[2], "r") as f:
        f.visititems(lambda name, o: found.update({name: [list(o.shape), o[()].ravel().astype(float).tolist()]})
                     if isinstance(o, h5py.Dataset) else None)
    print(json.dumps(found))
    sys.exit()

with h5py.File(os.path.join(HERE, "forms.h5"), "w") as f:
    f.create_dataset("good/float32", data=np.arange(6, dtype="<f4").reshape(2, 3) / 3)
    f.create_dataset("good/float64", data=np.arange(6, dtype="<f8").reshape(3, 1, 2) / 3)
    f.create_dataset("good/scalar", data=np.float32(1.5))
    f.create_dataset("bad/text", data=np.array([b"a", b"b"]))
    f.create_dataset("bad/complex", data=np.arange(3, dtype="<c8"))
    f.create_dataset("bad/unwritten", shape=(4,), dtype="<f4")
    f.create_dataset("bad/scaled", data=np.arange(64, dtype="<i4"), scaleoffset=4)
    for kind in ("<u4", "<i2", ">i4", "i1", "<i8", ">f4", ">f8", "<f2", "?"):
        name = {"<": "little-", ">": "big-", "i": "", "?": ""}[kind[0]] + kind.strip("<>").replace("?", "bool")
        f.create_dataset("numbers/" + name, data=(np.arange(6) - (0 if kind in ("<u4", "?") else 3)).astype(kind))
    f.create_dataset("numbers/special", data=np.array([np.inf, -np.inf, 6e-8, -65504, 0.1], "<f2"))
    grid = np.arange(7 * 5 * 3, dtype="<f4").reshape(7, 5, 3)
    f.create_dataset("chunks/plain", data=grid, chunks=(3, 2, 2))
    f.create_dataset("chunks/gzip", data=grid, chunks=(4, 5, 2), compression="gzip")
    f.create_dataset("chunks/all", data=grid, chunks=(2, 5, 3), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("chunks/empty", shape=(7, 5, 3), dtype="<f4", chunks=(2, 2, 2))
    f.create_dataset("chunks/many", data=np.arange(3000, dtype="<f4"), chunks=(4,), shuffle=True)
    f["good"].attrs["fixed"] = np.array([b"one", b"two", b"three"])
    f["good"].attrs["empty"] = np.array([])
    f["good"].attrs["one"] = "gr\u00fcn"
    f["good"].attrs["bytes"] = b"bytes"
    f["good"].attrs["several"] = ["a", "bb" * 3000, ""]
    f["good"].attrs["number"] = 3
    f.attrs["root"] = "root"
    f["good/float32"].attrs["of a dataset"] = "yes"
    for i in range(40):  # attributes that need a second block of messages
        f["good"].attrs[f"note {i}"] = "x" * 40
        f["good/float32"].attrs[f"note {i}"] = "x" * 40

with h5py.File(os.path.join(HERE, "many.h5"), "w") as f:
    for i in range(200):
        f.create_dataset(f"layers/{i:03}", data=np.float32(i))

with h5py.File(os.path.join(HERE, "latest.h5"), "w", libver="latest") as f:
    f.create_dataset("a", data=np.float32([1, 2]))
    f.create_dataset("chunks", data=np.float32([1, 2]), chunks=(1,))
    for i in range(300):  # members in a heap, and attributes, too
        f.create_dataset(f"many/{i:03}", data=np.float32([i]))
    for i in range(40):
        f["many"].attrs[f"note {i}"] = f"text {i}"

with h5py.File(os.path.join(HERE, "ordered.h5"), "w", track_order=True) as f:
    for name in "zyx":
        f.create_group(name, track_order=True).create_dataset("a", data=np.float32(ord(name)))

with h5py.File(os.path.join(HERE, "elsewhere.h5"), "w") as f:
    f.create_dataset("a", data=np.float32([1, 2]), external=[(os.path.join("/tmp", "elsewhere.raw"), 0, 8)])

with h5py.File(os.path.join(HERE, "links.h5"), "w") as f:
    f["a"] = h5py.ExternalLink("forms.h5", "/good/scalar")
