"""Records what torchaudio computes for the loss of a transducer, for its tests.

    python3 record_transducer.py      writes transducer_f32.safetensors here

torchaudio.functional.rnnt_loss works in float32. Tensors of a case: {case}.in.x, logits [T, B, U+1, V] (its own are batch first), {case}.in.targets,
{case}.in.frames, {case}.in.labels, {case}.out.loss, the mean over the sequences, and {case}.grad.x. Settings: "torchaudio",
the version that recorded (2.11.1, with torch 2.15.0), "cases", and {case}.blank.
"""
import os
import sys

import torch
import torchaudio

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "graph", "testdata"))
from tensorfile import randn, write  # noqa: E402

TENSORS, NAMES = {}, []
SETTINGS = {"torchaudio": torchaudio.__version__.split("+")[0], "torch": torch.__version__.split("+")[0]}

CASES = {  # frames, labels, classes, blank
    "one": ([1], [[1]], 2, 0),
    "batch": ([7, 3, 5], [[1, 1, 2], [3, 0, 1], [2, 3, 3]], 5, 4),
    "shorter": ([6, 2, 1], [[1, 2, 3, 1], [2], []], 4, 0),
    "more labels than frames": ([2, 1], [[1, 1, 1, 2, 1], [2, 2, 2]], 3, 0),
    "long": ([40], [[1 + i * i % 11 for i in range(20)]], 12, 0),
}
for seed, (name, (frames, labels, classes, blank)) in enumerate(CASES.items()):
    batch, wide = len(frames), max(map(len, labels))
    x = randn(seed + 1, batch, max(frames), wide + 1, classes).float().requires_grad_()
    targets = torch.full((batch, wide), 0 if blank else 1, dtype=torch.int32)
    for b, row in enumerate(labels):
        targets[b, : len(row)] = torch.tensor(row, dtype=torch.int32)
    lengths = [torch.tensor(v, dtype=torch.int32) for v in (frames, [len(r) for r in labels])]
    loss = torchaudio.functional.rnnt_loss(x, targets, *lengths, blank=blank, reduction="none")
    loss.mean().backward()
    case = name.replace(" ", "_")
    TENSORS.update({f"{case}.in.x": x.detach().transpose(0, 1), f"{case}.in.targets": targets.long(),
                    f"{case}.in.frames": lengths[0].long(), f"{case}.in.labels": lengths[1].long(),
                    f"{case}.out.loss": loss.mean().detach(), f"{case}.grad.x": x.grad.transpose(0, 1)})
    SETTINGS[f"{case}.blank"] = str(blank)
    NAMES.append(case)

write(os.path.join(HERE, "transducer_f32.safetensors"), TENSORS, {**SETTINGS, "cases": " ".join(NAMES)})
