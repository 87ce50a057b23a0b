"""What a load changes, as it stands in the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from process.loading.changes import FRESH, Changes

_MODES = {"replace": "the files take the place of everything", "add": "the files add to what is there", "correct": "the files add and correct"}


def shown_changes(changes: Changes) -> RenderableType:
    """A table of rows added, corrected, removed and unchanged by table, and what else is new; for a rich console."""
    rows = Table(title=f"What changes: {_MODES[changes.mode]}", title_justify="left", caption_justify="left")
    rows.add_column("table")
    for name in ("added", "corrected", "removed", "unchanged"):
        rows.add_column(name, justify="right")
    for entry in changes.tables:
        counts = (entry.added, entry.corrected, entry.removed, entry.unchanged)
        if any(counts):
            rows.add_row(entry.table, *(f"{count:,}" if count else "–" for count in counts))
    more = [f"New beside rows: {', '.join(entry for entry in changes.also if entry != FRESH)}."] if set(changes.also) - {FRESH} else []
    if changes.before and changes.courses:
        more.append(f"Touched are {changes.courses:,} of {changes.of_courses:,} courses.")
    return Group(rows, *more)
