"""The demo clinic hands over what the contract asks for: every column's kind, range and coded values, every key and every parent."""

from __future__ import annotations

import pandas as pd
import pytest

from process.contract import TABLES
from process.contract.tables import CODE, GOAL_LEVELS

COLUMNS = [(table.name, column.name) for table in TABLES.values() for column in table.columns]


def test_every_table_of_the_contract_is_there_and_no_other(clinic):
    assert list(clinic) == list(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_only_columns_of_the_contract_and_all_that_are_required(name, clinic):
    columns = list(clinic[name].columns)
    assert len(clinic[name]) > 0
    assert columns == [column for column in TABLES[name].names if column in columns]
    assert set(TABLES[name].required) <= set(columns)


@pytest.mark.parametrize(("name", "column_name"), COLUMNS)
def test_every_value_is_one_that_the_contract_allows(name, column_name, clinic):
    column, frame = TABLES[name].column(column_name), clinic[name]
    if column_name not in frame:
        assert not column.required
        return
    values = frame[column_name].dropna()
    if column.required:
        assert len(values) == len(frame)
    if column.kind == "choice":
        assert set(values) <= set(column.values)
    elif column.kind == "code":
        assert values.str.match(CODE).all()
    elif column.kind == "week":
        assert (values.dt.day_of_week == 0).all() and (values.dt.normalize() == values).all()
    elif column.kind in ("whole", "decimal"):
        assert pd.api.types.is_integer_dtype(values) if column.kind == "whole" else pd.api.types.is_float_dtype(values)
        assert column.minimum is None or values.min() >= column.minimum
        assert column.maximum is None or values.max() <= column.maximum


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.key])
def test_keys_are_unique(name, clinic):
    assert not clinic[name].duplicated(list(TABLES[name].key)).any()


@pytest.mark.parametrize(("name", "columns", "parent"), [(name, *link) for name, table in TABLES.items() for link in table.parents])
def test_every_row_finds_its_parent(name, columns, parent, clinic):
    rows = clinic[name][list(columns)].dropna()
    known = clinic[parent][list(TABLES[parent].key)].set_axis(list(columns), axis=1)
    assert len(rows) > 0
    assert len(rows.merge(known, how="inner")) == len(rows)


def test_levels_lie_on_their_goals_scale(clinic):
    ratings = clinic["goal_ratings"].merge(clinic["goals"][["goal_id", "scale"]])
    assert set(ratings.scale) == set(GOAL_LEVELS)
    for scale, (low, high) in GOAL_LEVELS.items():
        levels = ratings.level[ratings.scale == scale]
        assert (levels.min(), levels.max()) == (low, high)


def test_scores_are_of_known_forms_and_inside_their_range(clinic):
    allowed = {
        ("wai_sr", "7_point", "patient"): (12, 84),
        ("wai_srt", "7_point_12", "therapist"): (12, 84),
        ("srs", "standard", "patient"): (0, 40),
        ("core_10", "standard", "patient"): (0, 40),
    }
    for key, values in clinic["scores"].groupby(["instrument", "form", "rater"]).value:
        assert allowed[key][0] <= values.min() and values.max() <= allowed[key][1]
    assert clinic["scores"].groupby(["instrument", "form", "rater"]).ngroups == len(allowed)


def test_the_manifest_says_that_nobody_stands_behind_the_records(clinic):
    row = clinic["manifest"].iloc[0]
    assert (row.clinic, row.source, row.origin, str(row.as_of)) == ("Demo clinic", "simulator", "simulated", "2026-11-16")


def test_everything_that_happens_in_a_course_happens_in_an_attended_session(clinic):
    held = clinic["sessions"].query("attendance == 'attended'")[["course_id", "session_number"]]
    goals = clinic["goals"][["goal_id", "course_id"]]
    ruptures = clinic["ruptures"][["rupture_id", "course_id"]]
    for rows in (
        clinic["scores"],
        clinic["ruptures"],
        clinic["goal_ratings"].merge(goals),
        clinic["goal_reviews"].merge(goals),
        clinic["rupture_steps"].merge(ruptures),
        clinic["goals"].rename(columns={"agreed_session": "session_number"}),
        clinic["goals"].dropna(subset="closed_session").rename(columns={"closed_session": "session_number"}),
    ):
        assert len(rows) > 0
        assert len(rows[["course_id", "session_number"]].astype({"session_number": "int64"}).merge(held)) == len(rows)
