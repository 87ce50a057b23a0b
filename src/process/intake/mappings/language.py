"""What a mapping file can say, as values: which part of an export becomes which column of the contract, and which rows are meant.

Three kinds of export are spoken of: `rows` (one row an appointment, as CSV or a sheet of a workbook), `redcap` (rows told apart by event and instrument)
and `fhir` (R4 resources, one JSON object a line). docs/intake.md has the reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from process.contract.tables import Column

KINDS = ("rows", "redcap", "fhir")


@dataclass(frozen=True)
class Take:
    """How one column of the contract is filled: from columns of the export (several are joined), or with one value `always`.

    `start`: what days are counted from. `last`: of several rows of one goal, the last one's value. `otherwise`: where this gives nothing.
    """

    table: str
    column: Column
    source: tuple[str, ...] = ()
    joined_with: str = "-"
    always: str | None = None
    missing: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    form: str = ""
    start: str = "first"
    date_format: str = "%Y-%m-%d"
    spell_code: bool = False
    empty_if_bad: bool = False
    undated_outside: bool = False
    last: bool = False
    otherwise: Take | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the export that it looks at."""
        return self.source + (self.otherwise.columns if self.otherwise else ())


@dataclass(frozen=True)
class Scored:
    """A column of the export that holds the total scores of one form by one rater."""

    column: str
    instrument: str
    form: str
    rater: str


@dataclass(frozen=True)
class BadRow:
    """One kind of bad row, in its place in the order of reasons. `kind` is missing, duplicate_key or not_allowed."""

    kind: str
    column: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Chosen:
    """Which rows of an export are meant: of one `resource` (FHIR), with one of the values in every column of `where`, and with every `filled` column filled."""

    resource: str = ""
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    filled: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide."""
        return tuple(name for name, _ in self.where) + self.filled


@dataclass(frozen=True)
class Part:
    """Chosen rows that become rows of one table of the contract.

    `session`: the column that refers to an appointment; `key`: the appointments' own; `course`: the column that names the course, for a table without one.
    """

    table: str
    chosen: Chosen
    takes: tuple[Take, ...]
    session: str = ""
    key: str = ""
    course: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the export that it looks at, without its resource."""
        own = tuple(name for name in (self.session, self.key, self.course) if name)
        return tuple(dict.fromkeys(self.chosen.columns + tuple(name for take in self.takes for name in take.columns) + own))

    def take(self, column: str) -> Take | None:
        """How that column of the table is filled, None where it is not."""
        return next((take for take in self.takes if take.column.name == column), None)


@dataclass(frozen=True)
class LeftOut:
    """Rows of the export that are not wanted, with the reason under which they are counted."""

    chosen: Chosen
    reason: str


@dataclass(frozen=True)
class Mapping:
    """A checked mapping file. `as_of` is a column's name where `as_of_latest`, else a date.

    Kind `rows` uses `takes` and `scores`, and `parts` for goals and ruptures; the other kinds have `parts` alone. `paths`: for each FHIR resource, its columns'
    names and paths. `undecided`: what a draft leaves to decide; such a mapping loads nothing.
    """

    name: str
    path: Path
    missing: tuple[str, ...]
    clinic: str
    source: str
    origin: str
    as_of: str
    as_of_latest: bool
    takes: tuple[Take, ...]
    scores: tuple[Scored, ...]
    ignored: dict[str, str]
    bad_rows: tuple[BadRow, ...]
    kind: str = "rows"
    sheet: str = ""
    parts: tuple[Part, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    paths: dict[str, dict[str, str]] = field(default_factory=dict)
    whole_references: bool = True
    undecided: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the export must have: mapped or ignored by name. For FHIR the columns that the file names, as Resource.column."""
        if self.kind == "fhir":
            return tuple(f"{resource}.{name}" for resource, paths in self.paths.items() for name in paths)
        return tuple(dict.fromkeys((*self.mapped, *self.ignored)))

    @property
    def mapped(self) -> tuple[str, ...]:
        """Every column of the export that becomes something, or decides what a row is."""
        used = [name for take in self.takes for name in take.columns] + [score.column for score in self.scores]
        used += [name for part in self.parts for name in part.columns] + [name for entry in self.left_out for name in entry.chosen.columns]
        return tuple(dict.fromkeys(used))

    def take(self, table: str, column: str) -> Take | None:
        """How that column of the contract is filled, None where it is not."""
        return next((take for take in self.takes if (take.table, take.column.name) == (table, column)), None)

    def part(self, table: str) -> Part | None:
        """The first part of that table."""
        return next((part for part in self.parts if part.table == table), None)

    def becomes(self, name: str, resource: str = "") -> tuple[str, ...]:
        """What that column of the export fills: columns of the contract, or the choice of rows."""
        found = [f"{take.table}.{take.column.name}" for take in self.takes if name in take.columns]
        found += [f"scores ({score.instrument} {score.form}, {score.rater})" for score in self.scores if score.column == name]
        for part in self.parts:
            if part.chosen.resource != resource:
                continue
            found += [f"{part.table}.{take.column.name}" for take in part.takes if name in take.columns]
            if name in part.chosen.columns:
                found.append(f"which rows are {part.table}")
            if name in (part.session, part.key, part.course):
                found.append(f"{part.table}.session_number")
        found += ["which rows are left out" for entry in self.left_out if name in entry.chosen.columns and entry.chosen.resource == resource]
        return tuple(dict.fromkeys(found))
