"""One clinic's records, written as five sources hold them, become the same tables of the contract."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.intake import sources

from process import demo, intake
from process.contract.tables import TABLES


@pytest.fixture(scope="module")
def clinic():
    """A made-up clinic with everything that the contract has tables for."""
    records = demo.simulate(demo.Settings(courses=80, therapists=5))
    assert all(len(records[name]) > 5 for name in TABLES if name != "manifest")
    return records


@pytest.fixture(scope="module")
def texts(clinic):
    return sources.texts(clinic)


@pytest.fixture(scope="module")
def canonical(clinic, tmp_path_factory):
    return intake.read(demo.write(clinic, tmp_path_factory.mktemp("canonical"))).records


def as_text(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """The table as text in the contract's columns, ordered by its key: two tables are equal if these are."""
    columns = [name for name in TABLES[table].names if name in frame and frame[name].notna().any()]
    plain = pd.DataFrame({name: [sources._text(value) for value in frame[name]] for name in columns})
    return plain.sort_values(list(TABLES[table].key) or columns).reset_index(drop=True)


def assert_same(taken: intake.Intake, canonical: dict[str, pd.DataFrame]) -> None:
    assert set(taken.records) == set(canonical)
    for name in TABLES:
        if name != "manifest":
            pd.testing.assert_frame_equal(as_text(taken.records[name], name), as_text(canonical[name], name), obj=name)
    assert_balanced(taken)
    assert taken.report.refused == 0


def assert_balanced(taken: intake.Intake) -> None:
    """Every row in is kept or refused by reason, of every table and of every file."""
    for entry in taken.report.tables:
        assert entry.kept == len(taken.records[entry.table]), entry
    for entry in taken.report.files:
        assert entry.rows_in == entry.kept + sum(entry.refused.values()) and entry.kept >= 0, entry


def test_a_workbook_with_a_sheet_a_table_gives_what_the_files_give(clinic, canonical, tmp_path):
    taken = intake.read([sources.workbook(clinic, tmp_path / "clinic.xlsx")])

    assert_same(taken, canonical)
    assert str(taken.records["manifest"]["as_of"].iloc[0]) == str(canonical["manifest"]["as_of"].iloc[0])


def test_one_wide_row_a_session_gives_what_the_files_give(texts, canonical, tmp_path):
    taken = intake.read([sources.write_csv(tmp_path / "sessions.csv", sources.wide(texts))], "wide_sessions")

    assert_same(taken, canonical)


def test_a_redcap_project_gives_what_the_files_give(texts, canonical, tmp_path):
    rows = sources.redcap(texts)
    taken = intake.read([sources.write_csv(tmp_path / "TherapyProject_DATA.csv", rows)], "redcap_therapy")

    assert_same(taken, canonical)
    assert [(entry.what, entry.rows_in, entry.refused) for entry in taken.report.files] == [("records", len(rows), {})]


def test_fhir_resources_give_what_the_files_give(texts, canonical, tmp_path):
    resources = sources.fhir(texts)
    taken = intake.read([sources.write_ndjson(resources, tmp_path / "export")], "fhir_r4")

    assert_same(taken, canonical)
    assert {entry.what: entry.rows_in for entry in taken.report.files} == {kind: len(entries) for kind, entries in resources.items()}
