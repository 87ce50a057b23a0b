"""Intervals row by row, from the dense CR2 and from Wilson's formula as it is printed."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats
from tests.reference.dense_cr2 import dense_cr2


def enough(clusters, df):
    return len(set(clusters)) >= 6 and df >= 4


def mean_interval(values, clusters, weights=None):
    """mean, lower, upper of values in clusters; limits are NaN under 6 clusters or 4 degrees of freedom."""
    y = np.array(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.array(weights, dtype=float)
    if len(set(clusters)) < 2:
        return {"mean": float((w * y).sum() / w.sum()), "lower": math.nan, "upper": math.nan}
    mean, variance, df = dense_cr2(y, np.ones((len(y), 1)), w, list(clusters), 0)
    half = stats.t.ppf(0.975, df) * math.sqrt(variance) if enough(clusters, df) else math.nan
    return {"mean": mean, "lower": mean - half, "upper": mean + half}


def share_interval(successes, clusters, courses=None):
    """share, lower, upper in percent: Wilson on the effective n, with Student's t for its degrees of freedom."""
    y = np.array(successes, dtype=float)
    share = float(y.mean())
    nothing = {"share": 100 * share, "lower": math.nan, "upper": math.nan}
    if len(set(clusters)) < 2:
        return nothing
    _, variance, df = dense_cr2(y, np.ones((len(y), 1)), np.ones(len(y)), list(clusters), 0)
    if not enough(clusters, df):
        return nothing
    simple = share * (1 - share) / len(y)
    n = len(y) / max(variance / simple, 1) if 0 < share < 1 else len(set(courses)) if courses else len(y)
    t = stats.t.ppf(0.975, df)
    centre = (share + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t / (1 + t**2 / n) * math.sqrt(share * (1 - share) / n + t**2 / (4 * n**2))
    return {"share": 100 * share, "lower": 100 * (centre - half), "upper": 100 * (centre + half)}
