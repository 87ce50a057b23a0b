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
from process.errors import FileMissing, FileRefused, SettingWrong
from process.intake.canonical import NEEDED, Progress, read_canonical
from process.intake.mapped import read_mapped
from process.intake.mapping import find, shipped_names
from process.intake.report import ColumnUse, Note, Report, TableReport
from process.intake.rows import settle
from process.intake.shown import shown_report

__all__ = ["ColumnUse", "Intake", "Note", "Report", "TableReport", "read", "shipped_names", "shown_report"]


@dataclass(frozen=True)
class Intake:
    """What a load would put into a store, and the account of it."""

    records: dict[str, pd.DataFrame]
    report: Report


def read(files: Iterable[Path], mapping: str | Path | None = None, progress: Progress | None = None, forms: Sequence[Form] | None = None) -> Intake:
    """The records of a load in the contract's tables, and how many rows were refused and why; writes nothing.

    `files`: the contract's own (<table>.csv, or one folder of them), or with `mapping` (a shipped name or a .toml file) one export.
    `progress` is told (what, done, total); `forms` are the instruments' forms that scores may be of (default: those that ship).
    Raises `FileMissing`, `FileRefused`, `SettingWrong`.
    """
    say = progress or (lambda what, done, total: None)
    paths = _named(files)
    if mapping is None:
        tables, origins = read_canonical(paths, say, forms)
        report = Report(tuple(TableReport(name, origins[name], len(frame)) for name, frame in tables.items()))
    else:
        found = find(mapping)
        if len(paths) != 1:
            raise SettingWrong(f"With a mapping one file is loaded at a time; {len(paths)} are named.")
        say(f"reading {paths[0].name}", 0, 1)
        tables, report = read_mapped(paths[0], found, forms)
    say("comparing rows", 1, 1)
    records, refused = settle(tables)
    for name in NEEDED:
        if not len(records[name]):
            why = "; ".join(f"{count:,} refused: {reason}" for reason, count in refused[name].items()) or "there was none"
            raise FileRefused(f"No row of table `{name}` is left to load ({why}). Nothing was loaded.")
    counted = tuple(replace(entry, refused=entry.refused | refused.get(entry.table, {})) for entry in report.tables)
    return Intake(records, replace(report, tables=counted))


def _named(files: Iterable[Path]) -> list[Path]:
    """The files themselves, a folder standing for the CSV files in it."""
    paths: list[Path] = []
    for path in map(Path, files):
        inside = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not inside:
            raise FileMissing(f"Folder {path} holds no CSV file.")
        paths += inside
    for path in paths:
        if not path.exists():
            raise FileMissing(f"There is no file {path}. Check the name and the folder.")
    return paths
