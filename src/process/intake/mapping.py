"""A mapping file: which column of a foreign export becomes what, and the fate of each kind of bad row. Read, checked, and nothing guessed.

The file is TOML (docs/intake.md has its reference). It speaks of an export with one row an appointment; whatever it leaves unsaid is refused, not assumed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.contract.tables import TABLES, Column
from process.errors import FileMissing, SettingWrong, did_you_mean
from process.shipped import folder

SECTIONS = ("mapping", "source", "manifest", "courses", "sessions", "scores", "ignored", "bad_rows")
TAKE_KEYS = ("from", "joined_with", "always", "missing", "words", "as", "format", "spell", "if_bad", "outside")
FORMS = ("week", "day")
BAD_ROWS = {"missing": ("kind", "column", "fate", "reason"), "duplicate_key": ("kind", "conflicting", "identical"), "not_allowed": ("kind", "fate")}


@dataclass(frozen=True)
class Take:
    """How one column of the contract is filled: from columns of the export (several are joined), or with one value `always`."""

    table: str
    column: Column
    source: tuple[str, ...] = ()
    joined_with: str = "-"
    always: str | None = None
    missing: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    form: str = ""
    date_format: str = "%Y-%m-%d"
    spell_code: bool = False
    empty_if_bad: bool = False
    undated_outside: bool = False


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
class Mapping:
    """A checked mapping file. `as_of` is a column's name where `as_of_latest`, else a date."""

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

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the export must have: mapped or ignored by name."""
        used = [name for take in self.takes for name in take.source] + [score.column for score in self.scores] + list(self.ignored)
        return tuple(dict.fromkeys(used))

    def take(self, table: str, column: str) -> Take | None:
        """How that column of the contract is filled, None where it is not."""
        return next((take for take in self.takes if (take.table, take.column.name) == (table, column)), None)


def shipped_names() -> tuple[str, ...]:
    """The mappings that come with the product."""
    return tuple(sorted(path.stem for path in folder("data", "mappings").glob("*.toml")))


def find(mapping: str | Path) -> Mapping:
    """The mapping of that name among those shipped, or in that file. Raises `SettingWrong` or `FileMissing`, naming the place in the file."""
    path = Path(mapping)
    if path.suffix == ".toml":
        if not path.is_file():
            raise FileMissing(f"There is no mapping file {path}. Shipped mappings: {', '.join(shipped_names())}.")
    elif str(mapping) in shipped_names():
        path = folder("data", "mappings", f"{mapping}.toml")
    else:
        raise SettingWrong(f"No mapping `{mapping}` is shipped. {did_you_mean(str(mapping), shipped_names())} Your own is given as a file that ends in .toml.")
    try:
        return _mapping(path, tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(f"{path} is not a TOML file: {error}.") from None


def fitting(header: Iterable[str]) -> list[str]:
    """The shipped mappings that speak of exactly these columns."""
    names = set(header)
    return [name for name in shipped_names() if set(find(name).columns) == names]


def _mapping(path: Path, text: dict[str, Any]) -> Mapping:
    where = f"Mapping file {path.name}"
    _known(text, SECTIONS, where)
    for section in ("manifest", "courses", "sessions"):
        if section not in text:
            raise SettingWrong(f"{where}: section [{section}] is missing.")
    missing = tuple(text.get("source", {}).get("missing", [""]))
    manifest = text["manifest"]
    _known(manifest, ("clinic", "source", "origin", "as_of"), f"{where}, [manifest]")
    _needed(manifest, ("clinic", "source", "origin", "as_of"), f"{where}, [manifest]")
    latest = isinstance(manifest["as_of"], dict)
    mapping = Mapping(
        name=path.stem,
        path=path,
        missing=missing,
        clinic=manifest["clinic"],
        source=manifest["source"],
        origin=manifest["origin"],
        as_of=manifest["as_of"].get("latest", "") if latest else str(manifest["as_of"]),
        as_of_latest=latest,
        takes=tuple(_take(table, name, entry, where) for table in ("courses", "sessions") for name, entry in text[table].items()),
        scores=tuple(_scored(entry, where) for entry in text.get("scores", [])),
        ignored=dict(text.get("ignored", {})),
        bad_rows=tuple(_bad_row(entry, where) for entry in text.get("bad_rows", [])),
    )
    return _checked(mapping, where)


def _take(table: str, name: str, entry: Any, where: str) -> Take:
    place = f"{where}, [{table}] {name}"
    if name not in TABLES[table].names:
        raise SettingWrong(f"{place}: not a column of the contract. {did_you_mean(name, TABLES[table].names)}")
    if not isinstance(entry, dict) or ("from" in entry) == ("always" in entry):
        raise SettingWrong(f'{place}: say either {{ from = "column of the export" }} or {{ always = "value" }}.')
    _known(entry, TAKE_KEYS, place)
    for key, allowed in (("as", FORMS), ("spell", ("code",)), ("if_bad", ("refuse", "empty")), ("outside", ("refuse", "undated"))):
        if key in entry and entry[key] not in allowed:
            raise SettingWrong(f"{place}: `{key}` may be {' or '.join(allowed)}.")
    column = TABLES[table].column(name)
    if entry.get("if_bad") == "empty" and column.required:
        raise SettingWrong(f"{place}: the contract needs this column; a bad cell cannot be left empty.")
    source = entry.get("from", ())
    return Take(
        table=table,
        column=column,
        source=(source,) if isinstance(source, str) else tuple(source),
        joined_with=entry.get("joined_with", "-"),
        always=entry.get("always"),
        missing=tuple(entry.get("missing", ())),
        words=tuple(entry.get("words", {}).items()),
        form=entry.get("as", ""),
        date_format=entry.get("format", "%Y-%m-%d"),
        spell_code=entry.get("spell") == "code",
        empty_if_bad=entry.get("if_bad") == "empty",
        undated_outside=entry.get("outside") == "undated",
    )


def _scored(entry: dict[str, str], where: str) -> Scored:
    keys = ("column", "instrument", "form", "rater")
    _known(entry, keys, f"{where}, [[scores]]")
    _needed(entry, keys, f"{where}, [[scores]]")
    return Scored(*(entry[key] for key in keys))


def _bad_row(entry: dict[str, str], where: str) -> BadRow:
    place = f"{where}, [[bad_rows]]"
    kind = entry.get("kind", "")
    if kind not in BAD_ROWS:
        raise SettingWrong(f"{place}: kind `{kind}` is not known. {did_you_mean(kind, BAD_ROWS)}")
    _known(entry, BAD_ROWS[kind], f"{place} {kind}")
    fates = {"fate": "refuse", "conflicting": "refuse all", "identical": "keep one"}
    for key, only in fates.items():
        if key in entry and entry[key] != only:
            raise SettingWrong(f"{place} {kind}: `{key}` may only be `{only}`.")
    if kind == "missing":
        _needed(entry, ("column", "reason"), f"{place} missing")
    return BadRow(kind, entry.get("column", ""), entry.get("reason", ""))


def _checked(mapping: Mapping, where: str) -> Mapping:
    """Refuse what contradicts itself: needed columns that nothing fills, names that no part of the file knows."""
    for table in ("courses", "sessions"):
        for name in TABLES[table].required:
            if mapping.take(table, name) is None and (table, name) != ("sessions", "course_id"):
                raise SettingWrong(f"{where}: nothing fills [{table}] {name}, which the contract needs.")
    for name in ("course_id", "session_number"):
        take = mapping.take("courses" if name == "course_id" else "sessions", name)
        if not take.source:
            raise SettingWrong(f"{where}: {name} must come from a column of the export.")
    named = [row.column for row in mapping.bad_rows if row.kind == "missing"] + ([mapping.as_of] if mapping.as_of_latest else [])
    for name in named:
        if name not in mapping.columns:
            raise SettingWrong(f"{where}: column `{name}` is not among those it maps or ignores. {did_you_mean(name, mapping.columns)}")
    both = set(mapping.ignored) & ({name for take in mapping.takes for name in take.source} | {score.column for score in mapping.scores})
    if both:
        raise SettingWrong(f"{where}: `{min(both)}` is both mapped and ignored.")
    return mapping


def _known(entry: dict, allowed: Iterable[str], place: str) -> None:
    for key in entry:
        if key not in allowed:
            raise SettingWrong(f"{place}: `{key}` is not known. {did_you_mean(key, allowed)}")


def _needed(entry: dict, needed: Iterable[str], place: str) -> None:
    for key in needed:
        if key not in entry:
            raise SettingWrong(f"{place}: `{key}` is missing.")
