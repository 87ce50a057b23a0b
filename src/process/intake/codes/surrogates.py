"""Every code that a clinic knows a person, a course, a goal or a rupture by is replaced, and dates are made as coarse as the policy says.

What comes out holds no code of the clinic's own in any column that is one of the five ids, not even among a categorical column's unused values. Each
distinct code is looked at once, however many rows have it; a code means something by its kind alone: patient 17 and course 17 are strangers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from process.errors import FileRefused
from process.intake.codes.calendar import BY_QUARTER, by_quarter, cut_courses
from process.intake.codes.drawing import COURSE, KINDS, PATIENT, THERAPIST
from process.intake.codes.table import Codes
from process.intake.keys import alike
from process.intake.report import Note, Report

Records = dict[str, pd.DataFrame]
FORGOTTEN = "its patient was forgotten"
IDS = {"patient_id": PATIENT.name, "therapist_id": THERAPIST.name, "course_id": COURSE.name}
HASHED = {"goal_id": "goal", "replaced_by": "goal", "rupture_id": "rupture"}


class DatesPolicy(Protocol):
    """What is asked of a policy here: `dates` is "week" or "quarter"."""

    dates: str


@dataclass(frozen=True)
class Account:
    """What was replaced, in counts: notes for the report, and the rows left out by table and reason."""

    notes: tuple[Note, ...]
    refused: dict[str, dict[str, int]]

    def told(self, report: Report) -> Report:
        """The report of the load with this in it: rows in stay kept + refused."""
        tables = tuple(replace(entry, refused=entry.refused | self.refused.get(entry.table, {})) for entry in report.tables)
        return replace(report, tables=tables, notes=(*report.notes, *self.notes))


def disguise(records: Records, codes: Codes, policy: DatesPolicy) -> tuple[Records, Account]:
    """The same records under surrogates and with dates as coarse as the policy says; new codes are entered into `codes`, which the caller saves.

    Columns of ids come out categorical, with the same categories in every table. Rows of patients who were forgotten are left out. A course that neither
    these records nor an earlier load names a patient for gets a code that is kept nowhere: the rules between rows refuse what hangs on it.
    """
    records, refused = _without_forgotten(records, codes)
    before = {kind: len(codes.displays[kind]) for kind in KINDS}
    disguised = {name: frame.copy(deep=False) for name, frame in records.items()}
    for kind in dict.fromkeys((IDS | HASHED).values()):
        places = [(name, column) for name, frame in records.items() for column in frame if (IDS | HASHED).get(column) == kind]
        for (name, column), new in zip(places, _replaced(kind, [records[name][column] for name, column in places], places, codes), strict=True):
            disguised[name][column] = new
    if "courses" in disguised:
        ids = [text(disguised["courses"][name]) for name in ("course_id", "patient_id", "therapist_id")]
        codes.carried.update({course: (patient, therapist) for course, patient, therapist in zip(*ids, strict=True)})
    notes = [Note(f"{kind}s under display codes", count) for column, kind in IDS.items() if (count := _distinct(disguised, column))]
    notes += [Note(f"{kind}s seen for the first time", new) for kind in KINDS if (new := len(codes.displays[kind]) - before[kind])]
    notes += [Note(f"{name} under hashed codes", len(records[name])) for name in ("goals", "ruptures") if len(records.get(name, ()))]
    if policy.dates == BY_QUARTER:
        disguised, dropped = by_quarter(disguised)
        notes += dropped
    return disguised, Account(tuple(notes), refused)


def _replaced(kind: str, columns: list[pd.Series], places: list[tuple[str, str]], codes: Codes) -> list[pd.Series]:
    """Columns of one kind of id, each distinct value replaced; their categories are the new codes in order, and no old one is left among them."""
    if not columns:
        return []
    columns = alike(columns)
    numbers = [column.cat.codes.to_numpy() for column in columns]
    used, named = np.zeros((2, len(columns[0].cat.categories)), dtype=bool)
    for number, (table, _) in zip(numbers, places, strict=True):
        used[number[number >= 0]] = True
        if table == "courses":
            named[number[number >= 0]] = True
    categories = np.asarray(columns[0].cat.categories, dtype=object)
    own = categories[used].tolist()
    new = codes.hashed(kind, own) if kind in HASHED.values() else _displays(kind, own, categories[named].tolist(), codes)
    displayed = pa.array([new[code] for code in own], pa.string())
    order = pc.sort_indices(displayed)
    place = np.full(len(categories) + 1, -1, dtype=np.int32)
    place[np.flatnonzero(used)[order.to_numpy()]] = np.arange(len(own))
    dtype = pd.CategoricalDtype(pd.Index(displayed.take(order).to_pandas(), dtype="str"))
    return [
        pd.Series(pd.Categorical.from_codes(place[number], dtype=dtype, validate=False), index=column.index)
        for number, column in zip(numbers, columns, strict=True)
    ]


def _displays(kind: str, own: list[str], named: list[str], codes: Codes) -> dict[str, str]:
    """Display codes of all of `own`; those that the table of courses names (`named`) are kept, others are kept nowhere unless they are known."""
    found = codes.given(kind, named)
    found |= codes.known(kind, own)
    return found | codes.given(kind, [code for code in own if code not in found], kept=False)


def _everywhere(records: Records, columns: set[str]) -> list[str]:
    return list(dict.fromkeys(code for frame in records.values() for name in frame.columns if name in columns for code in distinct(frame[name])))


def distinct(column: pd.Series) -> list[str]:
    """The distinct values of a column of text, categorical or not, without the missing one."""
    return [str(value) for value in column.dropna().unique()]


def text(column: pd.Series) -> list[str]:
    """A categorical column without missing values, row by row as text."""
    return np.asarray(column.cat.categories, dtype=object)[column.cat.codes.to_numpy()].tolist()


def _distinct(records: Records, column: str) -> int:
    return int(np.unique(records["courses"][column].cat.codes).size) if "courses" in records else 0


def _without_forgotten(records: Records, codes: Codes) -> tuple[Records, dict[str, dict[str, int]]]:
    """The records without those of forgotten patients, whatever table they stand in, and how many rows that were."""
    if not any(codes.forgotten.values()):
        return records, {}
    gone = {column: codes.is_forgotten(kind, _everywhere(records, {column})) for column, kind in IDS.items()}
    if "courses" in records:
        courses = records["courses"]
        gone["course_id"] |= set(distinct(courses.loc[courses["patient_id"].isin(gone["patient_id"]), "course_id"]))
    kept, refused = cut_courses(records, gone["course_id"])
    if "courses" in kept and not len(kept["courses"]) and not len(kept.get("sessions", ())):  # of a week, others' sessions may be left
        raise FileRefused(f"No row of table `courses` is left to load ({refused['courses']:,} refused: {FORGOTTEN}). Nothing was loaded.")
    return kept, {name: {FORGOTTEN: count} for name, count in refused.items()}
