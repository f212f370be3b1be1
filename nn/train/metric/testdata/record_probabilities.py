"""Records what other libraries say of probabilities of classes, for the tests: probabilities.json.

pip install scikit-learn scipy torch torchmetrics; python record_probabilities.py

scikit-learn 1.9: areas, average precision, log loss, Brier score, top-k, balanced accuracy, Matthews, kappa, the bins of
calibration_curve. torchmetrics 1.9: the calibration error of equal width. SciPy 1.17: bootstrap intervals of a mean. Measures that
are not defined, for a class that no row or every row has, are null.
"""
import json
import math
import os
import warnings

import numpy as np
import torch
from scipy import stats
from sklearn import calibration, metrics
from torchmetrics.functional.classification import multiclass_calibration_error

warnings.filterwarnings("ignore")
rng = np.random.default_rng(1)


def number(v):
    return float(v) if math.isfinite(v) else None


def case(p, y):
    n, k = p.shape
    labels = list(range(k))
    present = [np.any(y == c) and not np.all(y == c) for c in labels]
    has = [bool(np.any(y == c)) for c in labels]
    auc = [number(metrics.roc_auc_score(y == c, p[:, c])) if present[c] else None for c in labels]
    ap = [number(metrics.average_precision_score(y == c, p[:, c])) if has[c] else None for c in labels]
    support = np.bincount(y, minlength=k)
    out = {"p": p.tolist(), "y": y.tolist(), "auc": auc, "ap": ap, "logloss": metrics.log_loss(y, p, labels=labels),
           "topk": [metrics.top_k_accuracy_score(y, p if k > 2 else p[:, 1], k=i, labels=labels) for i in range(1, k)] if k > 2 else []}
    out["macroAUC"] = out["weightedAUC"] = out["macroAP"] = out["weightedAP"] = None
    if all(present) and k > 2:
        out["macroAUC"] = metrics.roc_auc_score(y, p, multi_class="ovr", average="macro")
        out["weightedAUC"] = metrics.roc_auc_score(y, p, multi_class="ovr", average="weighted")
    if all(has) and k > 2:
        hot = np.eye(k)[y]
        out["macroAP"] = metrics.average_precision_score(hot, p, average="macro")
        out["weightedAP"] = metrics.average_precision_score(hot, p, average="weighted")
    out["brier"] = metrics.brier_score_loss(y, p if k > 2 else p[:, 1], labels=labels) if n > 0 else None
    guess = p.argmax(1)
    recalls = [np.mean(guess[y == c] == c) for c in labels if has[c]]
    out["balanced"] = float(np.mean(recalls))
    assert math.isclose(out["balanced"], metrics.balanced_accuracy_score(y, guess), rel_tol=1e-12)
    out["matthews"] = metrics.matthews_corrcoef(y, guess)
    out["kappa"] = number(metrics.cohen_kappa_score(y, guess))
    out["ece"] = {b: float(multiclass_calibration_error(torch.tensor(p, dtype=torch.float64), torch.tensor(y), k, n_bins=b, norm="l1"))
                  for b in (5, 15)} if k > 1 and not np.any(np.isclose(p.max(1) * 15 % 1, 0)) else {}
    out["curves"] = []
    if k == 2:
        for strategy in ("uniform", "quantile"):
            true, mean = calibration.calibration_curve(y, p[:, 1], n_bins=4, strategy=strategy, pos_label=1) if n > 3 else ([], [])
            out["curves"].append({"accuracy": list(map(float, true)), "confidence": list(map(float, mean))})
    if present[-1]:
        fpr, tpr, thresholds = metrics.roc_curve(y == k - 1, p[:, -1], drop_intermediate=False)
        out["roc"] = {"x": fpr.tolist(), "y": tpr.tolist()}
        precision, recall, _ = metrics.precision_recall_curve(y == k - 1, p[:, -1])
        out["pr"] = {"x": recall[:-1][::-1].tolist(), "y": precision[:-1][::-1].tolist()}
    return out


cases = []
for n, k, ties in [(40, 2, 0), (40, 2, 1), (3, 2, 0), (60, 3, 0), (60, 3, 1), (200, 5, 0), (25, 10, 0), (12, 4, 1), (30, 2, 2), (9, 3, 2)]:
    y = rng.integers(0, k, n)
    z = rng.normal(0, 1.5, (n, k))
    z[np.arange(n), y] += 1
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    if ties:
        p = np.round(p * 8) / 8
        p[:, 0] = np.maximum(0, 1 - p[:, 1:].sum(1))
        p /= p.sum(1, keepdims=True)
    if ties == 2:
        y[:] = 1  # one class alone
    cases.append(case(p, y))

boots = []
for n in (8, 30):
    data = rng.exponential(1, n)
    rows = np.random.default_rng(5).integers(0, n, (400, n))
    for level in (0.9, 0.95):
        draws = np.sort(data[rows].mean(1))
        percentile = [np.percentile(draws, 100 * (1 - level) / 2), np.percentile(draws, 100 * (1 + level) / 2)]

        class Fixed(np.random.Generator):  # gives SciPy the same rows
            def integers(self, low, high=None, size=None, **kwargs):
                return rows if size is not None and tuple(np.atleast_1d(size)) == rows.shape else super().integers(low, high, size, **kwargs)

        r = stats.bootstrap((data,), np.mean, n_resamples=400, confidence_level=level, method="BCa", rng=Fixed(np.random.PCG64(5)))
        assert np.allclose(np.sort(r.bootstrap_distribution), draws), "SciPy drew other rows"
        boots.append({"data": data.tolist(), "estimate": float(np.mean(data)), "draws": np.sort(r.bootstrap_distribution).tolist(), "level": level, "percentile": [float(v) for v in percentile],
                      "bca": [float(r.confidence_interval.low), float(r.confidence_interval.high)]})
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "probabilities.json"), "w") as f:
    json.dump({"cases": cases, "boots": boots}, f, separators=(",", ":"))
    f.write("\n")
