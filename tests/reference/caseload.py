"""Lengths, endings and active courses, course by course."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from tests.reference.courses import ENDED, distinct, in_range, rows
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


def weekly_workload(records, courses, length):
    """By (week, kind, therapist), therapist '' = all: (how many, of how many courses); and how many have no week, by kind."""
    as_of = pd.Timestamp(rows(records, "manifest")[0]["as_of"])
    last = as_of - timedelta(days=as_of.weekday() if as_of.weekday() == 6 else as_of.weekday() + 7)
    weeks = {last - timedelta(weeks=back) for back in range(52)}
    found, unknown = {}, {"sessions": 0, "starts": 0, "endings": 0}
    for course in in_range(courses, length):
        held = [row for row in rows(records, "sessions", course.id) if row["attendance"] == "attended"]
        happened = [("sessions", row.get("week")) for row in held] + [("starts", course.row.get("start_week"))]
        if course.row["ending"] in ENDED:
            known = [row["week"] for row in held if row.get("week") is not None]
            if course.row.get("last_contact_week") is not None:
                known.append(course.row["last_contact_week"])
            happened.append(("endings", max(known, default=None)))
        for kind, week in happened:
            if week is None:
                unknown[kind] += 1
            elif week in weeks:
                for therapist in ("", course.therapist):
                    found.setdefault((week, kind, therapist), []).append(course)
    return {key: (len(those), len({course.id for course in those})) for key, those in found.items()}, unknown


def session_gaps(records, courses, length):
    as_of = pd.Timestamp(rows(records, "manifest")[0]["as_of"])
    going = [course for course in in_range(courses, length) if course.row["ending"] == "still_going"]
    groups = {}
    for course in going:
        held = [row for row in rows(records, "sessions", course.id) if row["attendance"] == "attended"]
        last = max(held, key=lambda row: row["session_number"], default=None)
        monday = None
        if last is not None and last.get("week") is not None:
            monday = last["week"]
        elif last is not None and last.get("day") is not None and course.row.get("start_week") is not None:
            monday = course.row["start_week"] + timedelta(days=int(last["day"]))
        if monday is None:
            name = "unknown"
        else:
            days = max((as_of - (monday + timedelta(days=2))).days, 0)
            name = "under" if days < 15 else "between" if days < 30 else "more"
        groups.setdefault(name, []).append(course)
    clusters = [course.cluster for course in going]
    return {
        name: {**share_interval([course in those for course in going], clusters), **distinct(those), "courses_total": len(going)}
        for name, those in groups.items()
    }


def dropout_judgements(records, course, median):
    """What each definition says of an ended course: True, False, or None where it cannot be applied."""
    planned, appointments = course.row.get("planned_sessions"), rows(records, "sessions", course.id)
    last = max(appointments, key=lambda row: row["session_number"], default=None)
    return {
        "patient_stopped": course.row["ending"] == "patient_stopped",
        "before_agreed": None if planned is None else course.so_far < planned,
        "missed_last": None if last is None else last["attendance"] == "missed",
        "below_median": course.so_far < median,
        "early": course.so_far <= 3,
    }


def dropout_definitions(records, courses, length, median):
    """By definition the share of courses it can be applied to; and the share of those that all can be applied to on which all say the same, or any says so."""
    ended = [course for course in in_range(courses, length) if course.row["ending"] in ENDED]
    said = {course.id: dropout_judgements(records, course, median) for course in ended}
    table = {}
    for name in ("patient_stopped", "before_agreed", "missed_last", "below_median", "early"):
        those = [course for course in ended if said[course.id][name] is not None]
        if those:
            table[name] = {**share_interval([said[course.id][name] for course in those], [course.cluster for course in those]), **distinct(those)}
    every = [course for course in ended if None not in said[course.id].values()]
    together = {"agree": lambda votes: len(set(votes)) == 1, "any_says": any}
    heads = {}
    for name, rule in together.items():
        share = share_interval([rule(said[course.id].values()) for course in every], [course.cluster for course in every]) if every else {}
        heads[name] = {**share, **distinct(every)}
    return table, heads


def shares_by_period(happenings, as_of, own, minimum):
    """From (course, week, whether) to period → share, occasions, courses, therapists; months, or quarters in a therapist's own view; complete ones only."""
    this = pd.Timestamp(as_of)
    periods = []
    year, month = this.year, this.month
    if (this + timedelta(days=1)).month != month and (not own or month % 3 == 0):
        month += 1
    if own:
        month = (month - 1) // 3 * 3 + 1
    for _ in range(12 if own else 36):
        month -= 3 if own else 1
        if month < 1:
            year, month = year - 1, month + 12
        periods.insert(0, (year, month))
    table = {period: [] for period in periods}
    for course, week, whether in happenings:
        if week is not None:
            key = (week.year, (week.month - 1) // 3 * 3 + 1 if own else week.month)
            if key in table:
                table[key].append((course, whether))
    while periods and not table[periods[0]]:
        del table[periods.pop(0)]
    return {
        pd.Timestamp(year, month, 1): {
            "share": 100 * sum(whether for _, whether in those) / len(those) if len(those) >= minimum else float("nan"),
            "occasions": len(those),
            **distinct([course for course, _ in those]),
        }
        for (year, month), those in table.items()
    }
