"""Row-level tables for a director, on the director's own machine: written from one generation, read again, counted again, and stamped.

What may stand in them is decided in `process.loading.leaving`. After they are written, the files are read again and k is counted from them by other code
than made them.
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from process import __version__
from process.errors import SettingWrong, StoreProblem
from process.intake.codes.folder import TABLE, place
from process.loading.leaving import ATTRIBUTES, THERAPIST, Records, Rows, leaving
from process.store.folder import FILE_MODE, FOLDER_MODE, settle_folder
from process.store.generation import Generation

SMALLEST = 5
STAMP = "export.json"
SAYS = (
    "Rows about people, de-identified (pseudonymised), not anonymous: k counts patients who share the attributes in courses.csv. Whoever knows what "
    "happened in a person's therapy, or on which days, may find the person again. Keep, pass on and delete these files as personal data."
)


def export(generation: Generation, records: Records, folder: Path, k: int = SMALLEST, therapists: bool = False) -> dict:
    """Write one generation's records as row-level CSV files into `folder`, and give the stamp that lies beside them.

    `records`: the contract's tables of that generation. `folder` must be empty or not there. `k` ≥ 5 is the number of patients who share every combination
    of attributes in courses.csv. Raises `SettingWrong` for a smaller k, and `StoreProblem` where the folder is in use, inside the store, or cannot be written.
    """
    if k < SMALLEST:
        raise SettingWrong(f"k is {k}; rows leave only where at least {SMALLEST} patients share their attributes. Ask for {SMALLEST} or more.")
    folder = Path(folder)
    _refuse_used(folder, generation)
    rows = leaving(records, k, therapists)
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        for name, table in rows.tables.items():
            _write(folder / f"{name}.csv", _csv_text(table))
        reached = achieved(folder, rows.people)
        if reached is not None and reached < k:
            raise AssertionError(f"only {reached} patients share a combination of attributes")
        stamp = _stamp(generation, rows, k, reached)
        _write(folder / STAMP, json.dumps(stamp, indent=2) + "\n")
        settle_folder(folder)
    except BaseException as fault:
        for name in (*rows.tables, STAMP):
            (folder / (name if name == STAMP else f"{name}.csv")).unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise StoreProblem(f"{folder} cannot be written: {fault.strerror}. Nothing was exported.") from None
        raise
    return stamp


def achieved(folder: Path, people: dict[int, int]) -> int | None:
    """How many patients share the rarest combination of attributes in the courses.csv of `folder`, counted from the file; None for a file without rows.

    `people`: for each course number, a number for its patient.
    """
    sharing: dict[tuple[str, ...], set[int]] = defaultdict(set)
    with open(folder / "courses.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sharing[tuple(row[name] for name in (*ATTRIBUTES, THERAPIST) if name in row)].add(people[int(row["course"])])
    return min(map(len, sharing.values()), default=None)


def _refuse_used(folder: Path, generation: Generation) -> None:
    store = generation.path.resolve().parents[1]
    for inside, what in ((store, "the store"), (place(store), "the folder of codes, which can undo what the export leaves out")):
        if folder.resolve().is_relative_to(inside):
            raise StoreProblem(f"{folder} lies inside {what}. Rows are exported to a folder of their own, outside it.")
    if any((above / TABLE).exists() for above in (folder.resolve(), *folder.resolve().parents)):
        raise StoreProblem(f"{folder} lies in a folder that holds a table of codes. Rows are exported to a folder of their own, outside it.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreProblem(f"{folder} is not an empty folder. Name a new one; an export never writes over files.")


def _csv_text(table: pd.DataFrame) -> str:
    """CSV in UTF-8; a text that a spreadsheet would run as a formula is quoted with an apostrophe. Numbers, such as a level of -2, are numbers."""
    safe = table.copy()
    for name in safe:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            cells = safe[name].astype("str").fillna("")
            safe[name] = cells.where(~cells.str.startswith(tuple("=+-@\t\r")), "'" + cells)
    return safe.to_csv(index=False, lineterminator="\n")


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _stamp(generation: Generation, rows: Rows, k: int, reached: int | None) -> dict:
    manifest = generation.manifest
    return {
        "what": "row-level export of one generation of a therapy-process store",
        "says": SAYS,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "product_version": __version__,
        "generation": generation.name,
        **{name: manifest[name] for name in ("clinic", "source", "origin", "as_of")},
        "k_asked": k,
        "k_reached": reached,
        "k_counts": "patients who share all of: " + ", ".join(name for name in (THERAPIST, *ATTRIBUTES) if name in rows.tables["courses"]),
        "rows": {name: len(table) for name, table in rows.tables.items()},
        "courses_left_out": {reason: count if count >= k else f"fewer than {k}" for reason, count in rows.left_out.items()},
        "cells_generalised": {name: count if count >= k else f"fewer than {k}" for name, count in rows.coarser.items()},
    }
