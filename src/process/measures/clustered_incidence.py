"""Cumulative incidence with competing fates where subjects come in clusters: the Aalen-Johansen share, with a cluster-robust interval.

The infinitesimal jackknife gives it: the influence of a cluster on the share is its derivative in the cluster's weight. Summed over a therapist's ruptures
it stands where a therapist's residual total stands in the interval of an ordinary share. With nobody censored the two are the same number, and so are both
intervals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from process.measures.intervals import LEVEL, MINIMUM_CLUSTERS, Means, clustered_shares

CENSORED = -1

Floats = NDArray[np.float64]


class Waiting(NamedTuple):
    """Counts by time (0, 1, 2 …) and cluster: who was still waiting just before, whose wait ended then in any fate, and in the fate that is asked about."""

    at_risk: Floats
    ended: Floats
    met: Floats


def waiting(times: ArrayLike, fates: ArrayLike, clusters: ArrayLike, fate: int, horizon: int, count: int) -> Waiting:
    """The counts of subjects with whole `times` 0 or more, `fates` as codes (-1 = censored), `clusters` as codes below `count`; times 0 to `horizon`."""
    when, what, which = (np.asarray(values, dtype=np.int64) for values in (times, fates, clusters))
    if np.any(when < 0):
        raise ValueError("times are 0 or more")
    # Who is seen beyond the horizon is at risk all the way and meets nothing in it.
    place, shape = np.minimum(when, horizon + 1), (horizon + 2, count)
    seen, ended, met = (
        np.bincount(place[mask] * count + which[mask], minlength=shape[0] * count).reshape(shape).astype(np.float64)
        for mask in (np.ones(len(when), bool), what != CENSORED, what == fate)
    )
    at_risk = np.cumsum(seen[::-1], axis=0)[::-1]
    return Waiting(at_risk[:-1], ended[:-1], met[:-1])


def influence(counts: Waiting) -> tuple[Floats, Floats]:
    """The Aalen-Johansen share by time, and its derivative in each cluster's weight (times x clusters), which adds up to 0 over the clusters.

    With h(s) = ended / at risk, a(s) = met / at risk and S(s-) = product over u < s of (1 - h(u)): F(t) = sum over s <= t of S(s-) a(s), and
    dF(t)/dw_g = sum over s <= t of S(s-) [ (met_g - Y_g a)(s) / n(s) - a(s) sum over u < s of (ended_g - Y_g h)(u) / (n(u) (1 - h(u))) ].
    Aalen & Johansen 1978, Scandinavian Journal of Statistics 5(3), 141-150; infinitesimal jackknife: Efron & Tibshirani 1993, An Introduction to the Bootstrap.
    """
    n = counts.at_risk.sum(axis=1)
    there = np.where(n > 0, n, np.inf)
    hazard, own = counts.ended.sum(axis=1) / there, counts.met.sum(axis=1) / there
    left = np.concatenate([[1.0], np.cumprod(1.0 - hazard)[:-1]])
    stays = np.where(hazard < 1.0, 1.0 - hazard, np.inf)  # nobody is left afterwards: what would follow counts for nothing
    leaving = (counts.ended - counts.at_risk * hazard[:, None]) / (there * stays)[:, None]
    earlier = np.concatenate([np.zeros((1, leaving.shape[1])), np.cumsum(leaving, axis=0)[:-1]])
    meeting = (counts.met - counts.at_risk * own[:, None]) / there[:, None]
    steps = left[:, None] * (meeting - own[:, None] * earlier)
    return np.cumsum(left * own), np.cumsum(steps, axis=0)


def clustered_incidence(counts: Waiting, courses: ArrayLike, unit: str = "therapists", level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS) -> Means:
    """The share that has met the fate by each time, 0 to 1, with Wilson's interval on the effective n (CR2 by cluster, see `intervals.clustered_shares`).

    `courses`: how many courses stand behind each time, for a share of 0 or 1. The effective n comes from influence values in the place of residuals, so that
    censoring widens the interval as clusters do.
    """
    share, derivative = influence(counts)
    size = counts.at_risk[0]
    stands_for = size.sum() * derivative + size * share[:, None]
    return clustered_shares(np.broadcast_to(size, stands_for.shape), stands_for, level, minimum_clusters, unit, courses)
