"""How much of who stops, or who improves, lies between therapists: the intraclass correlation of a yes or no, with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from process.measures.funnel import fit

_LEAST, _MOST = 1e-7, 0.99

Floats = NDArray[np.float64]


class VarianceShare(NamedTuple):
    """The share of the variance of a yes or no that lies between units, 0 to 1, with its interval."""

    estimate: float
    lower: float
    upper: float


def variance_share(numerators: ArrayLike, denominators: ArrayLike, level: float = 0.95) -> VarianceShare:
    """The intraclass correlation 1 / (a + b + 1) of a beta-binomial by maximum likelihood (`funnel.fit`), with its profile likelihood interval.

    The variance of a yes or no is mu (1 - mu), and that of the units' proportions mu (1 - mu) / (a + b + 1) (Griffiths 1973, Biometrics 29(4), 637-648).
    The interval holds every share whose log likelihood, at its likeliest mu, lies within half the chi-square quantile (1 degree of freedom) of the
    greatest; where 0 is among them the lower limit is 0. The estimate is at most one half, because `fit` gives the distribution the weight of a course or
    more. Units of 0 or NaN are left out; NaN for fewer than two units or where nothing varies.
    """
    r, n = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    some = ~np.isnan(r) & (n > 0)
    r, n = r[some], n[some]
    if len(n) < 2 or r.sum() in (0.0, n.sum()):
        return VarianceShare(np.nan, np.nan, np.nan)
    prior = fit(r, n)
    estimate = 0.0 if prior is None else 1.0 / (sum(prior) + 1.0)

    def profile(share: float) -> float:
        strength = 1.0 / share - 1.0

        def negative(logit: float) -> float:
            a = scipy.special.expit(logit) * strength
            b = strength - a
            return -float((scipy.special.betaln(a + r, b + n - r) - scipy.special.betaln(a, b)).sum())

        middle = scipy.special.logit(r.sum() / n.sum())
        return -scipy.optimize.minimize_scalar(negative, bounds=(middle - 6, middle + 6), method="bounded", options={"xatol": 1e-7}).fun

    greatest = max(profile(max(estimate, _LEAST)), profile(_LEAST))
    reach = scipy.special.gammaincinv(0.5, level)  # half the chi-square quantile

    def beyond(share: float) -> float:
        return profile(share) - greatest + reach

    lower = 0.0 if estimate <= _LEAST or beyond(_LEAST) >= 0 else scipy.optimize.brentq(beyond, _LEAST, estimate, xtol=1e-7)
    upper = _MOST if beyond(_MOST) >= 0 else scipy.optimize.brentq(beyond, max(estimate, _LEAST), _MOST, xtol=1e-7)
    return VarianceShare(estimate, float(lower), float(upper))


def drawn_together(events: ArrayLike, n: ArrayLike, common: float, share: float, share_to: float, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """What each unit's proportion most likely is, with limits that allow for not knowing how far units differ: (estimate, lower, upper), 0 to 1.

    The posterior of a beta distribution with mean `common` and intraclass correlation `share` (strength 1 / share - 1), as in `funnel.shrink`. There the
    distribution is taken as known, which makes limits too narrow where units are few, and to a point where the correlation is estimated at 0. So the
    limits are the outermost of those with `share` and with `share_to`, the upper end of its interval (a choice of this product).

    `events` and `n`: counts or adjusted counts a unit. NaN where any number is not known.
    """
    r, size = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    tails = (1 - level) / 2, (1 + level) / 2
    found = []
    for correlation in (share, share_to):
        if correlation <= _LEAST:
            found.append([np.where(np.isnan(r), np.nan, common)] * 3)
            continue
        strength = 1.0 / correlation - 1.0
        a, b = common * strength + r, (1.0 - common) * strength + size - r
        found.append([a / (a + b), *(scipy.special.betaincinv(a, b, tail) for tail in tails)])
    (estimate, lower, upper), (_, low, high) = found
    return estimate, np.minimum(np.minimum(lower, low), estimate), np.maximum(np.maximum(upper, high), estimate)
