"""What may leave: every boundary, from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.access.frames import curve
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.disclosure import for_export
from process.access.disclosure.kinds import places
from process.measures import catalogue
from process.measures.intervals import wilson

CURVE = catalogue.measure("attainment_curve").definition
ENDINGS = catalogue.measure("endings").definition
LEVELS = catalogue.measure("attainment_levels").definition
ALLIANCE = catalogue.measure("alliance_by_session").definition
ACTIVE = catalogue.measure("active_courses").definition
LENGTHS = catalogue.measure("lengths").definition
MEASURES = [name for name in catalogue.names()]


def levels(*goals: int) -> pd.DataFrame:
    """One session's lanes with these numbers of goals."""
    names = ["-2", "-1", "0", "1", "2", "not_rated"][: len(goals)]
    whole = sum(goals)
    columns = {"session": 4, "level": names, "share": [100 * n / whole for n in goals], "goals": goals, "goals_total": whole, "courses": 60, "therapists": 9}
    return pd.DataFrame(columns)


@pytest.mark.parametrize(("courses", "leaves"), [(0, True), (1, False), (7, False), (8, True)])
@pytest.mark.parametrize("own", [True, False])
def test_counts_up_to_seven_never_leave(courses, leaves, own):
    exported = for_export(curve(courses, goals=0 if courses == 0 else 40), CURVE, own)

    assert exported["withheld"].tolist() == ([not leaves] if len(exported) else [])
    assert exported.loc[exported["withheld"], ["share", "lower", "upper", "goals", "courses", "still_in"]].isna().all(axis=None)


def test_one_therapist_is_enough_for_own_courses_only():
    assert not for_export(curve(40, therapists=1), CURVE, own=True)["withheld"].any()
    assert len(for_export(curve(40, therapists=1), CURVE)) == 0
    assert "therapists" not in for_export(curve(40, therapists=1), CURVE, own=True)


def test_counts_leave_to_the_nearest_five_and_means_to_half_a_point():
    row = {"session": 3, "rater": "patient", "mean": 71.26, "lower": 68.74, "upper": 73.9, "scores": 43, "courses": 42, "therapists": 11, "still_in": 58}

    exported = for_export(pd.DataFrame([row | {"why": ""}]), ALLIANCE).iloc[0]

    assert (exported["mean"], exported["lower"], exported["upper"]) == (71.5, 68.5, 74.0)
    assert (exported["scores"], exported["courses"], exported["therapists"], exported["still_in"]) == (45, 40, 10, 60)


def test_percentages_are_worked_out_again_from_rounded_counts():
    frame = pd.DataFrame(
        {
            "ending": ["planned", "patient_stopped"],
            "share": [100 * 61 / 83, 100 * 22 / 83],
            "lower": [62.0, 18.0],
            "upper": [82.0, 37.0],
            "courses": [61, 22],
            "courses_total": [83, 83],
            "therapists": [10, 9],
            "why": "",
        }
    )

    exported = for_export(frame, ENDINGS)

    assert exported["courses"].tolist() == [60, 20]
    assert exported["courses_total"].tolist() == [80, 80]
    assert exported["share"].tolist() == [75.0, 25.0]


def test_a_total_is_added_up_again_from_what_is_shown_so_that_nothing_can_be_taken_away_from_it():
    exported = for_export(levels(41, 33, 3, 18), LEVELS)

    assert exported["goals_total"].dropna().unique().tolist() == [95]  # 40 + 35 + 20, and not a rounded 95 of 41 + 33 + 3 + 18
    assert for_export(levels(41, 33, 7, 7, 7), LEVELS)["goals_total"].dropna().unique().tolist() == [75]


def test_a_percentage_of_a_total_leaves_only_where_every_part_of_the_total_does():
    assert for_export(levels(41, 33, 10, 18), LEVELS)["share"].notna().all()
    assert for_export(levels(41, 33, 3, 18), LEVELS)["share"].isna().all()  # of the parts that are left every share would be larger than it is


def test_the_total_row_of_a_workload_is_added_up_again():
    frame = pd.DataFrame(
        {"week": [pd.Timestamp("2026-11-16")] * 4, "therapist_id": ["", "T1", "T2", "T3"], "active": [28, 12, 13, 3], "courses": [28, 12, 13, 3]}
    )

    own = for_export(frame.assign(therapists=[3, 1, 1, 1]), ACTIVE, own=True)

    assert own["active"].tolist() == pytest.approx([25, 10, 15, np.nan], nan_ok=True)


