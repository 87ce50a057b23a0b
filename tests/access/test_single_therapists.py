"""Rows of single therapists: who sees which, and that they never leave."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.disclosure import for_export, on_screen
from process.measures import catalogue

OWN = Viewer("tess", "therapist", "T1")
MEASURES = [name for name in catalogue.names()]


FAIR = catalogue.measure("fair_comparison_dropout").definition


def funnel(*therapists: tuple[str, int]) -> pd.DataFrame:
    """All together and then therapists with these numbers of courses."""
    rows = [("", sum(n for _, n in therapists), len(therapists)), *((name, n, 1) for name, n in therapists)]
    figures = {
        "share": 20.0,
        "lower": 12.0,
        "upper": 31.0,
        "expected": 21.0,
        "adjusted": 19.0,
        "effective": 38.0,
        "shrunk": 19.5,
        "shrunk_lower": 14.0,
        "shrunk_upper": 26.0,
    }
    return pd.DataFrame([{"therapist_id": name, **figures, "beyond": 0.0, "courses": n, "therapists": many, "why": ""} for name, n, many in rows])


@pytest.mark.parametrize(("courses", "withheld"), [(1, True), (8, True), (10, True), (19, True), (20, False), (60, False)])
def test_a_director_sees_a_single_therapist_from_twenty_courses_on(courses, withheld):
    shown, hidden = on_screen(funnel(("T1", courses), ("T2", 40), ("T3", 41)), FAIR, DIRECTOR)

    assert shown["withheld"].tolist() == [False, withheld, False, False] and hidden == int(withheld)
    numbers = [name for name in shown.columns if name not in ("therapist_id", "why", "withheld")]
    assert shown.loc[shown["withheld"], numbers].isna().all(axis=None) and shown.loc[~shown["withheld"], numbers].notna().all(axis=None)


def test_with_any_filter_a_director_sees_no_single_therapist():
    shown, _ = on_screen(funnel(("T1", 30), ("T2", 40)), FAIR, DIRECTOR, filtered=True)

    assert shown.set_index("therapist_id")["withheld"].to_dict() == {"": False, "T1": True, "T2": True}


def test_all_together_are_a_cell_like_any_other():
    few = funnel(("T1", 3), ("T2", 4))

    assert on_screen(few, FAIR, DIRECTOR)[0]["withheld"].tolist() == [True, True, True]


def test_a_therapist_never_sees_another_therapists_row_whatever_the_measure_answers():
    shown, _ = on_screen(funnel(("T1", 3), ("T2", 40)), FAIR, OWN)

    assert shown.set_index("therapist_id")["withheld"].to_dict() == {"": True, "T1": False, "T2": True}
    assert shown.loc[shown["therapist_id"] == "T2", ["share", "adjusted", "courses"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "cohort",
    [
        Cohort(length=(3, 12)),
        Cohort(length=(1, 9999)),
        Cohort(team=["north"]),
        Cohort(modality=["cbt"]),
        Cohort(ending=["planned", "patient_stopped"]),
        Cohort(start=("2025-Q1", "")),
        Cohort(basis="planned"),
    ],
    ids=lambda cohort: cohort.to_query("so_far"),
)
@pytest.mark.parametrize("name", [name for name in MEASURES if catalogue.measure(name).definition.per_therapist])
def test_no_filter_of_any_kind_leaves_a_single_therapist_to_be_seen(records, name, cohort):
    clinic = Clinic(records, DIRECTOR)
    everyone, narrowed = clinic.ask(name, Cohort(basis="so_far")).table, clinic.ask(name, cohort).table
    named = narrowed[narrowed["therapist_id"] != ""]

    assert (~everyone.loc[everyone["therapist_id"] != "", "withheld"]).sum() >= 6
    assert named["withheld"].all() and named["courses"].isna().all()


@pytest.mark.parametrize("name", [name for name in MEASURES if catalogue.measure(name).definition.per_therapist])
def test_the_ended_courses_are_the_same_on_either_basis_of_attended_sessions(records, name):
    tables = [Clinic(records, DIRECTOR).ask(name, Cohort(basis=basis)).table for basis in ("so_far", "completed")]

    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("viewer", [DIRECTOR, ANALYST], ids=["director", "analyst"])
def test_a_single_therapist_never_leaves_and_their_own_leaves_without_what_would_give_counts_away(records, viewer):
    exported = Clinic(records, viewer).ask("fair_comparison_dropout", Cohort(basis="so_far")).exported()

    assert exported.table["therapist_id"].tolist() == [""] and not exported.table["withheld"].any()
    own = for_export(funnel(("T1", 60)).iloc[1:], FAIR, own=True)
    assert own["therapist_id"].tolist() == ["T1"] and own["courses"].tolist() == [60] and own["share"].tolist() == [pytest.approx(16.7)]
    assert not {"expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper", "beyond"} & {*own, *exported.table}


def test_the_weeks_of_each_therapist_are_seen_without_filters_and_not_with_one(records):
    clinic = Clinic(records, DIRECTOR)
    free, filtered = (clinic.ask("weekly_workload", cohort).table for cohort in (Cohort(basis="so_far"), Cohort(basis="so_far", ending=["patient_stopped"])))

    assert not free["withheld"].any() and free["therapist_id"].nunique() > 6
    assert filtered.loc[(filtered["therapist_id"] != "") & (filtered["events"] > 0), "therapists"].empty
    assert not filtered["events"].between(1, 7).any()
