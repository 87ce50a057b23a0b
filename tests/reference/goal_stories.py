"""What becomes of goals, who looks after them and when nothing moves: goal by goal, session by session, from the raw records."""

from __future__ import annotations

import math
import statistics

from tests.reference.courses import distinct, in_range, rows
from tests.reference.goal_curves import states
from tests.reference.goals import ORDER
from tests.reference.uncertainty import share_interval

FATES = ("reached", "replaced", "dropped")


def place(course, number):
    """How many attended sessions there are up to an appointment."""
    return sum(rank >= 1 and at <= number for at, rank in course.rank_of.items())


def goals_of(records, courses, length):
    for course in in_range(courses, length):
        for goal in rows(records, "goals", course.id):
            yield course, goal


def waits(records, courses, length):
    """(course, goal, sessions waited, fate or None for open goals)"""
    for course, goal in goals_of(records, courses, length):
        agreed = place(course, goal["agreed_session"])
        if goal["fate"] == "open":
            yield course, goal, course.so_far - agreed, None
        else:
            yield course, goal, place(course, goal["closed_session"]) - agreed, goal["fate"]


def incidence(found, fate, time):
    """Aalen-Johansen by hand: at every time, who still waits, and which part of them meets the fate."""
    free, total = 1.0, 0.0
    for at in range(time + 1):
        waiting = [met for waited, met in found if waited >= at]
        if waiting:
            total += free * sum(waited == at and met == fate for waited, met in found) / len(waiting)
            free *= 1 - sum(waited == at and met is not None for waited, met in found) / len(waiting)
    return total


def fates(records, courses, length, horizon=30):
    found = list(waits(records, courses, length))
    pairs = [(waited, met) for _, _, waited, met in found]
    table = {}
    for time in range(horizon + 1):
        waiting = [course for course, _, waited, _ in found if waited >= time]
        for fate in FATES if waiting else ():
            table[time, fate] = {"share": 100 * incidence(pairs, fate, time), "goals": len(waiting), "goals_agreed": len(found), **distinct(waiting)}
    return table


def reached_by_setter(records, courses, length, session=12):
    found = list(waits(records, courses, length))
    table = {}
    for setter in ("patient", "therapist", "both"):
        own = [row for row in found if row[1]["set_by"] == setter]
        waiting = [course for course, _, waited, _ in own if waited >= session]
        if waiting:
            share = incidence([(waited, met) for _, _, waited, met in own], "reached", session)
            table[setter] = {"share": 100 * share, "goals": len(waiting), "goals_agreed": len(own), **distinct(waiting)}
    return table


def last_levels(records, courses, length):
    """(course, last level or None) of every replaced goal on goal attainment scaling."""
    for course in in_range(courses, length):
        last = {goal["goal_id"]: level for goal, _, level in states(records, course)}
        last |= {
            goal["goal_id"]: _intake_level(records, goal)
            for goal in rows(records, "goals", course.id)
            if goal["goal_id"] not in last and _at_intake(course, goal)
        }
        for goal in rows(records, "goals", course.id):
            if goal["scale"] == "gas" and goal["fate"] == "replaced":
                yield course, last.get(goal["goal_id"])


def _at_intake(course, goal):
    """A goal that was agreed and closed at the intake assessment has been in the set there and nowhere else."""
    return course.rank_of.get(0) == 0 and goal["agreed_session"] == 0


def _intake_level(records, goal):
    now = [row for row in rows(records, "goal_ratings", goal["goal_id"]) if row["session_number"] == 0]
    return min(now, key=lambda row: ORDER.index(row["rater"]))["level"] if now else None


def lineage(records, courses, length):
    found = list(last_levels(records, courses, length))
    table = {}
    for level in (-2, -1, 0, 1, 2, None):
        here = [course for course, last in found if last == level]
        if here:
            share = share_interval([last == level for _, last in found], [course.cluster for course, _ in found], [course.id for course in here])
            table["not_rated" if level is None else str(level)] = {**share, "goals": len(here), "goals_total": len(found), **distinct(here)}
    return table


def generation(records, goal):
    """1 for a goal that took nobody's place, else one more than the goal it took the place of; of two the longer chain."""
    before = [other for other in rows(records, "goals", goal["course_id"]) if other.get("replaced_by") == goal["goal_id"]]
    return 1 + max((generation(records, other) for other in before), default=0)


