"""Records an adapter that PEFT wrote for the checkpoint models/mamba, and the logits of the adapted model.

    pip install torch==2.15.0 transformers peft==0.21.2
    python record_adapter.py          # writes adapter/ and adapted.json beside itself
"""
import json
import os

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
model = AutoModelForCausalLM.from_pretrained(os.path.join(here, "models", "mamba"), dtype=torch.float32)
model = get_peft_model(model, LoraConfig(r=3, lora_alpha=6, target_modules=["in_proj", "x_proj"]))
for name, p in model.named_parameters():
    if "lora_" in name:
        torch.nn.init.normal_(p.data, std=0.2)
model.save_pretrained(os.path.join(here, "adapter"))
os.remove(os.path.join(here, "adapter", "README.md"))
ids = torch.randint(0, model.config.vocab_size, (1, 9))
with torch.no_grad():
    logits = model.eval()(ids).logits[0]
with open(os.path.join(here, "adapted.json"), "w") as f:
    json.dump({"ids": ids[0].tolist(), "logits": logits.tolist()}, f)
