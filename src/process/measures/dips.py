"""Possible ruptures: where an alliance score falls out of its course's usual band, by a named rule. Never mixed with recorded ruptures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from process.errors import did_you_mean
from process.measures.spc import xmr

SHORTEST = 3  # two scores are "too short to tell"
_ROUNDING = 1e-9

Floats = NDArray[np.float64]
# The level each score fell from, whether it fell far enough, and the score under which no session counts as returned.
Found = tuple[Floats, NDArray[np.bool_], float]


class Episode(NamedTuple):
    """One dip: sessions counted from 1; `returned` is None where the score never came back, `magnitude` in the scores' units, `length` in sessions."""

    onset: int
    trough: int
    returned: int | None
    magnitude: float
    length: int
    state: str


def dips(scores: ArrayLike, rule: str = "drop_1sd", pooled_sd: float | None = None, **parameters: float) -> list[Episode]:
    """Where one course's alliance scores fell out of their usual band, how deep, and when they came back.

    `scores`: one a session in order, higher is better, NaN = not measured (passed over). The rules, and what `parameters` may change (each name with its
    default): `drop_1sd`, `drop_2sd`: fall from the running level (mean of all earlier scores, at least `earlier`=3) by `k`=1 or 2 of the stricter, that is
    larger, of the SD of those scores (n - 1) and `pooled_sd`, the clinic's pooled SD within courses; without it their own SD stands alone, and an SD of 0
    raises nothing (Gumz, Brähler, Geyer & Erices 2012, BMC Medical Research Methodology 12, 10: a convention). `reliable_drop`: fall from the score before by
    `reliable_change` or more (no default: the instrument's own; Jacobson & Truax 1991). `xmr`: below the lower limit of the series' individuals chart
    (`process.measures.spc.xmr`; Eubanks-Carter, Gorman & Muran 2012, Psychotherapy Research 22(6), 621-637: a convention); with `causal`=1 the chart is of the
    earlier scores only, at least `earlier`=3; limits of no width (all scores equal, or screening left only ranges of 0) raise nothing. `srs_cutoff`: raw SRS
    scores (0 to 40) under `cutoff`=36 or `fall`=1 or more below the one before (the instrument's manual).

    An episode lasts from its onset to the first score at or above the level it fell from, less `tolerance`=0.25 of the drop down to the trough. That level is
    the running level, the score before, the chart's mean, or the higher of the score before and the SRS cut-off (which the score must reach again too).
    `magnitude` = that level minus the trough; `length` = sessions from onset up to, not with, the return, or up to the last score. `state`: "single" (one
    session), "spanning" (several) or, for all of them, "recurring" (`recurring`=3 episodes or more).

    Differences of 1e-9 of the largest score so far are rounding: an SD or a fall of no more is 0, and scores that close to a threshold meet it.

    Gives [] where nothing fell, and where there are under three scores: too short to tell. `ValueError`: an endless score, an unknown rule or parameter, a
    missing `reliable_change`; `k`, `fall` or `reliable_change` not above 0, `earlier` under 1, `recurring` under 2, `tolerance` outside 0 to 1, `causal` not 0
    or 1, an endless or unknown `cutoff`, a `pooled_sd` below 0, an SRS score outside 0 to 40.
    """
    if rule not in RULES:
        raise ValueError(f"`{rule}` is no rule. {did_you_mean(rule, RULES)}")
    find, defaults = RULES[rule]
    chosen = defaults | COMMON
    for name, given in parameters.items():
        if name not in chosen:
            raise ValueError(f"the rule `{rule}` has no parameter `{name}`. {did_you_mean(name, chosen)}")
        chosen[name] = given
    missing = [name for name, given in chosen.items() if given is None]
    if missing:
        raise ValueError(f"the rule `{rule}` needs `{missing[0]}`: give the instrument's own")
    refuse_impossible(chosen, pooled_sd)
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError("the scores of one course are one series")
    if np.isinf(x).any():
        raise ValueError("a score is endless")
    sessions = np.flatnonzero(~np.isnan(x)) + 1
    y = x[sessions - 1]
    if len(y) < SHORTEST:
        return []
    found = _episodes(y, sessions, *find(y, 0.0 if pooled_sd is None else pooled_sd, chosen), chosen["tolerance"])
    return [episode._replace(state="recurring") for episode in found] if len(found) >= chosen["recurring"] else found


def refuse_impossible(chosen: dict, pooled_sd: float | None) -> None:
    """`ValueError` in words where a rule's parameter, or the pooled SD, cannot be. A parameter that is None was not given."""
    for name, (possible, said) in _POSSIBLE.items():
        given = chosen.get(name)
        if given is not None and not (np.isfinite(given) and possible(given)):
            raise ValueError(f"{name.replace('_', ' ')} is {given}; it must be {said}")
    if pooled_sd is not None and not 0 <= pooled_sd < np.inf:
        raise ValueError(f"the pooled SD is {pooled_sd}; it must be 0 or more")


