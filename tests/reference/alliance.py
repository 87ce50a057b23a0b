"""Alliance by session and around ruptures, score by score."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.courses import Course, distinct, in_range, rank_from, rows
from tests.reference.uncertainty import mean_interval, share_interval


def voices(course):
    """(session, voice, score), the gap where both scored the same session."""
    for rank in range(1, course.so_far + 1):
        patient, therapist = course.patient.get(rank), course.therapist_scores.get(rank)
        if patient is not None:
            yield rank, "patient", patient
        if therapist is not None:
            yield rank, "therapist", therapist
        if patient is not None and therapist is not None:
            yield rank, "gap", patient - therapist


def alliance_by_session(courses, length):
    found = {}
    for course in in_range(courses, length):
        for session, voice, score in voices(course):
            found.setdefault((session, voice), []).append((course, score))
    table = {}
    for (session, voice), scores in found.items():
        table[session, voice] = {
            **mean_interval([score for _, score in scores], [course.cluster for course, _ in scores]),
            "scores": len(scores),
            **distinct([course for course, _ in scores]),
            "still_in": sum(course.so_far >= session for course in in_range(courses, length)),
        }
    return table


@dataclass
class Rupture:
    """A recorded rupture on the attended axis; `onset` is None where it has no place there."""

    course: Course
    onset: int | None
    repaired: bool
    repaired_rank: int | None
    baseline: float | None


def ruptures(records, courses):
    found = []
    for course in courses:
        for row in rows(records, "ruptures", course.id):
            onset = course.rank_of.get(row["session_number"]) or None
            steps = rows(records, "rupture_steps", row["rupture_id"])
            three = [
                min((step["session_number"] for step in steps if step["step"] == "repaired"), default=None),
                *(
                    min((step["session_number"] for step in steps if step["step"] == "acknowledged" and step["by"] == by), default=None)
                    for by in ("patient", "therapist")
                ),
            ]
            repaired = None not in three
            found.append(Rupture(course, onset, repaired, rank_from(course, max(three)) if repaired else None, baseline(course, onset)))
    return found


def baseline(course, onset):
    """Mean of the patient's scores in the three attended sessions before."""
    if onset is None:
        return None
    scores = [course.patient[rank] for rank in range(max(onset - 3, 1), onset) if rank in course.patient]
    return sum(scores) / len(scores) if scores else None


def alliance_after_rupture(records, courses, length):
    found = {}
    for rupture in ruptures(records, in_range(courses, length)):
        if rupture.baseline is None:
            continue
        for offset in range(-3, 7):
            rank = rupture.onset + offset
            if rank >= 1 and rank in rupture.course.patient:
                key = ("repaired" if rupture.repaired else "not_repaired", offset)
                found.setdefault(key, []).append((rupture.course, rupture.course.patient[rank] - rupture.baseline))
    return {
        key: {
            **mean_interval([change for _, change in changes], [course.cluster for course, _ in changes]),
            "ruptures": len(changes),
            **distinct([course for course, _ in changes]),
        }
        for key, changes in found.items()
    }


def repaired_share(records, courses, length):
    found = ruptures(records, in_range(courses, length))
    if not found:
        return None
    share = share_interval([rupture.repaired for rupture in found], [rupture.course.cluster for rupture in found], [rupture.course.id for rupture in found])
    counts = {"ruptures": len(found), "repaired": sum(rupture.repaired for rupture in found), **distinct([rupture.course for rupture in found])}
    return {"estimate": share["share"], "lower": share["lower"], "upper": share["upper"], **counts}


def rupture_notes(records, courses, length):
    here = in_range(courses, length)
    found = ruptures(records, here)
    sessions = [(course, rank + 1, row) for course in here for rank, row in enumerate(course.sessions)]
    told = [row["rupture_reviewed"] for _, _, row in sessions if row.get("rupture_reviewed") is not None]
    unrated = sum(rank not in course.patient for course, rank, _ in sessions)
    return {
        "ruptures": len(found),
        "repaired": sum(rupture.repaired for rupture in found),
        "not_placed": sum(rupture.onset is None for rupture in found),
        "without_baseline": sum(rupture.onset is not None and rupture.baseline is None for rupture in found),
        "sessions": len(sessions),
        "share_unrated": 100 * unrated / len(sessions) if sessions else 0,
        **({"share_reviewed": 100 * sum(looked != "no" for looked in told) / len(told)} if told else {}),
    }
