"""Every measure, by SQL and prefix sums, equals its plain-Python reference on made-up clinics, in every range of lengths."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from tests.reference import alliance, caseload, contrasts, courses, goals
from tests.reference.clinics import clinic

from process.measures import catalogue

RANGES = [(0, 1000), (3, 12), (1, 1), (900, 999)]
CLINICS = {
    "one of any kind": {"seed": 1},
    "many ruptures": {"seed": 2, "courses": 110, "ruptures": 0.2},
    "another of any kind": {"seed": 3},
    "enough for both contrasts": {"seed": 5, "courses": 260, "ruptures": 0.14, "therapists": 12},
}
VIEWS = {
    "everyone, sessions so far": {},
    "ended courses of two teams": {"basis": "completed", "teams": "|north|south|"},
    "one therapist's own courses": {"therapist": "T0", "cluster": "course"},
    "planned length, known start": {"basis": "planned", "start_from": "2025-Q4", "start_to": "2026-Q3", "modalities": "|cbt|"},
}
FILTERS = {"teams": "team", "modalities": "modality", "problems": "problem", "endings": "ending"}


@pytest.fixture(scope="module", params=CLINICS)
def records(request):
    return clinic(**CLINICS[request.param])


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, records, query, parameters):
    """(ask, records, population): `ask(name, length)` gives a measure's result for this view."""
    given = VIEWS[request.param]
    records = courses.plain(records)
    chosen = {FILTERS.get(name, name): value.strip("|").split("|") if name in FILTERS else value for name, value in given.items()}
    prepared = cache(lambda name: catalogue.measure(name).prepare(query, **parameters(**given)))
    found = courses.population(records, **{"basis": "so_far", **chosen})
    return (lambda name, length: catalogue.measure(name).answer(prepared(name), length)), records, found


def compare(table: pd.DataFrame, keys: list[str], expected: dict) -> None:
    """The table has the expected rows, no other, with the same values up to rounding."""
    found = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in table.to_dict("records")}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        same(found[key], row, key)


def same(found: dict, expected: dict, where: object) -> None:
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-6, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
def test_lengths_and_live_counts(view, length):
    ask, _, population = view
    result = ask("lengths", length)
    compare(result.table, ["length"], caseload.lengths(population))
    known = [course for course in population if course.length is not None]
    for name, here in {"in_range": courses.in_range(population, length), "all_lengths": known, "all_courses": population}.items():
        same(result.headlines.loc[name], {**courses.distinct(here), "sessions": sum(course.so_far for course in here)}, name)
    assert result.notes["without_length"] == len(population) - len(known)


@pytest.mark.parametrize("length", RANGES)
def test_the_spread_of_lengths(view, length):
    ask, _, population = view
    result = ask("therapy_lengths", length)
    compare(result.table, ["length"], caseload.therapy_lengths(population, length))
    for name, value in caseload.quartiles(population, length).items():
        same(result.headlines.loc[name], {"estimate": value, **courses.distinct(courses.in_range(population, length))}, name)


@pytest.mark.parametrize("length", RANGES)
def test_endings(view, length):
    ask, _, population = view
    result = ask("endings", length)
    compare(result.table, ["ending"], caseload.endings(population, length))
    same(result.headlines.loc["all"], courses.distinct(courses.in_range(population, length)), "all")


@pytest.mark.parametrize("length", RANGES)
def test_active_courses_by_week_and_therapist(view, length):
    ask, records, population = view
    result = ask("active_courses", length)
    expected, unknown = caseload.active_courses(records, population, length)
    found = {(row["week"], row["therapist_id"]): row["active"] for row in result.table.to_dict("records") if row["active"]}
    assert found == expected
    assert result.notes["start_unknown"] == unknown
    assert (result.table["courses"] == result.table["active"]).all()
    for (week, therapist), row in result.table.set_index(["week", "therapist_id"]).iterrows():
        working = sum(1 for (when, who), count in expected.items() if when == week and who and count)
        assert row["therapists"] == (working if therapist == "" else int(row["active"] > 0))


@pytest.mark.parametrize("length", RANGES)
def test_attainment_levels(view, length):
    ask, records, population = view
    result = ask("attainment_levels", length)
    compare(result.table, ["session", "level"], goals.attainment_levels(records, population, length))
    same(result.notes, {**goals.goals_by_scale(records, population, length), **goals.rated_by(records, population, length)}, "notes")


@pytest.mark.parametrize("length", RANGES)
def test_the_attainment_curve(view, length):
    ask, records, population = view
    result = ask("attainment_curve", length)
    expected = goals.attainment_curve(records, population, length)
    compare(result.table, ["session"], expected)
    first = min((session for session in expected if session <= 3), default=0)
    for name, session in {"first": first, "typical": goals.typical_session(population, length)}.items():
        headline = result.headlines.loc[name]
        assert headline["session"] == session
        assert headline["estimate"] == pytest.approx(expected.get(session, {}).get("share", math.nan), nan_ok=True)
        assert headline["courses"] == expected.get(session, {}).get("courses", 0)
    same(result.notes, {**goals.goals_by_scale(records, population, length), **goals.rated_by(records, population, length)}, "notes")


