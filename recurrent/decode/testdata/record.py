"""Records what torchaudio's forced_align and merge_tokens find, for TestAlignAgreesWithTorchaudio.

    python3 record.py      writes align.json here

Recorded with torchaudio 2.11.1 and PyTorch 2.15. The spans are [first frame, frame behind the last, mean probability].
"""
import json
import os

import torch
import torchaudio.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))


def case(seed, steps, classes, labels, blank):
    torch.manual_seed(seed)
    logits = (2 * torch.randn(steps, classes, dtype=torch.float64)).mul(64).round().div(64)
    log_probs = logits.log_softmax(-1)
    path, scores = F.forced_align(log_probs[None], torch.tensor([labels], dtype=torch.int32), blank=blank)
    spans = F.merge_tokens(path[0], scores[0].exp(), blank=blank)
    return {"logits": logits.tolist(), "labels": labels, "blank": blank, "log_prob": scores.sum().item(),
            "spans": [[s.start, s.end, s.score] for s in spans]}


cases = [case(1, 12, 5, [1, 2, 3], 0), case(2, 9, 4, [1, 1, 2, 2], 0), case(3, 7, 4, [0, 0, 0, 0], 3),
         case(4, 1, 3, [2], 0), case(5, 40, 30, [5, 5, 9, 29, 1, 1, 1, 17], 0), case(6, 300, 12, [3, 4] * 20, 0)]
with open(os.path.join(HERE, "align.json"), "w") as f:
    json.dump(cases, f)
