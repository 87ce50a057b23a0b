"""An answer: the table, its n, what was withheld, where it comes from; and what of it may leave the house."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from process.access import leaving
from process.access.benchmark import Beside
from process.access.cohort import Range
from process.access.disclosure import Frames, for_export
from process.errors import NotAllowed
from process.measures.definition import Definition


@dataclass(frozen=True)
class Stamp:
    """Where an answer comes from: which records, up to which day, asked by whom about which courses."""

    clinic: str
    origin: str
    source: str
    as_of: str
    generation: str
    viewer: str
    cohort: str

    def __str__(self) -> str:
        """One line, as exports carry it."""
        return f"{self.clinic} ({self.origin}) · data as of {self.as_of} · {self.cohort} · {self.viewer} · generation {self.generation}"


@dataclass(frozen=True)
class Answer:
    """What one question gave one viewer.

    `table` and `headlines` are as this viewer may see them; `withheld` counts the rows that are not shown, and `unseen` says what is not shown and why, in
    sentences; `missing` names the tables of the contract that these records do not have and the question needs; `filtered` = something but the team narrows
    the courses; `benchmark` = what of the clinic stands beside it (for whoever sees some therapists only); `own` = the courses are one therapist's own,
    `scope` = the therapists they are of (None = the whole clinic), `sees` = whose courses the viewer sees, in words, `names` = of staff, to be shown on the
    screen for codes and never exported; `at` = the same question of courses of other lengths, to the same viewer, of which no look is noted (for exports
    alone); `kept` = why its filters keep all of it from leaving; `leaving` is told the form, the lengths and the
    number of rows of what is exported before it is, and refuses what cannot be noted.
    """

    name: str
    definition: Definition
    table: pd.DataFrame
    headlines: pd.DataFrame
    notes: dict[str, Any]
    withheld: int
    missing: tuple[str, ...]
    sql: str
    stamp: Stamp
    own: bool
    length: Range
    basis: str
    filtered: bool = False
    benchmark: Beside | None = None
    scope: tuple[str, ...] | None = None
    sees: str = "whole clinic"
    unseen: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    at: Callable[[Range], Answer] | None = field(default=None, compare=False, repr=False)
    kept: str = ""
    leaving: Callable[[str, Range, int], None] | None = field(default=None, compare=False, repr=False)

    @property
    def n(self) -> int:
        """The largest number of courses behind one row of the table."""
        courses = self.table["courses"].dropna() if len(self.table) else self.table.get("courses", pd.Series(dtype=float))
        return int(courses.max()) if len(courses) else 0

    @property
    def sentence(self) -> str:
        """One sentence, in HTML, that answers the question with its n and interval."""
        return _presented("sentence")(self)

    def figure(self) -> Any:
        """The figure, a HoloViews object."""
        return _presented("figure")(self)

    def exported(self, form: str = "table") -> Exported:
        """What may leave: withheld and rounded, see `access.disclosure`; `form` (csv, png, …) is for the audit log. `NotAllowed` where nothing may leave."""
        if self.kept_back and self.leaving is not None:
            self.leaving(form, self.length, 0)
        found = self.would_leave()
        if self.leaving is not None:
            self.leaving(form, found.length, len(found.table))
        return found

    def would_leave(self) -> Exported:
        """What `exported` would give: to say whether there is something to export. It is not noted, so nothing made of it is to be handed out."""
        if self.own:
            return self._rounded(None, None)
        if self.kept_back:
            raise NotAllowed(leaving.KEPT_BACK.format(self.kept))
        band = self.leaves_for
        wide = self if band == self.length else self._other(band)
        why = leaving.widened(self.length, band, self.definition)
        wide = replace(wide, stamp=replace(wide.stamp, cohort=f"{wide.stamp.cohort} ({why})")) if why else wide
        others = {other: wide if other == band else self._other(other) for other in leaving.beside(band)}
        wholes = [(other, parts) for other in others if set(parts := leaving.parts(other)) <= set(others) and parts]
        return wide._rounded(*(Frames(band, {other: read(each) for other, each in others.items()}, wholes) for read in (_table, _headlines)))

    @property
    def leaves_for(self) -> Range:
        """The lengths that an export is of: a therapist's own courses as they were asked for, else a whole band."""
        return self.length if self.own else leaving.leaves(self.length, self.definition)

    @property
    def kept_back(self) -> str:
        """Why nothing of it may leave, whatever its figures are; empty where something may, as of a therapist's own courses."""
        return "" if self.own else self.kept

    @property
    def leaving_said(self) -> str:
        """What whoever is about to export should know of which courses will leave; empty where they are those of the screen."""
        if self.kept_back:
            return leaving.KEPT_BACK.format(self.kept)
        why = "" if self.own else leaving.widened(self.length, self.leaves_for, self.definition)
        return f"Exported for {leaving.spoken(self.leaves_for)}: {why}." if why else ""

    def _other(self, band: Range) -> Answer:
        if self.at is None:
            raise NotAllowed("What has left once is not exported again.")
        return self.at(band)

    def _rounded(self, table: Frames | None, headlines: Frames | None) -> Exported:
        told = [for_export(read(self), self.definition, self.own, beside) for read, beside in ((_table, table), (_headlines, headlines))]
        asked = {name: getattr(self, name) for name in ("own", "length", "basis", "filtered", "scope", "missing")}
        return Exported(self.name, self.definition, *told, self.stamp, self.benchmark, **asked)


