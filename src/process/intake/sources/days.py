"""When a course began, and how many days later each of its appointments was; for a part of an export, by what is remembered of the parts before it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from process.intake.codes.remembered import Starts
from process.intake.faults import Fault, refusal

MOVED = "course{s} whose first appointment is another than in earlier loads: their days would all change"
NOT_REMEMBERED = "course{s} of the store whose first appointment is not remembered: they were not loaded through this mapping"


@dataclass(frozen=True)
class Earlier:
    """What is known of earlier loads, under the clinic's own codes, for a file that holds less than everything.

    `starts`: when courses began; `unremembered`: courses that the store may hold, but of which nothing is remembered; `appointments`: those that the store
    holds, one a row: `course_id`, `session_number` (text), `attendance`, `when` (datetime64); `labels`: the
    teams, problems, areas … that it has.
    """

    starts: Starts
    unremembered: frozenset[str]
    appointments: pd.DataFrame
    labels: frozenset[str] = frozenset()


def first_rows(course: pd.Series, number: pd.Series, attendance: pd.Series, start: str) -> pd.Index:
    """For each course the row that its days are counted from: its appointment with the lowest number, or with `first_attended` the first that took place
    and is no intake assessment (number 1 or more). All three have one index; courses without such an appointment have no row.
    """
    rows = pd.DataFrame({"course": course, "number": number.astype("int64")})
    if start == "first_attended":
        rows = rows[(attendance == "attended") & (rows["number"] >= 1)]
    return rows.sort_values(["course", "number"], kind="stable").drop_duplicates("course").index


def begun(file: str, appointments: pd.DataFrame, since: str, earlier: Earlier | None = None) -> Starts:
    """When the courses of a file began: by its own appointments, or as it is remembered. `since`: `first` or `first_attended`, see `first_rows`.

    `appointments`: one a row, `course`, `number`, `attendance`, `when` (datetime64). Raises `FileRefused` where the file gives a course another first
    appointment than earlier loads did, or holds courses of which nothing is remembered.
    """
    course, number, when = appointments["course"], appointments["number"].astype("int64"), appointments["when"]
    firsts = first_rows(course, number, appointments["attendance"], since)
    days = when.dt.strftime("%Y-%m-%d").fillna("")
    found = Starts(since, dict(zip(course.loc[firsts], zip(number.loc[firsts].tolist(), days.loc[firsts], strict=True), strict=True)))
    none = ~course.isin(list(found.firsts)) & (days != "")
    for name, at, day in zip(course[none], number[none].tolist(), days[none], strict=True):
        found.waiting.setdefault(name, {})[at] = day
    if earlier is not None:
        _go_on(file, found, earlier, set(zip(course, number.tolist(), strict=True)))
    return found


def _go_on(file: str, found: Starts, earlier: Earlier, there: set[tuple[str, int]]) -> None:
    """Courses that began in an earlier load began then; what would move their beginning refuses the file."""
    names = {name for name, _ in there}
    lost = len(names & earlier.unremembered)
    moved = 0
    for name in names & earlier.starts.firsts.keys():
        known, own = earlier.starts.firsts[name], found.firsts.get(name)
        gone = (name, known[0]) in there and (own is None or own[0] > known[0])
        moved += gone or (own is not None and (own[0] < known[0] or (own[0] == known[0] and own[1] != known[1])))
        found.firsts[name] = known
        found.waiting.pop(name, None)
    faults = [Fault(f"{many:,} {kind.format(s='s' * (many != 1))}") for many, kind in ((moved, MOVED), (lost, NOT_REMEMBERED)) if many]
    if faults:
        raise refusal(file, faults, "Nothing was loaded. Load the whole export through this mapping, without `--add` or `--correct`; then weeks can be added.")


def days_since(course: pd.Series, when: pd.Series, starts: Starts) -> pd.Series:
    """Days from each course's first appointment to each of its appointments, missing where either has no date. `when`: datetime64."""
    return (when - first_days(course, starts)).dt.days


def first_days(course: pd.Series, starts: Starts) -> pd.Series:
    """For each row the date of its course's first appointment (datetime64), missing where it has none or no date."""
    dates = {name: day for name, (_, day) in starts.firsts.items() if day}
    days = pd.Series(pd.to_datetime(list(dates.values()), format="%Y-%m-%d").astype("datetime64[us]"), index=list(dates), dtype="datetime64[us]")
    return pd.Series(days.reindex(course.to_numpy()).to_numpy(), index=course.index, dtype="datetime64[us]")


def latest_week_end(when: pd.Series) -> pd.Timestamp:
    """The Sunday that ends the week of the latest date, so that no date of a person is told."""
    latest = when.max().normalize()
    return latest + pd.Timedelta(days=6 - latest.weekday())
