"""What chance alone would do after a possible rupture: how the clinic's scores hang together, and what that lets one expect after each fall.

A fall is found by a rule that looks at the scores up to it, and the expectation rests on the same scores. Whatever picks a session therefore plays no part in
what is expected of the next: where nothing but chance is at work, observed and expected are equal on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.autoregression import KNOTS, Autoregression, Series, fit, forecasts
from process.measures.many_dips import all_dips
from process.measures.parameters import Query, sql, value

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PARAMETER = "alliance_autoregression"
RULE = "drop_1sd"
AHEAD = 3
"""Sessions followed after a fall: a convention of this product, as in the contrast of recorded ruptures."""
MOST_COURSES = 20_000
"""Of more courses than this the model is fitted to every second, third … one: its numbers are known to three digits by then."""
_SLOPES = tuple(f"slope_{low}_{high}" for low, high in zip(KNOTS[:-1], KNOTS[1:], strict=True))
_WHERE = {"low": 0.1, "middle": 0.5, "high": 0.9}
_LEVELS, _SHIFTS = (tuple(f"{name}_{place}" for place in _WHERE) for name in ("level", "shift"))
_EARLIER = 3
_TYPES = {"part": "str", "value": "float64", "courses": "int64", "therapists": "int64"}
_LONGEST = 1_000_000  # sessions: more than any course has


class Expectation(NamedTuple):
    """The clinic's model with its correction: at forecasts of `levels` the scores were `shifts` higher than it said, straight lines between, flat outside."""

    model: Autoregression
    levels: Floats
    shifts: Floats

    def ahead(self, series: Series, rows: Whole) -> Floats:
        """What is expected in the `AHEAD` sessions after those rows of the series, from the scores up to them: rows x `AHEAD`."""
        forecast = forecasts(series, self.model, rows, AHEAD)
        return forecast + np.interp(forecast, self.levels, self.shifts)


def autoregression(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The clinic-wide parameter: phi, three standard deviations, the trend and the correction, a row each; none where there is too little."""
    scores = query(sql(PARAMETER))
    scores = scores[~scores["after_rupture"].astype(bool)]  # what a rupture does is not what chance does
    codes, courses = pd.factorize(scores["course_id"])
    step = max(1, -(-len(courses) // MOST_COURSES))
    used = scores[codes % step == 0]
    series = Series.of(pd.factorize(used["course_id"])[0], used["attended_rank"], used["pomp"])
    model = fit(series)
    if model is None:
        return pd.DataFrame({"part": [], "value": [], "courses": [], "therapists": []}).astype(_TYPES)
    found = {"phi": model.phi, "between": model.between, "state": model.state, "error": model.error, "start": model.trend[0]}
    found |= dict(zip(_SLOPES, model.trend[1:], strict=True))
    corrected = _corrected(series, model)
    found |= dict(zip(_LEVELS, corrected.levels, strict=True)) | dict(zip(_SHIFTS, corrected.shifts, strict=True))
    counts = {"courses": used["course_id"].nunique(), "therapists": used["therapist_id"].nunique()}
    return pd.DataFrame({"part": list(found), "value": list(found.values()), **counts})


def expectation(parameters: pd.DataFrame) -> Expectation | None:
    """What the clinic's stored parameters let one expect; None where there are none."""
    found = [value(parameters, PARAMETER, part) for part in ("phi", "between", "state", "error", "start", *_SLOPES)]
    levels, shifts = (np.array([value(parameters, PARAMETER, part) for part in parts]) for parts in (_LEVELS, _SHIFTS))
    return None if np.isnan(found).any() else Expectation(Autoregression(*found[:4], tuple(found[4:]), np.nan, 0, 0), levels, shifts)


def dip_expectations(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """One row a possible rupture (rule `drop_1sd`) of the patient's alliance, with what followed and what was to be expected.

    Columns: course_id, onset_rank, level (fallen from), onset, observed_1 … and expected_1 … (POMP; NaN = no score).
    """
    scores = query(sql(PARAMETER))
    codes, courses = pd.factorize(scores["course_id"])
    series = Series.of(codes, scores["attended_rank"], scores["pomp"])
    clinic, pooled = expectation(parameters), value(parameters, "within_course_sd", "patient")
    known = clinic is not None and not np.isnan(pooled)
    row = onsets(series, pooled) if known else np.zeros(0, dtype=np.int64)
    expected = clinic.ahead(series, row) if known else np.zeros((0, AHEAD))
    observed = later(series, row, AHEAD)
    columns = {
        "course_id": courses.take(series.course[row]),
        "onset_rank": series.session[row],
        "level": _level_before(series, row),
        "onset": series.score[row],
    }
    columns |= {f"{name}_{ahead + 1}": values[:, ahead] for name, values in (("observed", observed), ("expected", expected)) for ahead in range(AHEAD)}
    return pd.DataFrame(columns)


def onsets(series: Series, pooled_sd: float) -> Whole:
    """The rows of the series at which a possible rupture by the rule `drop_1sd` begins."""
    episodes, _ = all_dips(series.course, series.session, series.score, RULE, pooled_sd)
    return np.searchsorted(_place(series.course, series.session), np.sort(_place(episodes["course"].to_numpy(np.int64), episodes["onset"].to_numpy(np.int64))))


def later(series: Series, rows: Whole, ahead: int) -> Floats:
    """The scores in the `ahead` attended sessions after those rows (rows x ahead); NaN where there was none."""
    found = np.full((len(rows), ahead), np.nan)
    for step in range(1, ahead + 1):  # the row so many places on is that session, or a later one where scores are missing
        for place in range(1, step + 1):
            there = np.minimum(rows + place, len(series.course) - 1)
            fits = (rows + place < len(series.course)) & (series.course[there] == series.course[rows]) & (series.session[there] == series.session[rows] + step)
            found[:, step - 1] = np.where(fits, series.score[there], found[:, step - 1])
    return found


def _corrected(series: Series, model: Autoregression) -> Expectation:
    """The correction of the forecasts, from every session with three scores before it: scores crowd near the top of a scale, which the model ignores."""
    begin, length = series.starts()
    rows = np.flatnonzero(np.arange(len(series.score)) - np.repeat(begin, length) >= _EARLIER)
    forecast, observed = forecasts(series, model, rows, AHEAD), later(series, rows, AHEAD)
    known = ~np.isnan(observed)
    said, apart = forecast[known], (observed - forecast)[known]
    if len(np.unique(said)) < len(_WHERE):
        return Expectation(model, np.arange(len(_WHERE), dtype=np.float64), np.zeros(len(_WHERE)))
    levels = np.quantile(said, list(_WHERE.values()))
    hats = np.column_stack([np.interp(said, levels, one) for one in np.eye(len(levels))])
    return Expectation(model, levels, np.linalg.lstsq(hats, apart, rcond=None)[0])


def _level_before(series: Series, row: Whole) -> Floats:
    """The running level that each of those rows fell from: the mean of the course's earlier scores."""
    begin, length = series.starts()
    first = np.repeat(begin, length)[row]
    running = np.concatenate([[0.0], np.cumsum(series.score)])
    return (running[row] - running[first]) / np.maximum(row - first, 1)


def _place(course: Whole, session: Whole) -> Whole:
    return course * _LONGEST + session
