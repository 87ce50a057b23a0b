"""What of a clinic's records may leave as rows: who they are about is generalised until at least k patients share every combination of attributes.

What singles a person out in rows, and what is done about it:

- codes: no code of the store leaves, not even a display code, which a key sheet would turn back into a patient. Courses, goals and ruptures have fresh
  numbers in a fresh random order; patients have none, so that a person's courses cannot be put together.
- attributes (team, modality, problem, age band, planned sessions, start, and the therapist where asked for): generalised step by step (`STEPS`) in those
  rows whose combination fewer than k patients share; rows that stay rare with nothing left in them are left out.
- dates: the start is a quarter, at most; sessions have the number of whole weeks since the start instead of week and day.
- extremes: courses with more sessions than k patients ever had are left out; words (areas, themes) and questionnaires of fewer than k patients, too.
- what happens inside a therapy (scores, ratings, ruptures, how sessions follow one another) stays as it is, because it is what the rows are for. Whoever
  knows that of a person finds the row again: the files are personal data still, and the stamp says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.intake.rare import Step, emptied, generalised, shared_by

Records = dict[str, pd.DataFrame]

ATTRIBUTES = ("team", "modality", "problem", "age_band", "planned_sessions", "start")
THERAPIST = "therapist"
ADULT = {"0-11": "under 18", "12-17": "under 18", "65-74": "65+", "75+": "65+"}
_COLUMNS = {
    "courses": ("course", THERAPIST, *ATTRIBUTES, "ending", "match_decision"),
    "sessions": ("course", "session_number", "weeks_since_start", "attendance", "rupture_reviewed"),
    "scores": ("course", "session_number", "instrument", "form", "rater", "value"),
    "goals": ("goal", "course", "scale", "set_by", "area", "weight", "agreed_session", "closed_session", "fate", "replaced_by"),
    "goal_reviews": ("goal", "session_number", "by", "outcome"),
    "goal_ratings": ("goal", "session_number", "rater", "level"),
    "ruptures": ("rupture", "course", "session_number", "kind", "moved_by", "noticed_by", "source", "intensity", "theme"),
    "rupture_steps": ("rupture", "session_number", "step", "by"),
}


def _year(start: pd.Series) -> pd.Series:
    return start.str.slice(0, 4)


def _broad_age(age: pd.Series) -> pd.Series:
    return age.where(age == "", age.map(ADULT).fillna("18-64"))


STEPS: tuple[Step, ...] = (
    ("planned_sessions", emptied),
    ("start", _year),
    ("age_band", _broad_age),
    ("start", emptied),
    ("problem", emptied),
    ("age_band", emptied),
    ("modality", emptied),
    ("team", emptied),
    (THERAPIST, emptied),
)
"""What a rare combination loses, in this order: the start, which pages show better than rows, before what the rows are asked about. The age band becomes
under 18, 18-64 or 65+ before it goes."""


@dataclass(frozen=True)
class Rows:
    """Tables that may leave. `people`: for each course number, a number for its patient; it is never written. `left_out`: courses, by reason."""

    tables: Records
    people: dict[int, int]
    left_out: dict[str, int] = field(default_factory=dict)
    coarser: dict[str, int] = field(default_factory=dict)


def leaving(records: Records, k: int, therapists: bool = False, seed: int | None = None) -> Rows:
    """The records as rows that may leave: fresh numbers, generalised attributes, weeks since the start; see the module's text.

    `records`: the contract's tables, typed; absent ones are left out. `seed` is for tests; without one the order is new each time.
    """
    chance = np.random.default_rng(secrets.randbits(128) if seed is None else seed)
    sessions, courses = records["sessions"], records["courses"]
    left_out: dict[str, int] = {}
    longest = sessions.groupby("course_id")["session_number"].max().reindex(courses["course_id"]).fillna(0).to_numpy(float)
    patients = pd.factorize(courses["patient_id"])[0]
    kept = longest <= _reached_by(longest, patients, k)
    _count(left_out, f"more sessions than {k} patients had", ~kept)
    attributes = _attributes(courses, therapists)
    coarse = generalised(attributes[kept], patients[kept], STEPS if therapists else STEPS[:-1], k)
    sharing = shared_by(coarse, patients[kept])
    places = np.flatnonzero(kept)[sharing >= k]
    _count(left_out, f"fewer than {k} patients share the attributes, even with nothing left of them", sharing < k)
    coarse = coarse[sharing >= k]
    order = chance.permutation(len(places))
    places, coarse = places[order], coarse.iloc[order]
    chosen = courses.iloc[places]
    number = pd.Series(np.arange(1, len(places) + 1), index=chosen["course_id"].astype("str").to_numpy())
    table = pd.concat([coarse.reset_index(drop=True), _as_they_are(chosen, ("ending", "match_decision"))], axis=1).assign(course=number.to_numpy())
    if therapists:
        table[THERAPIST] = _fresh(table[THERAPIST], chance)
    tables = {"courses": table} | _children(records, number, dict(zip(chosen["course_id"].astype("str"), patients[places], strict=True)), k, chance)
    changed = {name: int((coarse[name] != attributes.loc[coarse.index, name]).sum()) for name in coarse}
    ordered = {name: tables[name][[column for column in columns if column in tables[name]]] for name, columns in _COLUMNS.items() if name in tables}
    people = dict(zip(range(1, len(places) + 1), patients[places].tolist(), strict=True))
    return Rows(ordered, people, left_out, {name: count for name, count in changed.items() if count})


def _attributes(courses: pd.DataFrame, therapists: bool) -> pd.DataFrame:
    """What the records say about the person, as text, "" = not known; the start as its quarter."""
    cells = {name: _text(courses[name]) for name in ATTRIBUTES if name in courses}
    named = _text(courses["start_quarter"]) if "start_quarter" in courses else pd.Series("", index=courses.index, dtype="str")
    if "start_week" in courses:
        week = pd.to_datetime(courses["start_week"])
        made = week.dt.year.astype("Int64").astype("str") + "-Q" + week.dt.quarter.astype("Int64").astype("str")
        named = made.where(week.notna(), named)
    cells["start"] = named.fillna("").astype("str")
    if therapists:
        cells[THERAPIST] = _text(courses["therapist_id"])
    for name in ATTRIBUTES:
        cells.setdefault(name, pd.Series("", index=courses.index, dtype="str"))
    return pd.DataFrame(cells).reset_index(drop=True)


def _text(cells: pd.Series) -> pd.Series:
    return cells.astype("str").fillna("").replace("<NA>", "").astype("str")


def _reached_by(longest: NDArray[np.float64], patients: NDArray[np.int64], k: int) -> float:
    """The highest session number that k patients reached in one of their courses; without bound where there are fewer than k patients."""
    each = pd.Series(longest).groupby(patients).max().nlargest(k)
    return float(each.iloc[-1]) if len(each) == k else np.inf


def _children(records: Records, number: pd.Series, patient_of: dict[str, int], k: int, chance: np.random.Generator) -> Records:
    """Every table that hangs on the courses that leave, under their fresh numbers."""
    found: Records = {}
    owners: dict[str, pd.Series] = {}
    for name in ("sessions", "scores", "goals", "ruptures"):
        if name in records:
            course = records[name]["course_id"].astype("str")
            part = records[name][course.isin(number.index)].copy()
            course = part["course_id"].astype("str")
            owner = course.map(patient_of).to_numpy()
            part["course"] = number.reindex(course).to_numpy()
            if name == "sessions":
                part["weeks_since_start"] = (pd.array(part["day"], dtype="Int64") // 7) if "day" in part else pd.NA
            elif name == "scores":
                part = part[_common(part["instrument"].astype("str") + " " + part["form"].astype("str"), owner, k)]
            else:
                word, own = ("area", "goal") if name == "goals" else ("theme", "rupture")
                if word in part:
                    part[word] = _text(part[word]).where(_common(_text(part[word]), owner, k), "")
                ids = part[f"{own}_id"].astype("str")
                owners[own] = pd.Series(chance.permutation(len(part)) + 1, index=ids.to_numpy())
                part[own] = owners[own].to_numpy()
                if "replaced_by" in part:
                    part["replaced_by"] = pd.array(part["replaced_by"].astype("str").map(owners[own]), dtype="Int64")
            found[name] = part
    for name, own in (("goal_reviews", "goal"), ("goal_ratings", "goal"), ("rupture_steps", "rupture")):
        if name in records and own in owners:
            ids = records[name][f"{own}_id"].astype("str")
            part = records[name][ids.isin(owners[own].index)].copy()
            part[own] = owners[own].reindex(part[f"{own}_id"].astype("str")).to_numpy()
            found[name] = part
    first = {name: [column for column in ("course", "goal", "rupture", "session_number") if column in part] for name, part in found.items()}
    return {name: part.sort_values(first[name], kind="stable").reset_index(drop=True) for name, part in found.items()}


def _common(words: pd.Series, patients: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Which rows have a word that k patients share; an empty one is everybody's."""
    return (shared_by(words.to_frame(), patients.astype(np.int64)) >= k) | (words == "").to_numpy()


def _as_they_are(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return frame[[name for name in names if name in frame]].reset_index(drop=True)


def _fresh(codes: pd.Series, chance: np.random.Generator) -> pd.Series:
    """The therapists under fresh numbers in random order, "" where none is said."""
    distinct = [code for code in codes.unique() if code]
    numbers = dict(zip(distinct, (chance.permutation(len(distinct)) + 1).astype(str), strict=True))
    return codes.map(numbers).fillna("").astype("str")


def _count(left_out: dict[str, int], reason: str, rows: NDArray[np.bool_]) -> None:
    if rows.any():
        left_out[reason] = int(rows.sum())
