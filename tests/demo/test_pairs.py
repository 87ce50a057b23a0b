"""One seed, one clinic; and with an effect switched off the same clinic but for what the effect did."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from process.contract import TABLES
from process.demo import Settings, simulate

SMALL = {"courses": 400, "therapists": 12, "seed": 11}
KEY = ["course_id", "session_number", "instrument", "form", "rater"]


def test_the_same_seed_gives_identical_frames():
    first, second = simulate(Settings(**SMALL)), simulate(Settings(**SMALL))
    for name in TABLES:
        assert_frame_equal(first[name], second[name])


def test_another_seed_gives_other_records():
    first, second = simulate(Settings(**SMALL)), simulate(Settings(**{**SMALL, "seed": 12}))
    for name in TABLES:
        if name != "manifest":
            assert not first[name].equals(second[name])


@pytest.mark.parametrize("off", ["rupture_effect", "repair_effect"])
def test_paired_runs_share_everything_but_the_scores(off):
    on_run, off_run = simulate(Settings(**SMALL)), simulate(Settings(**SMALL, **{off: 0.0}))
    for name in TABLES:
        if name != "scores":
            assert_frame_equal(on_run[name], off_run[name])
    assert_frame_equal(on_run["scores"][KEY], off_run["scores"][KEY])


def repaired_at(records: dict[str, pd.DataFrame]) -> pd.Series:
    """By course: session of the first repair, the latest of the repaired step and the two acknowledgements of a rupture."""
    steps = records["rupture_steps"]
    first = lambda rows: rows.groupby("rupture_id").session_number.min()  # noqa: E731
    table = pd.concat(
        [
            first(steps[steps.step == "repaired"]),
            first(steps[(steps.step == "acknowledged") & (steps.by == "patient")]),
            first(steps[(steps.step == "acknowledged") & (steps.by == "therapist")]),
        ],
        axis=1,
    ).dropna()
    course = records["ruptures"].set_index("rupture_id").course_id
    return table.max(axis=1).groupby(course.reindex(table.index)).min()


@pytest.mark.parametrize("off", ["rupture_effect", "repair_effect"])
def test_scores_of_paired_runs_part_only_from_the_rupture_or_its_repair_on(off):
    on_run, off_run = simulate(Settings(**SMALL)), simulate(Settings(**SMALL, **{off: 0.0}))
    begins = on_run["ruptures"].groupby("course_id").session_number.min() if off == "rupture_effect" else repaired_at(on_run)
    differ = on_run["scores"][on_run["scores"].value != off_run["scores"].value]
    assert len(differ) > 100
    assert set(differ.instrument) == {"wai_sr", "wai_srt", "srs", "core_10"}
    assert (differ.session_number >= differ.course_id.map(begins)).all()


def test_the_leaving_effect_changes_who_is_there():
    stay, leave = simulate(Settings(**SMALL, leaving_effect=0.0)), simulate(Settings(**SMALL, leaving_effect=3.0))
    assert len(stay["sessions"]) > len(leave["sessions"])


def test_time_and_size_grow_with_the_courses_asked_for():
    records = simulate(Settings.for_sessions(22_000, seed=2))
    assert len(records["courses"]) == 2000
    assert 18_000 < (records["sessions"].attendance == "attended").sum() < 27_000


@pytest.mark.parametrize(("courses", "therapists"), [(1, 1), (1, 5), (12, 3), (60, 1)])
def test_a_very_small_clinic_can_be_simulated(courses, therapists):
    records = simulate(Settings(courses=courses, therapists=therapists))
    assert len(records["courses"]) == courses
    assert records["sessions"].groupby("course_id").size().min() >= 1
