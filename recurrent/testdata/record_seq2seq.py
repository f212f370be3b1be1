"""Records encoder-decoders of PyTorch: python3 record_seq2seq.py writes seq2seq/{case}.safetensors.

Recorded with PyTorch 2.15 in float64. A bidirectional nn.LSTM encodes, its directions' states are concatenated, and an
nn.LSTM decodes with Luong's general attention; "feeding" has input feeding, "lengths" has sources of different lengths.
The loss is sum(logits*wlogits) + sum(attention*wattention) with random weights w. Tensors: param.*, in.*, out.*, grad.*;
logits are [T, B, V], attention [T, B, S].
"""
import os
import sys

import torch
from torch import nn
from torch.nn.utils import rnn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

S, B, T, E, H, U, SOURCE, TARGET = 6, 3, 4, 3, 4, 5, 8, 7


class Translator(nn.Module):
    def __init__(self, feeding):
        super().__init__()
        self.feeding = feeding
        self.source = nn.Embedding(SOURCE, E)
        self.target = nn.Embedding(TARGET, E)
        self.encoder = nn.LSTM(E, H // 2, bidirectional=True)
        self.decoder = nn.LSTM(E + U if feeding else E, H)
        self.key = nn.Linear(H, H, bias=False)
        self.combine = nn.Linear(2 * H, U, bias=False)
        self.head = nn.Linear(U, TARGET)

    def forward(self, source, lengths, target):
        x = rnn.pack_padded_sequence(self.source(source), lengths, enforce_sorted=False)
        memory, (h, c) = self.encoder(x)
        memory, _ = rnn.pad_packed_sequence(memory, total_length=S)
        state = tuple(torch.cat([v[0], v[1]], dim=1)[None] for v in (h, c))
        keys = self.key(memory)
        padding = torch.arange(S)[:, None] >= lengths[None]
        y = torch.zeros(B, U, dtype=torch.float64)
        logits, attention = [], []
        for word in self.target(target):
            q, state = self.decoder((torch.cat([word, y], dim=1) if self.feeding else word)[None], state)
            scores = (q * keys).sum(dim=2).masked_fill(padding, -torch.inf)
            weights = torch.softmax(scores, dim=0)
            context = (weights[:, :, None] * memory).sum(dim=0)
            y = torch.tanh(self.combine(torch.cat([context, q[0]], dim=1)))
            logits.append(self.head(y))
            attention.append(weights.T)
        return torch.stack(logits), torch.stack(attention)


NAMES = {"key.weight": "decoder.weight_key_l0", "combine.weight": "decoder.weight_combine_l0"}


def record(case, feeding, lengths):
    model = Translator(feeding).double()
    parameters = {NAMES.get(n, n): p for n, p in model.named_parameters()}
    with torch.no_grad():
        for i, p in enumerate(parameters.values()):
            p.copy_(0.5 * randn(100 + i, *p.shape))
    source = (torch.arange(S * B) * 5 % SOURCE).reshape(S, B)
    target = (torch.arange(T * B) * 3 % TARGET).reshape(T, B)
    lengths = torch.tensor(lengths)
    logits, attention = model(source, lengths, target)
    wlogits, wattention = randn(1, *logits.shape, dtype=torch.float64), randn(2, *attention.shape, dtype=torch.float64)
    loss = (logits * wlogits).sum() + (attention * wattention).sum()
    grads = torch.autograd.grad(loss, parameters.values())
    tensors = {f"param.{n}": p for n, p in parameters.items()}
    tensors.update({"in.source": source, "in.lengths": lengths, "in.target": target, "in.wlogits": wlogits, "in.wattention": wattention})
    tensors.update({"out.loss": loss, "out.logits": logits, "out.attention": attention})
    tensors.update({f"grad.{n}": g for n, g in zip(parameters, grads)})
    write(os.path.join(HERE, "seq2seq", f"{case}.safetensors"), tensors, {"feeding": feeding})


os.makedirs(os.path.join(HERE, "seq2seq"), exist_ok=True)
record("whole", False, [S, S, S])
record("lengths", False, [2, S, 4])
record("feeding_whole", True, [S, S, S])
record("feeding_lengths", True, [2, S, 4])
