"""Recorded ruptures, one by one: what is on record, which steps they reached, how long repair took. With plain loops, from the records alone."""

from __future__ import annotations

import math

from scipy import stats
from tests.reference.alliance import baseline
from tests.reference.courses import ENDED, distinct, in_range, rank_from, rows
from tests.reference.uncertainty import mean_interval, share_interval

STEPS = {
    "noticed": lambda found: True,
    "acknowledged_by_patient": lambda found: ("acknowledged", "patient") in found["steps"],
    "acknowledged_by_therapist": lambda found: ("acknowledged", "therapist") in found["steps"],
    "acknowledged_by_both": lambda found: {("acknowledged", "patient"), ("acknowledged", "therapist")} <= found["steps"],
    "negotiated": lambda found: "negotiated" in {step for step, _ in found["steps"]},
    "repaired_step": lambda found: "repaired" in {step for step, _ in found["steps"]},
    "repaired": lambda found: found["repaired"],
    "left_open": lambda found: not found["repaired"] and found["course"].row["ending"] in ENDED,
    "still_open": lambda found: not found["repaired"] and found["course"].row["ending"] not in ENDED,
}


def recorded(records, courses, length):
    """Every recorded rupture of the courses in range, as a dict."""
    found = []
    for course in in_range(courses, length):
        for row in rows(records, "ruptures", course.id):
            steps = rows(records, "rupture_steps", row["rupture_id"])
            dated = [
                [step["session_number"] for step in steps if step["step"] == "repaired"],
                [step["session_number"] for step in steps if step["step"] == "acknowledged" and step["by"] == "patient"],
                [step["session_number"] for step in steps if step["step"] == "acknowledged" and step["by"] == "therapist"],
            ]
            repaired = all(dated)
            found.append(
                {
                    "course": course,
                    "row": row,
                    "steps": {(step["step"], step["by"]) for step in steps},
                    "onset": course.rank_of.get(row["session_number"]) or None,
                    "repaired": repaired,
                    "repaired_rank": rank_from(course, max(min(dates) for dates in dated)) if repaired else None,
                }
            )
    return found


def shares(items, counted):
    """From (course, group) pairs, one a counted thing: a row a group, the parts of one whole."""
    clusters, of_courses = [course.cluster for course, _ in items], [course.id for course, _ in items]
    table = {}
    for group in {group for _, group in items}:
        mine = [course for course, each in items if each == group]
        table[group] = {
            **share_interval([each == group for _, each in items], clusters, of_courses),
            counted: len(mine),
            f"{counted}_total": len(items),
            **distinct(mine),
        }
    return table


def review(records, courses, length):
    items = []
    for course in in_range(courses, length):
        with_rupture = {course.rank_of.get(row["session_number"]) for row in rows(records, "ruptures", course.id)}
        for rank, session in enumerate(course.sessions, start=1):
            looked = session.get("rupture_reviewed")
            found = "rupture_found" if rank in with_rupture else "none_found"
            items.append((course, "not_recorded" if looked is None else "nobody_looked" if looked == "no" else found))
    return items


def review_headlines(items):
    told = [(course, group) for course, group in items if group != "not_recorded"]
    looked = [(course, group) for course, group in told if group != "nobody_looked"]
    rows_of = {"looked": (told, ("rupture_found", "none_found")), "found": (looked, ("rupture_found",))}
    heads = {}
    for name, (of, part) in rows_of.items():
        if of:
            hits = [group in part for _, group in of]
            share = share_interval(hits, [course.cluster for course, _ in of], [course.id for course, _ in items])
            heads[name] = {"estimate": share["share"], "lower": share["lower"], "upper": share["upper"], "sessions": sum(hits), "sessions_total": len(of)}
    return heads


def kinds(records, courses, length):
    return [(found["course"], f"{found['row']['kind']}_{found['row']['moved_by']}") for found in recorded(records, courses, length)]


def noticed_by(records, courses, length):
    return [(found["course"], found["row"]["noticed_by"]) for found in recorded(records, courses, length)]


def intensity(records, courses, length):
    found = recorded(records, courses, length)
    return [(each["course"], "not_recorded" if each["row"].get("intensity") is None else str(int(each["row"]["intensity"]))) for each in found]


def recurring(records, courses, length):
    items = []
    for course in in_range(courses, length):
        mine = rows(records, "ruptures", course.id)
        themes = [row["theme"] for row in mine if row.get("theme") is not None]
        if any(themes.count(theme) >= 2 for theme in themes):
            items.append((course, "same_theme"))
        elif mine:
            items.append((course, {1: "one", 2: "two"}.get(len(mine), "three_or_more")))
    return items


def repair_and_recovery(records, courses, length):
    items = []
    for found in recorded(records, courses, length):
        repair = "repaired" if found["repaired"] else "not_repaired"
        items.append((found["course"], f"{repair}_{score_after(found['course'], found['onset'])}"))
    return items


