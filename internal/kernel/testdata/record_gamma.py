"""Records the functions of the gamma function with 60 digits, rounded to float64, for the test of the kernels.

    python3 record_gamma.py      writes gamma.json here

Recorded with mpmath 1.3. "one": rows of x, ln(1+x), ln Γ(x) and the polygamma functions of order 0 to 4. "two": rows of x, n,
ln Γ(x+n) - ln Γ(x) and ψ(x+n) - ψ(x).
"""
import json
import os
import random

import mpmath

mpmath.mp.dps = 60
random.seed(1)
xs = [10 ** random.uniform(-10, 10) for _ in range(150)] + [random.uniform(0.5, 3) for _ in range(60)]
xs += [random.uniform(5, 20) for _ in range(40)]
xs += [1.0, 2.0, 0.5, 1.5, 3.0, 1e-10, 1e10, 11.999999, 12.0, 12.5, 100.0, 1 + 2 ** -30, 2 - 2 ** -30, 1.4616321449683623]
one = []
for x in xs:
    m = mpmath.mpf(x)
    one.append([x, float(mpmath.log1p(m)), float(mpmath.loggamma(m))] + [float(mpmath.psi(k, m)) for k in range(5)])
two = []
for x in xs:
    for n in (0.5, 1.0, 3.0, 17.0, 1000.0, 123456.0):
        a, b = mpmath.mpf(x), mpmath.mpf(n)
        two.append([x, n, float(mpmath.loggamma(a + b) - mpmath.loggamma(a)), float(mpmath.psi(0, a + b) - mpmath.psi(0, a))])
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "gamma.json"), "w") as f:
    json.dump({"one": one, "two": two}, f, separators=(",", ":"))
    f.write("\n")
