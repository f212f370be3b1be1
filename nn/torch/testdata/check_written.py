"""Loads written/state.pt, which TestWrite makes, as PyTorch does, and checks what it holds."""
import os

import torch

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "written", "state.pt")
state = torch.load(path, weights_only=True)
want = {"lstm.weight_ih_l0": torch.tensor([[1, -2, 3.5], [4, 5, 6]]), "double é": torch.tensor([1e300], dtype=torch.float64),
        "ids": torch.tensor([[-1], [7]])}
assert list(state) == list(want), list(state)
for name, v in want.items():
    assert state[name].dtype == v.dtype and torch.equal(state[name], v), name
print("PyTorch", torch.__version__, "reads", path)
