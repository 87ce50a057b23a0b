"""The measures of outcome scores, by SQL and derived tables, equal their plain-Python reference on made-up clinics, in every range of lengths."""

from __future__ import annotations

import math
import random

import pandas as pd
import pytest
from tests.reference import courses, outcomes
from tests.reference.clinics import clinic

from process.measures import catalogue

RANGES = [(0, 1000), (4, 12), (900, 999)]
VIEWS = {
    "everyone, sessions so far": {},
    "ended courses of two teams": {"basis": "completed", "teams": "|north|south|"},
    "one therapist's own courses": {"therapist": "T0", "cluster": "course"},
}
FORMS = (("phq_9", 0, 27, 14), ("ors", 0, 40, 20), ("core_10", 0, 40, 19), ("gad_7", 0, 21, 8))
FILTERS = {"teams": "team"}


def with_outcomes(seed, number):
    """A made-up clinic whose courses have outcome scores with gaps, leaps, ties, scores at the cut-off, and some with none or one."""
    records = clinic(seed, number, ruptures=0.01, therapists=9)
    rng = random.Random(seed)
    scores = [row for row in records["scores"].to_dict("records") if row["instrument"] != "phq_9"]
    still_going = set(records["courses"].loc[records["courses"]["ending"] == "still_going", "course_id"])
    for course, sessions in records["sessions"].groupby("course_id"):
        drift = rng.choice([-2.5, 0, 2.5]) if course in still_going else 0  # so that some go another way than those before them
        for instrument, low, high, middle in FORMS[: rng.choice([0, 1, 1, 1, 1, 1, 2, 4])]:
            level, often = middle + rng.gauss(0, 2.5), rng.choice([0.15, 0.8, 1.0, 1.0])
            for number_of in sessions["session_number"]:
                level += drift + rng.choice([0] * 13 + [-9, 8, 6.6])
                if rng.random() < often:
                    value = float(min(max(round(level + rng.gauss(0, 1.2), rng.choice([0, 0, 1])), low), high))
                    score = {"course_id": course, "session_number": number_of, "instrument": instrument, "form": "standard", "rater": "patient", "value": value}
                    scores.append(score)
    return records | {"scores": pd.DataFrame(scores)}


@pytest.fixture(scope="module")
def records():
    return with_outcomes(seed=12, number=460)


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, records, query, parameters):
    """(ask, plain records, everybody, population): `ask(name, length)` gives a measure's result for this view."""
    given = VIEWS[request.param]
    plain = courses.plain(records)
    chosen = {FILTERS.get(name, name): value.strip("|").split("|") if name in FILTERS else value for name, value in given.items()}
    cubes = {name: catalogue.measure(name).prepare(query, **parameters(**given)) for name in ("outcome_change", "sudden_gains", "expected_course")}
    everybody = courses.population(plain, "so_far")
    found = courses.population(plain, **{"basis": "so_far", **chosen})
    return (lambda name, length: catalogue.measure(name).answer(cubes[name], length)), plain, everybody, found


def compare(table, second, whole, expected):
    """The rows that happen are the expected ones, with the same shares, limits and counts; one that is not expected has no course."""
    found = {(row["form"], row[second]): row for row in table.to_dict("records")}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        same(found[key], row, whole, key)


def same(found, expected, whole, where, value="share"):
    for name, number in expected.items():
        column = {"of": whole, "share": value}.get(name, name)
        assert found[column] == pytest.approx(number, rel=1e-7, abs=1e-6, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
def test_what_became_of_the_scores(view, length):
    ask, records, _, population = view
    result = ask("outcome_change", length)
    table, said, notes = outcomes.outcome_change(records, population, length)
    compare(result.table, "category", "of_courses", table)
    assert set(result.headlines.index) == set(said)
    for name, row in said.items():
        same(result.headlines.loc[name], row, "of_courses", name, "estimate")
    assert {name: result.notes[name] for name in notes} == notes
    for form in {form for form, _ in table}:
        began = said[f"better:{form}"]["of"] - said[f"recovered:{form}"]["of"]
        assert result.notes[f"began_healthy:{form}"] == began


@pytest.mark.parametrize("length", RANGES)
def test_sudden_gains_and_losses(view, length):
    ask, records, _, population = view
    result = ask("sudden_gains", length)
    table, medians = outcomes.sudden_gains(records, population, length)
    compare(result.table, "kind", "judged", table)
    for form, (session, size) in medians.items():
        assert result.headlines.loc[f"session:{form}", "mean"] == pytest.approx(session)
        assert result.headlines.loc[f"size:{form}", "mean"] == pytest.approx(size)
        same(result.headlines.loc[f"gain:{form}"], table[form, "gain"], "judged", form)


@pytest.mark.parametrize("length", RANGES)
def test_open_courses_and_their_expected_course(view, length):
    ask, records, everybody, population = view
    result = ask("expected_course", length)
    table, notes = outcomes.expected_course(records, everybody, population, length)
    compare(result.table, "status", "of_courses", table)
    assert result.notes == notes
    for form in {form for form, _ in table}:
        off = table[form, "further"]["courses"] + table[form, "behind"]["courses"]
        assert result.headlines.loc[f"off:{form}", "courses"] == off


def test_the_made_up_clinic_holds_the_cases_that_matter(records):
    plain = courses.plain(records)
    everyone = courses.population(plain, "so_far")
    table, said, notes = outcomes.outcome_change(plain, everyone, (0, 1000))
    assert all(any(table[form, word]["courses"] for form in ("PHQ-9", "ORS", "CORE-10")) for word in ("recovered", "improved", "unchanged", "harmed"))
    assert notes["one_score"] and notes["no_score"] and said["better:PHQ-9"]["of"] > said["recovered:PHQ-9"]["of"] > 0
    gains, _ = outcomes.sudden_gains(plain, everyone, (0, 1000))
    assert gains["PHQ-9", "gain"]["courses"] and gains["PHQ-9", "gain_reversed"]["courses"] and gains["PHQ-9", "loss"]["courses"]
    expected, _ = outcomes.expected_course(plain, everyone, everyone, (0, 1000))
    assert expected["PHQ-9", "further"]["courses"] and expected["PHQ-9", "behind"]["courses"] and expected["PHQ-9", "as_expected"]["courses"]
    assert math.isfinite(expected["PHQ-9", "further"]["lower"])
