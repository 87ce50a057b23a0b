"""Sudden gains and losses: a large, lasting change between two neighbouring sessions (Tang & DeRubeis)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

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
    (under two scores a side) gives []. `ValueError`: a score below 0 or above `maximum`, an endless one, `threshold` not
    above 0, `maximum` missing where it is needed, or not above 0.
    """
    if not threshold > 0:
        raise ValueError(f"the threshold is {threshold}; a change must be above 0")
    if not lower_is_better and maximum is None:
        raise ValueError("a scale on which higher is better is turned round by its `maximum`: give it")
    if maximum is not None and not 0 < maximum < np.inf:
        raise ValueError(f"the maximum is {maximum}; it must be a score above 0")
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError("the scores of one course are one series")
    if np.isinf(given).any():
        raise ValueError("a score is endless")
    if np.any((given < 0) | (given > (np.inf if maximum is None else maximum))):
        raise ValueError(f"a score lies outside 0 to {'its maximum' if maximum is None else maximum}; 0 must be the lowest score of the form")
    distress = given if lower_is_better else maximum - given
    found = shifts(distress, np.zeros(len(distress), dtype=np.int64), threshold, losses)
    return [
        Shift(int(n) + 1, float(given[n]), float(given[n + 1]), float(size), bool(lost))
        for n, size, lost in zip(found.at, found.magnitude, found.reversed, strict=True)
    ]


class Shifts(NamedTuple):
    """Shifts of many courses: `at` is the place of session n in the long series, and `judged` marks the places between which one could have been found."""

    at: NDArray[np.int64]
    magnitude: Floats
    reversed: NDArray[np.bool_]
    judged: NDArray[np.bool_]


def shifts(distress: Floats, course: NDArray[np.int64], threshold: ArrayLike, losses: bool = False) -> Shifts:
    """`sudden` for many courses at once: their series one after the other, on scales whose best score is 0.

    `distress`: a place for every session, NaN = not measured; `course`: whose place it is, as a number that never falls; `threshold`: one for all, or one a
    place. Same criteria, same order; the sessions of one course never meet those of the next.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if len(distress) < 2 * LEAST_A_SIDE:
        return Shifts(nothing, np.zeros(0), np.zeros(0, dtype=bool), np.zeros(max(len(distress) - 1, 0), dtype=bool))
    size = np.broadcast_to(np.asarray(threshold, dtype=np.float64), distress.shape)[:-1]
    change = (-1.0 if losses else 1.0) * (distress[:-1] - distress[1:])
    large = (change >= size - _ROUNDING) & (change >= SHARE_OF_SCORE * distress[:-1] - _ROUNDING)
    enough, apart = _lasting(distress, course, losses)
    judged = enough & (course[:-1] == course[1:]) & ~np.isnan(change)
    at = np.flatnonzero(judged & large & apart)
    return Shifts(at, change[at], _lost_again(distress, course, at, losses), judged)


def _lasting(distress: Floats, course: NDArray[np.int64], losses: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each pair of neighbours: are there two scores a side or more, and do the sessions around it differ by more than their scatter?"""
    edge = np.full(SESSIONS_A_SIDE, np.nan)
    windows = sliding_window_view(np.concatenate([edge[1:], distress, edge]), 2 * SESSIONS_A_SIDE)[: len(distress) - 1]
    nobody = np.full(SESSIONS_A_SIDE, -1, dtype=np.int64)
    whose = sliding_window_view(np.concatenate([nobody[1:], course, nobody]), 2 * SESSIONS_A_SIDE)[: len(distress) - 1]
    windows = np.where(whose == course[:-1, None], windows, np.nan)
    (n_pre, pre, squares_pre), (n_post, post, squares_post) = (_side(part) for part in np.split(windows, 2, axis=1))
    enough = (n_pre >= LEAST_A_SIDE) & (n_post >= LEAST_A_SIDE)
    df = np.where(enough, n_pre + n_post - 2, 1)
    critical = scipy.special.stdtrit(np.arange(2 * SESSIONS_A_SIDE - 1), CONFIDENCE)  # of each df that there can be; one by one it takes most of the time
    margin = critical[df] * np.sqrt((squares_pre + squares_post) / df)
    return enough, enough & ((post - pre if losses else pre - post) > margin)


def _side(part: Floats) -> tuple[Floats, Floats, Floats]:
    scores = list(part.T)  # by column: numpy adds up rows of three slowly
    known = [~np.isnan(score) for score in scores]
    n = sum(one.astype(np.int64) for one in known)
    mean = sum(np.where(one, score, 0.0) for one, score in zip(known, scores, strict=True)) / np.maximum(n, 1)
    return n, mean, sum(np.where(one, (score - mean) ** 2, 0.0) for one, score in zip(known, scores, strict=True))


def _lost_again(distress: Floats, course: NDArray[np.int64], at: NDArray[np.int64], losses: bool) -> NDArray[np.bool_]:
    """Whether any later session of the same course is half-way back or farther."""
    halfway = distress[at + 1] + SHARE_LOST * (distress[at] - distress[at + 1])
    last = np.searchsorted(course, course[at], side="right")
    later = (distress[first + 2 : end] for first, end in zip(at, last, strict=True))
    back = [np.any(series <= level + _ROUNDING) if losses else np.any(series >= level - _ROUNDING) for series, level in zip(later, halfway, strict=True)]
    return np.array(back, dtype=bool)
