"""When a course began, and how many days later each of its appointments was."""

from __future__ import annotations

import pandas as pd


def first_rows(course: pd.Series, number: pd.Series, attendance: pd.Series, start: str) -> pd.Index:
    """For each course the row that its days are counted from: its appointment with the lowest number, or with `first_attended` the first that took place
    and is no intake assessment (number 1 or more). All three have one index; courses without such an appointment have no row.
    """
    rows = pd.DataFrame({"course": course, "number": number.astype("int64")})
    if start == "first_attended":
        rows = rows[(attendance == "attended") & (rows["number"] >= 1)]
    return rows.sort_values(["course", "number"], kind="stable").drop_duplicates("course").index


def days_since(course: pd.Series, when: pd.Series, firsts: pd.Index) -> pd.Series:
    """Days from each course's first appointment to each of its appointments, missing where either has no date. `when`: datetime64."""
    start = pd.Series(when.loc[firsts].to_numpy(), index=course.loc[firsts].to_numpy(), dtype="datetime64[us]")
    begun = pd.Series(start.reindex(course.to_numpy()).to_numpy(), index=course.index, dtype="datetime64[us]")
    return (when - begun).dt.days


def latest_week_end(when: pd.Series) -> pd.Timestamp:
    """The Sunday that ends the week of the latest date, so that no date of a person is told."""
    latest = when.max().normalize()
    return latest + pd.Timedelta(days=6 - latest.weekday())
