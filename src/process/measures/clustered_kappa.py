"""Agreement beyond chance of two raters on ordered levels, with an interval that knows that pairs come in clusters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from process.measures.intervals import LEVEL, MINIMUM_CLUSTERS, clustered_means, reasons

Floats = NDArray[np.float64]


class Kappa(NamedTuple):
    """One kappa over `n` pairs in `clusters` clusters; `lower` and `upper` are NaN where `why` gives a reason for no interval."""

    mean: float
    lower: float
    upper: float
    n: int
    clusters: int
    df: float
    why: str


def clustered_kappa(tables: Floats, level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS, unit: str = "therapists") -> Kappa:
    """Weighted kappa (Cohen 1968, Psychological Bulletin 70(4), 213-220), linear weights: 1 for equal levels, less by the same for every level apart.

    `tables`: pairs by one rater's level x the other's x cluster, levels in order. kappa = (observed - expected) / (1 - expected) agreement; -1 to 1, 0 =
    as chance alone would have it with these margins. Its variance is that of the clusters' derivatives (the delta method of Fleiss, Cohen & Everitt 1969,
    Psychological Bulletin 72(5), 323-327, with clusters in the place of pairs), each over 1 - its part of the pairs; Student's t with Satterthwaite's degrees
    of freedom (Bell & McCaffrey 2002). NaN without pairs and where both raters only ever used one level.
    """
    steps = tables.shape[0]
    weights = 1.0 - np.abs(np.subtract.outer(np.arange(steps), np.arange(steps))) / max(steps - 1, 1)
    sizes = tables.sum(axis=(0, 1))
    n = float(sizes.sum())
    clusters = int((sizes > 0).sum())
    if n == 0:
        return Kappa(np.nan, np.nan, np.nan, 0, 0, np.nan, "nothing recorded")
    shares = tables.sum(axis=-1) / n
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((weights * shares).sum()), float(first @ weights @ second)
    if expected > 1 - 1e-12:
        return Kappa(np.nan, np.nan, np.nan, int(round(n)), clusters, np.nan, "both only ever used one level")
    kappa = (observed - expected) / (1.0 - expected)
    apart = (tables - shares[:, :, None] * sizes) / n
    moved = np.einsum("ij,ijg->g", weights, apart)
    moved_by_chance = np.einsum("ijg,j->g", apart, weights.T @ first) + np.einsum("ijg,i->g", apart, weights @ second)
    derivative = (moved * (1.0 - expected) - (1.0 - observed) * moved_by_chance) / (1.0 - expected) ** 2
    df = float(clustered_means(sizes[None], sizes[None]).df[0])
    why = str(reasons(np.array([n]), np.array([clusters]), np.array([df]), minimum_clusters, unit)[0])
    if why:
        return Kappa(kappa, np.nan, np.nan, int(round(n)), clusters, df, why)
    half = scipy.special.stdtrit(df, 0.5 + level / 2) * np.sqrt((derivative**2 / (1.0 - sizes / n)).sum())
    return Kappa(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0), int(round(n)), clusters, df, "")
