"""Every measure of goals, by SQL and arrays, equals its plain-Python reference on made-up clinics, in every range of lengths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference import courses, goal_curves, goal_stories
from tests.reference.goal_clinics import goal_clinic, steady_clinic
from tests.reference.uncertainty import mean_interval, share_interval

from process.measures import catalogue

NAMES = [name for name in catalogue.names("goals") if name not in ("lengths", "attainment_levels", "attainment_curve")]
RANGES = [(0, 1000), (3, 12)]
CLINICS = {"of any kind": (goal_clinic, {"seed": 1, "courses": 70, "therapists": 8}), "where little happens": (steady_clinic, {"seed": 4, "courses": 60})}
VIEWS = {
    "everyone, sessions so far": {},
    "one therapist's own ended courses": {"basis": "completed", "therapist": "T0", "cluster": "course"},
    "planned length, one modality": {"basis": "planned", "modalities": "|cbt|"},
}


@pytest.fixture(scope="module", params=CLINICS)
def records(request):
    make, settings = CLINICS[request.param]
    return make(**settings)


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, records, query, parameters):
    """(ask, records, population): `ask(name, length)` gives a measure's result for this view."""
    given = VIEWS[request.param]
    plain = courses.plain(records)
    chosen = {"modality" if name == "modalities" else name: value.strip("|").split("|") if name == "modalities" else value for name, value in given.items()}
    cubes = {name: catalogue.measure(name).prepare(query, **parameters(**given)) for name in NAMES}
    found = courses.population(plain, **{"basis": "so_far", **chosen})
    return (lambda name, length: catalogue.measure(name).answer(cubes[name], length)), plain, found


def test_a_range_without_courses_gives_no_rows(view):
    ask, _, _ = view
    for name in NAMES:
        result = ask(name, (900, 999))
        assert not len(result.table) and (result.headlines["courses"] == 0).all() and (result.headlines["therapists"] == 0).all()


def compare(table, keys, expected):
    """The table has the expected rows, no other, with the same values up to rounding."""
    found = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in table.to_dict("records")}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        same(found[key], row, key)


def same(found, expected, where):
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-6, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
def test_the_attainment_curve_from_its_other_sides(view, length):
    ask, records, population = view
    for name, keys, expected in (
        ("attainment_same_courses", ["session", "group"], goal_curves.same_courses(records, population, length)),
        ("attainment_to_the_end", ["sessions_left"], goal_curves.to_the_end(records, population, length)),
        ("attainment_by_share", ["part"], goal_curves.by_share(records, population, length)),
        ("attainment_by_band", ["session", "band"], goal_curves.by_band(records, population, length)),
    ):
        compare(ask(name, length).table, keys, expected)


@pytest.mark.parametrize("length", RANGES)
def test_goals_apart_by_group_at_the_typical_session(view, length):
    ask, records, population = view
    for name, key in (("attainment_by_modality", "modality"), ("attainment_by_problem", "problem"), ("attainment_by_setter", "set_by")):
        result = ask(name, length)
        expected = goal_curves.by_group(records, population, length, key)
        compare(result.table, [key], expected)
        assert result.headlines.loc["typical", "goals"] == sum(row["goals"] for row in expected.values())


@pytest.mark.parametrize("length", RANGES)
def test_t_scores(view, length):
    ask, records, population = view
    compare(ask("attainment_t_score", length).table, ["session"], goal_curves.t_scores(records, population, length))


@pytest.mark.parametrize("length", RANGES)
def test_what_becomes_of_goals(view, length):
    ask, records, population = view
    result = ask("goal_fates", length)
    compare(result.table, ["session", "fate"], goal_stories.fates(records, population, length))
    found = list(goal_stories.waits(records, population, length))
    same(result.notes, {f"{fate}_goals": sum((met or "open") == fate and waited <= 30 for _, _, waited, met in found) for fate in goal_stories.FATES}, "notes")
    compare(ask("goal_fates_by_setter", length).table, ["set_by"], goal_stories.reached_by_setter(records, population, length))


@pytest.mark.parametrize("length", RANGES)
def test_goals_that_take_the_place_of_others(view, length):
    ask, records, population = view
    result = ask("goal_lineage", length)
    compare(result.table, ["level"], goal_stories.lineage(records, population, length))
    for name, expected in goal_stories.generations(records, population, length).items():
        same(result.headlines.loc[name], expected, name)


