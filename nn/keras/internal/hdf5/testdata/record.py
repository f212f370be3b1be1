"""Records HDF5 files that h5py writes, for the tests of the package: forms.h5, with datasets that can be read and
others that must be refused, many.h5, whose group needs a tree of two levels, latest.h5, in the newer form, and
elsewhere.h5 and links.h5, which refer to other files.

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
    f.create_dataset("bad/integers", data=np.arange(3, dtype="<u4"))
    f.create_dataset("bad/big-endian", data=np.arange(3, dtype=">f4"))
    f.create_dataset("bad/half", data=np.arange(3, dtype="<f2"))
    f.create_dataset("bad/chunks", data=np.arange(64, dtype="<f4"), chunks=(8,))
    f.create_dataset("bad/zipped", data=np.arange(64, dtype="<f4"), compression="gzip")
    f.create_dataset("bad/unwritten", shape=(4,), dtype="<f4")
    for i in range(40):  # attributes that need a second block of messages
        f["good"].attrs[f"note {i}"] = "x" * 40
        f["good/float32"].attrs[f"note {i}"] = "x" * 40

with h5py.File(os.path.join(HERE, "many.h5"), "w") as f:
    for i in range(200):
        f.create_dataset(f"layers/{i:03}", data=np.float32(i))

with h5py.File(os.path.join(HERE, "latest.h5"), "w", libver="latest") as f:
    f.create_dataset("a", data=np.float32([1, 2]))

with h5py.File(os.path.join(HERE, "elsewhere.h5"), "w") as f:
    f.create_dataset("a", data=np.float32([1, 2]), external=[(os.path.join("/tmp", "elsewhere.raw"), 0, 8)])

with h5py.File(os.path.join(HERE, "links.h5"), "w") as f:
    f["a"] = h5py.ExternalLink("forms.h5", "/good/scalar")
