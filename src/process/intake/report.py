"""The account a load gives of every row: rows in = kept + refused, by reason; and of every column of a mapped file.

A report never holds a value from a file: names of columns, reasons, counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableReport:
    """One file, or one part of it, and the contract's table it became. `refused`: reason → rows, in the order the reasons apply."""

    table: str
    file: str
    rows_in: int
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Rows that went on: those in, less every refused one."""
        return self.rows_in - sum(self.refused.values())


@dataclass(frozen=True)
class FileReport:
    """One file of an export that feeds several tables: `what` its rows are, and how many went on to a table. `refused`: reason → rows left out."""

    file: str
    what: str
    rows_in: int
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Rows that at least one table took up."""
        return self.rows_in - sum(self.refused.values())


@dataclass(frozen=True)
class ColumnUse:
    """What becomes of one column of a mapped file: the contract's columns it fills, or why it is ignored."""

    column: str
    becomes: tuple[str, ...] = ()
    ignored: str = ""


@dataclass(frozen=True)
class Note:
    """Something worth knowing about rows that were kept, with its count."""

    what: str
    count: int


@dataclass(frozen=True)
class Report:
    """What intake read, kept and refused."""

    tables: tuple[TableReport, ...]
    mapping: str = ""
    columns: tuple[ColumnUse, ...] = ()
    notes: tuple[Note, ...] = ()
    files: tuple[FileReport, ...] = ()

    def table(self, name: str) -> TableReport:
        """The account of one of the contract's tables."""
        return next(entry for entry in self.tables if entry.table == name)

    def note(self, what: str) -> int:
        """The count of one note; 0 where nothing was noted."""
        return next((note.count for note in self.notes if note.what == what), 0)

    @property
    def refused(self) -> int:
        """Rows refused, over all tables."""
        return sum(sum(entry.refused.values()) for entry in self.tables)

    def as_dict(self) -> dict:
        """The report in plain types, as it is kept with the generation."""
        return {
            "mapping": self.mapping,
            "files": [{"file": f.file, "what": f.what, "rows_in": f.rows_in, "kept": f.kept, "refused": dict(f.refused)} for f in self.files],
            "tables": [{"table": t.table, "file": t.file, "rows_in": t.rows_in, "kept": t.kept, "refused": dict(t.refused)} for t in self.tables],
            "columns": [{"column": use.column, "becomes": list(use.becomes), "ignored": use.ignored} for use in self.columns],
            "notes": [{"what": note.what, "count": note.count} for note in self.notes],
        }
