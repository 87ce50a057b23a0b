"""FHIR R4 resources, one JSON object a line (bulk data export): of each only what the mapping names is taken, one line at a time.

Resources about people (Patient, Practitioner, …) are refused by their first line: nothing of them is needed here, so nothing of them should be on this machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from process.contract.instruments import Form
from process.errors import FileMissing, FileRefused, SettingWrong
from process.intake.codes.remembered import Starts
from process.intake.faults import Fault, named, refusal
from process.intake.identifying.refusing import refuse_in_export
from process.intake.mappings.language import Mapping
from process.intake.report import ColumnUse, FileReport, Report
from process.intake.sources import fhir_path
from process.intake.sources.days import Earlier
from process.intake.sources.related import Related, RowSet

LONGEST_LINE = 1_000_000
SEVERAL = "several values where one is needed; its path must choose one with where(…)"
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,39}")
_REFERENCE = re.compile(r"(?:[a-z]+://[^\s#?]+/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]+)?|urn:uuid:([0-9a-fA-F-]{36})")
_CONSTANTS = {True: "true", False: "false"}


def read_fhir(
    files: Sequence[Path], mapping: Mapping, forms: Sequence[Form] | None = None, earlier: Earlier | None = None
) -> tuple[dict[str, pd.DataFrame], Report, Starts | None]:
    """Typed tables of the contract, the account of every line, and when courses began. Raises `FileRefused` with file, line and kind, never the value.

    `earlier`: of files with less than everything, what is known of earlier loads; what they refer to may be in the store then.
    """
    read = {resource: _Resource(resource, paths) for resource, paths in mapping.paths.items()}
    skipped: list[FileReport] = []
    for path in files:
        with opened(path) as handle:
            lines = _objects(path, handle)
            first = next(lines, None)
            if first is None:
                raise refusal(path.name, [Fault("the file is empty")])
            kind = _kind(path, first[1], mapping)
            if kind in mapping.ignored:
                skipped.append(FileReport(path.name, kind, count := 1 + sum(1 for _ in handle), {mapping.ignored[kind]: count}))
                continue
            read[kind].take(path, first, lines)
    if mapping.whole_references and earlier is None:
        _refuse_dangling(read)
    sets = {name: resource.rows(mapping) for name, resource in read.items() if resource.files}
    for entry in sets.values():
        for place, file in enumerate(entry.files):
            here = entry.file == place
            labels = earlier.labels if earlier is not None else frozenset()
            refuse_in_export(mapping, file, entry.rows[here].set_axis(entry.line[here].to_numpy()), entry.what, labels)
    related = Related(mapping, sets, forms, earlier)
    tables = related.tables()
    accounts, counted, notes = related.reports()
    uses = tuple(ColumnUse(f"{resource}.{name}", mapping.becomes(name, resource)) for resource, paths in mapping.paths.items() for name in paths)
    return tables, Report(accounts, mapping.name, uses, notes, (*_with_several(counted, read), *skipped)), related.starts


class _Resource:
    """The lines of one type of resource: a row of text for each, and where its references lead."""

    def __init__(self, name: str, paths: dict[str, str]):
        self.name = name
        self.paths = {column: fhir_path.parsed(name, text, f"[resources.{name}] {column}") for column, text in paths.items()}
        self.files: list[Path] = []
        self.cells: list[list[str]] = []
        self.places: list[tuple[int, int]] = []
        self.ids: set[str] = set()
        self.references: list[tuple[str, str, int, int]] = []
        self.several: dict[tuple[int, str], int] = {}

    def take(self, path: Path, first: tuple[int, dict], lines: Iterator[tuple[int, dict]]) -> None:
        """Every line of one file."""
        self.files.append(path)
        for line, found in _and(first, lines):
            if found.get("resourceType") != self.name:
                raise refusal(path.name, [Fault("another resourceType than in the file's first line; one file a type", line)])
            row = self._row(path, line, found)
            if row is not None:
                self.cells.append(row)
                self.places.append((len(self.files) - 1, line))

    def _row(self, path: Path, line: int, found: dict) -> list[str] | None:
        self.ids.add(str(found.get("id", "")))
        row = []
        for column, steps in self.paths.items():
            values = list(dict.fromkeys(self._text(value, column) for value in fhir_path.values(found, steps)))
            if len(values) > 1:
                reason = len(self.files) - 1, f"{column}: {SEVERAL}"
                self.several[reason] = self.several.get(reason, 0) + 1
                return None
            cell = values[0] if values else ""
            if steps[-1].name == "questionnaire":
                cell = cell.partition("|")[0]  # a canonical address may end in a version
            if cell and steps[-1].name == "reference":
                target = _REFERENCE.fullmatch(cell)
                if target is None:
                    raise refusal(path.name, [Fault("not a reference to a resource of its own (Type/id)", line, 1, column)])
                cell = target[2] or target[3]
                if target[1]:
                    self.references.append((target[1], cell, len(self.files) - 1, line))
            row.append(cell)
        return row

    def _text(self, value: Any, column: str) -> str:
        if isinstance(value, dict):
            raise SettingWrong(f"[resources.{self.name}] {column}: the path ends at an element that has parts; say which part.")
        return _CONSTANTS[value] if isinstance(value, bool) else str(value)

    def rows(self, mapping: Mapping) -> RowSet:
        """What was read, as text."""
        rows = pd.DataFrame(self.cells, columns=list(self.paths), dtype="str")
        for name in rows:
            rows[name] = rows[name].where(~rows[name].isin(mapping.missing), "")
        places = pd.DataFrame(self.places, columns=["file", "line"], dtype="int64")
        return RowSet(self.name, rows, tuple(path.name for path in self.files), places["file"], places["line"])


def _refuse_dangling(read: dict[str, _Resource]) -> None:
    """Refuse the first file with a reference to a resource of a type that was read, but is in no file."""
    for resource in read.values():
        lost = [(file, line, kind) for kind, name, file, line in resource.references if kind in read and name not in read[kind].ids]
        if lost:
            file = lost[0][0]
            kinds = {kind: [line for place, line, lost_kind in lost if place == file and lost_kind == kind] for _, _, kind in lost}
            raise refusal(
                resource.files[file].name,
                [Fault(f"refers to {kind} that no file holds", lines[0], len(lines)) for kind, lines in kinds.items() if lines],
                'Nothing was loaded. Export all types together, or set `references = "refuse row"` in [source] to lose these rows alone.',
            )


def _with_several(counted: Sequence[FileReport], read: dict[str, _Resource]) -> list[FileReport]:
    """The account of each file with the lines that were left out while reading."""
    full = []
    for entry in counted:
        resource = read[entry.what]
        own = {reason: count for (file, reason), count in resource.several.items() if resource.files[file].name == entry.file}
        full.append(FileReport(entry.file, entry.what, entry.rows_in + sum(own.values()), own | entry.refused))
    return full


def opened(path: Path) -> BinaryIO:
    """The file, to be read line by line; `FileMissing` where it cannot be."""
    try:
        return path.open("rb")
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}.") from None


def _objects(path: Path, handle: BinaryIO) -> Iterator[tuple[int, dict]]:
    """(line, object) one after the other; numbers stay the text that they are."""
    number = 0
    while data := handle.readline(LONGEST_LINE + 1):
        number += 1
        if len(data) > LONGEST_LINE:
            raise refusal(path.name, [Fault(f"the line is longer than {LONGEST_LINE:,} bytes", number)])
        try:
            text = data.decode("utf-8-sig" if number == 1 else "utf-8")
            found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
        except UnicodeDecodeError:
            raise refusal(path.name, [Fault("not UTF-8", number)]) from None
        except (ValueError, RecursionError):
            raise refusal(path.name, [Fault("not one whole JSON object a line (NDJSON)", number)]) from None
        if not isinstance(found, dict):
            raise refusal(path.name, [Fault("not a JSON object", number)])
        yield number, found


def _no_constant(_: str) -> None:
    raise ValueError


def _and(first: tuple[int, dict], rest: Iterator[tuple[int, dict]]) -> Iterator[tuple[int, dict]]:
    yield first
    yield from rest


def _kind(path: Path, found: dict, mapping: Mapping) -> str:
    kind = found.get("resourceType")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise refusal(path.name, [Fault("no resourceType: this is not a FHIR resource", 1)])
    if kind in fhir_path.PEOPLE:
        raise FileRefused(
            f"{named(path)} holds resources of type {kind}, which are about people. Nothing of them is needed: leave the type out of the export "
            f"(`_type={','.join(mapping.paths)}`) and delete this file. Nothing was loaded."
        )
    if kind not in mapping.paths and kind not in mapping.ignored:
        raise FileRefused(
            f"{named(path)} holds resources of type {kind}, which mapping `{mapping.name}` neither reads nor ignores. "
            f"Leave the type out of the export, or name it under [ignored] with the reason. Nothing was loaded."
        )
    return kind
