"""The report of a load as it stands in the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from process.intake.faults import named
from process.intake.report import Report


def shown_report(report: Report) -> RenderableType:
    """Tables of rows by fate, of a mapped file's columns, and of notes; for a rich console."""
    rows = Table(title="Rows: in = kept + refused", title_justify="left")
    for name in ("table", "file", "fate"):
        rows.add_column(name, overflow="fold")
    rows.add_column("rows", justify="right")
    for entry in report.tables:
        rows.add_row(entry.table, escape(named(entry.file)), "in", f"{entry.rows_in:,}")
        rows.add_row("", "", "[bold]kept[/bold]", f"{entry.kept:,}")
        for reason, count in entry.refused.items():
            rows.add_row("", "", f"refused: {escape(reason)}", f"{count:,}")
    parts: list[RenderableType] = [_files(report), rows] if report.files else [rows]
    if report.columns:
        columns = Table("column of the file", "becomes", title=f"Columns, by mapping {report.mapping}", title_justify="left")
        for use in report.columns:
            columns.add_row(escape(use.column), ", ".join(use.becomes) or f"ignored: {escape(use.ignored)}")
        parts.append(columns)
    if report.notes:
        notes = Table(title="Worth knowing", title_justify="left")
        notes.add_column("what", overflow="fold")
        notes.add_column("count", justify="right")
        for note in report.notes:
            notes.add_row(escape(note.what), f"{note.count:,}")
        parts.append(notes)
    return Group(*parts)


def _files(report: Report) -> Table:
    files = Table(title="Files: in = taken up + left out", title_justify="left")
    for name in ("file", "what", "fate"):
        files.add_column(name, overflow="fold")
    files.add_column("rows", justify="right")
    for entry in report.files:
        files.add_row(escape(named(entry.file)), escape(entry.what), "in", f"{entry.rows_in:,}")
        files.add_row("", "", "[bold]taken up[/bold]", f"{entry.kept:,}")
        for reason, count in entry.refused.items():
            files.add_row("", "", f"left out: {escape(reason)}", f"{count:,}")
    return files
