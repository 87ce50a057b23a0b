"""A fair comparison of proportions: limits that widen as numbers get small, widened again where everyone differs more than chance, and shrunk estimates.

Never a league table: nothing here sorts or ranks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from process.measures.intervals import wilson

METHODS = ("exact", "normal")
LEVEL = 0.95
# Log of the prior's weight in courses. At 1 course or under (units all or nothing) it cannot be told, and would make an estimate certain after a few
# courses; at the other end the units have everything in common.
_WEAKEST_PRIOR, _STRONGEST_PRIOR = 0.0, 18.0

Floats = NDArray[np.float64]


class Overdispersion(NamedTuple):
    """How much more the units differ than chance: `phi` (1 = chance alone) and `tau`, the SD between units on the arcsine scale (radians)."""

    phi: float
    tau: float


def proportion_limits(n: ArrayLike, target: ArrayLike, level: float, method: str = "exact") -> tuple[Floats, Floats]:
    """Between which proportions a unit of `n` courses should lie, if it were as the target and only chance moved it.

    "exact": binomial quantiles / n, as `scipy.stats.binom.interval`: the chance of lying beyond either limit is at most (1 - level) / 2 (Spiegelhalter 2005,
    Statistics in Medicine 24(8), 1185-1202, without his smoothing between counts). "normal": p +- z sqrt(p (1 - p) / n), not cut at 0 and 1.

    `n`: whole numbers, any shape; `target` 0 to 1; `level` 0 to 1, by custom 0.95 and 0.998. Proportions 0 to 1, NaN where `n` is 0 or anything is not known.
    `ValueError`: `target` or `level` outside its range, `n` below 0 or (exact) not whole, another method.
    """
    size, p = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(target, dtype=np.float64))
    if method not in METHODS:
        raise ValueError(f"`{method}` is no method; known are `exact` and `normal`")
    _check_level(level)
    if np.any((p < 0) | (p > 1)):
        raise ValueError(f"the target is {target}; a proportion lies from 0 to 1")
    if np.any(size < 0) or (method == "exact" and np.any(size != np.where(np.isnan(size), size, np.floor(size)), where=~np.isnan(size))):
        raise ValueError("n counts courses: a whole number, 0 or more")
    some = size > 0
    size = np.where(some, size, np.nan)
    if method == "exact":
        lower, upper = (scipy.stats.binom.ppf(tail, size, p) / size for tail in ((1 - level) / 2, (1 + level) / 2))
        return np.maximum(lower, 0.0)[()], np.asarray(upper)[()]  # scipy's quantile of a target of 0 is -1
    reach = scipy.special.ndtri((1 + level) / 2) * np.sqrt(p * (1 - p) / size)
    return np.where(some, p - reach, np.nan)[()], np.where(some, p + reach, np.nan)[()]


def overdispersion(numerators: ArrayLike, denominators: ArrayLike, winsorise: float = 0.10) -> Overdispersion:
    """How much more units differ in a proportion than chance alone would make them.

    z = (asin sqrt(r / n) - asin sqrt(pooled proportion)) 2 sqrt(n), winsorised at its `winsorise` and 1 - `winsorise` quantiles (linear interpolation); phi =
    mean z^2; tau^2 by moments, (I phi - (I - 1)) / (sum w - sum w^2 / sum w) with w = 4 n, never below 0 (Spiegelhalter 2005, Quality and Safety in Health
    Care 14(5), 347-351; Spiegelhalter et al. 2012, Journal of the Royal Statistical Society A 175(1), 1-47).

    `numerators`, `denominators`: counts a unit, one series each; units of 0 or of NaN are left out; under two units both answers are NaN. `ValueError`: more
    numerators than denominators, counts below 0, series of different lengths, `winsorise` outside 0 to below 0.5. Counts need not be whole: effective
    numbers of courses will do.
    """
    if not 0 <= winsorise < 0.5:
        raise ValueError(f"winsorise is {winsorise}; it must be at least 0 and below 0.5")
    r, n, some = _counts(numerators, denominators)
    r, n = r[some], n[some]
    units = len(n)
    if units < 2:
        return Overdispersion(np.nan, np.nan)
    z = 2.0 * np.sqrt(n) * (np.arcsin(np.sqrt(r / n)) - np.arcsin(np.sqrt(r.sum() / n.sum())))
    z = np.clip(z, *np.quantile(z, [winsorise, 1 - winsorise]))
    phi = float((z**2).mean())
    weights = 4.0 * n
    between = (units * phi - (units - 1)) / (weights.sum() - (weights**2).sum() / weights.sum())
    return Overdispersion(phi, float(np.sqrt(max(between, 0.0))))


def adjusted_limits(n: ArrayLike, target: float, level: float, tau: float) -> tuple[Floats, Floats]:
    """Between which proportions a unit of `n` courses should lie, if units differ by `tau` (see `overdispersion`) besides chance.

    sin^2(asin sqrt(target) +- z sqrt(1 / (4 n) + tau^2)), cut at 0 and 1 (Spiegelhalter 2005 and 2012, as above); with `tau` = 0 the unadjusted limits on the
    same scale, which at a few courses are narrower than chance (0 of 12 lies outside 99.8 % around 20 %, and comes up 7 times in 100): take the wider of
    these and `proportion_limits`. Arguments and errors as there, but `n` need not be whole.
    """
    size, p = np.asarray(n, dtype=np.float64), float(target)
    _check_level(level)
    if p < 0 or p > 1 or tau < 0 or np.any(size < 0):
        raise ValueError("the target lies from 0 to 1, tau and n are 0 or more")
    reach = scipy.special.ndtri((1 + level) / 2) * np.sqrt(1.0 / (4.0 * np.where(size > 0, size, np.nan)) + tau**2)
    middle = np.arcsin(np.sqrt(p))
    lower, upper = (np.sin(np.clip(edge, 0.0, np.pi / 2)) ** 2 for edge in (middle - reach, middle + reach))
    return lower[()], upper[()]


def shrink(numerators: ArrayLike, denominators: ArrayLike) -> pd.DataFrame:
    """What each unit's proportion most likely is, given how all units spread: small units are drawn to the common mean (empirical Bayes).

    Beta-binomial by maximum likelihood (`fit`); estimate = mean, lower and upper = 2.5 % and 97.5 % quantiles of Beta(a + r, b + n - r) (Casella 1985, The
    American Statistician 39(2), 83-87; Carlin & Louis 2000, Bayes and Empirical Bayes Methods, ch. 3). a and b are taken as known, so intervals are too
    narrow when units are few; `therapist_share.drawn_together` allows for it. Where units differ no more than chance, each has the pooled proportion with
    Wilson's interval of all courses together. A posterior so skewed that its mean lies beyond a quantile has its limit at the mean.

    Arguments and errors as in `overdispersion`. A frame[estimate, lower, upper], proportions 0 to 1, a row a unit in the order (and with the index) given; NaN
    for units of 0 or of NaN.
    """
    r, n, some = _counts(numerators, denominators)
    index = numerators.index if isinstance(numerators, pd.Series) else pd.RangeIndex(len(r))
    table = pd.DataFrame(np.nan, index=index, columns=["estimate", "lower", "upper"])
    if not some.any():
        return table
    prior = fit(r[some], n[some])
    if prior is None:
        lower, upper = wilson(r[some].sum(), n[some].sum(), LEVEL)
        common = r[some].sum() / n[some].sum()
        table.iloc[some] = [common, min(float(lower), common), max(float(upper), common)]  # where none or all have it, rounding puts a limit past it
        return table
    a, b = prior[0] + r[some], prior[1] + n[some] - r[some]
    mean = a / (a + b)
    lower, upper = (scipy.special.betaincinv(a, b, tail) for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    table.iloc[some] = np.column_stack([mean, np.minimum(lower, mean), np.maximum(upper, mean)])
    return table


def fit(numerators: ArrayLike, denominators: ArrayLike) -> tuple[float, float] | None:
    """The beta distribution (a, b) from which the units' proportions come, by maximum likelihood; None where they differ no more than chance.

    The likelihood falls from the binomial on where sum (r - n p)^2 / (p (1 - p)) <= sum n (Tarone 1979, Biometrika 66(3), 585-590). The strength a + b is
    at least 1 (convention of this product): under it the prior is a heap at 0 and one at 1, of which units of all or nothing cannot tell how high they are,
    and a few courses would settle a proportion. Counts as in `overdispersion`.
    """
    r, n, some = _counts(numerators, denominators)
    r, n = r[some], n[some]
    if not len(n):
        return None
    p = r.sum() / n.sum()
    if p in (0.0, 1.0) or ((r - n * p) ** 2).sum() <= p * (1 - p) * n.sum() * (1 + 1e-9):
        return None

    def negative(at: Floats) -> tuple[float, Floats]:
        mu, strength = scipy.special.expit(at[0]), np.exp(at[1])
        a, b = mu * strength, (1 - mu) * strength
        value = (scipy.special.betaln(a + r, b + n - r) - scipy.special.betaln(a, b)).sum()
        total = scipy.special.digamma(a + b) - scipy.special.digamma(a + b + n)
        by_a = (scipy.special.digamma(a + r) - scipy.special.digamma(a) + total).sum()
        by_b = (scipy.special.digamma(b + n - r) - scipy.special.digamma(b) + total).sum()
        return -value, -np.array([(by_a - by_b) * mu * (1 - mu) * strength, by_a * a + by_b * b])

    limits = [(-20, 20), (_WEAKEST_PRIOR, _STRONGEST_PRIOR)]
    best = scipy.optimize.minimize(negative, [scipy.special.logit(p), 2.0], jac=True, method="L-BFGS-B", bounds=limits, options={"ftol": 1e-14, "gtol": 1e-7}).x
    if best[1] >= _STRONGEST_PRIOR - 1e-3:
        return None
    mu, strength = scipy.special.expit(best[0]), np.exp(best[1])
    return float(mu * strength), float((1 - mu) * strength)


def _counts(numerators: ArrayLike, denominators: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    r, n = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    if r.ndim != 1 or r.shape != n.shape:
        raise ValueError("numerators and denominators are two series of one length, an entry a unit")
    if np.any((r < 0) | (n < 0) | (r > n)):
        raise ValueError("a numerator lies outside 0 to its denominator")
    return r, n, ~np.isnan(r) & (n > 0)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"the level is {level}; it lies between 0 and 1, as 0.95 or 0.998")
