"""Dates as coarse as a policy of quarters wants them, and records without some of their courses."""

from __future__ import annotations

import pandas as pd

from process.intake.report import Note

BY_QUARTER = "quarter"
WEEKS_DROPPED = 'weeks dropped, by the policy `dates = "quarter"`: '


def by_quarter(records: dict[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[Note]]:
    """The records with quarters for weeks: a course keeps the quarter of its start, a session its days since then, and nothing keeps a week.

    The quarter is that of the start week's Monday. The day up to which records are complete becomes the last day of its quarter.
    """
    coarse = dict(records)
    notes = []
    if "courses" in coarse:
        courses = coarse["courses"]
        if "start_week" in courses:
            known = courses["start_quarter"] if "start_quarter" in courses else pd.Series(pd.NA, index=courses.index, dtype="str")
            courses = courses.assign(start_quarter=known.astype("str").fillna(quarter(courses["start_week"])))
            notes.append(Note(WEEKS_DROPPED + "start of a course", int(courses["start_week"].notna().sum())))
        if "last_contact_week" in courses:
            notes.append(Note(WEEKS_DROPPED + "last contact of a course", int(courses["last_contact_week"].notna().sum())))
        coarse["courses"] = courses.drop(columns=["start_week", "last_contact_week"], errors="ignore")
    if "sessions" in coarse and "week" in coarse["sessions"]:
        notes.append(Note(WEEKS_DROPPED + "session", int(coarse["sessions"]["week"].notna().sum())))
        coarse["sessions"] = coarse["sessions"].drop(columns="week")
    if "manifest" in coarse:
        day = pd.to_datetime(coarse["manifest"]["as_of"])
        coarse["manifest"] = coarse["manifest"].assign(as_of=day.dt.to_period("Q").dt.end_time.dt.normalize().astype("datetime64[us]"))
    return coarse, [note for note in notes if note.count]


def quarter(weeks: pd.Series) -> pd.Series:
    """The quarter (YYYY-Qn) of each Monday, missing where the week is."""
    places, mondays = pd.factorize(weeks)
    days = pd.DatetimeIndex(mondays)
    names = pd.array([f"{day.year}-Q{day.quarter}" for day in days], dtype="str")
    return pd.Series(names.take(places, allow_fill=True), index=weeks.index)


def cut_courses(records: dict[str, pd.DataFrame], gone: set[str]) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """The records without these courses and what hangs on them, and how many rows of each table went. A goal replaced by one that went has no successor."""
    if not gone:
        return records, {}
    lost = {"course_id": gone}
    for parent, key in (("goals", "goal_id"), ("ruptures", "rupture_id")):
        if parent in records:
            lost[key] = set(records[parent].loc[records[parent]["course_id"].isin(gone), key])
    kept, cut = {}, {}
    for name, frame in records.items():
        wrong = pd.Series(False, index=frame.index)
        for key, ids in lost.items():
            if key in frame:
                wrong |= frame[key].isin(ids)
        if "replaced_by" in frame:
            frame = frame.assign(replaced_by=frame["replaced_by"].mask(frame["replaced_by"].isin(lost["goal_id"])))
        kept[name] = frame[~wrong].reset_index(drop=True)
        if wrong.any():
            cut[name] = int(wrong.sum())
    return kept, cut
