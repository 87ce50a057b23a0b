"""The attainment curve from other sides, goal by goal."""

from __future__ import annotations

import math

from tests.reference.courses import distinct, in_range, rows
from tests.reference.goals import CARRIED, ORDER, typical_session
from tests.reference.uncertainty import mean_interval, share_interval

BANDS = {"1-3": (1, 3), "4-8": (4, 8), "9-16": (9, 16), "17-30": (17, 30), "31+": (31, 10**6)}


def states(records, course, scale="gas"):
    """(goal, session, level or None) for each attended session in which a goal of the course is in the current set."""
    for goal in rows(records, "goals", course.id):
        if goal["scale"] != scale:
            continue
        level, rated_at = None, None
        for number, rank in sorted(course.rank_of.items()):
            if number < goal["agreed_session"] or goal.get("closed_session") is not None and number > goal["closed_session"]:
                continue
            now = [row for row in rows(records, "goal_ratings", goal["goal_id"]) if row["session_number"] == number]
            if now:
                level, rated_at = min(now, key=lambda row: ORDER.index(row["rater"]))["level"], rank
            if rank >= 1:
                yield goal, rank, level if rated_at is not None and rank - rated_at <= CARRIED else None


def rated(records, courses, length):
    """(course, goal, session, level) of every rated goal and session."""
    for course in in_range(courses, length):
        for goal, session, level in states(records, course):
            if level is not None:
                yield course, goal, session, level


def shares(found):
    """Rows by key from (key, course, level): share, interval and counts."""
    by_key = {}
    for key, course, level in found:
        by_key.setdefault(key, []).append((course, level >= 0))
    return {
        key: {
            **share_interval([good for _, good in goals], [course.cluster for course, _ in goals], [course.id for course, _ in goals]),
            "goals": len(goals),
            **distinct([course for course, _ in goals]),
        }
        for key, goals in by_key.items()
    }


def same_courses(records, courses, length):
    last = typical_session(courses, length)
    everything = [row for row in rated(records, courses, length) if row[2] <= last]
    table = shares([((session, "everyone"), course, level) for course, _, session, level in everything])
    table |= shares([((session, "same"), course, level) for course, _, session, level in everything if course.so_far >= last])
    for (session, group), row in table.items():
        row["in_therapy"] = sum(course.so_far >= (last if group == "same" else session) for course in in_range(courses, length))
    return table


def ended(course):
    return course.row["ending"] in ("planned", "patient_stopped", "therapist_ended", "moved_on")


def to_the_end(records, courses, length):
    found = [(course.so_far - session, course, level) for course, _, session, level in rated(records, courses, length) if ended(course)]
    table = shares([row for row in found if row[0] <= 15])
    for left, row in table.items():
        row["in_therapy"] = sum(ended(course) and course.so_far > left for course in in_range(courses, length))
    return table


def by_share(records, courses, length):
    found = []
    for course, _, session, level in rated(records, courses, length):
        if ended(course) and course.so_far >= 5:
            found += [(part, course, level) for part in range(1, 6) if session == part * course.so_far // 5]
    table = shares(found)
    for row in table.values():
        row["in_therapy"] = sum(ended(course) and course.so_far >= 5 for course in in_range(courses, length))
    return table


def by_band(records, courses, length):
    found = []
    for course, _, session, level in rated(records, courses, length):
        found += [((session, band), course, level) for band, (low, high) in BANDS.items() if low <= course.length <= high]
    table = shares(found)
    for (session, band), row in table.items():
        low, high = BANDS[band]
        row["in_therapy"] = sum(low <= course.length <= high and course.so_far >= session for course in in_range(courses, length))
    return table


def by_group(records, courses, length, key):
    session = typical_session(courses, length)
    found = []
    for course, goal, at, level in rated(records, courses, length):
        if at == session:
            group = goal["set_by"] if key == "set_by" else course.row.get(key)
            found.append((group or "not recorded", course, level))
    return shares(found)


def t_scores(records, courses, length):
    """By session: the T-score of each course's rated goals, worked out from the printed formula."""
    by_session = {}
    for course in in_range(courses, length):
        sets = {}
        for goal, session, level in states(records, course):
            sets.setdefault(session, []).append((goal, level))
        for session, goals in sets.items():
            known = [(goal, level) for goal, level in goals if level is not None]
            if not known:
                continue
            weights = [goal.get("weight") for goal, _ in known]
            if any(weight is None for weight in weights):
                weights = [1] * len(known)
            if sum(weights) == 0:
                continue
            spread = math.sqrt(0.7 * sum(weight**2 for weight in weights) + 0.3 * sum(weights) ** 2)
            score = 50 + 10 * sum(weight * level for weight, (_, level) in zip(weights, known, strict=True)) / spread
            by_session.setdefault(session, []).append((course, score, len(known), len(goals)))
    return {
        session: {
            **mean_interval([row[1] for row in found], [row[0].cluster for row in found]),
            "goals": sum(row[2] for row in found),
            "goals_in_set": sum(row[3] for row in found),
            **distinct([row[0] for row in found]),
            "still_in": sum(course.so_far >= session for course in in_range(courses, length)),
        }
        for session, found in by_session.items()
    }