@pytest.mark.parametrize("length", RANGES)
def test_alliance_in_both_voices_and_the_gap(view, length):
    ask, _, population = view
    result = ask("alliance_by_session", length)
    expected = alliance.alliance_by_session(population, length)
    compare(result.table, ["session", "rater"], {key: row for key, row in expected.items() if key[1] != "gap"})
    for moment, session in {"early": 3, "typical": goals.typical_session(population, length)}.items():
        for voice in ("patient", "therapist", "gap"):
            row = expected.get((session, voice), {"mean": math.nan, "lower": math.nan, "upper": math.nan, "scores": 0, "courses": 0, "therapists": 0})
            values = {"estimate": row["mean"], **{name: row[name] for name in ("lower", "upper", "scores", "courses", "therapists")}}
            same(result.headlines.loc[f"{voice}_{moment}"], values, (voice, moment))


@pytest.mark.parametrize("length", RANGES)
def test_alliance_after_a_rupture(view, length):
    ask, records, population = view
    result = ask("alliance_after_rupture", length)
    compare(result.table, ["group", "offset"], alliance.alliance_after_rupture(records, population, length))
    share = alliance.repaired_share(records, population, length)
    same(result.headlines.loc["repaired_share"], share or {"ruptures": 0, "courses": 0, "estimate": math.nan}, "repaired_share")
    same(result.notes, alliance.rupture_notes(records, population, length), "notes")


@pytest.mark.parametrize("length", RANGES)
def test_rupture_against_like_sessions(view, length):
    ask, records, population = view
    result = ask("rupture_against_like_sessions", length)
    units = list(contrasts.like_session_units(records, population, length))
    compare(result.table, ["arm", "offset"], contrasts.curves(units, ("rupture", "like")))
    check_difference(result.headlines.loc["difference"], units, "like_sessions")
    ruptures = [unit for unit in units if unit.treated]
    assert result.headlines.loc["difference", "ruptures"] == len(ruptures)
    left = result.notes
    assert left["without_scores"] + left["without_outcome"] + left["unmatched"] + result.headlines.loc["difference", "matched"] == len(ruptures)
    assert left["without_scores"] == sum(not unit.x for unit in ruptures)


@pytest.mark.parametrize("length", RANGES)
def test_repaired_against_not_yet_repaired(view, length):
    ask, records, population = view
    result = ask("repaired_against_not_yet", length)
    units = list(contrasts.landmark_units(records, population, length))
    compare(result.table, ["arm", "offset"], contrasts.curves(units, ("repaired", "not_yet")))
    check_difference(result.headlines.loc["difference"], units, "not_yet")
    left, headline = result.notes, result.headlines.loc["difference"]
    assert left["ruptures"] == len(units)
    assert left["without_scores"] == sum(not unit.x for unit in units)
    compared = headline["matched"] + headline["not_yet"]
    assert left["without_scores"] + left["without_outcome"] + left["unmatched"] + compared == len(units)


@pytest.mark.parametrize("length", RANGES)
def test_repair_by_length_to_date(view, length):
    ask, records, population = view
    table = ask("repair_by_length", length).table.set_index("length_to_date")
    units = list(contrasts.landmark_units(records, population, length))
    for name, low, high in (("1-8", 1, 8), ("9-16", 9, 16), ("17-30", 17, 30), ("31+", 31, 10**6)):
        own = [unit for unit in units if low <= unit.rank + 3 <= high]
        if len(table):
            check_difference(table.loc[name].rename({"repaired": "matched"}), own, "not_yet")
        else:
            assert contrasts.difference(own) is None


def check_difference(headline, units, compared):
    expected = contrasts.difference(units)
    if expected is None:
        assert math.isnan(headline["estimate"]) and headline["why"]
        return
    assert headline[compared] == expected.pop("compared")
    if "compared_therapists" not in headline:
        del expected["compared_therapists"]
    same(headline, expected, "difference")
    assert (headline["why"] == "") == (not math.isnan(headline["lower"]))


def test_the_made_up_clinics_hold_the_cases_that_matter():
    everything = [courses.plain(clinic(**settings)) for settings in CLINICS.values()]
    found = [courses.population(records, "so_far") for records in everything]
    ruptures = [rupture for records, population in zip(everything, found, strict=True) for rupture in alliance.ruptures(records, population)]
    assert any(course.so_far == 0 for population in found for course in population)
    assert any(course.so_far == 1 for population in found for course in population)
    assert any(not course.patient and course.so_far > 3 for population in found for course in population)
    assert any(rupture.onset == rupture.course.so_far for rupture in ruptures if rupture.onset)
    assert any(rupture.onset is None for rupture in ruptures) and any(rupture.baseline is None for rupture in ruptures)
    assert any(rupture.course.patient.get(rupture.onset or 0, 0) >= (rupture.baseline or 200) for rupture in ruptures)
    assert any(goal["goal_id"].endswith("-2") for records in everything for goal in courses.rows(records, "goals"))
    for units in (contrasts.like_session_units, contrasts.landmark_units):
        answers = [contrasts.difference(list(units(records, population, (0, 1000)))) for records, population in zip(everything, found, strict=True)]
        assert np.isfinite([answer["lower"] for answer in answers if answer]).any()