@pytest.mark.parametrize("name", ["active_courses", "weekly_workload"])
def test_the_work_of_a_single_therapist_does_not_leave_but_for_their_own(records, busiest, name):
    director, tess = (Clinic(records, viewer).ask(name, Cohort(basis="so_far")) for viewer in (DIRECTOR, Viewer("tess", "therapist", busiest)))

    assert director.table["therapist_id"].nunique() > 6 and set(director.exported().table["therapist_id"]) == {""}
    assert set(tess.exported().table["therapist_id"]) == {"", busiest}


@pytest.mark.parametrize(("attained", "leaves"), [(0, True), (1, False), (7, False), (8, True), (32, True), (33, False), (39, False), (40, True)])
def test_a_percentage_of_few_or_of_all_but_few_does_not_leave(attained, leaves):
    assert bool(len(for_export(curve(share=100 * attained / 40), CURVE))) == leaves


def test_the_longest_and_the_shortest_course_do_not_leave():
    lengths, courses = [1, 2, 3, 5, 6, 7, 9, 12, 13, 96], [3, 20, 6, 2, 30, 7, 30, 6, 5, 1]
    sessions = [length * many for length, many in zip(lengths, courses, strict=True)]
    frame = pd.DataFrame({"length": lengths, "courses": courses, "sessions": sessions, "therapists": 9})

    exported = for_export(frame, LENGTHS)

    assert exported["length"].tolist() == [2, 3, 5, 6, 7, 9]
    assert exported["withheld"].tolist() == [False, True, True, False, True, False]
    assert not {"min", "max", "minimum", "maximum"} & set(exported)


def test_a_length_that_is_withheld_takes_another_of_its_band_along():
    """Other figures leave for that band alone: its courses less the lengths that are shown would be the one that is not."""
    frame = pd.DataFrame({"length": [4, 5, 6, 9, 10], "courses": [40, 20, 3, 30, 30], "sessions": 400, "therapists": 9})

    exported = for_export(frame, LENGTHS)

    assert exported.loc[~exported["withheld"], "length"].tolist() == [4, 9, 10]


@pytest.mark.parametrize("name", MEASURES)
def test_no_exact_count_leaves_in_any_column_of_any_measure(records, name):
    exported = Clinic(records, ANALYST).ask(name).exported()
    figures = {"share", "mean", "estimate", "lower", "upper"} | (places() - set(exported.definition.counts))
    for frame in (exported.table, exported.headlines):
        counts = [column for column in frame.select_dtypes("number") if column not in figures | set(exported.definition.keys)]
        assert counts
        for column in counts:
            left = frame[column].dropna()
            assert (left % 5 == 0).all() and not left.between(0.1, 7).any()
        assert "df" not in frame


def test_limits_do_not_give_a_count_away_that_the_rounding_hides():
    """The hardest case: no clustering, so that exact limits would give part and whole at once. Every part of every whole up to 120 goals."""
    with_limits: dict[tuple, set] = {}
    without: dict[tuple, set] = {}
    for whole in range(8, 121):
        part = np.arange(whole + 1)
        lower, upper = wilson(part, np.full(whole + 1, whole))
        columns = {"session": 1, "share": 100 * part / whole, "lower": 100 * lower, "upper": 100 * upper, "goals": whole, "courses": 60, "therapists": 9}
        out = for_export(pd.DataFrame(columns | {"still_in": 60, "why": ""}), CURVE)
        for row in out[~out["withheld"]].itertuples():
            without.setdefault((row.share, row.goals), set()).add((whole, row.Index))
            with_limits.setdefault((row.share, row.goals, row.lower, row.upper), set()).add((whole, row.Index))
    assert len(without) > 100
    assert min(len(states) for states in without.values()) >= 3
    assert sorted(map(len, with_limits.values())) == sorted(map(len, without.values()))


def test_limits_that_leave_are_as_wide_as_those_on_screen():
    row = curve(share=52.5, lower=34.0, upper=70.4, goals=80).iloc[[0]]  # wider than unclustered: a design effect of about three

    out = for_export(row, CURVE).iloc[0]

    assert out["share"] == 50.0 and out["lower"] == pytest.approx(32, abs=2.5) and out["upper"] == pytest.approx(68, abs=2.5)


def test_a_percentage_that_leaves_is_one_rounded_count_of_another(records):
    table = Clinic(records, ANALYST).ask("attainment_curve").exported().table
    parts = (table["share"] * table["goals"] / 100 / 5).dropna()
    told_to = 0.05 * table.loc[parts.index, "goals"] / 100 / 5  # a percentage is told to a tenth

    assert len(parts) > 10 and (np.abs(parts - parts.round()) <= told_to + 1e-9).all()
