"""Small made-up clinics with everything that goes wrong in real ones, from a seed: gaps, ties, nothing recorded, replaced goals, ruptures at the edges."""

from __future__ import annotations

import random

import pandas as pd

from process.contract.tables import ENDINGS

AS_OF = pd.Timestamp("2026-11-16")
FIRST_WEEK = pd.Timestamp("2025-09-01")


def clinic(seed: int, courses: int = 45, ruptures: float = 0.12, therapists: int | None = None) -> dict[str, pd.DataFrame]:
    """Records of one clinic; the same seed gives the same ones."""
    rng = random.Random(seed)
    names = [f"T{number}" for number in range(therapists or rng.choice([1, 4, 8, 9, 12]))]
    tables: dict[str, list[dict]] = {name: [] for name in ("courses", "sessions", "scores", "goals", "goal_ratings", "ruptures", "rupture_steps")}
    for number in range(courses):
        add_course(rng, tables, f"C{number:03}", rng.choice(names + names[:2]), ruptures)
    records = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
    records["manifest"] = pd.DataFrame({"as_of": [AS_OF], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]})
    return records


def add_course(rng, tables, course, therapist, ruptures):
    appointments = rng.choice([1, 1, 2, 3, 4, 6, 8, 10, 12, 14, 20, 35])
    start = FIRST_WEEK + pd.Timedelta(weeks=rng.randrange(60)) if rng.random() < 0.85 else None
    tables["courses"].append(
        {
            "course_id": course,
            "patient_id": f"P-{course}",
            "therapist_id": therapist,
            "team": rng.choice(["north", "south", "east", None]),
            "modality": rng.choice(["cbt", "systemic"]),
            "problem": rng.choice(["grief", None]),
            "start_week": start,
            "planned_sessions": rng.choice([None, 5, 10, 20]),
            "ending": rng.choice(ENDINGS),
            "last_contact_week": FIRST_WEEK + pd.Timedelta(weeks=rng.randrange(70)) if rng.random() < 0.2 else None,
        }
    )
    nobody_came = rng.random() < 0.05
    numbers = [n for n in range(0 if rng.random() < 0.6 else 1, appointments + 1) if n < 2 or rng.random() < 0.97]
    level, never_scored = rng.uniform(20, 55), rng.random() < 0.08
    for n in numbers:
        tables["sessions"].append(
            {
                "course_id": course,
                "session_number": n,
                "week": start + pd.Timedelta(weeks=n) if start is not None and rng.random() < 0.95 else None,
                "day": n * 7,
                "attendance": "missed" if nobody_came else rng.choices(["attended", "cancelled", "missed"], [90, 5, 5])[0],
                "rupture_reviewed": rng.choices(["both", "patient", "no", None], [70, 15, 8, 7])[0],
            }
        )
        if not never_scored:
            add_scores(rng, tables, course, n, level)
        if rng.random() < ruptures:
            add_rupture(rng, tables, course, n, numbers[-1])
    add_goals(rng, tables, course, numbers)


def add_scores(rng, tables, course, n, level):
    forms = [("wai_sr", "5_point", "patient", 12, 60, 0.8), ("wai_sr", "7_point", "patient", 12, 84, 0.15), ("srs", "standard", "patient", 0, 40, 0.15)]
    forms += [
        ("wai_srt", "7_point", "therapist", 10, 70, 0.6),
        ("wai_srt", "7_point_12", "therapist", 12, 84, 0.1),
        ("phq_9", "standard", "patient", 0, 27, 0.3),
    ]
    for instrument, form, rater, low, high, chance in forms:
        if rng.random() < chance:
            value = float(min(max(round(rng.gauss(level, 8)), low), high))
            tables["scores"].append({"course_id": course, "session_number": n, "instrument": instrument, "form": form, "rater": rater, "value": value})


def add_rupture(rng, tables, course, n, last):
    rupture = f"R-{course}-{n}"
    for copy in range(2 if rng.random() < 0.08 else 1):
        tables["ruptures"].append(
            {
                "rupture_id": f"{rupture}-{copy}",
                "course_id": course,
                "session_number": n,
                "kind": "withdrawal",
                "moved_by": "patient",
                "noticed_by": "therapist",
                "source": "note",
            }
        )
        steps = [("acknowledged", "patient"), ("acknowledged", "therapist"), ("negotiated", "patient"), ("repaired", "patient"), ("repaired", "therapist")]
        for step, by in steps:
            if rng.random() < 0.8:
                at = n + rng.choice([0, 0, 1, 1, 2, 3, 5])
                if at <= last + 1:
                    tables["rupture_steps"].append({"rupture_id": f"{rupture}-{copy}", "session_number": at, "step": step, "by": by})


def add_goals(rng, tables, course, numbers):
    for place in range(rng.choice([0, 1, 1, 2, 3])):
        scale, agreed, before = rng.choice(["gas", "gas", "gas", "gbo"]), rng.choice(numbers[:3]), None
        for link in range(rng.choice([1, 1, 2, 3])):  # a goal may be replaced, and the goal that took its place too
            goal = f"G-{course}-{place}-{link}"
            closed = rng.choice([number for number in numbers if number >= agreed]) if rng.random() < 0.4 or link == 0 and rng.random() < 0.5 else None
            fate = "open" if closed is None else rng.choice(["reached", "replaced", "dropped"])
            tables["goals"].append(
                {
                    "goal_id": goal,
                    "course_id": course,
                    "scale": scale,
                    "set_by": "both",
                    "area": "work",
                    "agreed_session": agreed,
                    "closed_session": closed,
                    "fate": fate,
                    "replaced_by": None,
                }
            )
            if before is not None:
                before["replaced_by"] = goal
            before = tables["goals"][-1]
            for number in numbers:
                for rater in ("patient", "both", "therapist"):
                    if rng.random() < 0.12:
                        top = 2 if scale == "gas" else 10
                        level = rng.randint(-2 if scale == "gas" else 0, top)
                        tables["goal_ratings"].append({"goal_id": goal, "session_number": number, "rater": rater, "level": level})
            if fate != "replaced":
                break
            agreed = closed
