"""What is wrong with a file, said so that it can be mended and nothing of it is repeated: column, first line, kind, count; never the value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.identifying.people import like_a_person
from process.intake.identifying.titles import tells_of_somebody

MOST_SHOWN = 12
_SUFFIXES = (".csv", ".xlsx", ".ndjson", ".toml", ".json", ".txt")
_SHOWABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_ .-]{0,59}")


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column: `line` is the first line of the file that has it (1 = the header), `count` how many cells or rows do."""

    kind: str
    line: int | None = None
    count: int = 1
    column: str | None = None

    def __str__(self) -> str:
        where = [f"column {shown(self.column)}"] if self.column else []
        where += [f"line {self.line}"] if self.line else []
        many = f" ({self.count:,} times)" if self.count > 1 else ""
        return f"{', '.join(where)}: {self.kind}{many}" if where else f"{self.kind}{many}"


def shown(name: str) -> str:
    """A column's name for a message; a header that does not look like a name, or looks like a person's, may be a record, and is not repeated."""
    return f"`{name}`" if _SHOWABLE.fullmatch(name) and not like_a_person(name) else "(its name is not repeated here)"


def named(path: str | Path) -> str:
    """A file's name for a message; one that may hold somebody's name or number is not repeated. Several, parted by commas, are named each."""
    if isinstance(path, str) and ", " in path:
        return ", ".join(named(part) for part in path.split(", "))
    path = Path(path)
    if path.stem in TABLES or not tells_of_somebody(path.stem):
        return path.name
    return f"the {path.suffix.lower()} file (its name is not repeated here)" if path.suffix.lower() in _SUFFIXES else "a file (its name is not repeated here)"


def refusal(file: str, faults: Iterable[Fault], advice: str = "") -> FileRefused:
    """The error that refuses `file` whole, with its faults by line; nothing of the file is loaded."""
    ordered = sorted(faults, key=lambda fault: (fault.line or 0, fault.column or "", fault.kind))
    lines = [f"{named(file)} is refused:"] + [f"  {fault}" for fault in ordered[:MOST_SHOWN]]
    if len(ordered) > MOST_SHOWN:
        lines.append(f"  … and {len(ordered) - MOST_SHOWN} more kinds of fault")
    lines.append(advice or "Nothing was loaded. Mend the export and load it again; `--check` looks without loading.")
    return FileRefused("\n".join(lines))
