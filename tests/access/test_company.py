"""What is withheld takes company wherever its whole is told, in another column, a headline, a note or another figure; at 0, 1, 7 and 8 courses."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.clinics import DIRECTOR

from process.access import ANALYST
from process.access.disclosure import notes_on_screen, on_screen
from process.measures import catalogue


def frame(name: str, keys: list[tuple], courses: list[int], **columns) -> pd.DataFrame:
    definition = catalogue.measure(name).definition
    counts = {count: courses for count in definition.counts if count != "therapists"}
    rows = pd.DataFrame(keys, columns=list(definition.keys))
    return rows.assign(share=10.0, lower=5.0, upper=20.0, **(counts | columns), therapists=9, why="")


def withheld(name: str, rows: pd.DataFrame, **more) -> list[bool]:
    return on_screen(rows, catalogue.measure(name).definition, DIRECTOR, **more)[0]["withheld"].tolist()


LEVELS = [(5, level) for level in ("-2", "-1", "0", "not_rated")]


@pytest.mark.parametrize(
    ("courses", "expected"),
    [
        ([30, 20, 8, 0], [False, False, False, False]),
        ([30, 20, 9, 1], [False, False, True, True]),
        ([30, 20, 7, 7], [False, False, True, True]),
        ([30, 20, 8, 8], [False, False, False, False]),
        ([30, 2, 3, 1], [True, True, True, True]),
        ([5, 0, 0, 0], [True, True, True, True]),  # the empty rows would say how many all are
        ([7, 0, 0, 9], [True, False, False, True]),
    ],
)
def test_a_level_that_is_withheld_takes_another_of_its_session_with_it(courses, expected):
    rows = frame("attainment_levels", LEVELS, courses, goals_total=sum(courses))

    assert withheld("attainment_levels", rows) == expected
    assert on_screen(rows, catalogue.measure("attainment_levels").definition, ANALYST)[1] == 0


@pytest.mark.parametrize("name", ["goal_lineage", "goal_reviews", "therapy_lengths", "goal_voices", "lengths"])
@pytest.mark.parametrize(("courses", "expected"), [([30, 9, 7], [False, True, True]), ([30, 9, 8], [False] * 3), ([30, 5, 3], [False, True, True])])
def test_rows_along_numbers_that_add_up_take_company(name, courses, expected):
    assert withheld(name, frame(name, [(1,), (2,), (3,)], courses)) == expected


def test_rows_along_sessions_that_overlap_take_none():
    assert withheld("attainment_curve", frame("attainment_curve", [(1,), (2,), (3,)], [30, 9, 7])) == [False, False, True]


def test_a_band_takes_another_of_its_session_because_the_curve_of_all_tells_their_sum():
    rows = frame("attainment_by_band", [(1, "4-8"), (1, "9-16"), (1, "17-30"), (2, "9-16"), (2, "17-30")], [5, 30, 20, 30, 20])

    assert withheld("attainment_by_band", rows) == [True, False, True, False, False]


@pytest.mark.parametrize(("name", "fates"), [("time_to_repair", ("repaired", "ended")), ("goal_fates", ("reached", "replaced", "dropped"))])
@pytest.mark.parametrize(("left", "shown"), [([30, 20, 12, 8], 4), ([30, 20, 12, 7], 2), ([30, 20, 7, 1], 1), ([30, 20, 12, 0], 4)])
def test_cumulative_shares_stop_a_row_before_few_are_left_and_so_do_their_headlines(name, fates, left, shown):
    """What met its fate up to a session, taken from all, is what is left at the next one."""
    at = catalogue.measure(name).definition.keys[0]
    rows = frame(name, [(session, fate) for session in range(4) for fate in fates], [n for n in left for _ in fates])

    table = on_screen(rows, catalogue.measure(name).definition, DIRECTOR)[0]
    heads = pd.DataFrame({at: [0, 2], "estimate": 20.0, "courses": [30, left[2]], "therapists": 9}, index=["first", "later"])

    assert table.groupby(at)["withheld"].all().tolist() == [session >= shown for session in range(4)]
    assert withheld(name, heads, table=table) == [False, shown <= 2]


def test_headlines_and_notes_that_add_up_take_company():
    heads = pd.DataFrame({"goals": [90, 20, 5, 115], "courses": [40, 12, 4, 43], "therapists": 9}, index=["first", "second", "later", "successors"])
    assert withheld("goal_lineage", heads) == [False, True, True, False]

    notes = {"open_goals": 60, "reached_goals": 30, "replaced_goals": 9, "dropped_goals": 7, "placed": 3.5}
    fates = catalogue.measure("goal_fates").definition
    assert notes_on_screen(notes, 40, 9, fates, DIRECTOR) == {"open_goals": 60, "reached_goals": 30, "placed": 3.5}
    assert notes_on_screen(notes | {"dropped_goals": 8}, 40, 9, fates, DIRECTOR) == notes | {"dropped_goals": 8}
    assert notes_on_screen({"gas_goals": 90, "gbo_goals": 4}, 40, 9, catalogue.measure("attainment_levels").definition, DIRECTOR) == {}
