"""What a mapping file still lacks, and what keeps it from loading an export: said in words and counts, never with a value of the export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from process import intake
from process.contract import instruments
from process.contract.instruments import Form
from process.errors import UserError
from process.intake.faults import shown
from process.intake.identifying.refusing import named
from process.intake.mappings.finding import find
from process.intake.mappings.header import header_of
from process.intake.mappings.language import Mapping, Take
from process.intake.report import Report
from process.intake.sources.mapped import read_rows


@dataclass(frozen=True)
class Findings:
    """`problems` keep the mapping from loading; `notes` are worth knowing; `report` is what a load would say, where one is possible."""

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    report: Report | None = None


def check(mapping: str | Path, exports: Sequence[Path] = (), forms: Sequence[Form] | None = None) -> Findings:
    """What is to be settled before this mapping can load, and with `exports` whether it loads them. Raises only for files that are not there."""
    try:
        found = find(mapping)
    except UserError as wrong:
        return Findings((str(wrong),))
    problems = [f"to decide, {place}" for place in found.undecided] + _forms(found, forms)
    if not exports:
        return Findings(tuple(problems))
    problems += _header(found, exports)
    if found.kind != "fhir" and not _outside(problems):
        problems += _words(found, Path(exports[0]))
    if problems:
        return Findings(tuple(problems))
    try:
        taken = intake.read(exports, mapping, forms=forms)
    except UserError as wrong:
        return Findings((str(wrong),))
    accounts = [(entry, reason, count) for entry in taken.report.tables for reason, count in entry.refused.items()]
    refused = tuple(f"{entry.table}: {count:,} of {entry.rows_in:,} rows are refused: {reason}" for entry, reason, count in accounts)
    return Findings((), refused, taken.report)


def _outside(problems: list[str]) -> bool:
    return any(problem.startswith("column ") and problem.endswith("is not in the export") for problem in problems)


def _forms(mapping: Mapping, forms: Sequence[Form] | None) -> list[str]:
    scored = [(score.instrument, score.form) for score in mapping.scores]
    scored += [(part.take("instrument").always, part.take("form").always) for part in mapping.parts if part.table == "scores"]
    problems = []
    for instrument, form in dict.fromkeys(scored):
        if "decide: " in f"{instrument}{form}":
            continue
        try:
            instruments.form(instrument, form, forms)
        except UserError as wrong:
            problems.append(f"[[scores]]: {wrong}")
    return problems


def _header(mapping: Mapping, exports: Sequence[Path]) -> list[str]:
    header = header_of(exports) if mapping.kind == "fhir" else None
    if header is not None:
        strange = sorted(set(header.shapes) - set(mapping.paths) - set(mapping.ignored))
        missing = sorted({part.chosen.resource for part in mapping.parts} - set(header.shapes))
        return [f"resource type {kind} is neither mapped nor ignored" for kind in strange] + [f"resource type {kind} is in no file" for kind in missing]
    try:
        columns = list(read_rows(Path(exports[0]), mapping).columns)
    except UserError as wrong:
        return [str(wrong)]
    asked = [name for name in mapping.columns if "decide: " not in name]
    problems = [f"column {shown(name)} of the export is neither mapped nor ignored" for name in columns if name not in asked]
    problems += [f"column {shown(name)} is not in the export" for name in asked if name not in columns]
    return problems + [f"column {shown(fault.column)}: {fault.kind}; leave it out of the export" for fault in named(columns)]


def _words(mapping: Mapping, export: Path) -> list[str]:
    """How many distinct words, in how many rows, the mapping does not know yet."""
    rows = read_rows(export, mapping)
    problems = []
    for table, take in _worded(mapping):
        cells = rows.loc[~rows[take.source[0]].isin((*mapping.missing, *take.missing)), take.source[0]]
        strange: pd.Series = cells[~cells.isin([word for word, _ in take.words])]
        if len(strange) and take.otherwise is None:
            where = f"[{table}] {take.column.name}, column {shown(take.source[0])}"
            problems.append(f"{where}: {strange.nunique():,} words in {len(strange):,} rows are not among its `words`")
    return problems


def _worded(mapping: Mapping) -> list[tuple[str, Take]]:
    takes = [(take.table, take) for take in mapping.takes] + [(part.table, take) for part in mapping.parts for take in part.takes]
    return [(table, take) for table, take in takes if take.words and len(take.source) == 1 and "decide: " not in take.source[0]]
