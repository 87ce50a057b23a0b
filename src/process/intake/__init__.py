"""From a clinic's files to the contract's tables: read as text, checked cell by cell and row by row, every refusal counted.

>>> intake = process.intake.read([Path("SessionSurvey.csv")], "session_survey")
>>> intake.records["courses"], intake.report.as_dict()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from process.contract.instruments import Form
from process.errors import FileRefused
from process.intake.canonical import NEEDED, Progress, read_canonical
from process.intake.codes.remembered import Starts
from process.intake.faults import named
from process.intake.handed_over import files_of
from process.intake.mappings.finding import find, shipped_names
from process.intake.report import ColumnUse, Note, Report, TableReport
from process.intake.rows import settle
from process.intake.shown import shown_report
from process.intake.sources.counting import refuse_uncountable
from process.intake.sources.days import Earlier
from process.intake.sources.mapped import read_mapped
from process.intake.stated import refuse_stated

__all__ = ["ColumnUse", "Intake", "Note", "Report", "TableReport", "read", "shipped_names", "shown_report"]


@dataclass(frozen=True)
class Intake:
    """What a load would put into a store, and the account of it. `starts`: of an export with dates, when its courses began, by the clinic's own codes."""

    records: dict[str, pd.DataFrame]
    report: Report
    starts: Starts | None = None


def read(
    files: Iterable[Path],
    mapping: str | Path | None = None,
    progress: Progress | None = None,
    forms: Sequence[Form] | None = None,
    partial: bool = False,
    earlier: Earlier | None = None,
    labels: frozenset[str] = frozenset(),
) -> Intake:
    """The records of a load in the contract's tables, and how many rows were refused and why; writes nothing.

    `files`: the contract's own (<table>.csv, or one folder of them), or with `mapping` (a shipped name or a .toml file) one export.
    `progress` is told (what, done, total); `forms` are the instruments' forms that scores may be of (default: those that ship). `partial`: the files
    hold less than everything (a load that adds or corrects); any table may be missing then, and rows are not compared with other rows yet, because what
    they hang on may be in the store: `process.loading.changes` does that. `earlier`: for a partial load through a mapping that counts days, what is known of
    the loads before it. `labels`: teams, problems, areas … that a store has already.
    Raises `FileMissing`, `FileRefused`, `SettingWrong`.
    """
    say = progress or (lambda what, done, total: None)
    found = None if mapping is None else find(mapping)
    paths = files_of(files, "ndjson" if found is not None and found.kind == "fhir" else "csv")
    if found is None:
        tables, origins = read_canonical(paths, say, forms, partial, labels)
        starts = None
        refuse_stated(origins["manifest"], tables)
        report = Report(tuple(TableReport(name, origins[name], len(frame)) for name, frame in tables.items()))
    else:
        if partial:
            refuse_uncountable(found, earlier)
        say(f"reading {named(paths[0])}", 0, 1)
        tables, report, starts = read_mapped(paths, found, forms, earlier if partial else None)
        refuse_stated(found.path.name, tables, found.as_of_latest, read_as_text=False)
    if partial:
        return Intake({name: frame.reset_index(drop=True) for name, frame in tables.items()}, report, starts)
    say("comparing rows", 1, 1)
    records, refused = settle(tables)
    for name in NEEDED:
        if not len(records[name]):
            why = "; ".join(f"{count:,} refused: {reason}" for reason, count in refused[name].items()) or "there was none"
            raise FileRefused(f"No row of table `{name}` is left to load ({why}). Nothing was loaded.")
    counted = tuple(replace(entry, refused=entry.refused | refused.get(entry.table, {})) for entry in report.tables)
    return Intake(records, replace(report, tables=counted), starts)
