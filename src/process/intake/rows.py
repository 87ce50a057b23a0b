"""Rows that contradict other rows: parents before children, each rule refuses with its reason, and a row is counted under the first that it meets.

A file that breaks the contract's form is refused whole (`process.intake.columns`). A row here is well formed but cannot be true, or hangs on a row that is
not there; the other rows are sound and are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.contract.tables import GOAL_LEVELS
from process.intake.keys import alike, numbered

Records = dict[str, pd.DataFrame]
Mask = NDArray[np.bool_]
Rule = Callable[[pd.DataFrame, Records], Mask]
_KINDS = (("course_id",), ("goal_id", "replaced_by"), ("rupture_id",))
_WIDE = 50_000_000  # places of the table of sessions; beyond, they are looked up by their keys


def _codes(column: pd.Series) -> NDArray[np.int64]:
    return numbered(column)[0]


def _number(column: pd.Series) -> NDArray[np.float64]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _nothing(rows: pd.DataFrame) -> Mask:
    return np.zeros(len(rows), dtype=bool)


def _there(codes: NDArray[np.int64], known: pd.Series) -> Mask:
    """Which of the codes stand in `known` (of the same categories)."""
    found = np.zeros(len(known.cat.categories) + 1, dtype=bool)
    found[_codes(known)] = True
    found[-1] = False
    return found[codes]


def _parent(rows: pd.DataFrame, column: str, parents: pd.DataFrame, wanted: NDArray, missing: object) -> NDArray:
    """What `wanted` (one a parent) holds for the parent of every row, `missing` where there is none."""
    by_code = np.full(len(rows[column].cat.categories) + 1, missing, dtype=wanted.dtype)
    by_code[_codes(parents[column])] = wanted
    by_code[-1] = missing
    return by_code[_codes(rows[column])]


def _without_course(rows: pd.DataFrame, records: Records) -> Mask:
    return ~_there(_codes(rows["course_id"]), records["courses"]["course_id"])


def _session_missing(course: NDArray[np.int64], number: NDArray[np.int64], sessions: pd.DataFrame) -> Mask:
    """Whether the course (by its code, -1 = none) has no session of that number."""
    known_course, known_number = _codes(sessions["course_id"]), sessions["session_number"].to_numpy(dtype=np.int64)
    many = len(sessions["course_id"].cat.categories)
    longest = np.zeros(many + 1, dtype=np.int64)
    np.maximum.at(longest, known_course, known_number + 1)
    begins = np.concatenate([[0], np.cumsum(longest)])
    if begins[-1] > _WIDE:
        key = pd.MultiIndex.from_arrays([course, number])
        return ~key.isin(pd.MultiIndex.from_arrays([known_course, known_number]))
    there = np.zeros(begins[-1] + 1, dtype=bool)
    there[begins[known_course] + known_number] = True
    possible = (course >= 0) & (number >= 0) & (number < longest[course])
    return ~(possible & there[np.where(possible, begins[course] + number, -1)])


def _without_session(rows: pd.DataFrame, records: Records) -> Mask:
    return _session_missing(_codes(rows["course_id"]), rows["session_number"].to_numpy(dtype=np.int64), records["sessions"])


def _after_as_of(rows: pd.DataFrame, records: Records) -> Mask:
    if "week" not in rows:
        return _nothing(rows)
    return (rows["week"] > records["manifest"]["as_of"].iloc[0]).to_numpy()


def _without(parent: str, key: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> Mask:
        parents = records.get(parent)
        return ~_nothing(rows) if parents is None else ~_there(_codes(rows[key]), parents[key])

    return rule


def _session_not_in_course(parent: str, key: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> Mask:
        course = _parent(rows, key, records[parent], _codes(records[parent]["course_id"]), -1)
        return _session_missing(course, rows["session_number"].to_numpy(dtype=np.int64), records["sessions"])

    return rule


def _before(parent: str, key: str, moment: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> Mask:
        return _number(rows["session_number"]) < _parent(rows, key, records[parent], _number(records[parent][moment]), np.nan)

    return rule


def _after_closing(rows: pd.DataFrame, records: Records) -> Mask:
    if "closed_session" not in records["goals"]:
        return _nothing(rows)
    return _number(rows["session_number"]) > _parent(rows, "goal_id", records["goals"], _number(records["goals"]["closed_session"]), np.nan)


def _off_scale(rows: pd.DataFrame, records: Records) -> Mask:
    goals, level = records["goals"], _number(rows["level"])
    scale = goals["scale"].astype("category").cat  # looked up once a scale, not once a goal
    low, high = np.array([*(GOAL_LEVELS[name] for name in scale.categories), (np.nan, np.nan)], dtype=np.float64)[scale.codes].T
    return (level < _parent(rows, "goal_id", goals, low, np.nan)) | (level > _parent(rows, "goal_id", goals, high, np.nan))


def _closed_before_agreed(rows: pd.DataFrame, records: Records) -> Mask:
    return _number(rows["closed_session"]) < _number(rows["agreed_session"]) if "closed_session" in rows else _nothing(rows)


def _fate_without_closing(rows: pd.DataFrame, records: Records) -> Mask:
    closed = rows["closed_session"].notna().to_numpy() if "closed_session" in rows else _nothing(rows)
    return closed == (rows["fate"] == "open").to_numpy()


def _replaced_by_itself(rows: pd.DataFrame, records: Records) -> Mask:
    return _codes(rows["replaced_by"]) == _codes(rows["goal_id"]) if "replaced_by" in rows else _nothing(rows)


def _without_successor(rows: pd.DataFrame, records: Records) -> Mask:
    if "replaced_by" not in rows:
        return _nothing(rows)
    successor = _codes(rows["replaced_by"])
    return (successor >= 0) & ~_there(successor, rows["goal_id"])


_GOAL_ROWS: tuple[tuple[str, Rule], ...] = (
    ("its goal is not there", _without("goals", "goal_id")),
    ("its session is not there", _session_not_in_course("goals", "goal_id")),
    ("before its goal was agreed", _before("goals", "goal_id", "agreed_session")),
    ("after its goal was closed", _after_closing),
)

RULES: dict[str, tuple[tuple[str, Rule], ...]] = {
    "sessions": (("its course is not there", _without_course), ("dated after as_of", _after_as_of)),
    "scores": (("its session is not there", _without_session),),
    "goals": (
        ("its course is not there", _without_course),
        ("closed before it was agreed", _closed_before_agreed),
        ("fate and closing session disagree", _fate_without_closing),
        ("replaced by itself", _replaced_by_itself),
        ("the goal that replaced it is not there", _without_successor),
    ),
    "goal_reviews": _GOAL_ROWS,
    "goal_ratings": (*_GOAL_ROWS, ("level outside its goal's scale", _off_scale)),
    "ruptures": (("its session is not there", _without_session),),
    "rupture_steps": (
        ("its rupture is not there", _without("ruptures", "rupture_id")),
        ("its session is not there", _session_not_in_course("ruptures", "rupture_id")),
        ("before its rupture", _before("ruptures", "rupture_id", "session_number")),
    ),
}


def settle(tables: Records) -> tuple[Records, dict[str, dict[str, int]]]:
    """The rows that agree with one another, and for each table how many were refused for which reason (reasons in their order, none with 0).

    Codes of courses, goals and ruptures come back as `category`, those of one kind with the same categories in every table.
    """
    kept = _related(tables)
    refused: dict[str, dict[str, int]] = {name: {} for name in kept}
    for name, rules in RULES.items():
        if name not in kept:
            continue
        for reason, rule in rules:
            while len(kept[name]):
                wrong = rule(kept[name], kept)
                if not wrong.any():
                    break
                # again, because a refused goal may have been another's successor
                refused[name][reason] = refused[name].get(reason, 0) + int(wrong.sum())
                kept[name] = kept[name][~wrong]
    return {name: frame.reset_index(drop=True) for name, frame in kept.items()}, refused


def _related(tables: Records) -> Records:
    """The tables with codes of one kind as `category` columns of the same categories."""
    related = {name: frame.copy(deep=False) for name, frame in tables.items()}
    for names in _KINDS:
        places = [(table, name) for table, frame in related.items() for name in names if name in frame]
        for (table, name), column in zip(places, alike([related[table][name] for table, name in places]), strict=True):
            related[table][name] = column
    return related
