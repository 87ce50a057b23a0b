"""What is stored of possible ruptures when a generation is built: each course's dips by each rule, and the scored sessions that lie in one.

Each rule reads one series a course. `drop_1sd`, `drop_2sd` and `xmr`: the patient's alliance score of each session (POMP). `reliable_drop`: those of them
that were rated on the course's most frequent form, because the threshold is that form's own. `srs_cutoff`: raw scores on the Session Rating Scale, also where
another form counts for the alliance. All magnitudes are stored in POMP points. No rule sees a score that is later than the session it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.change import CRITICAL
from process.measures.dips import RULES
from process.measures.many_dips import all_dips
from process.measures.measure import DEFINITIONS
from process.measures.parameters import Query, value
from process.measures.parameters import sql as parameter_sql

CAUSAL = {"xmr": {"causal": 1}}
_SRS_POINTS = 100.0 / 40.0


def found(query: Query, parameters: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The derived tables `dips` and `dip_sessions`, see there, from one reading of every series."""
    every = query(_sql("patient_series")).rename(columns={"pomp": "score"})
    episodes, sessions = [], every[["course_id", "attended_rank"]].copy()
    for rule, series, (those, inside), points in _by_rule(query, parameters, every):
        episodes.append(_episodes(rule, those, points))
        sessions[rule] = _at(sessions, series, inside)
    return {"dips": pd.concat(episodes, ignore_index=True), "dip_sessions": sessions}


def dips(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """One row a possible rupture: course_id, rule, onset_rank, trough_rank, returned_rank (missing = never came back), magnitude (POMP), length, state."""
    return found(query, parameters)["dips"]


def dip_sessions(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """One row a session with an alliance score by the patient, a column a rule: 1 = in a dip, 0 = not, -1 = course too short to tell, missing = not read."""
    return found(query, parameters)["dip_sessions"]


def first_alliance_sd(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The clinic-wide parameter `first_alliance_sd`: the SD of the patients' first scores, a row a form; forms with fewer than two courses have none."""
    first = query(parameter_sql("first_alliance_sd")).groupby("part")
    spread = first.agg(value=("pomp", "std"), courses=("course_id", "nunique"), therapists=("therapist_id", "nunique"))
    return spread[spread["courses"] >= 2].reset_index()[["part", "value", "courses", "therapists"]]


def reliable_changes(query: Query, parameters: pd.DataFrame) -> pd.Series:
    """The reliable change of each form (index: instrument, form) in POMP points, missing where it cannot be told.

    The registry's own threshold; else 1.96 x sqrt(2) x SD x sqrt(1 - reliability), with the registry's SD or, where it has none, the clinic's own of first
    scores. Source: Jacobson & Truax 1991, Journal of Consulting and Clinical Psychology 59(1), 12-19.
    """
    forms = query(_sql("alliance_yardsticks"))
    spread = [value(parameters, "first_alliance_sd", f"{form.instrument} {form.form}") for form in forms.itertuples()]
    sd = (forms["clinical_sd"] * forms["points"]).fillna(pd.Series(spread, dtype="float64"))
    told = (forms["reliable_change"] * forms["points"]).fillna(CRITICAL * np.sqrt(2.0) * sd * np.sqrt(1.0 - forms["reliability"]))
    told = told.where(told > 0)  # first scores that are all alike tell nothing of what chance would do
    return told.set_axis(pd.MultiIndex.from_frame(forms[["instrument", "form"]]))


def _at(sessions: pd.DataFrame, series: pd.DataFrame, inside: NDArray[np.int8]) -> pd.arrays.IntegerArray:
    """What was found at each of the sessions; missing where the series has no score. Both are in the order of course and session."""
    keys = ["course_id", "attended_rank"]
    if len(series) == len(sessions) and all(series[key].equals(sessions[key]) for key in keys):
        return pd.arrays.IntegerArray(inside, np.zeros(len(inside), dtype=bool))
    together = sessions[keys].merge(series[keys].assign(inside=inside), on=keys, how="left")
    return together["inside"].astype("Int8").array


def _by_rule(query: Query, parameters: pd.DataFrame, every: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, tuple[pd.DataFrame, NDArray], float]]:
    """(rule, its series, what `all_dips` found in it, POMP points a unit of the series). `every`: the patient's alliance score of each session."""
    pooled = value(parameters, "within_course_sd", "patient")
    pooled = None if np.isnan(pooled) else pooled
    series = {"reliable_drop": _on_main_form(every, reliable_changes(query, parameters)), "srs_cutoff": query(_sql("srs_series"))}
    for rule in RULES:
        read = series.get(rule, every)
        needed = read["reliable_change"] if rule == "reliable_drop" else None
        those = all_dips(read["course_id"], read["attended_rank"], read["score"], rule, pooled, needed, **CAUSAL.get(rule, {}))
        yield rule, read, those, _SRS_POINTS if rule == "srs_cutoff" else 1.0


def _on_main_form(every: pd.DataFrame, changes: pd.Series) -> pd.DataFrame:
    """The scores on each course's most frequent form (of equals the first by name), with that form's reliable change; courses of forms without one left out."""
    counted = (
        every.groupby(["course_id", "instrument", "form"], as_index=False).size().sort_values(["course_id", "size"], ascending=[True, False], kind="stable")
    )
    main = counted.drop_duplicates("course_id").drop(columns="size")
    main = main.assign(reliable_change=changes.reindex(pd.MultiIndex.from_frame(main[["instrument", "form"]])).to_numpy(dtype=np.float64))
    known = main[main["reliable_change"].notna()]
    return every.merge(known, on=["course_id", "instrument", "form"]).sort_values(["course_id", "attended_rank"], ignore_index=True)


def _episodes(rule: str, episodes: pd.DataFrame, points: float) -> pd.DataFrame:
    named = {"course": "course_id", "onset": "onset_rank", "trough": "trough_rank", "returned": "returned_rank"}
    table = episodes.rename(columns=named).assign(rule=rule, magnitude=episodes["magnitude"] * points)
    text = {"rule": "str", "state": "str"}
    return table.astype(text)[["course_id", "rule", "onset_rank", "trough_rank", "returned_rank", "magnitude", "length", "state"]]


def _sql(name: str) -> str:
    return (DEFINITIONS / "ruptures" / f"{name}.sql").read_text("utf-8")
