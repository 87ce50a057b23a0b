"""Rows that contradict other rows: parents before children, each rule refuses with its reason, and a row is counted under the first that it meets.

A file that breaks the contract's form is refused whole (`process.intake.columns`). A row here is well formed but cannot be true, or hangs on a row that is
not there; the other rows are sound and are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from process.contract.tables import GOAL_LEVELS

Records = dict[str, pd.DataFrame]
Rule = Callable[[pd.DataFrame, Records], pd.Series]


def _found(rows: pd.DataFrame, columns: list[str], parents: pd.DataFrame, key: list[str]) -> pd.Series:
    """Which rows have their parent."""
    known = parents[key].drop_duplicates().set_axis(columns, axis=1).assign(known=True)
    return rows[columns].merge(known, on=columns, how="left").set_axis(rows.index)["known"].notna()


def _parent(rows: pd.DataFrame, column: str, parents: pd.DataFrame, wanted: str) -> pd.Series:
    """The parent's `wanted` column for every row."""
    return rows[column].map(parents.set_index(column)[wanted])


def _without_course(rows: pd.DataFrame, records: Records) -> pd.Series:
    return ~rows["course_id"].isin(records["courses"]["course_id"])


def _without_session(rows: pd.DataFrame, records: Records) -> pd.Series:
    key = ["course_id", "session_number"]
    return ~_found(rows, key, records["sessions"], key)


def _after_as_of(rows: pd.DataFrame, records: Records) -> pd.Series:
    if "week" not in rows:
        return pd.Series(False, index=rows.index)
    return rows["week"] > records["manifest"]["as_of"].iloc[0]


def _without(parent: str, key: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> pd.Series:
        parents = records.get(parent)
        return pd.Series(True, index=rows.index) if parents is None else ~rows[key].isin(parents[key])

    return rule


def _session_not_in_course(parent: str, key: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> pd.Series:
        placed = rows[["session_number"]].assign(course_id=_parent(rows, key, records[parent], "course_id"))
        return _without_session(placed, records)

    return rule


def _before(parent: str, key: str, moment: str) -> Rule:
    def rule(rows: pd.DataFrame, records: Records) -> pd.Series:
        return (rows["session_number"] < _parent(rows, key, records[parent], moment)).fillna(False).astype(bool)

    return rule


def _after_closing(rows: pd.DataFrame, records: Records) -> pd.Series:
    if "closed_session" not in records["goals"]:
        return pd.Series(False, index=rows.index)
    return (rows["session_number"] > _parent(rows, "goal_id", records["goals"], "closed_session")).fillna(False).astype(bool)


def _off_scale(rows: pd.DataFrame, records: Records) -> pd.Series:
    scale = _parent(rows, "goal_id", records["goals"], "scale")
    low, high = scale.map({name: level[0] for name, level in GOAL_LEVELS.items()}), scale.map({name: level[1] for name, level in GOAL_LEVELS.items()})
    return (rows["level"] < low) | (rows["level"] > high)


def _closed_before_agreed(rows: pd.DataFrame, records: Records) -> pd.Series:
    if "closed_session" not in rows:
        return pd.Series(False, index=rows.index)
    return (rows["closed_session"] < rows["agreed_session"]).fillna(False).astype(bool)


def _fate_without_closing(rows: pd.DataFrame, records: Records) -> pd.Series:
    closed = rows["closed_session"].notna() if "closed_session" in rows else pd.Series(False, index=rows.index)
    return closed == (rows["fate"] == "open")


def _replaced_by_itself(rows: pd.DataFrame, records: Records) -> pd.Series:
    return rows["replaced_by"] == rows["goal_id"] if "replaced_by" in rows else pd.Series(False, index=rows.index)


def _without_successor(rows: pd.DataFrame, records: Records) -> pd.Series:
    if "replaced_by" not in rows:
        return pd.Series(False, index=rows.index)
    return rows["replaced_by"].notna() & ~rows["replaced_by"].isin(rows["goal_id"])


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


def settle(records: Records) -> tuple[Records, dict[str, dict[str, int]]]:
    """The rows that agree with one another, and for each table how many were refused for which reason (reasons in their order, none with 0)."""
    kept = dict(records)
    refused: dict[str, dict[str, int]] = {}
    for name in records:
        refused[name] = {}
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
