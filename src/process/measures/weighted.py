"""Differences between two arms by weighted least squares, with CR2 variance and Satterthwaite (Bell-McCaffrey) degrees of freedom.

Bell & McCaffrey 2002, Survey Methodology 28(2), 169-181; Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36(4), 672-683, with the
identity as working covariance (the weights say whom a comparison stands for, not how precise it is). In a cluster g the adjustment is
A_g = B_g^(-1/2) with B_g = I - X M X'W - W X M X' + X M (X'W^2 X) M X' (rows of g), M = (X'WX)^(-1). B_g differs from I only in the span of U = [X, W X], so
A_g W X M c = U z, and z, the variance and the degrees of freedom all follow from U'U: no matrix is larger than twice the number of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from process.measures.intervals import LEVEL, MINIMUM_CLUSTERS, Means, reasons, wilson

Floats = NDArray[np.float64]
_TINY = 1e-10


@dataclass(frozen=True)
class Contrast:
    """Arm 1 minus arm 0, adjusted; `lower` and `upper` are NaN where `why` gives a reason, `estimate` too where the arms cannot be told apart."""

    estimate: float
    lower: float
    upper: float
    df: float
    n: int
    clusters: int
    why: str


def weighted_contrast(
    outcome: ArrayLike,
    arm: ArrayLike,
    weights: ArrayLike,
    clusters: ArrayLike,
    cells: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    level: float = LEVEL,
    minimum_clusters: int = MINIMUM_CLUSTERS,
    unit: str = "therapists",
) -> Contrast:
    """One outcome's contrast, see `weighted_contrasts`."""
    return weighted_contrasts([outcome], arm, weights, clusters, cells, covariates, level, minimum_clusters, unit)[0]


def weighted_contrasts(
    outcomes: Sequence[ArrayLike],
    arm: ArrayLike,
    weights: ArrayLike,
    clusters: ArrayLike,
    cells: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    level: float = LEVEL,
    minimum_clusters: int = MINIMUM_CLUSTERS,
    unit: str = "therapists",
) -> list[Contrast]:
    """Regression of each outcome of the same rows on `arm` (0 or 1), fixed effects of matching `cells` and linear `covariates` (rows x columns), weighted.

    Each arm has its own slopes, measured from arm 1's mean, so that the difference is the one at the covariates of arm 1 (average effect on the treated:
    Imbens & Wooldridge 2009, Journal of Economic Literature 47(1), 5-86; Lin 2013, Annals of Applied Statistics 7(1), 295-318). With slopes in common, those
    of arm 1 would bend what is expected of arm 0. All arrays have one entry a row; `weights` are above 0; `cells` and `clusters` are any labels.
    """
    w = np.asarray(weights, dtype=np.float64)
    group, labels = pd.factorize(np.asarray(clusters))
    count, n = len(labels), len(w)
    design = _design(np.asarray(arm, dtype=np.float64), w, cells, covariates, n)
    weighted = design * w[:, None]
    gram = design.T @ weighted
    inverse = np.linalg.pinv(gram, rcond=1e-12, hermitian=True)
    column = np.eye(design.shape[1])[0]
    if n == 0 or np.abs(inverse @ gram @ column - column).max() > 1e-6:
        return [Contrast(np.nan, np.nan, np.nan, np.nan, n, count, "too few to compare" if n else "nothing recorded") for _ in outcomes]
    y = np.column_stack([np.asarray(outcome, dtype=np.float64) for outcome in outcomes])
    solutions = inverse @ (weighted.T @ y)
    residuals = y - design @ solutions
    middle = inverse @ (weighted.T @ weighted) @ inverse
    gap, crossed = _by_cluster(design, weighted, residuals, group, count)
    z = _adjusted_apart(gap, middle, inverse, inverse @ column)
    found = []
    for one, estimate in enumerate(solutions[0]):
        variance, df = _spread(z, gap, crossed[..., one], middle, inverse)
        why = str(reasons(np.array([n]), np.array([count]), np.array([df]), minimum_clusters, unit)[0])
        half = scipy.special.stdtrit(df, 0.5 + level / 2) * np.sqrt(variance) if why == "" else np.nan
        found.append(Contrast(float(estimate), float(estimate - half), float(estimate + half), float(df), n, count, why))
    return found


