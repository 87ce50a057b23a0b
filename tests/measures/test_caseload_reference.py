"""The caseload, the definitions of dropout and the shares over time equal their plain-Python references on made-up clinics, in every view and range."""

from __future__ import annotations

import math
import statistics

import pandas as pd
import pytest
from tests.reference import caseload, courses
from tests.reference.clinics import clinic

from process.measures import catalogue, spc
from process.measures.over_time import SIGNALS

RANGES = [(0, 1000), (3, 12), (900, 999)]
CLINICS = {"small": {"seed": 21, "courses": 70}, "larger": {"seed": 22, "courses": 260, "therapists": 12}}
VIEWS = {
    "everyone, sessions so far": {},
    "ended courses of two teams": {"basis": "completed", "teams": "|north|south|"},
    "one therapist's own courses": {"therapist": "T0", "cluster": "course"},
}
NAMES = ("weekly_workload", "session_gaps", "dropout_definitions", "attendance_over_time", "dropout_over_time")


@pytest.fixture(scope="module", params=CLINICS)
def records(request):
    return clinic(**CLINICS[request.param])


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, records, query, parameters):
    """(ask, records, population, own) of this view."""
    given = VIEWS[request.param]
    plain = courses.plain(records)
    chosen = {"team" if name == "teams" else name: value.strip("|").split("|") if name == "teams" else value for name, value in given.items()}
    cubes = {name: catalogue.measure(name).prepare(query, **parameters(**given)) for name in NAMES}
    found = courses.population(plain, **{"basis": "so_far", **chosen})
    return (lambda name, length: catalogue.measure(name).answer(cubes[name], length)), plain, found, "therapist" in given


@pytest.fixture(scope="module")
def median(records):
    everyone = courses.population(courses.plain(records), "completed")
    return statistics.median(course.length for course in everyone if course.length is not None)


def compare(table: pd.DataFrame, key: str, expected: dict) -> None:
    found = {row[key]: row for row in table.to_dict("records")}
    assert found.keys() == expected.keys()
    for name, row in expected.items():
        same(found[name], row, name)


def same(found, expected: dict, where: object) -> None:
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-6, nan_ok=True), (where, name)


@pytest.mark.parametrize("length", RANGES)
def test_sessions_starts_and_endings_by_week_and_therapist(view, length):
    ask, records, population, _ = view
    result = ask("weekly_workload", length)
    expected, unknown = caseload.weekly_workload(records, population, length)
    rows = result.table.to_dict("records")
    assert {(row["week"], row["kind"], row["therapist_id"]): (row["events"], row["courses"]) for row in rows if row["events"]} == expected
    assert result.notes == {f"{kind}_unknown": number for kind, number in unknown.items()}
    for row in rows:
        there = {who for week, kind, who in expected if week == row["week"] and kind == row["kind"] and who}
        assert row["therapists"] == (len(there) if row["therapist_id"] == "" else 1)
    assert len(rows) == 0 or sum(row["therapist_id"] == "" for row in rows) == 52 * 3


@pytest.mark.parametrize("length", RANGES)
def test_gaps_since_the_last_attended_session(view, length):
    ask, records, population, _ = view
    result = ask("session_gaps", length)
    compare(result.table, "gap", caseload.session_gaps(records, population, length))


@pytest.mark.parametrize("length", RANGES)
def test_five_definitions_of_dropout_and_their_agreement(view, median, length):
    ask, records, population, _ = view
    result = ask("dropout_definitions", length)
    table, heads = caseload.dropout_definitions(records, population, length, median)
    compare(result.table, "definition", table)
    for name, expected in heads.items():
        row = result.headlines.loc[name]
        same(row, {"estimate" if key == "share" else key: value for key, value in expected.items()}, name)
        assert expected["courses"] or math.isnan(row["estimate"])


