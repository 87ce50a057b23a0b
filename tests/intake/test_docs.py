"""docs/intake.md says what intake does: every table, column, allowed value, mapping key and reason stands in it, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from process import intake
from process.contract.tables import TABLES, Column, Table
from process.intake import cells, rows
from process.intake.mappings import check as mapping_check
from process.intake.mappings import entries as mapping_entries
from process.intake.mappings import file as mapping_file
from process.intake.mappings import language as mapping_language
from process.intake.sources import export, fhir_path, related, workbook, workbook_parts

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
        cells.BLANK,
        cells.TWICE,
        cells.COMMA,
        cells.NOT_WHOLE,
        cells.NOT_DECIMAL,
        cells.NOT_A_DATE,
        cells.NOT_A_MONDAY,
        cells.NOT_A_QUARTER,
        "outside its range",
    ):
        assert kind in DOCS


def test_every_key_of_a_mapping_file_and_every_shipped_mapping_is_documented():
    keys = [*mapping_file.SECTIONS, *mapping_file.SOURCE_KEYS, *mapping_file.BAD_ROWS, *mapping_entries.TAKE_KEYS, *mapping_entries.CHOSEN_KEYS]
    keys += ["session", "course", "repeat", "key"]
    for key in (*keys, *mapping_language.KINDS, *intake.shipped_names()):
        assert re.search(rf"`\[*{key}(\.Type)?\]*`", DOCS), key


def test_the_limits_of_a_workbook_and_the_resources_about_people_are_documented_as_they_are():
    for limit in (
        f"{workbook_parts.MOST_BYTES // 1_000_000} MB unpacked",
        f"{workbook_parts.MOST_PACKED} to 1",
        f"{workbook_parts.MOST_STRINGS // 1_000_000} MB of texts",
    ):
        assert limit in DOCS
    assert f"{workbook.MOST_CELLS // 1_000_000} million cells" in DOCS and ", ".join(fhir_path.PEOPLE) in DOCS
    assert related.NOT_TAKEN in DOCS


EXAMPLES = re.findall(r"```toml\n(\[(?:manifest|source)\].*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_a_mapping_file_is_one(text, tmp_path):
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")

    assert mapping_check.check(tmp_path / "ours.toml").problems == ()
    assert len(EXAMPLES) == 3


def test_every_note_of_a_mapped_load_is_documented():
    for note in (export.ROWS_REPEATED, export.COURSES_NAMED, export.COURSES_KEPT, export.UNDATED_IN_FILE, export.UNDATED_KEPT, export.START_UNKNOWN,
                 export.BEFORE_FIRST, export.TOO_FAR, export.NOT_ATTENDED_IN_FILE, export.NOT_ATTENDED_KEPT):  # fmt: skip
        assert note in DOCS, note
