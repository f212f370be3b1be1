"""Records what other libraries compute, for the tests of the metrics: sacreBLEU 2.6 and Python's own idea of lower case
and blanks (sacrebleu.json), and scikit-learn 1.9 (sklearn.json).

pip install sacrebleu scikit-learn; python record_metrics.py
"""
import json
import os
import random
import unicodedata
import warnings

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

# Corners: alphabets whose lower case is special, every kind of blank, the marks of the tokeniser, and what it looks for.
corners = (
    "Ο ΔΡΟΜΟΣ ΕΙΝΑΙ ΣΙΓΜΑ Σ ΣΣ ΟΔΟΣ' Α.Σ. Σ́ İSTANBUL GÜZEL ŞEHİR Iğdır ıI ẞ STRASSE ǅ ǈ Ⅷ Ⓐ Ａｂ 𐐀𐐨 "
    "VIỆT NAM Ắ ẮNG Tie\u0302\u0301ng Đ ĐƯỜNG K Å Ω THE cat 12 3.5 1,000-2 ٣,٤ U.S. don't a-b -\n <skipped> &quot; &amp;lt; &lt;b&gt; & ( ) { } [ ] ` ~ / . , - "
    "日本語 。 、 「 」 😀 👩\u200d🚀 \u200b \ufeff \x00 \x7f"
).split(" ")
blanks = [chr(c) for c in range(0x110000) if chr(c).isspace()]


def sentence(most):
    return "".join(rng.choice(corners) + (rng.choice(blanks) if rng.random() < 0.4 else " " if rng.random() < 0.7 else "") for _ in range(rng.randint(0, most)))


def near(s):
    """The sentence in other letters, with other blanks, or with something left out."""
    kind = rng.randrange(4)
    if kind == 0:
        return s.lower()
    if kind == 1:
        return rng.choice(blanks).join(s.split())
    if kind == 2:
        return s[: len(s) // 2] + s[len(s) // 2 + 2 :]
    return s.upper()


for _ in range(150):
    hyp = [sentence(12) for _ in range(rng.randint(1, 3))]
    refs = [[near(h) if rng.random() < 0.8 else sentence(12) for h in hyp] for _ in range(rng.randint(1, 2))]
    cases.append({"hyp": hyp, "refs": refs})

for c in cases:
    for name, kw in {"bleu": {}, "bleu_lower": {"lowercase": True}, "bleu_none": {"tokenize": "none"}, "bleu_char": {"tokenize": "char"}}.items():
        s = BLEU(**kw).corpus_score(c["hyp"], c["refs"])
        c[name] = {"score": s.score, "line": str(s)}
    c["chrf"] = CHRF().corpus_score(c["hyp"], c["refs"]).score
    c["chrf++"] = CHRF(word_order=2).corpus_score(c["hyp"], c["refs"]).score

# Lower case of random strings, and of every letter by itself that has one. (Not of a lone U+0345 before a sigma, which is
# cased to Unicode and not to Python.)
letters = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Lu", "Lt", "Nl", "So") and chr(c).lower() != chr(c)]
special = list("ΣσςΑαİIıaA1 .'’:-_·\u0301\u0307\u00ad\u200d\u2060中ªⓐⅷ") + ["ΟΣ", "Σ.", "'Σ", "Σ" + "\u0301" * 3]
lower = [["".join(letters), "".join(letters).lower()]]
lower += [[s, s.lower()] for s in ("".join(rng.choice(special) for _ in range(rng.randint(1, 9))) for _ in range(400))]

with open(os.path.join(here, "sacrebleu.json"), "w") as f:
    json.dump({"cases": cases, "lower": lower, "blanks": "".join(blanks)}, f, ensure_ascii=True, separators=(",", ":"))


# What scikit-learn says of random classes, of which some never occur, are never predicted, or are all there is.
from sklearn import metrics


def judged(truth, predicted, classes, ignore):
    kept = [(t, p) for t, p in zip(truth, predicted) if t != ignore]
    t, p = [list(x) for x in zip(*kept)] if kept else ([], [])
    out = {"truth": truth, "predicted": predicted, "classes": classes, "accuracy": metrics.accuracy_score(t, p) if t else 0}
    every = list(range(classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are not there
        if t:
            out["confusion"] = metrics.confusion_matrix(t, p, labels=every).tolist()
            for average in ("macro", "weighted", "micro"):
                out[average] = metrics.f1_score(t, p, average=average)
            out["precision"], out["recall"], out["f1"], support = metrics.precision_recall_fscore_support(t, p, labels=every, zero_division=0)
            out["support"] = [int(n) for n in support]
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in out.items()}


tables = [judged([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], 3, -1), judged([], [], 2, -1), judged([0], [0], 1, -1), judged([0], [1], 4, -1), judged([2, 2], [2, 2], 3, -1)]
for _ in range(200):
    n, classes = rng.randint(1, 30), rng.randint(1, 6)
    truths, predictions = [rng.sample(range(classes), rng.randint(1, classes)) for _ in range(2)]
    truth = [rng.choice(truths + [-1]) if rng.random() < 0.3 else rng.choice(truths) for _ in range(n)]
    tables.append(judged(truth, [rng.choice(predictions) if rng.random() < 0.5 else max(t, 0) for t in truth], classes, -1))
with open(os.path.join(here, "sklearn.json"), "w") as f:
    json.dump(tables, f, separators=(",", ":"))