def weighted_means(
    values: Floats,
    weights: Floats,
    clusters: NDArray[np.int64],
    count: int,
    level: float = LEVEL,
    minimum_clusters: int = MINIMUM_CLUSTERS,
    unit: str = "therapists",
) -> Means:
    """Weighted means of the columns of `values` (rows x points, NaN = not measured), `clusters` being numbers from 0 to `count` - 1, with CR2 intervals."""
    known = ~np.isnan(values)
    w = np.where(known, weights[:, None], 0.0)
    y = np.where(known, values, 0.0)
    points = values.shape[1]
    n, total = known.sum(axis=0), w.sum(axis=0)
    size = np.where(total > 0, total, np.nan)
    mean = (w * y).sum(axis=0) / size
    residual = np.where(known, y - np.nan_to_num(mean), 0.0)
    stacked = np.hstack([known.astype(np.float64), w, w**2, residual, w * residual])
    ones, first, second, plain, carried = by_group(stacked, clusters, count).T.reshape(5, points, count)
    scale = np.nan_to_num(1.0 / size, nan=1.0)[:, None, None]
    gap = np.stack([np.stack([ones, first], -1), np.stack([first, second], -1)], -2)
    crossed = np.stack([plain, carried], axis=-1)
    inverse = scale[..., None]
    middle = (second.sum(axis=1) * scale[:, 0, 0] ** 2)[:, None, None, None]
    z = _adjusted(gap, middle, inverse, np.broadcast_to(scale, (points, 1, 1))[..., 0][:, None, :])
    results = [_spread(z[p], gap[p], crossed[p], middle[p, 0], inverse[p, 0]) for p in range(points)]
    variance, df = (np.array(column, dtype=np.float64) for column in zip(*results, strict=True))
    occupied = (ones > 0).sum(axis=1)
    df = np.where(occupied > 1, df, np.nan)
    why = reasons(n, occupied, df, minimum_clusters, unit)
    half = np.where(why == "", scipy.special.stdtrit(df, 0.5 + level / 2) * np.sqrt(variance), np.nan)
    return Means(mean, mean - half, mean + half, df, n, occupied, why)


def weighted_shares(
    values: Floats,
    weights: Floats,
    clusters: NDArray[np.int64],
    count: int,
    level: float = LEVEL,
    minimum_clusters: int = MINIMUM_CLUSTERS,
    unit: str = "therapists",
) -> Means:
    """As `weighted_means` for shares: `values` are 0 or 1, and the interval is Wilson's on the effective n, so that it stays between 0 and 1.

    Effective n = p(1 - p) (z / half)^2, `half` being half the width of the CR2 interval (Korn & Graubard 1998, Survey Methodology 24(2), 193-201), and never
    more than the weights leave: (sum w)^2 / sum w^2 (Kish 1965), which also stands where the share is 0 or 1 and no design effect can be seen.
    """
    means = weighted_means(values, weights, clusters, count, level, minimum_clusters, unit)
    w = np.where(np.isnan(values), 0.0, weights[:, None])
    fine = means.why == ""
    share, half = np.clip(np.where(fine, means.mean, 0.0), 0.0, 1.0), np.where(fine, (means.upper - means.lower) / 2, 0.0)
    squares = (w**2).sum(axis=0)
    most = np.where(squares > 0, w.sum(axis=0) ** 2 / np.where(squares > 0, squares, 1.0), 0.0)
    z = scipy.special.ndtri(0.5 + level / 2)
    most = most * np.where(fine, (z / scipy.special.stdtrit(np.where(fine, means.df, 10.0), 0.5 + level / 2)) ** 2, 0.0)
    effective = np.where(half > 1e-12, np.minimum(share * (1 - share) * (z / np.where(half > 1e-12, half, 1.0)) ** 2, most), most)
    lower, upper = wilson(share * effective, effective, level)
    return Means(means.mean, lower, upper, means.df, means.n, means.clusters, means.why)


def by_group(values: Floats, groups: NDArray[np.int64], count: int) -> Floats:
    """Column totals of `values` (rows x columns) for each of the groups 0 to `count` - 1."""
    if not count or not len(groups):
        return np.zeros((count, values.shape[1]))
    order = np.argsort(groups, kind="stable")
    present, firsts = np.unique(groups[order], return_index=True)
    totals = np.zeros((count, values.shape[1]))
    totals[present] = np.add.reduceat(values[order], firsts, axis=0)
    return totals


