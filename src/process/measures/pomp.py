"""Percentage of the maximum possible (POMP): what puts different forms of an instrument on one scale before anything is pooled or compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rescale(x: ArrayLike, minimum: float, maximum: float) -> NDArray[np.float64]:
    """Scores as 100 (x - minimum) / (maximum - minimum), 0 to 100 (Cohen, Cohen, Aiken & West 1999, Multivariate Behavioral Research 34(3), 315-346).

    `x` has any shape, `NaN` = not measured. `ValueError` where the form's range is empty or a score lies outside it.
    """
    if not minimum < maximum:
        raise ValueError(f"minimum {minimum} is not below maximum {maximum}")
    scores = np.asarray(x, dtype=np.float64)
    if np.any((scores < minimum) | (scores > maximum)):
        raise ValueError(f"a score lies outside {minimum} to {maximum}")
    return 100.0 * (scores - minimum) / (maximum - minimum)
