"""What an answer carries, and what of it may leave."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pandas as pd
import pytest
from tests.clinics import DIRECTOR

import process.charts  # noqa: F401 - answers draw themselves through it
from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.cohort import LONGEST
from process.measures import catalogue

MEASURES = catalogue.names()


@pytest.fixture(scope="module")
def endings(records):
    return Clinic(records, DIRECTOR).ask("endings")


def parsed(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("# ")]
    return head, list(csv.DictReader(io.StringIO("\n".join(lines[len(head) :]))))


def test_n_is_the_largest_number_of_courses_behind_a_row(records, endings):
    assert endings.n == endings.table["courses"].max() > 100
    assert Clinic(records, DIRECTOR).ask("endings", Cohort(length=(900, 999))).n == 0


@pytest.mark.parametrize(
    ("cohort", "said"),
    [
        (Cohort(), "all courses, every length"),
        (Cohort(length=(9, 30)), "all courses, 9 to 30 sessions"),
        (Cohort(length=(9, LONGEST)), "all courses, 9 sessions and more"),
        (Cohort(team=["north", "south"], problem=["grief"]), "team: north, south; problem: grief, every length"),
        (Cohort(start=("2024-Q1", "")), "started 2024-Q1 to now, every length"),
        (Cohort(start=("", "2024-Q1")), "started any time to 2024-Q1, every length"),
    ],
)
def test_the_stamp_says_which_courses(records, cohort, said):
    assert Clinic(records, DIRECTOR).ask("endings", cohort).stamp.cohort == said


def test_the_stamp_says_where_an_answer_comes_from(records, busiest, endings):
    stamp = str(endings.stamp)

    assert "(simulated)" in stamp and "data as of 2026-11-16" in stamp and "whole clinic" in stamp and records.generation.name in stamp
    assert "own courses" in str(Clinic(records, Viewer("tess", "therapist", busiest)).ask("endings").stamp)


def test_a_sentence_and_a_figure_come_from_the_charts(endings):
    assert re.search(r"\d+ %", endings.sentence) and "95 % interval" in endings.sentence
    assert len(endings.figure()) == 4


def test_an_answer_brings_its_definition_and_its_query(endings):
    assert endings.definition.cannot_tell and "select" in endings.sql and "$therapist" in endings.sql


STAY = ("df", "effective", "expected", "adjusted", "shrunk", "shrunk_lower", "shrunk_upper", "beyond", "signal")
"""What is on screen only: it cannot be worked out again from rounded counts."""


@pytest.mark.parametrize("name", MEASURES)
def test_every_export_is_a_table_under_its_stamp(records, name):
    answer = Clinic(records, DIRECTOR).ask(name, Cohort(basis="so_far"))

    head, rows = parsed(answer.exported().csv())

    assert head[0] == f"# {answer.definition.title}" and head[1] == f"# {answer.stamp}" and "under 8, and what would tell such a count, withheld" in head[2]
    assert len(rows) > 0 and list(rows[0]) == [column for column in answer.table.columns if column not in ("withheld", *STAY)]
    assert not [cell for row in rows for cell in row.values() if cell is None or "nan" in cell.lower().split()]


@pytest.mark.parametrize("name", MEASURES)
def test_what_leaves_is_never_more_than_what_is_shown(records, name):
    answer = Clinic(records, DIRECTOR).ask(name)
    exported = answer.exported()
    keys = list(answer.definition.keys)

    both = exported.table.merge(answer.table, on=keys, suffixes=("", " shown"))

    assert len(both) == len(exported.table)
    assert both.loc[both["withheld shown"], "withheld"].all()


def test_withheld_cells_say_so_and_missing_limits_are_empty(endings):
    table = endings.table.copy()
    table.loc[0, ["courses", "share", "lower", "upper"]] = [3, 1.0, 0.5, 2.0]
    table.loc[1, ["lower", "upper", "why"]] = [float("nan"), float("nan"), "fewer than 6 therapists"]

    _, rows = parsed(replace(endings, table=table).exported().csv())

    assert {rows[0][name] for name in ("share", "lower", "upper", "courses")} == {"withheld"}
    assert rows[1]["lower"] == rows[1]["upper"] == "" and rows[1]["why"] == "fewer than 6 therapists"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_a_text_that_a_spreadsheet_would_run_is_quoted(endings, text):
    table = endings.table.copy()
    table["ending"] = table["ending"].astype(object)
    table.loc[0, "ending"] = text

    _, rows = parsed(replace(endings, table=table).exported().csv().replace("\r", ""))

    assert rows[0]["ending"] == "'" + text.replace("\r", "")


def test_levels_below_zero_are_numbers_and_not_formulas(records):
    _, rows = parsed(Clinic(records, ANALYST).ask("attainment_levels").exported().csv())

    assert {"-2", "-1", "0", "1", "2", "not_rated"} == {row["level"] for row in rows}


def test_weeks_leave_as_dates(records):
    _, rows = parsed(Clinic(records, DIRECTOR).ask("active_courses").exported().csv())

    assert pd.Timestamp(rows[0]["week"]).weekday() == 0 and len(rows[0]["week"]) == 10
