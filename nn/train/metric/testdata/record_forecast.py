"""Records what other libraries compute of forecasts, for the tests: forecast.json.

pip install numpy properscoring; python record_forecast.py

CRPS of samples by properscoring 0.1. The rest are the published formulas in numpy: fair CRPS (Ferro, 2014), sMAPE of the M4 and
RMSSE of the M5 competition as their organisers' scripts have them, and GluonTS's evaluator (mean_weighted_sum_quantile_loss,
Coverage, and MSIS without its scale, the Winkler score).
"""
import json
import os

import numpy as np
import properscoring

rng = np.random.default_rng(1)
cases = []
for n, samples in ((1, 1), (1, 2), (7, 3), (30, 50), (12, 200)):
    truth = rng.normal(10, 5, n)
    if n == 30:
        truth[::5] = 0
    point = truth + rng.normal(0, 2, n)
    point[::7] = 0
    x = rng.normal(10, 4, (n, samples))
    x[0] = np.round(x[0])  # ties
    levels = np.array([0.1, 0.25, 0.5, 0.9])
    q = np.sort(rng.normal(10, 5, (n, len(levels))), 1)
    q[0, 1] = truth[0]
    low, high = np.sort(rng.normal(10, 6, (2, n)), 0)
    series = np.cumsum(rng.normal(0, 1, 40))

    def pinball(level, f, y):  # GluonTS's quantile_loss is twice this
        return np.abs((f - y) * ((y <= f) - level))

    def fair(x, y):
        m = len(x)
        return np.abs(x - y).mean() - (np.abs(x[:, None] - x[None]).sum() / (2 * m * (m - 1)) if m > 1 else np.nan)

    size = np.abs(truth) + np.abs(point)
    smape = np.where(size == 0, 0, 200 * np.abs(truth - point) / np.where(size == 0, 1, size)).mean()
    weighted = [2 * pinball(l, q[:, i], truth).sum() / np.abs(truth).sum() for i, l in enumerate(levels)]
    alpha = 0.2
    winkler = (high - low) + 2 / alpha * (low - truth) * (truth < low) + 2 / alpha * (truth - high) * (truth > high)
    cases.append({
        "truth": truth.tolist(), "point": point.tolist(), "samples": x.tolist(), "levels": levels.tolist(), "quantiles": q.tolist(),
        "low": low.tolist(), "high": high.tolist(), "level": 1 - alpha, "series": series.tolist(),
        "crps": [float(properscoring.crps_ensemble(y, s)) for y, s in zip(truth, x)],
        "fair": [float(fair(s, y)) for y, s in zip(truth, x)] if samples > 1 else [],
        "smape": float(smape), "rmsse": float(np.sqrt(((truth - point) ** 2).mean() / ((series[1:] - series[:-1]) ** 2).mean())),
        "pinball": float(np.mean([pinball(l, q[:, i], truth).mean() for i, l in enumerate(levels)])),
        "weighted": float(np.mean(weighted)), "coverage": [float((truth <= q[:, i]).mean()) for i in range(len(levels))],
        "inside": float(((low <= truth) & (truth <= high)).mean()), "width": float((high - low).mean()), "winkler": float(winkler.mean()),
    })
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "forecast.json"), "w") as f:
    json.dump(cases, f, separators=(",", ":"))
    f.write("\n")
