"""Intervals by drawing courses again and again: for figures whose courses are not independent rows, and that still follow the length range without a query.

In every draw a course counts 0, 1, 2 … times, with Poisson weights of mean 1 (Hanley & MacGibbon 2006, Computer Methods and Programs in Biomedicine 83(1),
57-62): the bootstrap over courses, but each course's weight is its own, so that the draws of a range of lengths are a difference of prefix sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from process.measures.intervals import LEVEL

Floats = NDArray[np.float64]
_AT_ONCE = 2048


@dataclass(frozen=True)
class Draws:
    """Prefix sums over length of resampled totals: `sums` is (lengths + 1) x columns x draws."""

    lengths: NDArray[np.int64]
    sums: Floats

    @classmethod
    def of(cls, lengths: NDArray[np.int64], course: NDArray[np.int64], values: Floats, draws: int, seed: int) -> Draws:
        """From rows sorted by length: `course` rises by one at each new course, `values` are rows x columns (no NaN). The same seed, the same draws."""
        places, at = np.unique(lengths, return_inverse=True)
        count = int(course[-1]) + 1 if len(course) else 0
        first = np.searchsorted(course, np.arange(count))
        total = np.add.reduceat(values, first, axis=0) if count else np.zeros((0, values.shape[1]))
        place = at[first] if count else np.zeros(0, dtype=np.int64)
        sums = np.zeros((len(places) + 1, values.shape[1], draws))
        rng = np.random.default_rng(seed)
        for start in range(0, count, _AT_ONCE):  # so that no clinic is too large for the memory
            here = slice(start, start + _AT_ONCE)
            weights = rng.poisson(1.0, (len(place[here]), draws)).astype(np.float64)
            for length in np.unique(place[here]):
                those = place[here] == length
                sums[length + 1] += total[here][those].T @ weights[those]
        return cls(places, np.cumsum(sums, axis=0, out=sums))

    def between(self, length: tuple[int, int]) -> Floats:
        """The totals of every draw for courses with a length in the range, both ends included: columns x draws."""
        first = np.searchsorted(self.lengths, length[0], side="left")
        last = max(np.searchsorted(self.lengths, length[1], side="right"), first)
        return self.sums[last] - self.sums[first]


def limits(numerator: Floats, denominator: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of a ratio over the draws (Efron & Tibshirani 1993, chapter 13); NaN where no draw has a denominator."""
    some = denominator > 0.5
    if not some.any():
        return np.nan, np.nan
    low, high = np.quantile(numerator[some] / denominator[some], [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
