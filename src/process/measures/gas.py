"""Goal attainment scaling: one score over a person's goals. The levels themselves are the default picture; this score is opt-in and says its n and rho."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LOWEST, HIGHEST = -2.0, 2.0


def t_score(levels: ArrayLike, weights: ArrayLike | None = None, rho: float = 0.30) -> float:
    """How far a set of goals was attained, 50 being "as expected" on all of them: the GAS T-score.

    T = 50 + 10 sum(w x) / sqrt((1 - rho) sum(w^2) + rho (sum(w))^2) (Kiresuk & Sherman 1968, Community Mental Health Journal 4(6), 443-453; rho = 0.30, the
    expected correlation between goals, is their convention).

    `levels`: one attainment level a goal, -2 to +2, NaN = not rated; `weights`: as many, not negative, in any unit, equal where not given. A goal without
    level or without weight is left out with its weight: count the rated goals beside the score. Gives a float, NaN where no goal has both a level and a
    weight above 0. With an array of more dimensions the goals are along the last one, and an array of scores is given. The range depends on the number of
    goals: 30 to 70 for one, 19.8 to 80.2 for five of equal weight (Tennant 2007, Disability and Rehabilitation 29(20-21), 1583-1588).

    `ValueError`: a level outside -2 to +2, a weight below 0 or endless, as many weights as levels not given, `rho` outside 0 to 1.
    """
    if not 0.0 <= rho <= 1.0:
        raise ValueError(f"rho is {rho}; the expected correlation between goals lies from 0 to 1")
    x = np.atleast_1d(np.asarray(levels, dtype=np.float64))
    w = np.ones_like(x) if weights is None else np.atleast_1d(np.asarray(weights, dtype=np.float64))
    if w.shape != x.shape and w.shape != x.shape[-1:]:
        raise ValueError(f"{x.shape[-1]} levels and {w.shape[-1]} weights: each goal needs one of both")
    if np.any((x < LOWEST) | (x > HIGHEST)):
        raise ValueError(f"a level lies outside {LOWEST:.0f} to +{HIGHEST:.0f}")
    if np.any((w < 0) | np.isinf(w)):
        raise ValueError("a weight is below 0 or endless")
    rated = ~np.isnan(x) & ~np.isnan(w)
    w, x = np.where(rated, w, 0.0), np.where(rated, x, 0.0)
    spread = np.sqrt((1.0 - rho) * (w**2).sum(axis=-1) + rho * w.sum(axis=-1) ** 2)
    score = 50.0 + 10.0 * (w * x).sum(axis=-1) / np.where(spread > 0, spread, np.nan)
    return float(score) if score.ndim == 0 else score