@pytest.mark.parametrize("length", RANGES)
def test_two_voices_on_one_goal(view, length):
    ask, records, population = view
    result = ask("goal_voices", length)
    found = list(goal_stories.pairs(records, population, length))
    by_session = {session: [row for row in found if row[1] == session] for session in {row[1] for row in found}}
    expected = {
        session: {
            **mean_interval([a - b for _, _, a, b in rows], [course.cluster for course, *_ in rows]),
            "pairs": len(rows),
            **courses.distinct([course for course, *_ in rows]),
        }
        for session, rows in by_session.items()
    }
    compare(result.table, ["session"], expected)
    behind = {"n": len(found), **courses.distinct([course for course, *_ in found])}
    clusters, ids = [course.cluster for course, *_ in found], [course.id for course, *_ in found]
    for name, most in (("equal", 0), ("within_one", 1)):
        limits = (
            share_interval([abs(a - b) <= most for *_, a, b in found], clusters, ids) if found else {"share": math.nan, "lower": math.nan, "upper": math.nan}
        )
        same(result.headlines.loc[name], {**behind, "estimate": limits.pop("share"), **limits}, name)
    kappa = goal_stories.kappa([(a, b) for *_, a, b in found]) if found else math.nan
    same(result.headlines.loc["kappa"], {"estimate": kappa, **behind}, "kappa")
    setters = [(course, goal["set_by"]) for course, goal in goal_stories.goals_of(records, population, length)]
    for setter in ("patient", "therapist", "both") if setters else ():
        own = share_interval([who == setter for _, who in setters], [course.cluster for course, _ in setters], [course.id for course, _ in setters])
        same(result.headlines.loc[setter], {"estimate": own["share"], "lower": own["lower"], "upper": own["upper"], "n": len(setters)}, setter)


@pytest.mark.parametrize("length", RANGES)
def test_which_goals_are_due(view, length):
    ask, records, population = view
    result = ask("goal_reviews", length)
    found = list(goal_stories.since_last_look(records, population, length))
    names = {since: str(since) if since < 13 else "13+" for _, since in found}
    expected = {}
    for name in set(names.values()):
        here = [course for course, since in found if names[since] == name]
        expected[name] = {"goals": len(here), "goals_total": len(found), "share": 100 * len(here) / len(found), **courses.distinct(here)}
    compare(result.table, ["since"], expected)
    late = [course for course, since in found if since > 6]
    counts = {"goals": len(found), "overdue": len(late), "overdue_courses": len({course.id for course in late}), **courses.distinct([c for c, _ in found])}
    same(result.headlines.loc["overdue"], counts, "overdue")
    if found:
        share = share_interval([since > 6 for _, since in found], [course.cluster for course, _ in found], [course.id for course, _ in found])
        same(result.headlines.loc["overdue"], {"estimate": share["share"], "lower": share["lower"], "upper": share["upper"]}, "overdue")


@pytest.mark.parametrize("length", RANGES)
def test_impasses(view, length):
    ask, records, population = view
    result = ask("impasse", length)
    sd = goal_stories.within_course_sd(courses.population(records, "so_far"))
    judged = {course.id: dict(goal_stories.impasses(records, course, sd)) for course in population}
    inside = [course for course in courses.in_range(population, length) if judged[course.id]]
    expected = {}
    for session in {session for course in inside for session in judged[course.id]}:
        here = [course for course in inside if session in judged[course.id]]
        share = share_interval([judged[course.id][session] for course in here], [course.cluster for course in here], [course.id for course in here])
        in_therapy = sum(course.so_far >= session for course in courses.in_range(population, length))
        expected[session] = {**share, **courses.distinct(here), "still_in": in_therapy}
    compare(result.table, ["session"], expected)
    ever = [any(judged[course.id].values()) for course in inside]
    same(result.headlines.loc["ever"], {"estimate": 100 * np.mean(ever) if ever else math.nan, **courses.distinct(inside)}, "ever")
    going = [course for course in population if course.row["ending"] == "still_going" and length[0] <= course.so_far <= length[1]]
    now = [course for course in going if course.so_far in judged[course.id]]
    share = 100 * np.mean([judged[course.id][course.so_far] for course in now]) if now else math.nan
    same(result.headlines.loc["now"], {"estimate": share, **courses.distinct(now)}, "now")


def test_the_made_up_clinics_hold_the_cases_that_matter():
    found = {}
    for name, (make, settings) in CLINICS.items():
        records = courses.plain(make(**settings))
        found[name] = records, courses.population(records, "so_far")
    records, population = found["of any kind"]
    chains = [goal_stories.generation(records, goal) for _, goal in goal_stories.goals_of(records, population, (0, 1000))]
    waits = list(goal_stories.waits(records, population, (0, 1000)))
    assert max(chains) == 3, "a goal replaced twice"
    assert any(waited == 0 and met for _, _, waited, met in waits), "a goal closed in the session in which it was agreed"
    assert any(level is None for _, level in goal_stories.last_levels(records, population, (0, 1000)))
    assert any(since > 6 for _, since in goal_stories.since_last_look(records, population, (0, 1000)))
    levels = [(a, b) for *_, a, b in goal_stories.pairs(records, population, (0, 1000))]
    assert len(levels) > 50 and any(a != b for a, b in levels), "two raters who disagree"
    records, population = found["where little happens"]
    sd = goal_stories.within_course_sd(population)
    judged = [dict(goal_stories.impasses(records, course, sd)) for course in population]
    still = [value for course in judged for value in course.values()]
    assert sum(still) > 10 and sum(not value for value in still) > 10
