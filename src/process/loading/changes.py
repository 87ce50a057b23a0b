"""What a load changes: its records compared with those that the store serves, row by row on their keys, without reading either side out.

Three modes. `replace`: the files hold everything, and what they no longer hold goes. `add`: only rows with new keys come; a row that is there with the same
content is unchanged, with another content it refuses the load. `correct`: rows take the place of those with the same key, others are added. In the last two
any table may be left out, rows may hang on rows of the store, and a column that a file leaves out whole stays as it was. Comparing is by the codes
that the store has: surrogates come first.

Whether a course's rows differ at all is told by sums of 64-bit hashes of its rows, table by table (two that differ pass for equal once in 10^19); only the
rows of courses that differ are then compared themselves. The order of rows plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from process import __version__, store
from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES, VERSION
from process.errors import FileRefused, SettingWrong
from process.loading import differing
from process.loading.merging import settled
from process.loading.sides import COMPARED, Records, Sides, as_records, quoted, same
from process.store import Generation
from process.store.encryption import GENERATION

MODES = ("replace", "add", "correct")
FILLED = {"courses": ("start_week", "start_quarter"), "sessions": ("day",)}
"""What `add` may fill in where the store holds nothing: a course's start and its sessions' days are known only from its first appointment on."""
FRESH = "the store is new"
RELEASE, REGISTRY, STATED = "the release that makes the summaries", "the registry of instruments", "the manifest"


@dataclass(frozen=True)
class TableChanges:
    """What becomes of one table's rows: those the store holds afterwards are added + corrected + unchanged + those that the files do not speak of."""

    table: str
    added: int = 0
    corrected: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Changes:
    """What a load changes against generation `before` (empty = a new store).

    `courses`: how many courses it touches, of `of_courses`; `also`: what is new beside their rows.
    """

    mode: str
    before: str
    tables: tuple[TableChanges, ...]
    courses: int
    of_courses: int
    also: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the store holds all of this already, so that no generation is needed."""
        return not self.also and not any(entry.added or entry.corrected or entry.removed for entry in self.tables)

    @property
    def share(self) -> float:
        """The share of courses that are touched, 0 to 1."""
        return self.courses / self.of_courses if self.of_courses else 1.0

    def table(self, name: str) -> TableChanges:
        """What becomes of one table."""
        return next(entry for entry in self.tables if entry.table == name)

    def as_dict(self) -> dict:
        """In plain types, as it is kept with the generation."""
        return asdict(self) | {"tables": [asdict(entry) for entry in self.tables], "also": list(self.also)}


@dataclass(frozen=True)
class Comparison:
    """A load beside the generation it was compared with. `refused`: rows of the files that contradict others, by table and reason (add and correct only).

    Hold it open until the load is published: `with compare(…) as comparison`.
    """

    before: Generation | None
    changes: Changes
    refused: dict[str, dict[str, int]]
    delivered: Records
    sides: Sides

    def records(self) -> Records:
        """Everything that the store holds after the load, in the contract's tables."""
        if self.changes.mode == "replace":
            return self.delivered
        frames = {name: self.sides.run(differing.everything(name)).to_arrow_table() for name in COMPARED}
        return {"manifest": self.delivered["manifest"], **{name: as_records(rows) for name, rows in frames.items()}}

    def rows(self) -> dict[str, int]:
        """How many rows each of the contract's tables holds after the load."""
        before = self.before.manifest["counts"] if self.before is not None else dict.fromkeys(COMPARED, 0)
        return {"manifest": 1} | {entry.table: before.get(entry.table, 0) + entry.added - entry.removed for entry in self.changes.tables}

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *problem: object) -> None:
        self.sides.close()


