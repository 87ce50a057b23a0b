"""A clinic that records little gets what can be drawn from it; the rest is empty in the right columns, never an error."""

import pandas as pd
import pytest
from tests.reference.clinics import clinic

from process.measures import catalogue

LITTLE = {
    "appointments only": ["manifest", "courses", "sessions"],
    "no goals": ["manifest", "courses", "sessions", "scores", "ruptures", "rupture_steps"],
    "ruptures without scores": ["manifest", "courses", "sessions", "ruptures"],
    "goals that nobody rated": ["manifest", "courses", "sessions", "goals"],
}


@pytest.fixture(scope="module", params=LITTLE)
def answers(request, opened, parameters):
    """Each measure's result, with the tables that this clinic has."""
    records = {name: frame for name, frame in clinic(5, 160, 0.2, therapists=9).items() if name in LITTLE[request.param]}
    query = opened(records)
    return {name: catalogue.measure(name).answer(catalogue.measure(name).prepare(query, **parameters()), (0, 99)) for name in catalogue.names()}, records


@pytest.mark.parametrize("name", catalogue.names())
def test_a_measure_answers_in_its_columns_whatever_is_missing(answers, name):
    results, records = answers
    about = catalogue.measure(name).definition

    result = results[name]

    assert tuple(result.table.columns) == about.columns
    assert {"courses", "therapists"} <= set(result.headlines.columns)
    values = {"scores" if table in ("alliance_scores", "outcome_scores") else table for table in about.needs}
    values &= {"scores", "goals", "goal_ratings", "ruptures"}
    if name == "expected_course":
        values.add("thirty courses of like severity")  # what it needs beside scores, and these made-up clinics do not have
    assert result.table.empty == (not values <= set(records) and not (name in ("attainment_levels", "goal_lineage") and "goals" in records))


def test_goals_that_nobody_rated_are_all_not_rated(opened, parameters):
    records = {name: frame for name, frame in clinic(4, 60).items() if name in LITTLE["goals that nobody rated"]}
    levels = catalogue.measure("attainment_levels")

    table = levels.answer(levels.prepare(opened(records), **parameters()), (0, 99)).table

    assert (table.loc[table["level"] == "not_rated", "share"] == 100).all() and len(table)


@pytest.fixture(scope="module")
def nobody(opened):
    """The query of a clinic that has not had a course yet."""
    records = {
        "manifest": pd.DataFrame({"as_of": [pd.Timestamp("2026-11-16")], "clinic": ["x"], "source": ["x"], "origin": ["simulated"]}),
        "courses": pd.DataFrame(columns=["course_id", "patient_id", "therapist_id", "ending"], dtype="str"),
        "sessions": pd.DataFrame(columns=["course_id", "session_number", "attendance"], dtype="str"),
    }
    return opened(records)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_clinic_without_a_single_course_is_an_empty_answer(nobody, parameters, name):
    about = catalogue.measure(name)

    result = about.answer(about.prepare(nobody, **parameters()), (0, 99))

    assert result.table.empty and (result.headlines["courses"] == 0).all()
