"""Every figure of the page on ruptures, by SQL, prefix sums and arrays, equals its plain-Python reference on made-up clinics, in every range of lengths."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from tests.reference import courses, dips, repairs
from tests.reference.clinics import clinic

from process.measures import catalogue
from process.measures.dip_rules import kappa

RANGES = [(0, 1000), (3, 12)]
CLINICS = {"many ruptures": {"seed": 2, "courses": 48, "ruptures": 0.25, "therapists": 8}, "few of them": {"seed": 1, "courses": 16}}
VIEWS = {
    "everyone, sessions so far": ("many ruptures", {}),
    "ended courses of two teams": ("many ruptures", {"basis": "completed", "teams": "|north|south|"}),
    "one therapist's own courses": ("many ruptures", {"therapist": "T0", "cluster": "course"}),
    "a small clinic": ("few of them", {}),
}
SHARES = {
    "rupture_review": (repairs.review, "looked", "sessions"),
    "rupture_kinds": (repairs.kinds, "move", "ruptures"),
    "rupture_noticed_by": (repairs.noticed_by, "noticed_by", "ruptures"),
    "rupture_intensity": (repairs.intensity, "intensity", "ruptures"),
    "recurring_ruptures": (repairs.recurring, "recurrence", "courses"),
    "repair_and_recovery": (repairs.repair_and_recovery, "repair_and_score", "ruptures"),
}
AROUND = {
    "alliance_after_rupture_by_kind": ("kind", lambda each: each["row"]["kind"]),
    "alliance_after_rupture_by_whom": ("moved_by", lambda each: each["row"]["moved_by"]),
    "alliance_after_rupture_by_length": ("length_band", repairs.band),
}
OTHERS = {"lengths", *(name for name in catalogue.names("ruptures") if name.startswith(("possible_ruptures", "left_after")))}
"""Measures of the page that have a reference of their own."""
SIZES = {"episode_depth": ("depth", lambda one: one.magnitude), "episode_duration": ("duration", lambda one: one.length)}


def varied(records: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """The same clinic with ruptures of every kind: the shared generator makes them all alike."""
    rng = random.Random(seed)
    found = records["ruptures"].copy()
    choices = {
        "kind": ["withdrawal", "withdrawal", "confrontation", "mixed"],
        "moved_by": ["patient", "therapist", "both"],
        "noticed_by": ["patient", "therapist", "both", "observer"],
        "intensity": [1, 2, 3, 4, 5, None],
        "theme": ["tasks", "trust", None, None],
    }
    for name, values in choices.items():
        found[name] = [rng.choice(values) for _ in range(len(found))]
    found["intensity"] = found["intensity"].astype("Int64")
    return records | {"ruptures": found}


@pytest.fixture(scope="module")
def known(opened):
    """(records, query, possible ruptures) of a clinic by name."""

    @cache
    def of(name):
        records = varied(clinic(**CLINICS[name]), CLINICS[name]["seed"])
        return records, opened(records), dips.found_by_rule(courses.plain(records))

    return of


@pytest.fixture(scope="module", params=VIEWS)
def case(request, known):
    """What is known of the clinic that is looked at, and the view."""
    name, given = VIEWS[request.param]
    return known(name), given


@pytest.fixture(scope="module")
def found(case):
    return case[0][2]


@pytest.fixture(scope="module")
def view(case, parameters):
    """(ask, records, population): `ask(name, length)` gives a measure's result for this view."""
    (records, query, _), given = case
    filters = {"teams": "team"}
    chosen = {filters.get(key, key): value.strip("|").split("|") if key in filters else value for key, value in given.items()}
    cubes = {key: catalogue.measure(key).prepare(query, **parameters(**given)) for key in catalogue.names("ruptures") if key not in OTHERS}
    plain = courses.plain(records)
    population = courses.population(plain, **{"basis": "so_far", **chosen})
    return (lambda key, length: catalogue.measure(key).answer(cubes[key], length)), plain, population


def compare(table: pd.DataFrame, keys: list[str], expected: dict) -> None:
    rows = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in table.to_dict("records")}
    assert rows.keys() == expected.keys()
    for key, row in expected.items():
        same(rows[key], row, key)


def same(row: dict, expected: dict, where: object) -> None:
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-6, abs=1e-5, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
@pytest.mark.parametrize("name", SHARES)
def test_what_is_on_record(view, name, length):
    ask, records, population = view
    items_of, key, counted = SHARES[name]
    items = items_of(records, population, length)

    result = ask(name, length)

    compare(result.table, [key], repairs.shares(items, counted))
    if name == "rupture_review":
        for head, row in repairs.review_headlines(items).items():
            same(result.headlines.loc[head], row, head)
    else:
        same(result.headlines.loc["all"], courses.distinct([course for course, _ in items]) | {counted: len(items)}, "all")


