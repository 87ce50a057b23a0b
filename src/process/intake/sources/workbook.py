"""An Excel workbook as text: each cell what a CSV file would hold, and nothing that a person at the screen could not see.

Before a sheet is read the zip directory is: how large the parts say they are, how far they are packed, what else is inside. Formulas, macros, links to other
files, merged cells, hidden sheets, rows and columns are refused, because what is loaded must be what the clinic sees and signs for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from process.contract.tables import TABLES
from process.errors import FileRefused, did_you_mean
from process.intake.faults import Fault, named, refusal, shown
from process.intake.lines import MOST_COLUMNS
from process.intake.sources.workbook_parts import look_over

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".xltx", ".xltm", ".ods")
MOST_CELLS = 10_000_000


def is_workbook(path: Path) -> bool:
    """Whether the name says that this is a workbook; what it really is, is looked at when it is read."""
    return path.suffix.lower() in SUFFIXES


def read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Every sheet as rows of text: `str` columns by the header's names, "" where empty, index = the row in the sheet (from 2). Raises `FileRefused`."""
    with _Book(path) as book:
        return {name: book.rows(name) for name in book.names}


def read_sheet(path: Path, name: str = "") -> pd.DataFrame:
    """One sheet; without a name the only one."""
    with _Book(path) as book:
        if not name and len(book.names) > 1:
            raise FileRefused(f'{named(path)} has {len(book.names)} sheets. Say which one is meant: `sheet = "…"` in the mapping file\'s [source].')
        if name and name not in book.names:
            near = did_you_mean(name, [sheet for sheet in book.names if sheet in TABLES])
            raise FileRefused(f"{named(path)} has no sheet {shown(name)}. {near} The name in the mapping file's [source] is that in the workbook.")
        return book.rows(name or book.names[0])


def read_headers(path: Path) -> dict[str, list[str]]:
    """The names in the first row of every sheet, none where it holds no names; no other row is read."""
    with _Book(path) as book:
        return {name: book.names_in(name) for name in book.names}


class _Book:
    """An opened workbook that has been looked over."""

    def __init__(self, path: Path):
        self.path = path
        look_over(path)
        import openpyxl  # half a second of loading, which only workbooks need

        try:
            self.book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False, rich_text=False)
        except Exception as problem:  # openpyxl raises whatever its parsers do
            raise refusal(path.name, [Fault(f"the workbook is damaged ({type(problem).__name__})")]) from None
        self.names = [sheet.title for sheet in self.book.worksheets]
        hidden = [sheet.title for sheet in self.book.worksheets if sheet.sheet_state != "visible"]
        if hidden:
            raise refusal(path.name, [Fault(f"{self._told(name)} is hidden; show it or delete it") for name in hidden])
        if not self.book.worksheets:
            raise refusal(path.name, [Fault("the workbook has no sheet with cells")])
        self.cells = 0

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, *problem: object) -> None:
        self.book.close()

    def _told(self, name: str) -> str:
        """A sheet for a message: by the contract's name, any other by its place, because a sheet may be called after a person."""
        return f"sheet `{name}`" if name in TABLES else f"sheet {self.names.index(name) + 1}"

    def names_in(self, name: str) -> list[str]:
        """The sheet's first row, if it is a header."""
        first = next(self._lines(name), None)
        try:
            return self._header(name, first[1] if first else ())
        except FileRefused:
            return []

    def rows(self, name: str) -> pd.DataFrame:
        """The sheet's rows as text."""
        lines = self._lines(name)
        first = next(lines, None)
        header = self._header(name, first[1] if first else ())
        rows, places, blank, faults = [], [], 0, {}
        for number, row in lines:
            cells = [_text(cell, header, place, number, faults) for place, cell in enumerate(row) if place < len(header)]
            if any(cell.value is not None for cell in row[len(header) :]):
                faults.setdefault((None, f"more cells than the header's {len(header)}"), [number, 0])[1] += 1
            if not any(cells):
                blank = blank or number
                continue
            if blank:
                faults.setdefault((None, "an empty row between others"), [blank, 0])[1] += 1
                blank = 0
            rows.append(cells + [""] * (len(header) - len(cells)))
            places.append(number)
        if faults:
            raise refusal(f"{self.path.name}, {self._told(name)}", [Fault(kind, line, count, column) for (column, kind), (line, count) in faults.items()])
        return pd.DataFrame(rows, columns=header, dtype="str", index=pd.Index(places, name="line", dtype="int64"))

    def _lines(self, name: str) -> Iterator[tuple[int, tuple]]:
        sheet = self.book[name]
        sheet.reset_dimensions()
        try:
            for number, row in enumerate(sheet.iter_rows(), 1):
                self.cells += max(len(row), 1)
                if self.cells > MOST_CELLS:
                    raise refusal(self.path.name, [Fault(f"more than {MOST_CELLS:,} cells; hand over CSV files instead")])
                yield number, row
        except FileRefused:
            raise
        except Exception as problem:
            raise refusal(self.path.name, [Fault(f"{self._told(name)} is damaged ({type(problem).__name__})")]) from None

    def _header(self, sheet: str, row: tuple) -> list[str]:
        where = f"{self.path.name}, {self._told(sheet)}"
        names = [cell.value for cell in row]
        while names and names[-1] is None:
            names.pop()
        if not names:
            raise refusal(where, [Fault("the first row is empty: it must hold the columns' names", 1)])
        if len(names) > MOST_COLUMNS:
            raise refusal(where, [Fault(f"{len(names):,} columns; at most {MOST_COLUMNS} are read", 1)])
        if not all(isinstance(name, str) and name for name in names) or any(cell.data_type == "f" for cell in row):
            raise refusal(where, [Fault("the first row must hold the columns' names, and one of its cells is no text", 1)])
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise refusal(where, [Fault("the column's name stands twice in the header", 1, names.count(name), name) for name in repeated])
        return names


def _text(cell: Any, header: list[str], place: int, row: int, faults: dict) -> str:
    """The cell as a CSV file would hold it; a cell that no CSV file could hold is noted as a fault."""
    value, kind = cell.value, ""
    if value is None:
        return ""
    if cell.data_type == "f":
        kind = "a formula; paste its values"
    elif cell.data_type == "e":
        kind = "an error of Excel (#N/A, #REF! and the like)"
    elif isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    elif isinstance(value, int):
        return str(value)
    elif isinstance(value, float):
        return _decimal(value)
    elif isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    elif isinstance(value, date | time):
        return value.isoformat()
    elif isinstance(value, str):
        if not any(ord(sign) < 32 for sign in value):
            return value
        kind = "a line break or another control sign in a cell"
    else:
        kind = "neither text, number nor date"
    faults.setdefault((header[place], kind), [row, 0])[1] += 1
    return ""


def _decimal(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return "nan"
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
