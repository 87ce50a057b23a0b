"""Lengths, endings and active courses, course by course."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from tests.reference.courses import distinct, in_range, rows
from tests.reference.uncertainty import share_interval


def lengths(courses):
    table = {}
    for course in courses:
        if course.length is not None:
            table.setdefault(course.length, []).append(course)
    return {length: {**distinct(here), "sessions": sum(course.so_far for course in here)} for length, here in table.items()}


def therapy_lengths(courses, length):
    here = in_range(courses, length)
    values = {course.length for course in here}
    table = {}
    for value in values:
        those = [course for course in here if course.length == value]
        table[value] = {**distinct(those), "courses_total": len(here), "share": 100 * len(those) / len(here)}
    return table


def quartiles(courses, length):
    here = [course.length for course in in_range(courses, length)]
    return {name: float(np.quantile(here, q)) if here else float("nan") for name, q in (("median", 0.5), ("lower_quartile", 0.25), ("upper_quartile", 0.75))}


def endings(courses, length):
    here = in_range(courses, length)
    table = {}
    for ending in {course.row["ending"] for course in here}:
        those = [course for course in here if course.row["ending"] == ending]
        share = share_interval([course.row["ending"] == ending for course in here], [course.cluster for course in here])
        table[ending] = {**share, **distinct(those), "courses_total": len(here)}
    return table


def active_courses(records, courses, length):
    """By (week, therapist): active courses; therapist '' = all. Only weeks and therapists with any; and the number of unknown starts."""
    as_of = pd.Timestamp(rows(records, "manifest")[0]["as_of"])
    this_week = as_of - timedelta(days=as_of.weekday())
    last = this_week if as_of.weekday() == 6 else this_week - timedelta(weeks=1)
    weeks = [last - timedelta(weeks=back) for back in range(53)]
    table, unknown = {}, 0
    for course in in_range(courses, length):
        start = course.row.get("start_week")
        if start is None:
            unknown += 1
            continue
        held = [row for row in rows(records, "sessions", course.id) if row["attendance"] == "attended"]
        known = [row["week"] for row in held if row.get("week") is not None]
        if course.row.get("last_contact_week") is not None:
            known.append(course.row["last_contact_week"])
        end = as_of if course.row["ending"] == "still_going" else max([*known, start])
        for week in weeks:
            if start <= week <= end:
                for therapist in ("", course.therapist):
                    table[week, therapist] = table.get((week, therapist), 0) + 1
    return table, unknown
