"""Records one tensor of every element type that safetensors and PyTorch share, for the reader of safetensors files.

    python3 record_elements.py    # writes elements.safetensors beside it

Beside every half-precision tensor X stands X.wide, PyTorch's own conversion to float32."""
import os

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
every = torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16)  # all bit patterns of 16 bits
f16, bf16 = every.view(torch.float16)[::23].clone(), every.view(torch.bfloat16)[::23].clone()
tensors = {
    "F64": torch.tensor([[1.5, -2.25], [1e300, 5e-324]], dtype=torch.float64),
    "F32": torch.tensor([1.5, -0.0, 3.4e38, 1e-45], dtype=torch.float32),
    "F16": f16, "F16.wide": f16.float(),
    "BF16": bf16, "BF16.wide": bf16.float(),
    "I64": torch.tensor([-(1 << 31), (1 << 31) - 1, -7]),
    "I32": torch.tensor([-(1 << 31), (1 << 31) - 1, -7], dtype=torch.int32),
    "I16": torch.tensor([-(1 << 15), (1 << 15) - 1, -7], dtype=torch.int16),
    "I8": torch.tensor([-128, 127, -7], dtype=torch.int8),
    "U64": torch.tensor([0, (1 << 31) - 1, 7], dtype=torch.uint64),
    "U32": torch.tensor([0, (1 << 31) - 1, 7], dtype=torch.uint32),
    "U16": torch.tensor([0, (1 << 16) - 1, 7], dtype=torch.uint16),
    "U8": torch.tensor([0, 255, 7], dtype=torch.uint8),
    "BOOL": torch.tensor([True, False, True]),
    "scalar": torch.tensor(3.0),
    "none": torch.zeros(0, 3), "nothing": torch.zeros(0, dtype=torch.int16), "void": torch.zeros(2, 0, 5, dtype=torch.float16),
}
save_file(tensors, os.path.join(here, "elements.safetensors"), metadata={"by": "torch " + torch.__version__})
