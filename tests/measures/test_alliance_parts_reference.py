"""The match window and the alliance between and within courses, by SQL and prefix sums, equal their plain-Python reference in every view and range."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from tests.reference import alliance_parts, courses
from tests.reference.clinics import clinic

from process.measures import catalogue

RANGES = [(0, 1000), (3, 12), (900, 999)]
CLINICS = {"one of any kind": {"seed": 1}, "more therapists": {"seed": 21, "courses": 130, "therapists": 12}}
VIEWS = {
    "everyone, sessions so far": ({}, {}),
    "ended courses of two teams": ({"basis": "completed", "teams": "|north|south|"}, {"team": ["north", "south"]}),
    "one therapist's own courses": ({"therapist": "T0", "cluster": "course"}, {"therapist": "T0", "cluster": "course"}),
}


@pytest.fixture(scope="module", params=CLINICS)
def records(request):
    """A made-up clinic in which decisions about the match are on record for some."""
    found = clinic(**CLINICS[request.param])
    rng = random.Random(4)
    found["courses"]["match_decision"] = [rng.choice(["continue", "continue", "refer", "change_therapist", None]) for _ in range(len(found["courses"]))]
    return found


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, records, query, parameters):
    """(ask, population, everybody): `ask(name, length)` gives a measure's result for this view."""
    given, chosen = VIEWS[request.param]
    plain = courses.plain(records)
    cubes = {name: catalogue.measure(name).prepare(query, **parameters(**given)) for name in ("match_window", "alliance_between_within")}
    population = courses.population(plain, **{"basis": given.get("basis", "so_far"), **chosen})
    return (lambda name, length: catalogue.measure(name).answer(cubes[name], length)), population, courses.population(plain, "so_far")


def same(found, expected, where):
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
def test_variances_between_and_within_courses(view, length):
    ask, population, _ = view
    result = ask("alliance_between_within", length)
    expected = alliance_parts.between_within(population, length)
    estimates = result.table[result.table["kind"] != "spread"].set_index(["part", "kind"])
    if expected is None:
        assert estimates["estimate"].isna().all() and result.headlines["courses"].max() <= len(population)
        return
    for key, row in expected.items():
        same(estimates.loc[key], row, key)
        same(result.headlines.loc["_".join(key)], row, key)
    for key, row in estimates.iterrows():
        assert key in expected or (math.isnan(row["estimate"]) and row["why"])
        assert (row["why"] == "") == (not math.isnan(row["lower"]))
    assert sum(row["estimate"] for (_, kind), row in expected.items() if kind == "share") == pytest.approx(100)


@pytest.mark.parametrize("length", RANGES)
def test_how_courses_and_sessions_are_spread(view, length):
    ask, population, _ = view
    table = ask("alliance_between_within", length).table
    found = table[table["kind"] == "spread"].astype({"place": float}).set_index(["part", "place"])
    expected = alliance_parts.spread(population, length)
    assert set(found.index) == set(expected)
    for key, row in expected.items():
        same(found.loc[key], row, key)
        every = sum(other["scores"] for (part, _), other in expected.items() if part == key[0])
        assert found.loc[key, "estimate"] == pytest.approx(100 * row["scores"] / every)


@pytest.mark.parametrize("length", RANGES)
def test_the_match_window(view, length):
    ask, population, everybody = view
    result = ask("match_window", length)
    cuts = alliance_parts.edges(everybody)
    table, heads, left = alliance_parts.match_window(population, length, cuts)
    found = result.table.set_index(["band", "about", "what"])
    assert set(found.index) == set(table)
    for key, row in table.items():
        same(found.loc[key], row, key)
    for name, row in heads.items():
        same(result.headlines.loc[name], row, name)
    assert {name: result.notes[name] for name in left} == left
    assert (result.notes["lower_edge"], result.notes["upper_edge"]) == pytest.approx(cuts)


def test_the_made_up_clinics_hold_the_cases_that_matter():
    everything = [course for settings in CLINICS.values() for course in courses.population(courses.plain(clinic(**settings)), "so_far")]
    assert any(not alliance_parts.window_over(course) for course in everything)
    assert any(alliance_parts.early_level(course) is None and alliance_parts.window_over(course) for course in everything)
    assert any(alliance_parts.early_level(course) is not None and alliance_parts.trend(course) is None for course in everything)
    assert any(alliance_parts.gap(course) is None and alliance_parts.early_level(course) is not None for course in everything)


@pytest.mark.parametrize("seed", [31, 32])
def test_nothing_after_the_third_session_moves_a_course_to_another_band(seed, opened, parameters):
    records = clinic(seed, courses=60, therapists=8)
    rng = random.Random(seed)
    later = dict(records)
    ranked = pd.DataFrame(
        [(course.id, number, rank) for course in courses.population(courses.plain(records), "so_far") for number, rank in course.rank_of.items()],
        columns=["course_id", "session_number", "rank"],
    )
    scores = records["scores"].merge(ranked, on=["course_id", "session_number"], how="left")
    moved = (scores["rank"] > 3) & (scores["instrument"] == "wai_sr")
    assert moved.sum() > 50
    later["scores"] = records["scores"].assign(value=np.where(moved, [rng.randint(12, 60) for _ in range(len(scores))], records["scores"]["value"]))

    found = [catalogue.measure("match_window").prepare(opened(each), **parameters()) for each in (records, later)]

    tables = [catalogue.measure("match_window").answer(cube, (0, 1000)).table for cube in found]
    pd.testing.assert_frame_equal(*tables)
