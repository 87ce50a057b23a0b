"""The rules of `dips` for every course of a clinic at once: a loop over the scores' places, with the state of all courses in arrays.

What it finds is what `dips` finds course by course; a test holds one against the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from process.measures.dips import COMMON, RULES, SHORTEST, refuse_impossible, rounding
from process.measures.spc import LIMIT, SCREEN

AT_ONCE = 20_000  # courses: bounds the memory, and lets short courses share a narrow table
COLUMNS = ["course", "onset", "trough", "returned", "magnitude", "length", "state"]

Floats = NDArray[np.float64]
Step = Callable[[int, Floats], tuple[Floats, NDArray[np.bool_]]]


def all_dips(
    course: ArrayLike,
    session: ArrayLike,
    score: ArrayLike,
    rule: str,
    pooled_sd: float | None = None,
    reliable_change: ArrayLike | None = None,
    **parameters: float,
) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """Every course's possible ruptures by one rule, as `process.measures.dips.dips` finds them.

    `course`, `session`, `score`: one entry a score, sorted by course and session, no score missing. `reliable_change`: one a score, the same for all of
    a course. Rules, parameters and their sources: `dips`; the `xmr` rule only with `causal`=1, because a signal in an open course must not know its future.

    Gives a frame [course, onset, trough, returned, magnitude, length, state], a row an episode (`returned` missing where the score never came back), and for
    each score 1 = from an onset up to, not with, a return, 0 = not, -1 = the course has too few scores to tell. `ValueError`: as `dips`, and `xmr` otherwise.
    """
    find, defaults = RULES[rule]
    chosen = defaults | COMMON | parameters
    if rule == "xmr" and not chosen["causal"]:
        raise ValueError("many courses at once are looked at with causal=1 only")
    refuse_impossible(chosen, pooled_sd)
    codes, names = pd.factorize(np.asarray(course))
    sessions, y = np.asarray(session, dtype=np.int64), np.asarray(score, dtype=np.float64)
    if np.isinf(y).any():
        raise ValueError("a score is endless")
    needed = None if reliable_change is None else np.asarray(reliable_change, dtype=np.float64)
    if rule == "reliable_drop" and needed is None:
        raise ValueError("the rule `reliable_drop` needs `reliable_change`: give the instruments' own")
    if needed is not None and np.any(~(needed > 0)):
        raise ValueError("a reliable change is not above 0")
    if rule == "srs_cutoff" and np.any((y < 0) | (y > 40)):
        raise ValueError("an SRS score lies outside 0 to 40")
    n = np.bincount(codes, minlength=len(names))
    first = np.concatenate([[0], np.cumsum(n)[:-1]]).astype(np.int64)
    inside = np.full(len(y), -1, dtype=np.int8)
    found = []
    # Longest first, so that the courses that still have a score are always the first rows.
    order = np.argsort(-n, kind="stable")
    order = order[n[order] >= max(SHORTEST, _least(rule, chosen))]
    for start in range(0, len(order), AT_ONCE):
        here = order[start : start + AT_ONCE]
        place = first[here][:, None] + np.arange(n[here[0]])
        there = np.arange(n[here[0]]) < n[here][:, None]
        place = np.where(there, place, first[here][:, None])
        rows = _Courses(y[place], n[here], chosen)
        step = _STEPS[rule](rows, pooled_sd or 0.0, None if needed is None else needed[first[here]], chosen)
        episodes, state = rows.walk(step, chosen["cutoff"] if rule == "srs_cutoff" else -np.inf)
        inside[place[there]] = state[there]
        found.append(_named(episodes, names[here], sessions[place], n[here]))
    table = pd.concat(found, ignore_index=True) if found else _named(_nothing(), names[:0], np.zeros((0, 1), dtype=np.int64), n[:0])
    many = table.groupby("course")["onset"].transform("size") >= chosen["recurring"]
    table["state"] = table["state"].mask(many, "recurring")
    return table.sort_values(["course", "onset"], ignore_index=True), inside


def _least(rule: str, chosen: dict) -> int:
    """The fewest scores at which the rule can say anything: with three earlier scores needed, the fourth is the first that can fall."""
    return int(chosen["earlier"]) + 1 if "earlier" in chosen else SHORTEST


class _Courses:
    """The scores of many courses, a row each, the longest first, and the walk along them."""

    def __init__(self, y: Floats, n: NDArray[np.int64], chosen: dict) -> None:
        self.y, self.n, self.tolerance = y, n, chosen["tolerance"]
        self.near = rounding(y)

    def walk(self, step: Step, least: float) -> tuple[tuple[NDArray, ...], NDArray[np.int8]]:
        """(row, place of onset, place of trough, place of return or -1, magnitude) of each episode; and the state at each place."""
        many, longest = self.y.shape
        open_, level, trough = np.zeros(many, bool), np.zeros(many), np.zeros(many)
        onset, lowest = np.zeros(many, dtype=np.int64), np.zeros(many, dtype=np.int64)
        state = np.zeros((many, longest), dtype=np.int8)
        ended: list[tuple[NDArray, ...]] = []

        def close(rows: NDArray[np.int64], returned: int) -> None:
            ended.append((rows, onset[rows], lowest[rows], np.full(len(rows), returned), level[rows] - trough[rows]))

        for place in range(longest):
            left = int(np.searchsorted(-self.n, -place, side="left"))  # rows with more than `place` scores
            y = self.y[:left, place]
            fell_from, fell = step(place, y)
            was = open_[:left].copy()
            back = was & (y >= np.maximum(level[:left] - self.tolerance * (level[:left] - trough[:left]), least) - self.near[:left, place])
            close(np.flatnonzero(back), place)
            lower = was & ~back & (y < trough[:left])
            new = ~was & fell
            level[:left][new] = fell_from[new]
            onset[:left][new] = place
            trough[:left][new | lower] = y[new | lower]
            lowest[:left][new | lower] = place
            open_[:left] = (was & ~back) | new
            state[:left, place] = open_[:left]
        close(np.flatnonzero(open_), -1)
        return tuple(np.concatenate(parts) for parts in zip(*ended, strict=True)), state


def _nothing() -> tuple[NDArray, ...]:
    return (*(np.zeros(0, dtype=np.int64) for _ in range(4)), np.zeros(0))


def _named(episodes: tuple[NDArray, ...], names: NDArray, sessions: NDArray[np.int64], n: NDArray[np.int64]) -> pd.DataFrame:
    row, onset, trough, returned, magnitude = episodes
    came = returned >= 0
    last = n[row] - 1
    until = np.where(came, sessions[row, np.where(came, returned, 0)], sessions[row, last] + 1) if len(row) else returned
    started = sessions[row, onset] if len(row) else onset
    length = until - started
    columns = {
        "course": names[row],
        "onset": started,
        "trough": sessions[row, trough] if len(row) else trough,
        "returned": pd.array(np.where(came, until, 0), dtype="Int64"),
        "magnitude": magnitude,
        "length": length,
        "state": np.where(length == 1, "single", "spanning").astype(object),
    }
    frame = pd.DataFrame(columns, columns=COLUMNS)
    frame["returned"] = frame["returned"].mask(~came)
    return frame


def _drop(rows: _Courses, pooled_sd: float, reliable_change: Floats | None, chosen: dict) -> Step:
    start = rows.y[:, 0].copy()
    total, squares = np.zeros(len(start)), np.zeros(len(start))

    def step(place: int, y: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        here = slice(0, len(y))
        moved = y - start[here]
        mean = total[here] / max(place, 1)
        own = np.sqrt(np.maximum(squares[here] - place * mean**2, 0.0) / max(place - 1, 1))
        near = rows.near[here, place]
        needed = chosen["k"] * np.maximum(np.where(own > near, own, 0.0), pooled_sd)
        fell = (place >= chosen["earlier"]) & (needed > 0) & (mean - moved >= needed - near) & (mean - moved > near)
        total[here] += moved
        squares[here] += moved**2
        return start[here] + mean, fell

    return step


def _reliable(rows: _Courses, pooled_sd: float, reliable_change: Floats | None, chosen: dict) -> Step:
    def step(place: int, y: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        before = rows.y[: len(y), place - 1] if place else np.full(len(y), np.nan)
        near = rows.near[: len(y), place]
        return before, (before - y >= reliable_change[: len(y)] - near) & (before - y > near)

    return step


def _below_chart(rows: _Courses, pooled_sd: float, reliable_change: Floats | None, chosen: dict) -> Step:
    moves = np.abs(np.diff(rows.y, axis=1))

    def step(place: int, y: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        if place < max(chosen["earlier"], 2):
            return np.full(len(y), np.nan), np.zeros(len(y), bool)
        earlier = rows.y[: len(y), :place]
        mean = earlier[:, 0] + (earlier - earlier[:, :1]).mean(axis=1)
        ranges = moves[: len(y), : place - 1]
        kept = ranges <= SCREEN * ranges.mean(axis=1)[:, None]
        reach = LIMIT * (ranges * kept).sum(axis=1) / kept.sum(axis=1)
        near = rows.near[: len(y), place]
        return mean, (reach > near) & (y < mean - reach - near)

    return step


def _under_srs(rows: _Courses, pooled_sd: float, reliable_change: Floats | None, chosen: dict) -> Step:
    def step(place: int, y: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        before = rows.y[: len(y), place - 1] if place else np.full(len(y), np.nan)
        return np.fmax(before, chosen["cutoff"]), (y < chosen["cutoff"]) | (before - y >= chosen["fall"] - rows.near[: len(y), place])

    return step


_STEPS: dict[str, Callable[[_Courses, float, Floats | None, dict], Step]] = {
    "drop_1sd": _drop,
    "drop_2sd": _drop,
    "reliable_drop": _reliable,
    "xmr": _below_chart,
    "srs_cutoff": _under_srs,
}
