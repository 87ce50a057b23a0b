"""The calibration figures, counted from the frames alone: nothing here knows how the simulator works."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.contract.tables import ENDED


def attended(records: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Attended sessions from 1 on with their attended rank."""
    sessions = records["sessions"]
    held = sessions[(sessions.attendance == "attended") & (sessions.session_number >= 1)].sort_values(["course_id", "session_number"])
    return held.assign(rank=held.groupby("course_id").cumcount() + 1)


def lengths(records: dict[str, pd.DataFrame], ended_only: bool = True) -> pd.Series:
    """Attended sessions by course."""
    number = attended(records).groupby("course_id").size()
    courses = records["courses"]
    return number.reindex(courses[courses.ending.isin(ENDED)].course_id if ended_only else courses.course_id, fill_value=0)


def repaired_ruptures(records: dict[str, pd.DataFrame]) -> pd.Series:
    """By rupture: is there a repaired step and an acknowledgement by each of the two?"""
    steps = records["rupture_steps"]
    facts = pd.DataFrame({"rupture_id": steps.rupture_id})
    facts["repaired"] = steps.step == "repaired"
    facts["patient"] = (steps.step == "acknowledged") & (steps.by == "patient")
    facts["therapist"] = (steps.step == "acknowledged") & (steps.by == "therapist")
    found = facts.groupby("rupture_id").any().all(axis=1)
    return found.reindex(records["ruptures"].rupture_id, fill_value=False)


def rupture_group(records: dict[str, pd.DataFrame]) -> pd.Series:
    """By course: none, unrepaired, or repaired (at least one of its ruptures was)."""
    repaired = repaired_ruptures(records).to_numpy()
    by_course = pd.Series(repaired, index=records["ruptures"].course_id).groupby(level=0).any()
    group = by_course.map({True: "repaired", False: "unrepaired"})
    return group.reindex(records["courses"].course_id, fill_value="none")


def alliance(records: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row an attended session: the two alliance scores on the 12-84 form, missing where not rated."""
    scores = records["scores"]
    wide = attended(records).set_index(["course_id", "session_number"])[["rank"]]
    for name, instrument in (("patient", "wai_sr"), ("therapist", "wai_srt")):
        wide[name] = scores[scores.instrument == instrument].set_index(["course_id", "session_number"]).value
    return wide.reset_index()


def change(records: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """By ended course with two CORE-10 scores or more: first, last, improvement (first - last), length, therapist and rupture group."""
    scores = records["scores"]
    core = scores[scores.instrument == "core_10"].sort_values(["course_id", "session_number"])
    number = core.groupby("course_id").value.agg(["first", "last", "size"])
    courses = records["courses"].set_index("course_id")
    table = number[number["size"] >= 2].join(courses[["therapist_id", "ending"]])
    table["length"], table["group"] = lengths(records, ended_only=False), rupture_group(records)
    return table[table.ending.isin(ENDED)].assign(improvement=table["first"] - table["last"])


def therapist_share(values: pd.Series, therapists: pd.Series) -> float:
    """Share of the variance between therapists: one-way analysis of variance with unequal group sizes (Donner 1986)."""
    groups = values.groupby(therapists.to_numpy())
    sizes, means, total = groups.size(), groups.mean(), len(values)
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(sizes) - 1)
    within = ((sizes - 1) * groups.var().fillna(0)).sum() / (total - len(sizes))
    typical = (total - (sizes**2).sum() / total) / (len(sizes) - 1)
    return float((between - within) / (between + (typical - 1) * within))


def repair_against_none(records: dict[str, pd.DataFrame], shortest: int, longest: int) -> tuple[float, float]:
    """Mean improvement of courses with a repaired rupture less that of courses without any, in that length band, and its standard error.

    Compared within each length, weighted by the repaired ones, so that the two groups are equally long.
    """
    table = change(records)
    table = table[table.length.between(shortest, longest)]
    with_repair, none = table[table.group == "repaired"], table[table.group == "none"]
    cells = none.groupby("length").improvement.agg(["mean", "var", "size"])
    mine = with_repair.groupby("length").improvement.agg(["mean", "size"])
    both = mine.rename(columns={"mean": "mean_mine", "size": "size_mine"}).join(cells, how="inner")
    both = both[both["size"] >= 2]
    weight = both.size_mine / both.size_mine.sum()
    spread = table.improvement.var()
    error = np.sqrt((weight**2 * (spread / both.size_mine + spread / both["size"])).sum())
    return float((weight * (both.mean_mine - both["mean"])).sum()), float(error)
