"""A small clinic's records, as intake gives them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from process.store import publish


@pytest.fixture(scope="session")
def records():
    """Make records of `courses` courses with three attended sessions each."""

    def make(courses: int = 2) -> dict[str, pd.DataFrame]:
        ids = [f"c{number}" for number in range(courses)]
        sessions = [(course, number) for course in ids for number in (1, 2, 3)]
        weeks = {1: "2026-01-05", 2: "2026-01-12", 3: None}
        return {
            "manifest": pd.DataFrame({"as_of": pd.to_datetime(["2026-03-31"]), "clinic": ["Clinic A"], "source": ["export 1"], "origin": ["simulated"]}),
            "courses": pd.DataFrame(
                {
                    "course_id": ids,
                    "patient_id": ids,
                    "therapist_id": ["t1"] * courses,
                    "start_week": pd.to_datetime(["2026-01-05"] * courses),
                    "ending": ["unknown"] * courses,
                }
            ),
            "sessions": pd.DataFrame(
                {
                    "course_id": [course for course, _ in sessions],
                    "session_number": pd.array([number for _, number in sessions], dtype="Int64"),
                    "week": pd.to_datetime([weeks[number] for _, number in sessions]),
                    "day": pd.array([{1: 0, 2: 7, 3: None}[number] for _, number in sessions], dtype="Int64"),
                    "attendance": ["attended"] * len(sessions),
                }
            ),
        }

    return make


@pytest.fixture(scope="session")
def published(tmp_path_factory, records) -> Path:
    """A store with two generations, of one course and of two; not to be changed."""
    folder = tmp_path_factory.mktemp("published") / "store"
    for n in (1, 2):
        publish(folder, records(n))
    return folder


@pytest.fixture
def store(tmp_path, published) -> Path:
    """The same store, to be changed."""
    return Path(shutil.copytree(published, tmp_path / "store"))
