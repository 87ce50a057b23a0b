"""Possible ruptures of many courses at once equal those found course by course, rule by rule, and are what the stored tables hold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process.measures import many_dips
from process.measures.dips import dips
from process.measures.many_dips import all_dips

COURSES = st.lists(st.lists(st.integers(0, 40) | st.just(math.nan), max_size=14), max_size=8)
RULES = [
    ("drop_1sd", 4.0, {}),
    ("drop_1sd", None, {}),
    ("drop_1sd", 4.0, {"tolerance": 0.5, "recurring": 2, "earlier": 2}),
    ("drop_2sd", 2.5, {}),
    ("reliable_drop", None, {}),
    ("xmr", None, {"causal": 1}),
    ("xmr", None, {"causal": 1, "earlier": 5}),
    ("srs_cutoff", None, {}),
]


def long_table(courses):
    rows = [(number, session, score) for number, scores in enumerate(courses) for session, score in enumerate(scores, 1) if not math.isnan(score)]
    return pd.DataFrame(rows, columns=["course", "session", "score"])


def course_by_course(courses, rule, pooled_sd, needed, options):
    found = []
    for number, scores in enumerate(courses):
        own = {"reliable_change": needed[number]} if rule == "reliable_drop" else {}
        found += [(number, *episode) for episode in dips(scores, rule, pooled_sd, **own, **options)]
    return found


@pytest.mark.parametrize(("rule", "pooled_sd", "options"), RULES, ids=str)
@settings(max_examples=60, deadline=None)
@given(courses=COURSES)
def test_many_courses_at_once_have_the_dips_of_each_alone(rule, pooled_sd, options, courses):
    table = long_table(courses)
    needed = [5.0 + number for number in range(len(courses))]
    given_change = np.array(needed)[table["course"].to_numpy(dtype=int)] if rule == "reliable_drop" else None

    found, inside = all_dips(table["course"], table["session"], table["score"], rule, pooled_sd, given_change, **options)

    expected = course_by_course(courses, rule, pooled_sd, needed, options)
    assert [(row.course, row.onset, row.trough, row.returned if pd.notna(row.returned) else None, row.length, row.state) for row in found.itertuples()] == [
        (course, onset, trough, returned, length, state) for course, onset, trough, returned, _, length, state in expected
    ]
    assert found["magnitude"].tolist() == pytest.approx([row[4] for row in expected])
    shortest = options.get("earlier", 3) + 1 if rule in ("drop_1sd", "drop_2sd", "xmr") else 3
    for number in range(len(courses)):
        mine = inside[table["course"].to_numpy() == number]
        sessions = table.loc[table["course"] == number, "session"]
        if len(mine) < max(shortest, 3):
            assert (mine == -1).all()
            continue
        open_ = [any(row[0] == number and row[1] <= session and (row[3] is None or session < row[3]) for row in expected) for session in sessions]
        assert mine.tolist() == [int(each) for each in open_]


def test_how_many_courses_are_taken_at_once_does_not_matter(monkeypatch):
    rng = np.random.default_rng(4)
    courses = [rng.integers(10, 40, rng.integers(0, 30)).astype(float).tolist() for _ in range(60)]
    table = long_table(courses)
    whole = all_dips(table["course"], table["session"], table["score"], "drop_1sd", 5.0)
    monkeypatch.setattr(many_dips, "AT_ONCE", 7)

    parts = all_dips(table["course"], table["session"], table["score"], "drop_1sd", 5.0)

    pd.testing.assert_frame_equal(parts[0], whole[0])
    np.testing.assert_array_equal(parts[1], whole[1])
    assert len(whole[0]) > 20


@pytest.mark.parametrize(("rule", "options"), [("drop_1sd", {}), ("drop_2sd", {}), ("xmr", {"causal": 1}), ("reliable_drop", {})])
@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e6])
def test_courses_that_are_flat_but_for_rounding_have_no_dip_and_those_in_any_unit_have_theirs(rule, options, unit):
    courses = [[0.3, 0.1 + 0.2, 0.3, 0.3], [1, 2, 3, 9], [70] * 6 + [69] + [70] * 14 + [69.9], [68, 70, 72, 50, 70]]
    courses = [[score * unit for score in scores] for scores in courses]
    table = long_table(courses)
    needed = np.full(len(table), 5.0 * unit) if rule == "reliable_drop" else None

    found, _ = all_dips(table["course"], table["session"], table["score"], rule, None, needed, **options)

    assert {0, 1} & set(found["course"]) == set() and 3 in set(found["course"])
    expected = course_by_course(courses, rule, None, [5.0 * unit] * 4, options)
    assert found[["course", "onset", "trough", "length"]].to_numpy(dtype=int).tolist() == [[row[0], row[1], row[2], row[5]] for row in expected]
    if rule == "xmr":
        assert 2 not in set(found["course"]), "limits of no width"


@pytest.mark.parametrize(
    ("rule", "options", "said"),
    [
        ("xmr", {"causal": 0}, "causal=1"),
        ("drop_1sd", {"k": math.nan}, "above 0"),
        ("drop_1sd", {"recurring": 1}, "2 or more"),
        ("drop_1sd", {"tolerance": 2}, "0 to 1"),
        ("drop_1sd", {"pooled_sd": -1.0}, "pooled SD"),
        ("reliable_drop", {}, "needs `reliable_change`"),
        ("reliable_drop", {"reliable_change": [5.0, 5.0, 5.0, 0.0]}, "not above 0"),
    ],
)
def test_what_cannot_be_asked_of_many_courses_is_refused(rule, options, said):
    with pytest.raises(ValueError, match=said):
        all_dips(["a"] * 4, [1, 2, 3, 4], [10.0, 20, 30, 5], rule, **options)


def test_an_endless_score_is_refused():
    with pytest.raises(ValueError, match="endless"):
        all_dips(["a"] * 4, [1, 2, 3, 4], [10.0, 20, math.inf, 5], "drop_1sd")


def test_an_srs_score_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="outside 0 to 40"):
        all_dips(["a"] * 3, [1, 2, 3], [38.0, 41, 37], "srs_cutoff")
