"""The made-up clinics with what goals alone need: who set them, weights, reviews, and two people who rate the same goal in the same session."""

from __future__ import annotations

import random

import pandas as pd
from tests.reference.clinics import clinic


def goal_clinic(seed: int, **settings) -> dict[str, pd.DataFrame]:
    """Records of one clinic; the same seed gives the same ones."""
    records = clinic(seed, **settings)
    rng = random.Random(1000 + seed)
    goals = records["goals"]
    whole = {course: rng.random() < 0.5 for course in goals["course_id"]}  # a course weighs its goals, or most of them, or none
    goals["set_by"] = [rng.choice(["patient", "therapist", "both", "both"]) for _ in range(len(goals))]
    goals["weight"] = [rng.randint(0, 4) if whole[course] or rng.random() < 0.3 else None for course in goals["course_id"]]
    ratings = {(row["goal_id"], row["session_number"], row["rater"]): row for row in records["goal_ratings"].to_dict("records")}
    for (goal, number, rater), row in list(ratings.items()):
        other = {"patient": "therapist", "therapist": "patient"}.get(rater)
        if other and rng.random() < 0.6 and (goal, number, other) not in ratings:
            low, high = (-2, 2) if goals.set_index("goal_id").loc[goal, "scale"] == "gas" else (0, 10)
            ratings[goal, number, other] = {**row, "rater": other, "level": min(max(row["level"] + rng.choice([-1, 0, 0, 1]), low), high)}
    forgotten = {goal for goal in goals["goal_id"] if rng.random() < 0.3}  # nobody looks at these again
    records["goal_ratings"] = pd.DataFrame([row for (goal, number, _), row in ratings.items() if goal not in forgotten or number < 4])
    numbers = records["sessions"].groupby("course_id")["session_number"].apply(list).to_dict()
    reviews = []
    for goal in goals.to_dict("records"):
        last = goal["closed_session"] if goal["fate"] != "open" else 10**6
        for number in numbers[goal["course_id"]] if goal["goal_id"] not in forgotten else ():
            if goal["agreed_session"] <= number <= last and rng.random() < 0.1:
                reviews.append({"goal_id": goal["goal_id"], "session_number": number, "by": "both", "outcome": rng.choice(["kept", "revised"])})
    records["goal_reviews"] = pd.DataFrame(reviews)
    return records


def steady_clinic(seed: int, courses: int = 90) -> dict[str, pd.DataFrame]:
    """Courses in which little happens, so that impasses are common: ratings that repeat, an alliance close to its level, few ruptures."""
    rng = random.Random(seed)
    tables: dict[str, list[dict]] = {name: [] for name in ("courses", "sessions", "scores", "goals", "goal_ratings", "ruptures")}
    for place in range(courses):
        course, length = f"C{place:03}", rng.choice([4, 5, 6, 9, 14, 20])
        start = pd.Timestamp("2026-01-05")
        tables["courses"].append(
            {
                "course_id": course,
                "patient_id": f"P{place:03}",
                "therapist_id": f"T{rng.randrange(9)}",
                "start_week": start,
                "ending": rng.choice(["planned", "still_going", "patient_stopped", "unknown"]),
            }
        )
        level = rng.uniform(25, 50)
        agreed = rng.choice([0, 1, 1, 2])
        closed = rng.choice([None, None, length, length - 1])
        goal = {"goal_id": f"G{place:03}", "course_id": course, "scale": rng.choice(["gas", "gas", "gbo"]), "set_by": "both", "area": "work"}
        tables["goals"].append(goal | {"agreed_session": agreed, "closed_session": closed, "fate": "open" if closed is None else "reached"})
        now = rng.choice([0, 1])
        for n in range(length + 1):
            tables["sessions"].append(
                {
                    "course_id": course,
                    "session_number": n,
                    "week": start + pd.Timedelta(weeks=n),
                    "day": 7 * n,
                    "attendance": "attended" if rng.random() < 0.95 else "missed",
                    "rupture_reviewed": rng.choice(["both", "no", None]),
                }
            )
            if rng.random() < 0.75:
                value = float(min(max(round(rng.gauss(level, 2 if rng.random() < 0.9 else 9)), 12), 60))
                tables["scores"].append(
                    {"course_id": course, "session_number": n, "instrument": "wai_sr", "form": "5_point", "rater": "patient", "value": value}
                )
            if rng.random() < 0.03:
                tables["ruptures"].append(
                    {
                        "rupture_id": f"R{place}-{n}",
                        "course_id": course,
                        "session_number": n,
                        "kind": "mixed",
                        "moved_by": "both",
                        "noticed_by": "both",
                        "source": "note",
                    }
                )
            if n >= agreed and (closed is None or n <= closed):
                now += rng.random() < 0.06
                for rater, chance in (("patient", 0.5), ("therapist", 0.3), ("both", 0.1)):
                    if rng.random() < chance:
                        said = min(int(now + (rater == "therapist")), 2)
                        tables["goal_ratings"].append({"goal_id": goal["goal_id"], "session_number": n, "rater": rater, "level": said})
    records = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    manifest = {"as_of": [pd.Timestamp("2026-11-16")], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]}
    return records | {"manifest": pd.DataFrame(manifest)}