def rounding(y: Floats) -> Floats:
    """Up to which difference two scores, at each place of a series (the last axis), are the same: in the scores' units, and blind to later scores."""
    return _ROUNDING * np.maximum.accumulate(np.abs(y), axis=-1)


def _episodes(y: Floats, sessions: NDArray[np.int64], level: Floats, fell: NDArray[np.bool_], least: float, tolerance: float) -> list[Episode]:
    found: list[Episode] = []
    near = rounding(y)
    back = -1
    for onset in np.flatnonzero(fell):
        if onset <= back:
            continue
        later = y[onset:]
        troughs = np.minimum.accumulate(later)
        enough = np.maximum(level[onset] - tolerance * (level[onset] - troughs[:-1]), least)
        returns = np.flatnonzero(later[1:] >= enough - near[onset + 1 :])
        end = int(returns[0]) + 1 if len(returns) else len(later)
        trough = int(np.argmin(later[:end]))
        back = onset + end
        returned = int(sessions[back]) if len(returns) else None
        length = int((sessions[back] if len(returns) else sessions[-1] + 1) - sessions[onset])
        state = "single" if length == 1 else "spanning"
        found.append(Episode(int(sessions[onset]), int(sessions[onset + trough]), returned, float(level[onset] - later[trough]), length, state))
    return found


def _drop(y: Floats, pooled_sd: float, chosen: dict) -> Found:
    n = np.arange(len(y), dtype=np.float64)
    moved = y - y[0]  # equal scores then have an SD of exactly 0
    total, squares = (np.append(0.0, np.cumsum(part)[:-1]) for part in (moved, moved**2))
    mean = total / np.maximum(n, 1)
    own = np.sqrt(np.maximum(squares - n * mean**2, 0.0) / np.maximum(n - 1, 1))
    near = rounding(y)
    own = np.where(own > near, own, 0.0)
    needed = chosen["k"] * np.maximum(own, pooled_sd)
    fell = (n >= chosen["earlier"]) & (needed > 0) & (mean - moved >= needed - near) & (mean - moved > near)
    return y[0] + mean, fell, -np.inf


def _reliable(y: Floats, pooled_sd: float, chosen: dict) -> Found:
    before = np.append(np.nan, y[:-1])
    near = rounding(y)
    return before, (before - y >= chosen["reliable_change"] - near) & (before - y > near), -np.inf


def _below_chart(y: Floats, pooled_sd: float, chosen: dict) -> Found:
    if chosen["causal"]:
        charts = [xmr(y[:place]) if place >= chosen["earlier"] else None for place in range(len(y))]
        mean, lower = (np.array([np.nan if chart is None else getattr(chart, name) for chart in charts]) for name in ("mean", "lower"))
    else:
        chart = xmr(y)
        mean, lower = np.full(len(y), chart.mean), np.full(len(y), chart.lower)
    near = rounding(y) if chosen["causal"] else _ROUNDING * np.abs(y).max()
    # Limits of no width do not tell how far the course usually swings: they raise nothing.
    return mean, (mean - lower > near) & (y < lower - near), -np.inf


def _under_srs(y: Floats, pooled_sd: float, chosen: dict) -> Found:
    if np.any((y < 0) | (y > 40)):
        raise ValueError("an SRS score lies outside 0 to 40")
    before = np.append(np.nan, y[:-1])
    fell = (y < chosen["cutoff"]) | (before - y >= chosen["fall"] - rounding(y))
    return np.fmax(before, chosen["cutoff"]), fell, chosen["cutoff"]


_POSSIBLE: dict[str, tuple[Callable[[float], bool], str]] = {
    "k": (lambda given: given > 0, "above 0"),
    "earlier": (lambda given: given >= 1, "1 or more"),
    "reliable_change": (lambda given: given > 0, "above 0"),
    "causal": (lambda given: given in (0, 1), "0 or 1"),
    "cutoff": (lambda given: True, "a score"),
    "fall": (lambda given: given > 0, "above 0"),
    "tolerance": (lambda given: 0 <= given <= 1, "0 to 1"),
    "recurring": (lambda given: given >= 2, "2 or more"),
}
COMMON = {"tolerance": 0.25, "recurring": 3}
RULES: dict[str, tuple[Callable[[Floats, float, dict], Found], dict]] = {
    "drop_1sd": (_drop, {"k": 1.0, "earlier": 3}),
    "drop_2sd": (_drop, {"k": 2.0, "earlier": 3}),
    "reliable_drop": (_reliable, {"reliable_change": None}),
    "xmr": (_below_chart, {"causal": 0, "earlier": 3}),
    "srs_cutoff": (_under_srs, {"cutoff": 36.0, "fall": 1.0}),
}
