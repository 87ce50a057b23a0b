"""A part of an export that holds calendar dates, after the parts that were loaded before: what the table of codes and the store know, handed to intake.

Days count from a course's first appointment, which a week's export does not hold. The sealed table remembers its date (`process.intake.codes.remembered`); with
the days that the store holds that gives the date of every earlier appointment, which a goal's date is looked up in. These dates are in memory alone.
What is asked is the set of the generation that is served, never that of a load that failed or was gone back from.
"""

from __future__ import annotations

import pandas as pd

from process.intake.codes.drawing import COURSE
from process.intake.codes.remembered import Starts
from process.intake.codes.surrogates import Records
from process.intake.codes.table import Codes
from process.intake.sources.days import Earlier
from process.loading.coded import served_token
from process.loading.served import Served

_APPOINTMENTS = "select course_id, session_number, attendance, day from sessions"
_LABELS = " union ".join(
    f"select distinct {column} as label from {table} where {column} is not null"
    for table, columns in {"courses": ("team", "modality", "problem"), "goals": ("area",), "ruptures": ("theme",)}.items()
    for column in columns
)
_WITHOUT_DAY = "select * from sessions where day is null and course_id in (select unnest($courses))"


def earlier(served: Served, codes: Codes) -> Earlier:
    """What is known of the records that are served, under the clinic's own codes."""
    own = {display: name for name, display in codes.displays[COURSE.name].items()}
    held = served.query(_APPOINTMENTS)
    starts = codes.begun.of(served_token(served.folder)) or Starts()
    held["when"] = _dates(held, starts)
    held = held[held["when"].notna() & held["course_id"].isin(list(own))]
    columns = {"course_id": held["course_id"].map(own), "session_number": held["session_number"].astype("str"), "attendance": held["attendance"].astype("str")}
    appointments = pd.DataFrame(columns | {"when": held["when"]}).reset_index(drop=True)
    return Earlier(starts.under(own), frozenset(name for display, name in own.items() if not starts.knows(display)), appointments, labels(served))


def labels(served: Served) -> frozenset[str]:
    """The labels that the records served have: of courses, goals and ruptures."""
    return frozenset(served.query(_LABELS)["label"])


def told(served: Served, codes: Codes, starts: Starts | None, whole: bool) -> Starts | None:
    """What is to be remembered with the records of a load; None = nothing. `starts`: what its files say, by the clinic's own codes, None where they have no
    dates; `whole`: they hold everything."""
    own = (starts or Starts()).under(codes.displays[COURSE.name])
    before = None if whole else codes.begun.of(served_token(served.folder))
    if before is not None:
        return before.and_of(own)
    return own if starts is not None else None


def with_days_filled(served: Served, records: Records, starts: Starts | None) -> Records:
    """The records, and beside them those sessions of the store whose day can be told only now, because their course has a first appointment only now.

    `starts`: what is remembered after this load; the dates that such a course waited with are dropped from it.
    """
    if starts is None or "sessions" not in records or "day" not in records["sessions"]:
        return records
    sessions = records["sessions"]
    late = [course for course in sessions["course_id"].unique() if course in starts.waiting and starts.firsts.get(course, (0, ""))[1]]
    if not late:
        return records
    held = served.query(_WITHOUT_DAY, courses=list(map(str, late)))
    when = [starts.waiting[course].get(number) for course, number in zip(held["course_id"], held["session_number"], strict=True)]
    first = pd.to_datetime([starts.firsts[course][1] for course in held["course_id"]])
    held["day"] = pd.Series((pd.to_datetime(when) - first).days, index=held.index).astype("Int64")
    there = pd.MultiIndex.from_frame(sessions[["course_id", "session_number"]].astype({"course_id": "str", "session_number": "int64"}))
    new = held["day"].notna().to_numpy() & ~pd.MultiIndex.from_frame(held[["course_id", "session_number"]]).isin(there)
    added = held.loc[new, list(sessions.columns)].astype({name: sessions[name].dtype for name in sessions.columns})
    for course in late:
        del starts.waiting[course]
    return records | {"sessions": pd.concat([sessions, added], ignore_index=True)}


def _dates(held: pd.DataFrame, starts: Starts) -> pd.Series:
    first = pd.to_datetime(held["course_id"].map({course: day for course, (_, day) in starts.firsts.items() if day}), format="%Y-%m-%d")
    dates = first + pd.to_timedelta(held["day"], unit="D")
    waiting = [starts.waiting.get(course, {}).get(number) for course, number in zip(held["course_id"], held["session_number"], strict=True)]
    return dates.fillna(pd.Series(pd.to_datetime(waiting, format="%Y-%m-%d"), index=held.index)).astype("datetime64[us]")
