"""Possible ruptures against expectation and who left, by SQL and arrays, equal their plain-Python references in every view and range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference import contrasts, courses, expectation, leaving
from tests.reference.clinics import clinic

from process.measures.against_expectation import PossibleRupturesAgainstExpectation
from process.measures.expectation import expectation as clinic_expectation
from process.measures.leaving import ENDINGS, LeftAfterRupture
from process.measures.parameters import stored, value

RANGES = [(0, 1000), (4, 20), (900, 999)]
CLINICS = {"few ruptures": {"seed": 21, "courses": 70}, "many ruptures": {"seed": 22, "courses": 150, "ruptures": 0.16, "therapists": 9}}
VIEWS = {
    "everyone, sessions so far": ({}, {}),
    "ended courses of two teams": ({"basis": "completed", "teams": "|north|south|"}, {"basis": "completed", "team": ["north", "south"]}),
    "one therapist's own courses": ({"therapist": "T0", "cluster": "course"}, {"therapist": "T0", "cluster": "course"}),
}


@pytest.fixture(scope="module", params=CLINICS)
def found(request, opened):
    records = clinic(**CLINICS[request.param])
    return courses.plain(records), opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, found, parameters):
    records, query = found
    given, chosen = VIEWS[request.param]
    measures = {kind.name: kind() for kind in (LeftAfterRupture, PossibleRupturesAgainstExpectation)}
    cubes = {name: measure.prepare(query, **parameters(**given)) for name, measure in measures.items()}
    population = courses.population(records, **{"basis": "so_far", **chosen})
    return lambda name, length: measures[name].answer(cubes[name], length), records, population, query


def same(row, expected, where):
    for name, wanted in expected.items():
        assert row[name] == pytest.approx(wanted, rel=1e-7, abs=1e-6, nan_ok=True), (where, name)


def compare(table, keys, expected):
    rows = {tuple(row[key] for key in keys): row for row in table.to_dict("records")}
    assert rows.keys() == expected.keys()
    for key, wanted in expected.items():
        same(rows[key], wanted, key)


@pytest.mark.parametrize("length", RANGES)
def test_possible_ruptures_against_expectation(view, length):
    ask, _, population, query = view
    result = ask("possible_ruptures_against_expectation", length)
    clinic_wide = stored(query)
    known = clinic_expectation(clinic_wide)
    pooled = value(clinic_wide, "within_course_sd", "patient")
    table, difference = expectation.answer(expectation.found_dips(population, length, known.model, known.levels, known.shifts, pooled))
    compare(result.table, ["arm", "offset"], table)
    headline = result.headlines.loc["difference"]
    same(headline, difference, "difference")
    assert result.notes["not_followed"] == difference["dips"] - difference["followed"]
    if difference["courses"] >= 20:
        assert headline["lower"] < headline["estimate"] < headline["upper"]
    else:
        assert math.isnan(headline["lower"]) and headline["why"] in ("fewer than 20 courses", "nothing recorded")


@pytest.mark.parametrize("length", RANGES)
def test_who_left_after_a_rupture(view, length):
    ask, records, population, _ = view
    result = ask("left_after_rupture", length)
    units = list(leaving.units(records, population, length))
    compare(result.table, ["arm", "ending"], leaving.shares(units))
    for name, these in (("difference", units), ("patient_stopped", list(leaving.by_ending(units, "patient_stopped")))):
        expected, row = contrasts.difference(these), result.headlines.loc[name]
        if expected is None:
            assert math.isnan(row["estimate"])
            continue
        same(row, {key: wanted for key, wanted in expected.items() if key not in ("compared", "compared_therapists")}, name)
        assert (row["like_sessions"], row["compared_therapists"]) == (expected["compared"], expected["compared_therapists"])
    ruptures = [unit for unit in units if unit.treated]
    assert result.notes["ruptures"] == len(ruptures)
    assert result.notes["not_known_yet"] == sum(bool(unit.x) and unit.outcome is None for unit in ruptures)
    assert result.notes["like_not_known_yet"] == sum(bool(unit.x) and unit.outcome is None for unit in units if not unit.treated)


def test_intervals_of_shares_stay_between_nothing_and_all(view):
    ask, *_ = view
    table = ask("left_after_rupture", (0, 1000)).table
    known = table[np.isfinite(table["lower"].astype(float))]
    assert set(table["ending"]) <= set(ENDINGS)
    assert (known["lower"] >= -1e-9).all() and (known["upper"] <= 100 + 1e-9).all() and (known["lower"] <= known["share"] + 1e-9).all()
