"""Records arrays as NumPy writes them, for the reader.

    python3 record.py    # writes every.npz, packed.npz, one.npy, v2.npy, v3.npy and wide.safetensors beside it"""
import os

import numpy as np
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))
x = np.arange(6).reshape(2, 3)
every = {t: x.astype(t) for t in ("<f8", "<f4", "<f2", ">f8", ">f4", ">f2", "<i8", ">i8", "<i4", ">i4", "<i2", ">i2", "|i1", "<u8", ">u8", "<u4", "<u2", ">u2", "|u1", "|b1")}
every = {f"{i:02d}{k[1:]}{'big' if k[0] == '>' else ''}": v - 3 if k[1] in "if" else v for i, (k, v) in enumerate(every.items())}
every |= {"columns": np.asfortranarray(x.astype("<f4")), "columns3": np.asfortranarray(np.arange(24, dtype=">f4").reshape(2, 3, 4)), "scalar": np.float32(1.5),
          "one": np.array([7.5]), "none": np.zeros((0, 3), np.float32), "steps": np.arange(10.0)[::3], "a/b": np.ones(2, np.float32)}
np.savez(os.path.join(here, "every.npz"), **every)
np.savez_compressed(os.path.join(here, "packed.npz"), **every)
np.save(os.path.join(here, "one.npy"), every["columns"])
for version in (2, 3):
    with open(os.path.join(here, f"v{version}.npy"), "wb") as f:
        np.lib.format.write_array(f, x.astype("<f4"), version=(version, 0))
wide = lambda v: np.array(v, np.float64 if v.dtype.str[1:] == "f8" else np.float32 if v.dtype.kind == "f" else np.int64, order="C")
save_file({k: wide(np.asarray(v)) for k, v in every.items()}, os.path.join(here, "wide.safetensors"))
np.savez(os.path.join(here, "refused.npz"), words=np.array(["a", "bc"]), raw=np.array([b"a"]), objects=np.array([None, {}]), complex=np.ones(1, complex),
         records=np.zeros(1, [("a", "<f4")]), good=np.ones(1))