def score_after(course, onset):
    level = baseline(course, onset)
    if level is None or onset not in course.patient:
        return "not_scored"
    lowest = course.patient[onset]
    if lowest >= level - 1e-9:
        return "never_fell"
    for rank in sorted(rank for rank in course.patient if rank > onset):
        if course.patient[rank] >= level - (level - lowest) / 4 - 1e-9:
            return "recovered"
        lowest = min(lowest, course.patient[rank])
    return "not_recovered"


def repair_steps(records, courses, length):
    found = recorded(records, courses, length)
    table = {}
    for step, reached in STEPS.items():
        hits = [each["course"] for each in found if reached(each)]
        interval = share_interval([reached(each) for each in found], [each["course"].cluster for each in found], [each["course"].id for each in found])
        table[step] = {**interval, "ruptures": len(hits), "recorded": len(found), **distinct(hits)}
    return table if found else {}


def waits(records, courses, length):
    """(course, sessions waited, fate or None) of each recorded rupture with a place on the axis."""
    found = []
    for each in recorded(records, courses, length):
        course, onset = each["course"], each["onset"]
        if onset is None:
            continue
        if each["repaired"]:
            last = each["repaired_rank"] if each["repaired_rank"] is not None else course.so_far
            found.append((course, max(last - onset, 0), "repaired"))
        else:
            found.append((course, course.so_far - onset, "ended" if course.row["ending"] in ENDED else None))
    return found


def incidence(found, fate, until, weights=None):
    """The Aalen-Johansen share by session `until`; `weights` by cluster."""
    weigh = (lambda course: weights[course.cluster]) if weights else (lambda course: 1.0)
    share, left = 0.0, 1.0
    for session in range(until + 1):
        at_risk = sum(weigh(course) for course, waited, _ in found if waited >= session)
        if at_risk == 0:
            break
        here = [(weigh(course), each) for course, waited, each in found if waited == session]
        share += left * sum(weight for weight, each in here if each == fate) / at_risk
        left *= 1 - sum(weight for weight, each in here if each is not None) / at_risk
    return share


def time_to_repair(found, horizon=20):
    table = {}
    for session in range(horizon + 1):
        waiting = [course for course, waited, _ in found if waited >= session]
        for fate in ("repaired", "ended") if waiting else ():
            table[session, fate] = {
                **incidence_interval(found, fate, session),
                "at_risk": len(waiting),
                "recorded": len(found),
                **distinct(waiting),
            }
    return table


def incidence_interval(found, fate, until):
    """Wilson on the effective n, the variance from what the share does when each cluster's weight is changed a little."""
    share = incidence(found, fate, until)
    names = sorted({course.cluster for course, _, _ in found})
    part = {name: sum(course.cluster == name for course, _, _ in found) / len(found) for name in names}
    squares = sum(each**2 for each in part.values())
    cross = [each**2 / (1 - each) for each in part.values()] if len(names) > 1 else []
    df = 1 / (squares + sum(cross) ** 2 - sum(each**2 for each in cross)) if cross else math.nan
    if len(names) < 6 or not df >= 4:
        return {"share": 100 * share, "lower": math.nan, "upper": math.nan}
    variance, step = 0.0, 1e-4
    for name in names:
        up, down = ({other: 1 + sign * step * (other == name) for other in names} for sign in (1, -1))
        slope = (incidence(found, fate, until, up) - incidence(found, fate, until, down)) / (2 * step)
        variance += slope**2 / (1 - part[name])
    t = stats.t.ppf(0.975, df)
    simple = share * (1 - share) / len(found)
    n = len(found) / max(variance / simple, 1) if 1e-12 < share < 1 - 1e-12 else len({course.id for course, _, _ in found})
    centre = (share + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t / (1 + t**2 / n) * math.sqrt(share * (1 - share) / n + t**2 / (4 * n**2))
    return {"share": 100 * share, "lower": 100 * (centre - half), "upper": 100 * (centre + half)}


def alliance_around(records, courses, length, group_of):
    found = {}
    for each in recorded(records, courses, length):
        level = baseline(each["course"], each["onset"])
        if level is None:
            continue
        for offset in range(-3, 7):
            score = each["course"].patient.get(each["onset"] + offset) if each["onset"] + offset >= 1 else None
            if score is not None:
                found.setdefault((group_of(each), offset), []).append((each["course"], score - level))
    return {
        key: {
            **mean_interval([change for _, change in changes], [course.cluster for course, _ in changes]),
            "ruptures": len(changes),
            **distinct([course for course, _ in changes]),
        }
        for key, changes in found.items()
    }


def band(each):
    length = each["course"].length
    return next(name for name, last in (("1-3", 3), ("4-8", 8), ("9-16", 16), ("17-30", 30), ("31+", math.inf)) if length <= last)
