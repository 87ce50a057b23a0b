"""How sure a figure is: Wilson's interval for proportions and cluster-robust intervals for means and shares.

People of one therapist are more alike than people of two. A mean therefore gets the CR2 variance with Satterthwaite (Bell-McCaffrey) degrees of freedom
(Bell & McCaffrey 2002, Survey Methodology 28(2), 169-181; Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36(4), 672-683). For a mean
both have a closed form in the clusters' counts and totals, derived in `clustered_means`, so that a whole curve is worked out at once from prefix sums.
Under 6 clusters or 4 degrees of freedom there is no interval, and the reason stands in its place (convention of this product: such intervals cover
too little, see docs/methods).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
MINIMUM_CLUSTERS = 6
MINIMUM_DF = 4.0

Floats = NDArray[np.float64]


class Mean(NamedTuple):
    """One mean over `n` values in `clusters` clusters; `lower` and `upper` are NaN where there is no interval (`reasons` says why, `Means` carries it)."""

    mean: float
    lower: float
    upper: float
    n: int
    clusters: int


@dataclass(frozen=True)
class Means:
    """Many means at once, one array entry a point; `lower` and `upper` are NaN where `why` gives a reason for no interval, else `why` is empty."""

    mean: Floats
    lower: Floats
    upper: Floats
    df: Floats
    n: Floats
    clusters: NDArray[np.int64]
    why: NDArray


def wilson(successes: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats] | tuple[float, float]:
    """Wilson's score interval of a proportion, 0 to 1 (Wilson 1927, JASA 22, 209-212; statsmodels). Single numbers give two floats, arrays two arrays.

    `n` = 0 and NaN (not measured) give NaN. `ValueError`: a number below 0, more successes than `n`, a `level` that is not between 0 and 1.
    """
    hits, trials = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if np.any(hits < 0) or np.any(trials < 0) or np.any(hits > trials * (1 + 1e-9)):
        raise ValueError("successes are 0 to n, and n is 0 or more")
    _refuse_level(level)
    hits = np.minimum(hits, trials)
    some = (trials > 0) & ~np.isnan(hits)
    from statsmodels.stats.proportion import proportion_confint  # a second of loading, which only pages need

    lower, upper = proportion_confint(np.where(some, hits, 0.0), np.where(some, trials, 1.0), alpha=1 - level, method="wilson")
    lower, upper = np.where(some, lower, np.nan), np.where(some, upper, np.nan)
    return (float(lower), float(upper)) if lower.ndim == 0 else (lower, upper)


def clustered_mean(values: ArrayLike, clusters: ArrayLike, level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS) -> Mean:
    """The mean of values that come in clusters, with its CR2 interval. `values` with NaN = not measured; `clusters` any labels, tuples too, as
    many (None: left out).

    Of one cluster the limits are NaN, as they are under `minimum_clusters`; of no value the mean, too. `ValueError`: series of different lengths, an endless
    value, a `level` that is not between 0 and 1.
    """
    counts, totals = _by_cluster(values, clusters)
    return _single(clustered_means(counts, totals, level, minimum_clusters))


def clustered_means(counts: ArrayLike, totals: ArrayLike, level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS, unit: str = "therapists") -> Means:
    """Means with CR2 intervals for many points at once, from `counts` n_g and `totals` of each cluster (arrays points x clusters).

    With p_g = n_g / N and residual totals r_g = total_g - n_g mean: variance = sum r_g^2 / (1 - p_g) / N^2, because for an intercept the adjustment
    (I - H_gg)^(-1/2) takes the vector of ones to 1 / sqrt(1 - p_g) times itself; and under independent equal variances
    df = 1 / (sum p_g^2 + sum over g != h of p_g^2 p_h^2 / ((1 - p_g)(1 - p_h))). Equal clusters give df = G - 1 and the usual variance of G means.
    `unit` is what a cluster is called in the reason.
    """
    _refuse_level(level)
    n, mean, variance, df, clusters = _cr2(np.asarray(counts, dtype=np.float64), np.asarray(totals, dtype=np.float64))
    why = reasons(n, clusters, df, minimum_clusters, unit)
    half = np.where(why == "", scipy.special.stdtrit(df, 0.5 + level / 2) * np.sqrt(variance), np.nan)
    return Means(mean, mean - half, mean + half, df, n, clusters, why)


def clustered_shares(
    counts: ArrayLike,
    successes: ArrayLike,
    level: float = LEVEL,
    minimum_clusters: int = MINIMUM_CLUSTERS,
    unit: str = "therapists",
    courses: ArrayLike | None = None,
) -> Means:
    """Shares (0 to 1) with Wilson's interval on the effective n, for many points at once (arrays points x clusters).

    Effective n = N / design effect, the design effect being the CR2 variance over p(1 - p)/N and never below 1; scaled by (z / t)^2 for the degrees of
    freedom (Korn & Graubard 1998, Survey Methodology 24(2), 193-201; Dean & Pagano 2015, Journal of Survey Statistics and Methodology 3(4), 484-503).
    At a share of 0 or 1 no design effect can be seen; there the effective n is the number of `courses` behind the point (default: n), so that several
    goals of a course do not count as several.
    """
    _refuse_level(level)
    n, share, variance, df, clusters = _cr2(np.asarray(counts, dtype=np.float64), np.asarray(successes, dtype=np.float64))
    why = reasons(n, clusters, df, minimum_clusters, unit)
    fine = why == ""
    share = np.clip(share, 0.0, 1.0)
    simple = np.where(fine, share * (1 - share) / np.where(n > 0, n, 1.0), 0.0)
    design = np.maximum(np.divide(variance, simple, out=np.ones_like(simple), where=simple > 1e-15), 1.0)
    if courses is not None:
        apart = np.maximum(np.asarray(courses, dtype=np.float64), 1.0)
        design = np.where(simple > 1e-15, design, np.maximum(n / apart, 1.0))
    t = scipy.special.stdtrit(np.where(fine, df, 10.0), 0.5 + level / 2)
    effective = np.where(fine, n / design * (scipy.special.ndtri(0.5 + level / 2) / t) ** 2, 0.0)
    lower, upper = wilson(np.where(fine, share, 0.0) * effective, effective, level)
    return Means(share, lower, upper, df, n, clusters, why)


def clustered_share(successes: ArrayLike, clusters: ArrayLike, level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS) -> Mean:
    """The share of `successes` (0 or 1 each, NaN = not known) that come in clusters, with Wilson's interval on the effective n.

    `ValueError`: a success that is neither 0 nor 1, series of different lengths, a `level` that is not between 0 and 1.
    """
    known = np.asarray(successes, dtype=np.float64)
    if not np.isin(known[~np.isnan(known)], (0.0, 1.0)).all():
        raise ValueError("a success is 1, its absence 0, NaN is not known")
    counts, totals = _by_cluster(successes, clusters)
    return _single(clustered_shares(counts, totals, level, minimum_clusters))


def reasons(n: Floats, clusters: NDArray, df: Floats, minimum_clusters: int = MINIMUM_CLUSTERS, unit: str = "therapists") -> NDArray:
    """Why a point has no interval, in words; empty where it has one. No count of the data is in the words."""
    why = np.where(df >= MINIMUM_DF - 1e-9, "", f"fewer than {MINIMUM_DF:.0f} degrees of freedom: a few {unit} carry most of it")
    why = np.where(clusters < minimum_clusters, f"fewer than {minimum_clusters} {unit}", why)
    return np.where(n > 0, why, "nothing recorded").astype(object)


def _by_cluster(values: ArrayLike, clusters: ArrayLike) -> tuple[Floats, Floats]:
    x = np.asarray(values, dtype=np.float64)
    given = clusters if isinstance(clusters, np.ndarray) else _labels(clusters)
    if x.ndim != 1 or x.shape != given.shape:
        raise ValueError("values and clusters are two series of one length")
    if np.isinf(x).any():
        raise ValueError("a value is endless")
    codes, labels = pd.factorize(given)
    known = ~np.isnan(x) & (codes >= 0)
    counts = np.bincount(codes[known], minlength=len(labels)).astype(np.float64)
    return counts[None, :], np.bincount(codes[known], weights=x[known], minlength=len(labels))[None, :]


def _labels(clusters: ArrayLike) -> NDArray[np.object_]:
    """Labels as they are given: numpy would take a list of tuples for a table."""
    each = list(clusters)
    labels = np.empty(len(each), dtype=object)
    for place, label in enumerate(each):
        labels[place] = label
    return labels


def _refuse_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError("level is a share between 0 and 1, such as 0.95")


def _single(many: Means) -> Mean:
    return Mean(float(many.mean[0]), float(many.lower[0]), float(many.upper[0]), int(many.n[0]), int(many.clusters[0]))


def _cr2(counts: Floats, totals: Floats) -> tuple[Floats, Floats, Floats, Floats, NDArray]:
    n = counts.sum(axis=-1)
    size = np.where(n > 0, n, np.nan)[..., None]
    share = counts / size
    mean = totals.sum(axis=-1) / size[..., 0]
    residual = totals - counts * mean[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        inflated = 1.0 / (1.0 - share)
        variance = (residual**2 * inflated).sum(axis=-1) / size[..., 0] ** 2
        cross = share**2 * inflated
        df = 1.0 / ((share**2).sum(axis=-1) + cross.sum(axis=-1) ** 2 - (cross**2).sum(axis=-1))
    clusters = (counts > 0).sum(axis=-1)
    several = clusters > 1
    return n, mean, np.where(several, variance, np.nan), np.where(several, df, np.nan), clusters
