"""Of which courses an export is: whole bands of lengths and one filter at most, and always said."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.access import logs
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer, leaving
from process.access.cohort import LONGEST
from process.errors import NotAllowed
from process.measures import benchmark_rules, catalogue


@pytest.mark.parametrize(
    ("asked", "leaves"),
    [
        ((5, 7), (4, 8)),
        ((4, 8), (4, 8)),
        ((1, 3), (0, 3)),
        ((0, 0), (0, 3)),
        ((3, 4), (0, 8)),
        ((7, 12), (0, LONGEST)),
        ((10, 20), (9, LONGEST)),
        ((18, 40), (17, LONGEST)),
        ((31, LONGEST), (31, LONGEST)),
        ((40, 50), (31, LONGEST)),
        ((1, LONGEST), (0, LONGEST)),
    ],
)
def test_a_range_leaves_as_the_narrowest_band_that_holds_it(records, asked, leaves):
    exported = Clinic(records, DIRECTOR).ask("endings", Cohort(length=asked)).exported()

    assert exported.length == leaving.around(asked) == leaves
    whole = Clinic(records, DIRECTOR).ask("endings", Cohort(length=leaves)).exported()
    pd.testing.assert_frame_equal(exported.table, whole.table)
    assert leaving.spoken(leaves) in exported.stamp.cohort and (asked == leaves or leaving.spoken(asked) in exported.stamp.cohort)


def test_bands_are_the_benchmarks_and_any_two_are_apart_or_one_lies_in_the_other():
    assert [(max(low, 1), min(high, LONGEST)) for low, high in leaving.BANDS] == [
        (low, min(high, LONGEST)) for low, high in benchmark_rules.EVERY_BAND.values()
    ]
    for one in leaving.BANDS:
        for other in leaving.BANDS:
            both = max(one[0], other[0]), min(one[1], other[1])
            assert both[0] > both[1] or both in (one, other)
        within = sorted(leaving.parts(one))
        if within:
            assert (within[0][0], within[-1][1]) == one and all(left[1] + 1 == right[0] for left, right in zip(within, within[1:], strict=False))


@pytest.mark.parametrize("name", catalogue.names())
def test_what_runs_along_a_number_or_is_matched_leaves_for_every_length_only(records, name):
    answer = Clinic(records, ANALYST).ask(name, Cohort(basis="so_far", length=(9, 16)))

    runs = any(pd.api.types.is_numeric_dtype(answer.table[key]) for key in answer.definition.keys)

    assert leaving.as_one(answer.definition) or not runs
    assert answer.leaves_for == (leaving.EVERY if leaving.as_one(answer.definition) else (9, 16))
    assert bool(answer.leaving_said) == leaving.as_one(answer.definition)


def test_the_stamp_and_the_card_say_what_was_asked_for_and_what_leaves(records):
    director = Clinic(records, DIRECTOR)
    answer = director.ask("endings", Cohort(length=(5, 7)))

    assert answer.leaving_said == "Exported for 4 to 8 sessions: the whole band that holds 5 to 7 sessions."
    assert answer.exported().stamp.cohort == "all courses, 4 to 8 sessions (the whole band that holds 5 to 7 sessions)"
    assert "4 to 8 sessions (the whole band that holds 5 to 7 sessions)" in answer.exported().csv().splitlines()[1]
    spanning = director.ask("endings", Cohort(length=(7, 12))).leaving_said
    assert spanning == "Exported for every length: you asked for 7 to 12 sessions, which no narrower whole band holds."
    assert director.ask("alliance_by_session", Cohort(length=(4, 8))).leaving_said.startswith(
        "Exported for every length: you asked for 4 to 8 sessions; figures"
    )
    assert director.ask("endings", Cohort(length=(4, 8))).leaving_said == director.ask("endings").leaving_said == ""


def test_a_therapists_own_courses_leave_as_they_were_asked_for(records, busiest):
    cohort = Cohort(length=(5, 17), problem=["depression", "anxiety"], basis="so_far")
    answer = Clinic(records, Viewer("tess", "therapist", busiest)).ask("endings", cohort)

    assert answer.exported().length == (5, 17) and answer.leaving_said == "" and "5 to 17 sessions" in str(answer.exported().stamp)


ALL = ["2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]


@pytest.mark.parametrize(
    ("cohort", "why"),
    [
        (Cohort(), ""),
        (Cohort(problem=["grief"]), ""),
        (Cohort(problem=["grief", "trauma"]), leaving.ONE_CODE),
        (Cohort(problem=["grief"], team=["north"]), leaving.ONE_FILTER),
        (Cohort(problem=["grief"], start=("2025-Q1", "2025-Q4")), leaving.ONE_FILTER),
        (Cohort(start=("2025-Q1", "2025-Q4")), ""),
        (Cohort(start=("", "2024-Q4")), ""),
        (Cohort(start=("2026-Q1", "")), ""),
        (Cohort(start=("2025-Q1", "2025-Q3")), leaving.ONE_YEAR),
        (Cohort(start=("2025-Q2", "")), leaving.ONE_YEAR),
        (Cohort(start=("2025-Q1", "")), leaving.ONE_YEAR),
    ],
)
def test_an_export_is_narrowed_by_one_value_of_one_filter_at_most(cohort, why):
    assert leaving.kept_by_filters(cohort.parameters(), (), ALL) == why


def test_therapists_chosen_of_a_wider_scope_are_a_filter():
    assert leaving.kept_by_filters(Cohort().parameters(), ["T1"], ALL) == ""
    assert leaving.kept_by_filters(Cohort().parameters(), ["T1", "T2"], ALL) == leaving.ONE_CODE
    assert leaving.kept_by_filters(Cohort(team=["north"]).parameters(), ["T1"], ALL) == leaving.ONE_FILTER


def test_filters_that_are_too_narrow_leave_nothing_and_the_refusal_is_noted(records, tmp_path):
    with logs.keeping(tmp_path):
        answer = Clinic(records, DIRECTOR).ask("endings", Cohort(problem=["grief"], team=["north"]))
        with pytest.raises(NotAllowed, match="one filter"):
            answer.exported("csv")
        assert answer.leaving_said.startswith("No export of this figure with these filters.")
        assert [(line["kind"], line["measure"]) for line in logs.read(tmp_path)][-1] == ("refused", "endings")


def test_what_has_left_is_not_exported_again(records):
    with pytest.raises(NotAllowed):
        Clinic(records, DIRECTOR).ask("endings", Cohort(length=(4, 8))).exported().as_answer().exported()