def _design(arm: Floats, weights: Floats, cells: ArrayLike | None, covariates: ArrayLike | None, n: int) -> Floats:
    codes, labels = pd.factorize(np.asarray(cells)) if cells is not None else (np.zeros(n, dtype=np.int64), [0])
    dummies = np.zeros((n, len(labels)))
    dummies[np.arange(n), codes] = 1.0
    columns = [arm[:, None], dummies]
    if covariates is not None and n:
        x = np.asarray(covariates, dtype=np.float64).reshape(n, -1)
        spread, treated = x.std(axis=0), arm * weights
        centre = (treated[:, None] * x).sum(axis=0) / treated.sum() if treated.any() else x.mean(axis=0)
        scaled = (x - centre) / np.where(spread > 0, spread, 1.0)
        columns += [scaled, arm[:, None] * scaled]
    return np.hstack(columns)


def _by_cluster(design: Floats, weighted: Floats, residuals: Floats, group: NDArray, count: int) -> tuple[Floats, Floats]:
    """U'U (clusters x 2k x 2k) and U'e (clusters x 2k x outcomes)."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(count + 1))
    both = np.hstack([design, weighted])[order]
    e = residuals[order]
    gap, crossed = np.empty((count, both.shape[1], both.shape[1])), np.empty((count, both.shape[1], e.shape[1]))
    for g in range(count):
        part = both[ends[g] : ends[g + 1]]
        gap[g], crossed[g] = part.T @ part, part.T @ e[ends[g] : ends[g + 1]]
    return gap, crossed


def _adjusted_apart(gap: Floats, middle: Floats, inverse: Floats, direction: Floats) -> Floats:
    """As `_adjusted`, cluster by cluster: few matching cells have a row in any one cluster, and a column of U without one has no part in U z."""
    k = gap.shape[-1] // 2
    z = np.zeros(gap.shape[:-1])
    for g, own in enumerate(gap):
        here = np.flatnonzero(own.diagonal()[:k])
        both = np.concatenate([here, here + k])
        z[g, both] = _adjusted(own[np.ix_(both, both)], middle[np.ix_(here, here)], inverse[np.ix_(here, here)], direction[here])
    return z


def _adjusted(gap: Floats, middle: Floats, inverse: Floats, direction: Floats) -> Floats:
    """z with A_g W X M c = U z, for all clusters: the inverse square root of B_g in an orthonormal basis of the span of U."""
    k = gap.shape[-1] // 2
    core = np.zeros((*np.broadcast_shapes(middle.shape[:-2], gap.shape[:-2]), 2 * k, 2 * k))
    core[..., :k, :k], core[..., :k, k:], core[..., k:, :k] = middle, -inverse, -inverse
    start = np.zeros((*gap.shape[:-2], 2 * k))
    start[..., k:] = direction
    values, basis = np.linalg.eigh(gap)
    kept = values > _TINY * values[..., -1:]
    root = np.where(kept, np.sqrt(np.where(kept, values, 1.0)), 0.0)
    tall = basis * root[..., None, :]
    own, inner = np.linalg.eigh(np.swapaxes(tall, -1, -2) @ core @ tall)
    own = 1.0 + own
    shrink = np.where(own > 1e-8, 1.0 / np.sqrt(np.where(own > 1e-8, own, 1.0)), 0.0)
    coordinates = np.einsum("...ij,...i->...j", tall, start)
    turned = np.einsum("...ij,...j->...i", inner, shrink * np.einsum("...ij,...i->...j", inner, coordinates))
    return np.einsum("...ij,...j->...i", basis, np.where(kept, turned / np.where(kept, root, 1.0), 0.0))


def _spread(z: Floats, gap: Floats, crossed: Floats, middle: Floats, inverse: Floats) -> tuple[float, float]:
    """Variance and degrees of freedom from z (clusters x 2k)."""
    k = z.shape[-1] // 2
    variance = float((np.einsum("gi,gi->g", z, crossed) ** 2).sum())
    seen = np.einsum("gij,gj->gi", gap, z)
    plain, carried = seen[:, :k], seen[:, k:]
    cross = carried @ inverse @ plain.T
    products = np.diag(np.einsum("gi,gi->g", z, seen)) - cross - cross.T + plain @ middle @ plain.T
    squares = float((products**2).sum())
    return variance, float(np.trace(products) ** 2 / squares) if squares > 0 else float("nan")
