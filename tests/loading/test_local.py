"""What a summary or a derived table says of a course rests on that course alone: half a clinic gives half the rows, given the same clinic-wide parameters.

`process.loading.incremental` rests on it. A table that is added and is not so fails here.
"""

from __future__ import annotations

import pandas as pd
import pytest

from process.contract.tables import TABLES
from process.loading.sides import COMPARED, ROOTS
from process.loading.touched import OWNERS
from process.measures import derived
from process.store import DuckDBEngine, build, current
from process.store.encryption import reading
from process.store.types import as_frame


@pytest.fixture(scope="module")
def halves(tmp_path_factory, whole, published):
    """The store whole and each half of its courses, built with the whole's parameters; as functions that give a table."""
    with DuckDBEngine.open(current(published)) as engine:
        parameters = engine.query("select * from clinic_parameters")
        goals, ruptures = (set(whole[name][key]) for name, key in (("goals", "goal_id"), ("ruptures", "rupture_id")))
        tables = {name: engine.query(f'select * from "{name}"') for name in engine.tables()}
    assert goals and ruptures
    found = []
    for half in (0, 1):
        courses = set(whole["courses"]["course_id"].iloc[half::2])
        records = {"manifest": whole["manifest"]}
        for name in COMPARED:
            if ROOTS[name] == "course_id":
                records[name] = whole[name][whole[name]["course_id"].isin(courses)]
            else:
                parent = "goals" if ROOTS[name] == "goal_id" else "ruptures"
                records[name] = whole[name][whole[name][ROOTS[name]].isin(records[parent][ROOTS[name]])]
        path = tmp_path_factory.mktemp("half") / "half.duckdb"
        counts = build.build(
            path, records, lambda what, done, total: None, lambda query: ((name, make(query, parameters)) for name, make in derived.TABLES.items())
        )
        with reading(path) as connection:
            found.append({name: as_frame(connection.execute(f'select * from "{name}"')) for name in counts})
    return tables, found


@pytest.mark.parametrize("name", [*build.kept(), *derived.TABLES])
def test_two_halves_of_the_clinic_give_the_whole(name, halves):
    tables, made = halves
    whole = tables[name]
    parts = pd.concat([half[name][list(whole.columns)] for half in made], ignore_index=True)
    key = OWNERS.get(name, "course_id")
    order = [key, *(column for column in whole.columns if column != key and not pd.api.types.is_float_dtype(whole[column]))]

    assert key in whole.columns and len(whole) > 0
    one, other = (
        frame.astype(dict.fromkeys(order, object)).sort_values(order, key=lambda column: column.astype(str), kind="stable") for frame in (whole, parts)
    )
    one, other = one.reset_index(drop=True), other.reset_index(drop=True)
    pd.testing.assert_frame_equal(_plain(one), _plain(other), rtol=1e-9, atol=1e-9, check_dtype=False)


def test_every_table_of_a_generation_is_known_by_what_it_hangs_on(halves):
    tables, _ = halves
    local = set(build.kept()) | set(derived.TABLES)

    assert set(tables) == {*TABLES, *local, "instruments", "clinic_parameters"}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as floats and everything else as text, so that a column that is empty in one half compares."""
    numbers = frame.apply(pd.to_numeric, errors="coerce")
    return pd.DataFrame(
        {name: numbers[name].astype(float) if numbers[name].notna().any() else frame[name].astype(str).replace("None", "nan") for name in frame}
    )
