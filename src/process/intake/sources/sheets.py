"""One workbook with a sheet for each table of the contract, in place of a file a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.faults import Fault, named, refusal
from process.intake.sources.workbook import is_workbook, read_sheets


def sheets_of(files: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """The workbook's sheets as text by table, in the contract's order; empty where no workbook is among the files. Raises `FileRefused`."""
    books = [path for path in files if is_workbook(path)]
    if not books:
        return {}
    if len(files) > 1:
        raise FileRefused(f"{named(books[0])} is a workbook, which is loaded alone: one workbook with a sheet a table, or one CSV file a table.")
    sheets = read_sheets(books[0])
    strange = [place for place, name in enumerate(sheets, 1) if name not in TABLES]
    if strange:
        known = ", ".join(TABLES)
        faults = [Fault(f"sheet {place} is not named after a table of the contract") for place in strange]
        advice = f"Nothing was loaded. Sheets are named {known}. A sheet of another kind is loaded with `--mapping NAME|FILE`."
        raise refusal(books[0].name, faults, advice)
    return {name: sheets[name] for name in TABLES if name in sheets}
