"""A foreign export through its mapping file into the contract's tables; every row kept, refused under one reason, or left out and counted.

With one row an appointment the order is: header, the mapping's kinds of bad rows one after the other, then from the rows that are left the courses, their
first sessions, weeks and days, the scores, and the goals and ruptures that stand in the same rows. What comes out goes through the same casting as the
contract's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import SettingWrong, did_you_mean
from process.intake.codes.remembered import Starts
from process.intake.columns import typed
from process.intake.faults import Fault, named, refusal, shown
from process.intake.identifying.refusing import refuse_in_export
from process.intake.lines import read_lines
from process.intake.mappings.language import Mapping
from process.intake.report import ColumnUse, Note, Report, TableReport
from process.intake.sources.chosen import chosen_rows
from process.intake.sources.days import Earlier
from process.intake.sources.export import Export
from process.intake.sources.fhir import read_fhir
from process.intake.sources.parts import Drawn, drawn, gathered, without_repeats
from process.intake.sources.related import Related, RowSet
from process.intake.sources.scored import scores
from process.intake.sources.translate import blanked
from process.intake.sources.workbook import is_workbook, read_sheet

Tables = dict[str, pd.DataFrame]
Read = tuple[Tables, Report, Starts | None]


def read_mapped(files: Sequence[Path], mapping: Mapping, forms: Sequence[Form] | None = None, earlier: Earlier | None = None) -> Read:
    """Typed tables of the contract, the account of every row of the export, and when courses began where that is what days are counted from.

    `earlier`: of files with less than everything, what is known of earlier loads. `FileRefused` where a file is not what the mapping speaks of.
    """
    if mapping.undecided:
        raise SettingWrong(
            f"Mapping file {mapping.path.name} leaves {len(mapping.undecided)} things to decide, the first at {mapping.undecided[0]}. "
            f"`therapy-process mapping check {mapping.path.name}` names them all."
        )
    if mapping.kind == "fhir":
        return read_fhir(files, mapping, forms, earlier)
    if len(files) != 1:
        raise SettingWrong(f"With this mapping one file is loaded at a time; {len(files)} are named.")
    path = Path(files[0])
    rows = read_rows(path, mapping)
    refuse_in_export(mapping, path.name, rows, labels=earlier.labels if earlier is not None else frozenset())
    _compare(path, list(rows.columns), mapping)
    rows = rows.apply(lambda cells: blanked(cells, mapping.missing)).astype("str")
    return (_related if mapping.kind == "redcap" else _appointments)(path, mapping, rows, forms, earlier)


def read_rows(path: Path, mapping: Mapping) -> pd.DataFrame:
    """The rows of a CSV file, or of the sheet that the mapping names, as text; index = line or row there."""
    if is_workbook(path):
        return read_sheet(path, mapping.sheet)
    if mapping.sheet:
        raise SettingWrong(f"Mapping `{mapping.name}` speaks of a sheet of a workbook, and {named(path)} is none. Take `sheet` out of [source] for a CSV file.")
    return read_lines(path)


def _appointments(path: Path, mapping: Mapping, rows: pd.DataFrame, forms: Sequence[Form] | None, earlier: Earlier | None) -> Read:
    export = Export(path, mapping, rows)
    export.refuse_bad_rows()
    export.begin(earlier)
    texts = {"courses": export.courses(), "sessions": export.sessions()}
    texts["manifest"] = export.manifest()
    tables = {name: typed(TABLES[name], texts[name], path.name) for name in ("manifest", "courses", "sessions")}
    report = export.report()
    if mapping.scores:
        tables["scores"], account = scores(path.name, mapping, export.all.loc[export.kept], *export.kept_key(), forms)
        report = replace(report, tables=(*report.tables, account))
    for name in TABLES:
        if any(part.table == name for part in mapping.parts):
            tables[name], account, notes = _more(name, path.name, mapping, export)
            report = replace(report, tables=(*report.tables, account), notes=(*report.notes, *notes))
    return {name: tables[name] for name in TABLES if name in tables}, report, export.starts


def _more(name: str, file: str, mapping: Mapping, export: Export) -> tuple[pd.DataFrame, TableReport, tuple[Note, ...]]:
    """One table of goals or ruptures from the kept rows, in which each part has its own columns."""
    course, number = export.kept_key()
    implied = pd.DataFrame({"course_id": course, "session_number": number}).sort_values(["course_id", "session_number"], kind="stable").astype("str")
    rows = export.all.loc[implied.index]
    whole = Drawn(pd.DataFrame({column: pd.Series([], dtype="str") for column in TABLES[name].required}), 0)
    texts, notes = [], {}
    for part in (part for part in mapping.parts if part.table == name):
        chosen = rows.loc[chosen_rows(rows, part.chosen), list(part.columns)]
        one = gathered(part, chosen, implied) if name == "goals" else drawn(part, chosen, implied=implied)
        whole.rows_in += one.rows_in
        for reason, count in one.refused.items():
            whole.refused[reason] = whole.refused.get(reason, 0) + count
        for what, count in one.notes.items():
            notes[what] = notes.get(what, 0) + count
        texts.append(one.text)
    whole.text = pd.concat([text for text in texts if len(text)] or [whole.text], ignore_index=True).fillna("").astype("str")
    without_repeats(name, whole)
    account = TableReport(name, file, whole.rows_in, whole.refused)
    return typed(TABLES[name], whole.text.reset_index(drop=True), file), account, tuple(Note(*note) for note in notes.items())


def _related(path: Path, mapping: Mapping, rows: pd.DataFrame, forms: Sequence[Form] | None, earlier: Earlier | None) -> Read:
    line = pd.Series(rows.index, index=rows.index)
    related = Related(mapping, {"": RowSet("records", rows, (path.name,), pd.Series(0, index=rows.index), line)}, forms, earlier)
    tables = related.tables()
    accounts, files, notes = related.reports()
    uses = tuple(ColumnUse(name, mapping.becomes(name), mapping.ignored.get(name, "")) for name in rows.columns)
    return tables, Report(accounts, mapping.name, uses, notes, files), related.starts


def _compare(path: Path, header: list[str], mapping: Mapping) -> None:
    faults = [
        Fault(f"neither mapped nor ignored by mapping `{mapping.name}`. {did_you_mean(name, mapping.columns)}", 1, 1, name)
        for name in header
        if name not in mapping.columns
    ]
    if len(faults) == len(header):
        faults = [Fault(f"the first line is not a header that mapping `{mapping.name}` knows; its columns are {', '.join(mapping.columns)}", 1)]
    else:
        faults += [Fault(f"column {shown(name)}, which mapping `{mapping.name}` speaks of, is missing", 1) for name in mapping.columns if name not in header]
    if faults:
        raise refusal(
            path.name, faults, f"Nothing was loaded. Mend the export, or name its columns in a mapping file of your own ({mapping.path.name} is one)."
        )