def _table(answer: Answer) -> pd.DataFrame:
    return answer.table


def _headlines(answer: Answer) -> pd.DataFrame:
    return answer.headlines.rename_axis("headline").reset_index()


@dataclass(frozen=True)
class Exported:
    """An answer as it may leave the house; every download is made from this one. `own` to `missing` say what was asked, as in `Answer`; they hold no figure."""

    name: str
    definition: Definition
    table: pd.DataFrame
    headlines: pd.DataFrame
    stamp: Stamp
    benchmark: Beside | None = None
    own: bool = False
    length: Range = (0, 0)
    basis: str = ""
    filtered: bool = False
    scope: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()

    def as_answer(self) -> Answer:
        """The same in the shape of an answer, for what draws answers. It has no notes, no names of staff and no query, because those do not leave."""
        return Answer(
            name=self.name,
            definition=self.definition,
            table=self.table,
            headlines=self.headlines.set_index("headline"),
            notes={},
            withheld=int(self.table["withheld"].sum()),
            missing=self.missing,
            sql="",
            stamp=self.stamp,
            own=self.own,
            length=self.length,
            basis=self.basis,
            filtered=self.filtered,
            benchmark=self.benchmark,
            scope=self.scope,
        )

    def csv(self) -> str:
        """The table as CSV under its stamp; a text that a spreadsheet would run as a formula is quoted with an apostrophe.

        A cell that is withheld says so; an empty one has no value, such as the limits of an estimate without an interval.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        out.write(f"# {self.definition.title}\n# {self.stamp}\n# {ROUNDED}\n")
        if self.benchmark is not None:
            out.write("".join(f"# {line}\n" for line in self.benchmark.lines()))
        columns = [name for name in self.table.columns if name != "withheld"]
        writer.writerow(columns)
        for row in self.table.to_dict("records"):
            writer.writerow([_cell(row[name], row["withheld"] or name not in ("lower", "upper")) for name in columns])
        return out.getvalue()


ROUNDED = (
    "Rounded for export: counts to 5, means to 0.5, goal levels and coefficients to 0.1, limits outward, percentages and totals worked out again from the "
    "rounded counts that are shown; under 8, and what would tell such a count, withheld."
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def _cell(value: Any, withheld: bool) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in tuple("=+-@\t\r") and not _NUMBER.fullmatch(value) else value
    if value is None or pd.isna(value):
        return "withheld" if withheld else ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.12g}" if isinstance(value, float) else value


_presenters: dict[str, Callable[[Answer], Any]] = {}


def present_with(**presenters: Callable[[Answer], Any]) -> None:
    """How answers are drawn and put into words; the charts layer says so once, so that this layer need not know it."""
    _presenters.update(presenters)


def _presented(kind: str) -> Callable[[Answer], Any]:
    if kind not in _presenters:
        raise RuntimeError("Nothing draws answers yet: import process.charts first (process.open does).")
    return _presenters[kind]
