"""Courses read from the contract's tables with plain loops: attended ranks, scores, lengths. Slow, obvious, and made from the records alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from process.contract import instruments

ENDED = ("planned", "patient_stopped", "therapist_ended", "moved_on")


@dataclass
class Course:
    """One course: `sessions` are its attended sessions without the intake assessment, in order; scores by attended rank (0 = intake assessment)."""

    row: dict
    therapist: str
    cluster: str
    length: int | None
    sessions: list[dict] = field(default_factory=list)
    rank_of: dict[int, int] = field(default_factory=dict)
    patient: dict[int, float] = field(default_factory=dict)
    therapist_scores: dict[int, float] = field(default_factory=dict)

    @property
    def id(self):
        return self.row["course_id"]

    @property
    def so_far(self):
        return len(self.sessions)


PARENT = {"goal_ratings": "goal_id", "rupture_steps": "rupture_id"}


def plain(records):
    """The tables as lists of dicts, with None for what is missing, by the course (or the goal, the rupture) that they belong to."""
    tables = {}
    for name, frame in records.items():
        found = [{key: None if pd.isna(value) else value for key, value in row.items()} for row in frame.to_dict("records")]
        by_parent = {}
        for row in found:
            by_parent.setdefault(row.get(PARENT.get(name, "course_id")), []).append(row)
        tables[name] = {"all": found, "by_parent": by_parent}
    return tables


def rows(tables, name, parent=None):
    """The rows of a table, all of them or those of one parent; an absent table has none."""
    table = tables.get(name, {"all": [], "by_parent": {}})
    return table["all"] if parent is None else table["by_parent"].get(parent, [])


def quarter(course):
    if course.get("start_quarter"):
        return course["start_quarter"]
    week = course.get("start_week")
    return f"{week.year}-Q{(week.month + 2) // 3}" if week is not None else None


def population(records, basis, cluster="therapist", therapist=None, start_from=None, start_to=None, **choices):
    """Courses in scope and filters, in the records' order, also those without a length. `choices` are team, modality, problem, ending: a list, or None."""
    found = []
    for row in rows(records, "courses"):
        if therapist is not None and row["therapist_id"] != therapist:
            continue
        if any(allowed is not None and row.get(column) not in allowed for column, allowed in choices.items()):
            continue
        if (start_from or start_to) and quarter(row) is None:
            continue
        if start_from and quarter(row) < start_from or start_to and quarter(row) > start_to:
            continue
        course = Course(row, row["therapist_id"], row["course_id"] if cluster == "course" else row["therapist_id"], None)
        place_sessions(course, records)
        place_scores(course, records)
        ended = row["ending"] in ENDED
        course.length = {"completed": course.so_far if ended else None, "so_far": course.so_far, "planned": row.get("planned_sessions")}[basis]
        found.append(course)
    return found


def in_range(courses, length):
    return [course for course in courses if course.length is not None and length[0] <= course.length <= length[1]]


def place_sessions(course, records):
    mine = sorted(rows(records, "sessions", course.id), key=lambda row: row["session_number"])
    for row in mine:
        if row["attendance"] != "attended":
            continue
        if row["session_number"] == 0:
            course.rank_of[0] = 0
        else:
            course.sessions.append(row)
            course.rank_of[row["session_number"]] = len(course.sessions)


def place_scores(course, records):
    forms = {(form.instrument, form.form): form for form in instruments.registry()}
    best = {}
    for row in rows(records, "scores", course.id):
        form = forms.get((row["instrument"], row["form"]))
        if form is None or form.construct != "alliance" or form.rater != row["rater"]:
            continue
        rank = course.rank_of.get(row["session_number"])
        if rank is None:
            continue
        distance = form.maximum - row["value"] if form.direction == "lower_is_better" else row["value"] - form.minimum
        pomp = 100 * distance / (form.maximum - form.minimum)
        key = (row["rater"], rank)
        if key not in best or form.priority < best[key][0]:
            best[key] = (form.priority, pomp)
    for (rater, rank), (_, pomp) in best.items():
        (course.patient if rater == "patient" else course.therapist_scores)[rank] = pomp


def rank_from(course, session_number):
    """The first attended rank from that appointment on; None after the last one."""
    return min((rank for number, rank in course.rank_of.items() if rank >= 1 and number >= session_number), default=None)


def distinct(items):
    """How many courses and how many therapists are behind a list of courses."""
    return {"courses": len({course.id for course in items}), "therapists": len({course.therapist for course in items})}