def generations(records, courses, length):
    found = [(course, min(generation(records, goal), 3)) for course, goal in goals_of(records, courses, length)]
    names = {"first": 1, "second": 2, "later": 3}
    return {name: {"goals": sum(at == number for _, at in found), **distinct([c for c, at in found if at == number])} for name, number in names.items()}


def pairs(records, courses, length):
    """(course, session, patient's level, therapist's level) of goals that both rated in the same attended session."""
    for course, goal in goals_of(records, courses, length):
        if goal["scale"] != "gas":
            continue
        said = {(row["session_number"], row["rater"]): row["level"] for row in rows(records, "goal_ratings", goal["goal_id"])}
        for number, rank in course.rank_of.items():
            if rank >= 1 and (number, "patient") in said and (number, "therapist") in said:
                yield course, rank, said[number, "patient"], said[number, "therapist"]


def kappa(levels):
    """Linear weighted kappa from pairs of levels, as printed."""
    steps = range(-2, 3)
    n = len(levels)
    observed = sum(1 - abs(a - b) / 4 for a, b in levels) / n
    first, second = ({step: sum(pair[side] == step for pair in levels) / n for step in steps} for side in (0, 1))
    expected = sum((1 - abs(a - b) / 4) * first[a] * second[b] for a in steps for b in steps)
    return (observed - expected) / (1 - expected) if expected < 1 - 1e-12 else math.nan


def since_last_look(records, courses, length):
    """(course, sessions since) of every open goal in courses still going; their length is the sessions to date."""
    for course in courses:
        if course.row["ending"] != "still_going" or not length[0] <= course.so_far <= length[1]:
            continue
        for goal in rows(records, "goals", course.id):
            if goal["fate"] == "open":
                looks = [row["session_number"] for row in rows(records, "goal_ratings", goal["goal_id"])]
                looks += [row["session_number"] for row in rows(records, "goal_reviews") if row["goal_id"] == goal["goal_id"]]
                yield course, course.so_far - place(course, max([goal["agreed_session"], *looks]))


def within_course_sd(courses):
    """Pooled over every course with two scores of the patient."""
    apart, degrees = 0.0, 0
    for course in courses:
        scores = [score for rank, score in course.patient.items() if rank >= 1]
        if len(scores) >= 2:
            apart += sum((score - statistics.fmean(scores)) ** 2 for score in scores)
            degrees += len(scores) - 1
    return math.sqrt(apart / degrees)


def impasses(records, course, sd):
    """Session by session, where the five up to it can be judged: True for an impasse."""
    goals = rows(records, "goals", course.id)
    numbers = {rank: number for number, rank in course.rank_of.items() if rank >= 1}
    decided = {place(course, goal[name]) for goal in goals for name in ("agreed_session", "closed_session") if goal.get(name) is not None}
    moved, compared = {}, {}
    for goal in goals:
        last = {}
        for number, rank in sorted(course.rank_of.items()):
            if number < goal["agreed_session"] or goal.get("closed_session") is not None and number > goal["closed_session"]:
                continue
            now = {row["rater"]: row["level"] for row in rows(records, "goal_ratings", goal["goal_id"]) if row["session_number"] == number}
            chosen = next((rater for rater in ORDER if rater in now), None)
            if chosen in last:
                compared[rank] = True
                moved[rank] = moved.get(rank, False) or now[chosen] != last[chosen]
            last |= now
    ruptured = {course.rank_of.get(row["session_number"]) for row in rows(records, "ruptures", course.id)}
    for session in range(5, course.so_far + 1):
        window = range(session - 4, session + 1)
        in_set = all(
            any(goal["agreed_session"] <= numbers[at] and (goal.get("closed_session") is None or numbers[at] <= goal["closed_session"]) for goal in goals)
            for at in window
        )
        inside = []
        for at in window:
            earlier = [score for rank, score in course.patient.items() if 1 <= rank < at]
            if at in course.patient and len(earlier) >= 3:
                inside.append(abs(course.patient[at] - statistics.fmean(earlier)) <= sd)
        seen = any(compared.get(at) or at in decided for at in window)
        if in_set and seen and len(inside) >= 3:
            still = not any(moved.get(at) or at in decided or at in ruptured for at in window)
            yield session, still and all(inside)
