"""Sudden gains and losses: a large, lasting change between two neighbouring sessions (Tang & DeRubeis)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy import special

SHARE_OF_SCORE = 0.25  # Tang & DeRubeis 1999
SESSIONS_A_SIDE = 3
LEAST_A_SIDE = 2  # two of three scores a side are enough, with the critical value of what is there: Lutz et al. 2013
CONFIDENCE = 0.975  # Tang & DeRubeis 1999: t = 2.776 with three scores a side
SHARE_LOST = 0.5
_ROUNDING = 1e-9

Floats = NDArray[np.float64]


class Shift(NamedTuple):
    """One sudden gain or loss, between `session` and the next; `before` and `after` are the scores of the two, `magnitude` how far they lie apart (> 0)."""

    session: int
    before: float
    after: float
    magnitude: float
    reversed: bool


def sudden(scores: ArrayLike, threshold: float, lower_is_better: bool = True, losses: bool = False, maximum: float | None = None) -> list[Shift]:
    """Between which sessions one course's score changed suddenly for the better (or, with `losses`, for the worse).

    All three criteria of Tang & DeRubeis (1999, Journal of Consulting and Clinical Psychology 67(6), 894-904) must hold, on a scale whose best score is 0:
    the change from session n to n + 1 is at least `threshold` (often the reliable change); it is at least 25 % of the score at n; and the means of up to
    three sessions a side (n - 2 to n, n + 1 to n + 3; at least two scores each) differ by more than t(.975; scores - 2) times the root of the pooled variance
    (the form of Hardy et al. 2005, Journal of Consulting and Clinical Psychology 73(1), 59-67, with the critical value for what is there of Lutz et al. 2013,
    Psychotherapy Research 23(1), 14-24). For losses 25 % of the score at n is asked of the size of the change. `reversed`: at any session after n + 1 half of
    the change or more was lost again.

    `scores`: one a session in order, NaN = not measured, 0 or more in the form's units; a form whose worst score is the lowest needs `lower_is_better=False`
    and its `maximum`, by which it is turned round. `session` is n, counted from 1; `before` and `after` are given as they came in. A series too short to tell
    (under two scores a side) gives []. `ValueError`: a score below 0 or above `maximum`, `threshold` not above 0, `maximum` missing where it is needed.
    """
    if not threshold > 0:
        raise ValueError(f"the threshold is {threshold}; a change must be above 0")
    if not lower_is_better and maximum is None:
        raise ValueError("a scale on which higher is better is turned round by its `maximum`: give it")
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError("the scores of one course are one series")
    if np.any((given < 0) | (given > (np.inf if maximum is None else maximum))):
        raise ValueError(f"a score lies outside 0 to {'its maximum' if maximum is None else maximum}; 0 must be the lowest score of the form")
    distress = given if lower_is_better else maximum - given
    if len(distress) < 2 * LEAST_A_SIDE:
        return []
    change = (-1.0 if losses else 1.0) * (distress[:-1] - distress[1:])
    large = (change >= threshold - _ROUNDING) & (change >= SHARE_OF_SCORE * distress[:-1] - _ROUNDING)
    return [
        Shift(int(n) + 1, float(given[n]), float(given[n + 1]), float(change[n]), _lost_again(distress, n, losses))
        for n in np.flatnonzero(large & _lasting(distress, losses))
    ]


def _lasting(distress: Floats, losses: bool) -> NDArray[np.bool_]:
    """For each pair of neighbours: do the sessions around it differ by more than their scatter?"""
    edge = np.full(SESSIONS_A_SIDE, np.nan)
    windows = sliding_window_view(np.concatenate([edge[1:], distress, edge]), 2 * SESSIONS_A_SIDE)[: len(distress) - 1]
    (n_pre, pre, squares_pre), (n_post, post, squares_post) = (_side(part) for part in np.split(windows, 2, axis=1))
    enough = (n_pre >= LEAST_A_SIDE) & (n_post >= LEAST_A_SIDE)
    df = np.where(enough, n_pre + n_post - 2, 1)
    margin = special.stdtrit(df, CONFIDENCE) * np.sqrt((squares_pre + squares_post) / df)
    return enough & ((post - pre if losses else pre - post) > margin)


def _side(part: Floats) -> tuple[Floats, Floats, Floats]:
    known = ~np.isnan(part)
    n = known.sum(axis=1)
    mean = np.where(known, part, 0.0).sum(axis=1) / np.maximum(n, 1)
    return n, mean, np.where(known, (part - mean[:, None]) ** 2, 0.0).sum(axis=1)


def _lost_again(distress: Floats, n: int, losses: bool) -> bool:
    halfway = distress[n + 1] + SHARE_LOST * (distress[n] - distress[n + 1])
    later = distress[n + 2 :]
    return bool(np.any(later <= halfway + _ROUNDING) if losses else np.any(later >= halfway - _ROUNDING))