@pytest.mark.parametrize("length", RANGES)
def test_steps_towards_repair(view, length):
    ask, records, population = view
    compare(ask("repair_steps", length).table, ["step"], repairs.repair_steps(records, population, length))


@pytest.mark.parametrize("length", RANGES)
def test_time_to_repair(view, length):
    ask, records, population = view
    waits = repairs.waits(records, population, length)
    expected = repairs.time_to_repair(waits)

    result = ask("time_to_repair", length)

    compare(result.table, ["since", "fate"], expected)
    for fate in ("repaired", "ended"):
        early = result.headlines.loc[f"{fate}_early"]
        row = expected.get((3, fate))
        assert (early["courses"] == 0) == (row is None)
        if row is not None:
            same(early, {"estimate": row["share"], "lower": row["lower"], "upper": row["upper"], "courses": row["courses"]}, fate)


@pytest.mark.parametrize("length", RANGES)
@pytest.mark.parametrize("name", AROUND)
def test_the_alliance_around_ruptures_apart(view, name, length):
    ask, records, population = view
    key, group_of = AROUND[name]
    expected = repairs.alliance_around(records, population, length, group_of)

    result = ask(name, length)

    compare(result.table, [key, "offset"], expected)
    for group in result.headlines.index:
        row = expected.get((group, 0), {"ruptures": 0, "courses": 0})
        same(result.headlines.loc[group], {"ruptures": row["ruptures"], "courses": row["courses"]}, group)


@pytest.mark.parametrize("length", RANGES)
def test_possible_ruptures_rule_by_rule(view, found, length):
    ask, _, population = view
    shares, rates, notes = dips.by_rule(found, population, length)

    result = ask("dips_by_rule", length)

    compare(result.table, ["rule"], shares)
    compare(ask("dip_rate", length).table, ["rule"], rates)
    assert {name: count for name, count in result.notes.items() if count and name != "clinic_sd"} == {name: count for name, count in notes.items() if count}


@pytest.mark.parametrize("length", RANGES)
def test_where_the_rules_agree(view, found, length):
    ask, _, population = view
    expected = dips.agreement(found, population, length)

    result = ask("dip_agreement", length)

    compare(result.table, ["rule", "other"], expected)
    for (rule, other), row in expected.items():
        if f"{rule} {other}" in result.headlines.index:
            two = expected[other, rule]["in_rule"]
            neither = row["sessions"] - row["in_rule"] - two + row["in_both"]
            square = np.array([[row["in_both"], row["in_rule"] - row["in_both"]], [two - row["in_both"], neither]])
            told = 0 < row["in_rule"] + two < 2 * row["sessions"]
            estimate = result.headlines.loc[f"{rule} {other}", "estimate"]
            assert estimate == pytest.approx(100 * cohens_kappa(square, return_results=False)) if told else np.isnan(estimate)


@pytest.mark.parametrize("length", RANGES)
def test_where_recorded_ruptures_lie(view, found, length):
    ask, records, population = view
    compare(ask("dips_and_recorded", length).table, ["rule", "looked"], dips.and_recorded(found, records, population, length))


@pytest.mark.parametrize("length", RANGES)
def test_episodes_by_shape(view, found, length):
    ask, _, population = view
    items = [(course, f"{one.state}_{'open' if one.returned is None else 'returned'}") for course, one in dips.episodes(found, population, length)]
    compare(ask("rupture_episodes", length).table, ["episode"], repairs.shares(items, "possible"))


@pytest.mark.parametrize("length", RANGES)
@pytest.mark.parametrize("name", SIZES)
def test_how_deep_and_how_long_episodes_are(view, found, name, length):
    ask, _, population = view
    key, size = SIZES[name]
    measure = catalogue.measure(name)
    sizes = [(course, size(one)) for course, one in dips.episodes(found, population, length)]
    items = [(course, dips.binned(value, measure.definition.parameter("bins"), measure.labels)) for course, value in sizes]

    result = ask(name, length)

    compare(result.table[result.table["possible"] > 0], [key], repairs.shares(items, "possible"))
    quartiles = np.quantile([value for _, value in sizes], [0.25, 0.5, 0.75]) if sizes else [np.nan] * 3
    for head, value in zip(("lower_quartile", "median", "upper_quartile"), quartiles, strict=True):
        assert result.headlines.loc[head, "estimate"] == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("name", catalogue.names("ruptures"))
def test_a_range_without_courses_is_an_empty_table(view, name):
    if name not in OTHERS:
        assert view[0](name, (900, 999)).table.empty


def test_kappa_of_the_textbook():
    # 50 sessions, 20 flagged by both, 25 and 30 by each: 0.7 agreed, 0.5 expected by chance, (0.7 - 0.5) / (1 - 0.5)
    assert kappa(50, 25, 30, 20) == pytest.approx(0.4)
    assert np.isnan(kappa(10, 0, 0, 0)) and np.isnan(kappa(0, 0, 0, 0))
