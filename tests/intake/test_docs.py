"""docs/intake.md says what intake does: every table, column, allowed value, mapping key and reason stands in it, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from process import intake
from process.contract.tables import TABLES, Column, Table
from process.intake import cells, export, mapping, rows

DOCS = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")


def allowed(column: Column) -> str:
    if column.values:
        return ", ".join(f"`{value}`" for value in column.values)
    if column.minimum is not None or column.maximum is not None:
        return f"{column.minimum:g} to {column.maximum:g}"
    return ""


def section(table: Table) -> str:
    """The table's part of the documentation, made from the contract."""
    key = ", ".join(f"`{name}`" for name in table.key) or "none: one row"
    lines = [
        f"### {table.name}.csv",
        "",
        f"A row for each {table.row}. Key: {key}.",
        "",
        "| column | kind | needed | what | allowed |",
        "| --- | --- | --- | --- | --- |",
    ]
    for column in table.columns:
        lines.append(f"| `{column.name}` | {column.kind} | {'yes' if column.required else 'no'} | {column.what} | {allowed(column)} |")
    return "\n".join(line.replace("|  |", "| |") for line in lines)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_the_contract_is_documented_as_it_is(name):
    assert section(TABLES[name]) in DOCS, f"docs/intake.md should hold:\n\n{section(TABLES[name])}"


def test_no_table_is_documented_that_the_contract_does_not_have():
    assert re.findall(r"^### (\w+)\.csv$", DOCS, re.MULTILINE) == list(TABLES)


def test_every_reason_for_which_a_row_is_refused_is_documented():
    for table, rules in rows.RULES.items():
        for reason, _ in rules:
            assert f"| `{table}` | {reason} |" in DOCS
    for reason in (export.CONFLICTING, export.IDENTICAL):
        assert reason in DOCS


def test_every_kind_of_wrong_cell_is_documented():
    for kind in (
        cells.EMPTY,
        cells.NOT_A_CODE,
        cells.NOT_WHOLE,
        cells.NOT_DECIMAL,
        cells.NOT_A_DATE,
        cells.NOT_A_MONDAY,
        cells.NOT_A_QUARTER,
        "outside its range",
    ):
        assert kind in DOCS


def test_every_key_of_a_mapping_file_and_every_shipped_mapping_is_documented():
    for key in (*mapping.SECTIONS, *mapping.TAKE_KEYS, *mapping.BAD_ROWS, *intake.shipped_names()):
        assert f"`{key}`" in DOCS or f"`[{key}]`" in DOCS or f"`[[{key}]]`" in DOCS, key


def test_every_note_of_a_mapped_load_is_documented():
    for note in (export.ROWS_REPEATED, export.COURSES_NAMED, export.COURSES_KEPT, export.UNDATED_IN_FILE, export.UNDATED_KEPT, export.START_UNKNOWN,
                 export.BEFORE_FIRST, export.TOO_FAR, export.NOT_ATTENDED_IN_FILE, export.NOT_ATTENDED_KEPT):  # fmt: skip
        assert note in DOCS, note
