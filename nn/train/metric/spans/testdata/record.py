"""Records what seqeval 1.2.2 says of random tags, odd ones among them, for the tests of package spans.

pip install seqeval; python record.py
"""
import json
import os
import random
import warnings

from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

warnings.simplefilter("ignore")
rng = random.Random(7)
kinds = ["PER", "LOC", "A-B"]


def sentence(letters, types, odd):
    """Tags that mostly follow each other, or any."""
    out, open_type = [], None
    for _ in range(rng.randint(1, 9)):
        letter, kind = rng.choice(letters), rng.choice(types)
        if rng.random() > odd and open_type and letter in "IEL":
            kind = open_type
        out.append("O" if letter == "O" else letter + "-" + kind)
        open_type = kind if letter in "BI" else None
    return out


def near(tags, letters, types):
    return [t if rng.random() < 0.75 else sentence(letters, types, 1)[0] for t in tags]


cases = []
for name, scheme, letters in [("iob1", IOB1, "OBI"), ("iob2", IOB2, "OBI"), ("bioes", IOBES, "OBIES"), ("bilou", BILOU, "OBILU")]:
    for _ in range(60):
        types = kinds[: rng.randint(1, 3)]
        odd = rng.choice([0, 0.2, 1])
        truth = [sentence(letters, types, odd) for _ in range(rng.randint(1, 4))]
        predicted = [near(t, letters, types) for t in truth]
        case = {"scheme": name, "truth": truth, "predicted": predicted}
        modes = [("strict", lambda **kw: strict(truth, predicted, scheme=scheme, **kw))]
        case["strict_spans"] = [[[e.tag, e.start, e.end] for e in s] for s in Entities(truth, scheme).entities]
        if name != "bilou":  # whose letters the default mode does not know
            modes.append(("default", lambda **kw: precision_recall_fscore_support(truth, predicted, **kw)))
            case["spans"] = [[[k, a, b + 1] for k, a, b in get_entities(s)] for s in truth]
        for mode, score in modes:
            p, r, f, n = score(average=None)
            out = {"precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": [int(x) for x in n]}
            for average in ("micro", "macro", "weighted"):
                a = score(average=average) if len(n) else (0, 0, 0)
                out[average] = [float(x) for x in a[:3]]
            case[mode] = out
        cases.append(case)

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "seqeval.json"), "w") as f:
    json.dump(cases, f, separators=(",", ":"))
