"""Records a small tagger of PyTorch 2.15, for the tests of models.Tagger: emissions, the CRF's loss and its best tags.

    python3 record_tagger.py      writes tagger_torch.safetensors here

The network: embeddings of words, the last states of an LSTM over each word's characters in both directions, an LSTM over
the words in both directions, a linear head. Loss and best tags are by the definition: all sequences of tags are scored.
Tensors: param.* as models.Tagger names them, in.*, out.*; words and tags are [T, B], characters [C, N].
"""
import itertools
import os
import sys

import torch
from torch import nn
from torch.nn.utils import rnn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "graph", "testdata"))
from tensorfile import write  # noqa: E402

torch.manual_seed(3)
WORDS, CHARACTERS, TAGS, E, CE, CH, H = 9, 8, 3, 5, 4, 3, 6
T, B, C, N = 4, 3, 5, 6
lengths, spelt = torch.tensor([4, 1, 3]), torch.tensor([5, 1, 2, 3, 4, 2])

table, letters = nn.Embedding(WORDS, E), nn.Embedding(CHARACTERS, CE)
reader = nn.LSTM(CE, CH, bidirectional=True)
layer = nn.LSTM(E + 2 * CH, H, bidirectional=True)
head = nn.Linear(2 * H, TAGS)
chain = {"transitions": torch.randn(TAGS, TAGS), "start_transitions": torch.randn(TAGS), "end_transitions": torch.randn(TAGS)}

words = torch.randint(0, WORDS, (T, B))
characters = torch.randint(0, CHARACTERS, (C, N))
places = torch.randint(0, N, (T, B))
tags = torch.randint(0, TAGS, (T, B))

packed = rnn.pack_padded_sequence(letters(characters), spelt, enforce_sorted=False)
_, (h, _) = reader(packed)  # [2, N, CH]
found = torch.cat([h[0], h[1]], 1)
x = torch.cat([table(words), found[places]], 2)
y, _ = layer(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))
y, _ = rnn.pad_packed_sequence(y, total_length=T)
emissions = head(y)


def score(b, path):
    s = chain["start_transitions"][path[0]] + chain["end_transitions"][path[-1]]
    for t, tag in enumerate(path):
        s = s + emissions[t, b, tag]
        if t:
            s = s + chain["transitions"][path[t - 1], tag]
    return s


losses, best = [], torch.zeros(T, B, dtype=torch.int64)
for b in range(B):
    n = int(lengths[b])
    paths = list(itertools.product(range(TAGS), repeat=n))
    scores = torch.stack([score(b, p) for p in paths])
    losses.append(torch.logsumexp(scores, 0) - score(b, tuple(tags[:n, b].tolist())))
    for t, tag in enumerate(paths[int(scores.argmax())]):
        best[t, b] = tag

out = {"param.embedding.weight": table.weight, "param.characters.weight": letters.weight}
for scope, module in [("spelling", reader), ("rnn", layer), ("head", head)]:
    for name, p in module.named_parameters():
        out[f"param.{scope}.{name}"] = p
for name, p in chain.items():
    out[f"param.crf.{name}"] = p
out |= {"in.words": words, "in.lengths": lengths, "in.characters": characters, "in.character_lengths": spelt, "in.places": places,
        "in.tags": tags, "out.emissions": emissions, "out.loss": torch.stack(losses).mean(), "out.best": best}
write(os.path.join(HERE, "tagger_torch.safetensors"), {k: v.detach() for k, v in out.items()}, {"torch": torch.__version__})
