"""A foreign export, one row an appointment, through its mapping file into the contract's tables; every row kept or refused under one reason.

The order is: header, the mapping's kinds of bad rows one after the other, then from the rows that are left the courses, their first sessions, weeks and
days, and the scores. What comes out goes through the same casting as the contract's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import did_you_mean
from process.intake.columns import typed
from process.intake.export import Export
from process.intake.faults import Fault, refusal, shown
from process.intake.lines import read_lines
from process.intake.mapping import Mapping
from process.intake.report import Report
from process.intake.scored import scores
from process.intake.translate import blanked


def read_mapped(path: Path, mapping: Mapping, forms: Sequence[Form] | None = None) -> tuple[dict[str, pd.DataFrame], Report]:
    """Typed tables of the contract and the account of every row of `path`; `FileRefused` where the file is not what the mapping speaks of."""
    rows = read_lines(path)
    _compare(path, list(rows.columns), mapping)
    rows = rows.apply(lambda cells: blanked(cells, mapping.missing)).astype("str")
    export = Export(path, mapping, rows)
    export.refuse_bad_rows()
    texts = {"courses": export.courses(), "sessions": export.sessions()}
    texts["manifest"] = export.manifest()
    tables = {name: typed(TABLES[name], texts[name], path.name) for name in ("manifest", "courses", "sessions")}
    report = export.report()
    if mapping.scores:
        tables["scores"], account = scores(path.name, mapping, export.all.loc[export.kept], *export.kept_key(), forms)
        report = replace(report, tables=(*report.tables, account))
    return tables, report


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