def compare(folder: Path, records: Records, mode: str = "replace", *, older: bool = False, forms: Sequence[Form] | None = None) -> Comparison:
    """Compare a load with what the store in `folder` serves. `records`: the contract's tables with the store's codes; in mode `replace` whole and settled.

    `older`: a replace load may go back to an earlier as_of. `forms`: the registry of instruments, with the clinic's own (default: as the store keeps them).
    Raises `FileRefused` where an `add` load holds rows that are there with other content, where rows of the store would come to contradict those handed
    over, or where as_of lies before the store's; `SettingWrong` where there is nothing yet to add to; `StoreProblem` where the store is damaged.
    """
    if mode not in MODES:
        raise SettingWrong(f"`{mode}` is no way to load. Known are: {', '.join(MODES)}.")
    before = store.current(folder) if (Path(folder) / "current").exists() else None
    if before is None and mode != "replace":
        raise SettingWrong(f"Store {folder} holds nothing yet to {'add to' if mode == 'add' else 'correct'}. Load everything first, without `--{mode}`.")
    forms = forms if forms is not None else store.own_instruments(folder).forms
    sides = Sides(before, records if before is not None else {"manifest": records["manifest"]})
    try:
        also = _beyond_rows(before, sides, records, mode, older, forms)
        refused: dict[str, dict[str, int]] = {}
        if before is None:
            return _all_new(sides, mode, also, records)
        if mode == "replace":
            alike = differing.by_course(sides)
        else:
            alike = differing.by_row(sides)
            if mode == "add":
                _refuse_other_content(sides)
            refused = settled(sides)
        tables = tuple(TableChanges(name, **differing.counted(sides, name), unchanged=alike[name]) for name in COMPARED)
        courses = differing.touch(sides)
        of_courses = max(sides.number('select count(*) from "served_courses"'), courses)
        return Comparison(before, Changes(mode, before.name if before else "", tables, courses, of_courses, also), refused, records, sides)
    except BaseException:
        sides.close()
        raise


def _all_new(sides: Sides, mode: str, also: tuple[str, ...], records: Records) -> Comparison:
    """A load into a store that holds nothing: every row is added, and none needs to be looked at."""
    tables = tuple(TableChanges(name, added=len(records.get(name, ()))) for name in COMPARED)
    courses = next(entry.added for entry in tables if entry.table == "courses")
    return Comparison(None, Changes(mode, "", tables, courses, courses, also), {}, records, sides)


def _beyond_rows(before: Generation | None, sides: Sides, records: Records, mode: str, older: bool, forms: Sequence[Form]) -> tuple[str, ...]:
    """What is new beside the rows of courses: the manifest, the registry of instruments, the release; refuses what cannot be."""
    if before is None:
        return (FRESH,)
    served, stated = (sides.run(f'select * from "{side}_manifest"').df().iloc[0] for side in ("served", "delivered"))
    other = [name for name in ("clinic", "source", "origin") if str(served[name]) != str(stated[name])]
    if other and mode != "replace":
        raise FileRefused(
            f"The manifest names another {' and '.join(other)} than the store does. A load that adds or corrects is of the same clinic, source and origin; "
            "load everything with a load that replaces. Nothing was loaded."
        )
    if stated["as_of"] < served["as_of"] and not (mode == "replace" and older):
        raise FileRefused(
            f"The manifest's as_of lies before the store's ({pd.Timestamp(served['as_of']).date()}): these files are older than what is served. "
            + ("To go back to them on purpose, say `--older`. " if mode == "replace" else "")
            + "Nothing was loaded."
        )
    made = before.manifest
    found = [STATED] if other or stated["as_of"] != served["as_of"] else []
    found += [RELEASE] if (made["contract_version"], made["product_version"]) != (VERSION, __version__) else []
    found += [REGISTRY] if not _same_registry(sides, forms) else []
    return tuple(found)


def _same_registry(sides: Sides, forms: Sequence[Form]) -> bool:
    """Whether the store's registry of instruments is this one."""
    wanted = instruments.table(forms)
    if "instruments" not in sides.stored:
        return False  # the first release had none
    found = sides.run(f"select * from {GENERATION}.main.instruments")
    columns = [name for name, *_ in found.description]
    if set(columns) != set(wanted.columns):
        return False
    here = {tuple(None if pd.isna(value) else value for value in row) for row in wanted[columns].itertuples(index=False)}
    return here == set(found.fetchall())


def _refuse_other_content(sides: Sides) -> None:
    """`add` only adds: a row that is there with other content refuses the load, by table, columns and count; what was unknown may become known."""
    found = []
    for name in COMPARED:
        old = [f"old.{quoted(column)} is not null and" if column in FILLED.get(name, ()) else "" for column in TABLES[name].names]
        apart = [f"({empty} old.{quoted(column)} is distinct from new.{quoted(column)})" for column, empty in zip(TABLES[name].names, old, strict=True)]
        both = f'"leaving_{name}" as old inner join "arriving_{name}" as new on {same(TABLES[name].key, "old", "new")}'
        count = sides.number(f"select count(*) from {both} where {' or '.join(apart)}")
        if count:
            found.append(f"{count:,} of table `{name}` (column{'s' if len(columns := differing.columns(sides, name)) > 1 else ''} {', '.join(columns)})")
    if found:
        raise FileRefused(
            f"Rows are in the store already with other content: {'; '.join(found)}. `--add` only adds. To put them in the place of the earlier ones, "
            "load with `--correct`. Nothing was loaded."
        )


__all__ = ["MODES", "Changes", "Comparison", "TableChanges", "compare"]
