"""Percentage of the maximum possible (POMP): what puts different forms of an instrument on one scale before anything is pooled or compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rescale(x: ArrayLike, minimum: float, maximum: float) -> NDArray[np.float64]:
    """Scores as 100 (x - minimum) / (maximum - minimum), 0 to 100 (Cohen, Cohen, Aiken & West 1999, Multivariate Behavioral Research 34(3), 315-346).

    `x` has any shape, `NaN` = not measured; a single number gives one number. A score beyond an end by 1e-9 of the range or less is rounding, and at that end.
    `ValueError` where the form's range is empty or endless, or a score lies outside it.
    """
    if not minimum < maximum:
        raise ValueError(f"minimum {minimum} is not below maximum {maximum}")
    if np.isinf(maximum - minimum):
        raise ValueError(f"the range {minimum} to {maximum} is endless")
    rounding = 1e-9 * (maximum - minimum)
    scores = np.asarray(x, dtype=np.float64)
    if np.any((scores < minimum - rounding) | (scores > maximum + rounding)):
        raise ValueError(f"a score lies outside {minimum} to {maximum}")
    return 100.0 * (np.clip(scores, minimum, maximum) - minimum) / (maximum - minimum)
