"""Records an adapter that PEFT wrote, and what the adapted network computes.

    pip install torch==2.15.0 peft==0.21.2
    python record.py              # writes adapter/ and network.safetensors beside itself
    python record.py FOLDER       # loads an adapter that this library wrote for that network; prints how far its outputs are
"""
import os
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5)
        self.conv = nn.Conv1d(5, 4, 2)
        self.lstm = nn.LSTM(4, 6, 2)
        self.proj = nn.Linear(6, 6)
        self.head = nn.Linear(6, 7)

    def forward(self, ids):  # [T, B] to [T, B, 7]
        x = self.embedding(ids).permute(1, 2, 0)
        x = self.conv(nn.functional.pad(x, (1, 0))).permute(2, 0, 1)
        y, _ = self.lstm(x)
        return self.head(torch.tanh(self.proj(y)))


torch.manual_seed(1)
ids = torch.randint(0, 7, (9, 3))
if len(sys.argv) > 1:
    recorded = load_file(os.path.join(here, "network.safetensors"))
    base = Network()
    base.load_state_dict({k[len("weight."):]: v for k, v in recorded.items() if k.startswith("weight.")})
    adapted = PeftModel.from_pretrained(base, sys.argv[1])
    out = adapted(recorded["in.ids"])
    print("largest difference", (out - recorded["out.adapted"]).abs().max().item())
    sys.exit()

base = Network()
tensors = {"weight." + k: v.clone() for k, v in base.state_dict().items()}
tensors["in.ids"], tensors["out.base"] = ids, base(ids).detach()
adapted = get_peft_model(base, LoraConfig(
    r=2, lora_alpha=6, use_rslora=True, target_modules=["head", "proj", "embedding", "conv"],
    target_parameters=["lstm.weight_hh_l1", "lstm.weight_ih_l0", "lstm.weight_hh_l0"]))
for name, p in adapted.named_parameters():
    if "lora_" in name:
        nn.init.normal_(p.data, std=0.4)
adapted.save_pretrained(os.path.join(here, "adapter"))
os.remove(os.path.join(here, "adapter", "README.md"))
tensors["out.adapted"] = adapted(ids).detach()
tensors.update({"merged." + k: v for k, v in adapted.merge_and_unload().state_dict().items()})
save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(here, "network.safetensors"))
