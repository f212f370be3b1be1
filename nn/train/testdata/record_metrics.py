"""Records the scores of sacreBLEU 2.6 for metric_text_test.go: pip install sacrebleu; python record_metrics.py"""
import json
import os
import random

from sacrebleu.metrics import BLEU, CHRF

here = os.path.dirname(os.path.abspath(__file__))

# The first two are test cases of sacreBLEU itself (test/test_bleu.py, test/test_chrf.py).
cases = [
    {"hyp": ["this is a test", "another test"], "refs": [["this is a test", "another test"]]},
    {"hyp": ["Niemand hat die Absicht, eine Mauer zu errichten"], "refs": [["Niemand hat die Absicht, eine Mauer zu errichten"], ["Keiner plant eine Mauer"]]},
    {"hyp": ["aäaä"], "refs": [["baba"]]},
    {"hyp": ["Hello, world! It's 3.14, or 1,000-2,000.", "The so-called &quot;U.S.&quot; e.g. A&amp;B (x_y) a/b <skipped>"],
     "refs": [["Hello world! It is 3.14 or 1,000-3,000.", "The so called \"U.S.\" e.g. A&B (x y) a/b"]]},
    {"hyp": ["", "word"], "refs": [["not empty", "word"]]},
    {"hyp": ["", ""], "refs": [["a b", "c"]]},
    {"hyp": ["one"], "refs": [["one two three four five"]]},
    {"hyp": ["one two three four five six"], "refs": [["one two"]]},
    {"hyp": ["Tôi không biết anh ấy đang ở đâu.", "Cô ấy thích ăn táo hơn cam!"], "refs": [["Tôi không biết anh ta ở đâu.", "Cô ấy thích táo hơn cam."]]},
    {"hyp": ["(hi) there... \"quoted\" 50% of $10 - a", "ALL CAPS here"], "refs": [["(hi), there. 'quoted' 50 % of $10 – a", "all caps Here"], ["hi there", "ALL caps here now"]]},
    {"hyp": ["a b c d e", "a b c d f"], "refs": [["a b c d e g", "x y z"], ["a b", "a b c d f g h i j"]]},
]
rng = random.Random(1)
words = "the cat sat on mat , . a dog ran far away with 12 3.5 birds &".split()
for _ in range(6):
    n = rng.randint(1, 12)
    hyp = [" ".join(rng.choice(words) for _ in range(rng.randint(0, 15))) for _ in range(n)]
    refs = [[" ".join(rng.choice(words) for _ in range(rng.randint(1, 15))) if rng.random() < 0.5 else h + " cat" for h in hyp] for _ in range(rng.randint(1, 3))]
    cases.append({"hyp": hyp, "refs": refs})

for c in cases:
    for name, kw in {"bleu": {}, "bleu_lower": {"lowercase": True}, "bleu_none": {"tokenize": "none"}, "bleu_char": {"tokenize": "char"}}.items():
        s = BLEU(**kw).corpus_score(c["hyp"], c["refs"])
        c[name] = {"score": s.score, "line": str(s)}
    c["chrf"] = CHRF().corpus_score(c["hyp"], c["refs"]).score
    c["chrf++"] = CHRF(word_order=2).corpus_score(c["hyp"], c["refs"]).score

with open(os.path.join(here, "sacrebleu.json"), "w") as f:
    json.dump(cases, f, ensure_ascii=False, indent=1)
