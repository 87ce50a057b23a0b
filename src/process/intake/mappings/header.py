"""What kind of export a file is, told by its header alone: names of columns, of sheets and of resource types; no record is looked at.

FHIR resources have no header. Of their first lines only the shape is taken: which elements there are, and the addresses of code systems and extensions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.faults import named, shown
from process.intake.handed_over import files_of
from process.intake.lines import read_header
from process.intake.mappings.guesses import columns_of
from process.intake.sources import fhir_path
from process.intake.sources.fhir import opened
from process.intake.sources.workbook import is_workbook, read_headers

MOST_LINES, LONGEST_LINE = 20_000, 1_000_000
REDCAP = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
_ADDRESS = re.compile(r"(?:https?://|urn:)[A-Za-z0-9./:_-]{3,120}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,39}")


@dataclass(frozen=True)
class Header:
    """`kind` as in mapping files; `columns` of a table, and `sheet` where it is one of a workbook; `shapes`: for each FHIR type (path, address) pairs."""

    kind: str
    columns: tuple[str, ...] = ()
    sheet: str = ""
    shapes: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)


def header_of(paths: Sequence[Path]) -> Header:
    """What these files are. Raises `FileMissing`, and `FileRefused` where the first line does not look like a header."""
    files = files_of(paths, "ndjson")
    if all(path.suffix == ".ndjson" for path in files):
        return Header("fhir", shapes=_shapes(files))
    if len(files) > 1:
        raise FileRefused(f"A mapping speaks of one file (FHIR's .ndjson files may be several); {len(files)} are named.")
    path = files[0]
    if is_workbook(path):
        sheets = read_headers(path)
        if all(name in TABLES for name in sheets):
            raise FileRefused(f"{named(path)} has a sheet for each table of the contract and needs no mapping: load it as it is.")
        sheet = max(sheets, key=lambda name: len(columns_of("courses", sheets[name])) + len(columns_of("sessions", sheets[name])))
        return Header("rows", _named(path, sheets[sheet]), sheet if len(sheets) > 1 else "")
    columns = _named(path, read_header(path))
    return Header("redcap" if set(columns) & set(REDCAP) else "rows", columns)


def _named(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The names, if they are names: a first line that holds a record would go into the draft."""
    strange = sum(not shown(name).startswith("`") for name in names)
    known = len(columns_of("courses", names, prefixed=True)) + len(columns_of("sessions", names, prefixed=True))
    if strange or not known:
        why = f"{strange} of its {len(names)} names do not look like names of columns" if strange else "none of its names is known"
        raise FileRefused(f"The first line of {named(path)} does not look like a header: {why}. Put a line with the columns' names first; nothing was written.")
    return tuple(names)


def _shapes(files: Sequence[Path]) -> dict[str, frozenset[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for path in files:
        with opened(path) as handle:
            for _ in range(MOST_LINES):
                line = handle.readline(LONGEST_LINE)
                try:
                    entry = json.loads(line) if line.strip() else None
                except (ValueError, RecursionError):
                    raise FileRefused(f"{named(path)} is not NDJSON: one JSON object a line.") from None
                if not isinstance(entry, dict):
                    break
                kind = entry.get("resourceType")
                if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
                    raise FileRefused(f"{named(path)} holds no FHIR resources: resourceType is missing.")
                shape = found.setdefault(kind, set())
                if kind in fhir_path.PEOPLE:
                    break
                _walk(entry, "", shape)
    return {kind: frozenset(shape) for kind, shape in found.items()}


def _walk(element: Any, path: str, shape: set[tuple[str, str]]) -> None:
    if isinstance(element, list):
        for item in element:
            _walk(item, path, shape)
    elif isinstance(element, dict):
        for name, value in element.items():
            here = f"{path}.{name}".lstrip(".")
            if name in fhir_path.FREE or name == "resourceType":
                continue
            if name in ("system", "url", "questionnaire") and isinstance(value, str) and _ADDRESS.fullmatch(value.split("|")[0]):
                shape.add((here, value.split("|")[0]))
            _walk(value, here, shape)
    else:
        shape.add((path, ""))
