"""Clinics for the layers above the store: a small demo clinic, and hand-made ones whose every count is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from process.access import Records, Viewer, open_records
from process.demo import Settings, simulate
from process.measures.publishing import publish
from process.store import unlocking

DIRECTOR = Viewer("dora", "director", name="Dora")
KEYS: list[Path] = []
START = pd.Timestamp("2026-01-05")


def demo(courses: int = 1000, therapists: int = 16) -> dict[str, pd.DataFrame]:
    """A demo clinic, small enough to be published in a second and large enough for every figure to have something to draw."""
    return simulate(Settings(courses=courses, therapists=therapists))


def put_down_keys() -> None:
    """Forget every key that this process has in hand, as a command does when it ends."""
    unlocking._in_hand.clear()


def keys_of_tests_folder() -> Path:
    """Where the keys lie that the suite's shared stores were made with (`tests/conftest.py`)."""
    return KEYS[0]


def opened(folder: Path, records: dict[str, pd.DataFrame]) -> Records:
    """The records as a store's current generation, opened."""
    publish(folder, records)
    return open_records(folder)


def therapists(records: Records) -> list[str]:
    """Therapists by the number of their courses, most first."""
    found = records.engine.query("select therapist_id from course_facts group by therapist_id order by count(*) desc, therapist_id")
    return found["therapist_id"].tolist()


def only(records: dict[str, pd.DataFrame], *therapists: str) -> dict[str, pd.DataFrame]:
    """The same delivery with these therapists' courses alone."""
    mine = set(records["courses"].loc[records["courses"]["therapist_id"].isin(therapists), "course_id"])
    kept = {name: table[table["course_id"].isin(mine)] if "course_id" in table else table for name, table in records.items()}
    for child, key, parent in (("goal_ratings", "goal_id", "goals"), ("goal_reviews", "goal_id", "goals"), ("rupture_steps", "rupture_id", "ruptures")):
        kept[child] = records[child][records[child][key].isin(kept[parent][key])]
    return {name: table.reset_index(drop=True) for name, table in kept.items()}


def counted(*groups: tuple[str, int, int], ending: str = "planned", **columns: str) -> dict[str, pd.DataFrame]:
    """Courses and attended sessions and nothing else: each group is (therapist, number of courses, attended sessions in each)."""
    courses, sessions = [], []
    for therapist, many, attended in groups:
        for _ in range(many):
            course = f"C{len(courses):03}"
            row = {"course_id": course, "patient_id": f"P{len(courses):03}", "therapist_id": therapist, "start_week": START, "ending": ending}
            courses.append(row | columns)
            sessions += [
                {"course_id": course, "session_number": n + 1, "week": START + pd.Timedelta(weeks=n), "day": 7 * n, "attendance": "attended"}
                for n in range(attended)
            ]
    return {
        "manifest": pd.DataFrame({"as_of": [pd.Timestamp("2026-11-16")], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]}),
        "courses": pd.DataFrame(courses),
        "sessions": pd.DataFrame(sessions),
    }