@pytest.mark.parametrize("name", ["attendance_over_time", "dropout_over_time"])
@pytest.mark.parametrize("length", RANGES)
def test_shares_by_month_and_what_the_chart_says_of_them(view, length, name):
    ask, records, population, own = view
    result = ask(name, length)
    here = courses.in_range(population, length)
    if name == "attendance_over_time":
        happenings = [(course, row.get("week"), row["attendance"] == "attended") for course in here for row in courses.rows(records, "sessions", course.id)]
    else:
        happenings = [
            (course, last_week(records, course), course.row["ending"] == "patient_stopped") for course in here if course.row["ending"] in courses.ENDED
        ]
    minimum = catalogue.measure(name).definition.parameter("minimum_a_period")
    expected = caseload.shares_by_period(happenings, courses.rows(records, "manifest")[0]["as_of"], own, minimum)
    compare(result.table, "period", expected)
    assert result.notes["without_week"] == sum(week is None for _, week, _ in happenings)
    chart = spc.xmr([row["share"] for row in expected.values()])
    limits = result.headlines.loc["limits"]
    assert limits["estimate"] == pytest.approx(chart.mean, nan_ok=True)
    if not math.isnan(chart.lower):
        assert (limits["lower"], limits["upper"]) == pytest.approx((max(chart.lower, 0), min(chart.upper, 100)))
    broken = spc.rules([row["share"] for row in expected.values()], *chart[:3]).to_dict("records")
    named = [next((place for place, rule in enumerate(SIGNALS, 1) if row[rule]), 0) for row in broken]
    assert [signal for signal in result.table["signal"] if signal == signal] == [
        code for code, row in zip(named, expected.values(), strict=True) if not math.isnan(row["share"])
    ]


def last_week(records, course):
    held = [row["week"] for row in courses.rows(records, "sessions", course.id) if row["attendance"] == "attended" and row.get("week") is not None]
    contact = course.row.get("last_contact_week")
    return max(held + ([contact] if contact is not None else []), default=None)


def test_the_made_up_clinics_hold_the_cases_that_matter():
    every = [courses.plain(clinic(**settings)) for settings in CLINICS.values()]
    found = [(plain, course) for plain in every for course in courses.population(plain, "so_far")]
    ended = [(plain, course) for plain, course in found if course.row["ending"] in courses.ENDED]
    judged = [caseload.dropout_judgements(plain, course, 5) for plain, course in ended]
    gaps = [caseload.session_gaps(plain, courses.population(plain, "so_far"), (0, 1000)) for plain in every]
    assert {"more", "unknown"} <= set().union(*gaps)
    assert any(said["before_agreed"] is None for said in judged) and any(said["missed_last"] for said in judged)
    assert any(course.so_far == 0 for _, course in ended), "an ended course that nobody attended"
    assert any(course.so_far == 1 for _, course in ended), "a course that ended the day it began"


AS_OF = pd.Timestamp("2026-11-16")  # a Monday


@pytest.mark.parametrize(
    ("last", "gap"),
    [
        ({"week": pd.Timestamp("2026-11-16")}, "under"),  # this week's Wednesday is still to come
        ({"week": pd.Timestamp("2026-11-02")}, "under"),  # from Wednesday the 4th: 12 days
        ({"week": pd.Timestamp("2026-10-26")}, "between"),  # 19 days
        ({"week": pd.Timestamp("2026-10-19")}, "between"),  # 26 days
        ({"week": pd.Timestamp("2026-10-12")}, "more"),  # 33 days
        ({"day": 14}, "more"),  # two weeks after the first session's week of 28 September, the 12th of October
        ({"day": 42}, "under"),  # the 9th of November
        ({}, "unknown"),
        ({"week": pd.Timestamp("2026-11-09"), "attendance": "missed"}, "more"),  # the session before it was in the week of 28 September
    ],
    ids=str,
)
def test_a_gap_is_counted_from_the_wednesday_of_the_last_attended_session(opened, parameters, last, gap):
    course = {"course_id": "C", "patient_id": "P", "therapist_id": "T", "start_week": pd.Timestamp("2026-09-28"), "ending": "still_going"}
    sessions = [
        {"course_id": "C", "session_number": 1, "week": pd.Timestamp("2026-09-28"), "day": 0, "attendance": "attended"},
        {"course_id": "C", "session_number": 2, "attendance": "attended", **last},
    ]
    records = {
        "manifest": pd.DataFrame({"as_of": [AS_OF], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]}),
        "courses": pd.DataFrame([course]),
        "sessions": pd.DataFrame(sessions),
    }
    own = catalogue.measure("session_gaps")
    table = own.answer(own.prepare(opened(records), **parameters()), (0, 99)).table
    assert table["gap"].tolist() == [gap] and table["courses"].tolist() == [1]
