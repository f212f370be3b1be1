"""Records the distributions as SciPy has them, for the test of the package.

    python3 record.py      writes distributions.json here

Recorded with SciPy 1.17, and with mpmath 1.3 where SciPy loses digits: log-densities, and the CDF of Student's t and of the
negative binomial. A row: family, parameters in this library's order, x, log-density, CDF, then p and its quantile; the
first row of a distribution has its mean and variance. Infinite and missing numbers are strings.
"""
import json
import math
import os

import mpmath as mp
import scipy.stats as st

mp.mp.dps = 50


def number(v):
    v = float(v)
    return v if math.isfinite(v) else str(v)


LEVELS = [1e-9, 1e-4, 0.025, 0.1, 0.3, 0.49, 0.5, 0.51, 0.8, 0.975, 0.9999, 1 - 1e-9]
rows = []


def negative_binomial(k, mean, dispersion):
    r, w = 1 / mp.mpf(dispersion), mp.mpf(dispersion) * mp.mpf(mean)
    return mp.loggamma(k + r) - mp.loggamma(r) - mp.loggamma(k + 1) - r * mp.log1p(w) + k * mp.log(w / (1 + w))


def log_density(family, v, x):
    v, x = [mp.mpf(p) for p in v], mp.mpf(x)
    if family in ("gaussian", "log-normal"):
        y = x if family == "gaussian" else mp.log(x)
        return -((y - v[0]) / v[1]) ** 2 / 2 - mp.log(v[1]) - mp.log(2 * mp.pi) / 2 - (0 if family == "gaussian" else y)
    if family == "student-t":
        z, nu = (x - v[0]) / v[1], v[2]
        return (mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2 - mp.log(v[1])
                - (nu + 1) / 2 * mp.log1p(z * z / nu))
    if family == "negative-binomial":
        return negative_binomial(x, *v)
    if family == "poisson":
        return x * mp.log(v[0]) - v[0] - mp.loggamma(x + 1)
    return v[0] * mp.log(v[1]) + (v[0] - 1) * mp.log(x) - v[1] * x - mp.loggamma(v[0])


def cdf(family, v, x, d):
    if family == "student-t":
        z, nu = (mp.mpf(x) - v[0]) / v[1], mp.mpf(v[2])
        if z == 0:
            return 0.5
        tail = mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + z * z), regularized=True) / 2 if nu < 1e6 else None
        if tail is None:  # by integration: the series takes too long
            tail = mp.quad(lambda t: mp.exp(log_density(family, [0, 1, nu], t)), [abs(z), abs(z) + 1, abs(z) + 4, abs(z) + 30])
        return tail if z < 0 else 1 - tail
    if family == "negative-binomial" and x <= 400:
        return sum(mp.exp(negative_binomial(mp.mpf(k), *v)) for k in range(int(x) + 1))
    return d.cdf(x)


def record(family, parameters, d, xs):
    mean, variance = d.mean(), d.var()
    if family == "student-t" and parameters[2] <= 1:
        mean, variance = math.nan, math.nan  # SciPy says inf
    if family == "negative-binomial":  # SciPy has them from 1-p, which is rounded
        mean, variance = parameters[0], parameters[0] + parameters[1] * parameters[0] ** 2
    rows.append({
        "family": family, "parameters": parameters, "mean": number(mean), "variance": number(variance),
        "x": xs, "logdensity": [number(log_density(family, parameters, x)) for x in xs],
        "cdf": [number(cdf(family, parameters, x, d)) for x in xs], "quantiles": [number(d.ppf(p)) for p in LEVELS],
    })


Z = [-40.0, -8.0, -2.5, -1.0, -0.01, 0.0, 0.3, 1.0, 3.0, 12.0]
for mean, deviation in ((0, 1), (-3.5, 0.01), (1e4, 250)):
    record("gaussian", [mean, deviation], st.norm(mean, deviation), [mean + deviation * z for z in Z])
for location, scale, freedom in ((0, 1, 2.1), (0, 1, 0.7), (1.5, 0.2, 3), (-7, 40, 10), (0, 1, 100), (0, 1, 1e4), (0, 1, 1e7)):
    record("student-t", [location, scale, freedom], st.t(freedom, location, scale), [location + scale * z for z in Z])
for mean, dispersion in ((0.02, 0.5), (1, 1), (3, 0.1), (3, 7), (50, 0.3), (50, 1e-6), (1000, 0.05), (1e5, 2)):
    r = 1 / dispersion
    d = st.nbinom(r, 1 / (1 + dispersion * mean))
    xs = sorted({0, 1, 2, 5, 17} | {int(mean * f) for f in (0.2, 0.9, 1, 1.1, 3)})
    record("negative-binomial", [mean, dispersion], d, xs)
for mean in (0.02, 1, 3.7, 50, 1e4):
    record("poisson", [mean], st.poisson(mean), sorted({0, 1, 2, 5} | {int(mean * f) for f in (0.5, 0.9, 1, 1.1, 2)}))
for shape, rate in ((0.05, 1), (0.7, 3), (1, 1), (2.5, 0.01), (40, 7), (1e5, 3)):
    record("gamma", [shape, rate], st.gamma(shape, scale=1 / rate), [shape / rate * f for f in (0.01, 0.5, 0.99, 1, 1.01, 1.5, 3)])
for m, s in ((0, 1), (-3, 0.1), (5, 2)):
    record("log-normal", [m, s], st.lognorm(s, scale=math.exp(m)), [math.exp(m + s * z) for z in Z[1:]])
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "distributions.json"), "w") as f:
    json.dump({"levels": LEVELS, "rows": rows}, f, indent=None, separators=(",", ":"))
    f.write("\n")
