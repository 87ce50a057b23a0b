"""Goal attainment, goal by goal and session by session."""

from __future__ import annotations

from tests.reference.courses import distinct, in_range, rows
from tests.reference.uncertainty import share_interval

CARRIED = 6
ORDER = ("patient", "both", "therapist")


def goal_states(records, course, scale="gas"):
    """(session, whose rating, level or None) for each attended session in which a goal of the course is in the current set."""
    for goal in rows(records, "goals", course.id):
        if goal["scale"] != scale:
            continue
        ratings = [row for row in rows(records, "goal_ratings", goal["goal_id"]) if row["level"] is not None]
        level, rated_at, rater = None, None, None
        for number, rank in sorted(course.rank_of.items()):
            if number < goal["agreed_session"] or goal.get("closed_session") is not None and number > goal["closed_session"]:
                continue
            now = sorted((row for row in ratings if row["session_number"] == number), key=lambda row: ORDER.index(row["rater"]))
            if now:
                level, rated_at, rater = int(now[0]["level"]), rank, now[0]["rater"]
            if rank >= 1:
                yield rank, rater, level if rated_at is not None and rank - rated_at <= CARRIED else None


def attainment_levels(records, courses, length):
    found = {}
    for course in in_range(courses, length):
        for session, _, level in goal_states(records, course):
            found.setdefault(session, []).append((course, level))
    table = {}
    for session, goals in found.items():
        for level in ("-2", "-1", "0", "1", "2", "not_rated"):
            here = sum(("not_rated" if value is None else str(value)) == level for _, value in goals)
            table[session, level] = {"goals": here, "goals_total": len(goals), "share": 100 * here / len(goals), **distinct([course for course, _ in goals])}
    return table


def attainment_curve(records, courses, length):
    found = {}
    for course in in_range(courses, length):
        for session, _, level in goal_states(records, course):
            if level is not None:
                found.setdefault(session, []).append((course, level >= 0))
    table = {}
    for session, goals in found.items():
        table[session] = {
            **share_interval([good for _, good in goals], [course.cluster for course, _ in goals], [course.id for course, _ in goals]),
            "goals": len(goals),
            **distinct([course for course, _ in goals]),
            "still_in": sum(course.so_far >= session for course in in_range(courses, length)),
        }
    return table


def typical_session(courses, length):
    here = in_range(courses, length)
    reached = [s for s in range(1, 1000) if here and 2 * sum(course.so_far >= s for course in here) >= len(here)]
    return max(reached, default=0)


def goals_by_scale(records, courses, length):
    ids = {course.id for course in in_range(courses, length)}
    goals = [goal for goal in rows(records, "goals") if goal["course_id"] in ids]
    counts = {f"{scale}_goals": sum(goal["scale"] == scale for goal in goals) for scale in ("gas", "gbo")}
    return counts | {f"{fate}_goals": sum(goal["scale"] == "gas" and goal["fate"] == fate for goal in goals) for fate in ("reached", "replaced", "dropped")}


def rated_by(records, courses, length):
    """Whose ratings the levels are, in percent."""
    raters = [rater for course in in_range(courses, length) for _, rater, level in goal_states(records, course) if level is not None]
    return {f"rated_by_{name}": 100 * raters.count(name) / len(raters) if raters else 0 for name in ORDER}
