"""From arrays to the frames of the contract: codes, weeks, the clinic's session numbers, and nothing that the contract does not list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from process.contract import TABLES
from process.demo import courses as fixed
from process.demo import ruptures
from process.demo.appointments import Calendar
from process.demo.patients import patients
from process.demo.ratings import Scores
from process.demo.sessions import Sessions
from process.demo.settings import Settings
from process.demo.therapists import Therapists


def coded(positions: np.ndarray, names: Sequence[str]) -> pd.Series:
    """Names at those positions as text; a position of -1 is missing."""
    return pd.Series(pd.array(list(names), dtype="str").take(np.asarray(positions, dtype=np.int64), allow_fill=True))


def codes(letter: str, count: int, digits: int) -> list[str]:
    """`count` codes such as C00001."""
    return [f"{letter}{number:0{digits}d}" for number in range(1, count + 1)]


def whole(values: np.ndarray, missing: np.ndarray | None = None) -> pd.Series:
    """Whole numbers, with gaps where `missing`."""
    return pd.Series(pd.arrays.IntegerArray(np.asarray(values, dtype=np.int64), np.zeros(len(values), dtype=bool) if missing is None else missing))


@dataclass(frozen=True)
class Book:
    """Everything that the tables share: the courses, their sessions, the calendar and the clinic's first Monday."""

    settings: Settings
    people: fixed.Courses
    kept: Sessions
    dates: Calendar
    monday: np.datetime64

    def course_id(self, course: np.ndarray) -> pd.Series:
        """The courses' codes at those positions."""
        return coded(course, codes("C", self.people.count, 6))

    def number(self, course: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """The clinic's session number of an attended rank; 0 for the intake assessment."""
        return np.where(rank > 0, self.dates.number[self.kept.at(course, np.maximum(rank, 1))], 0).astype(np.int64)

    def week(self, day: np.ndarray) -> np.ndarray:
        """The Monday of days counted from the clinic's first Monday."""
        return (self.monday + (np.asarray(day) // 7 * 7).astype("timedelta64[D]")).astype("datetime64[s]")

    def manifest(self) -> pd.DataFrame:
        """The one row that says what this is."""
        return pd.DataFrame({"as_of": [self.settings.as_of], "clinic": ["Demo clinic"], "source": ["simulator"], "origin": ["simulated"]})

    def courses(self, staff: Therapists, ending: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
        """One row a course; some endings are unknown, and a few courses that are over have never been closed."""
        people, assumed, count = self.people, self.settings.numbers["endings"], self.people.count
        last = self.dates.first_day + self.dates.day[self.kept.at(np.arange(count), self.kept.lengths)]
        on_record = int((np.datetime64(self.settings.as_of, "D") - self.monday).astype(int))
        chance = rng.random((4, count))
        shown = np.where((ending != fixed.STILL_GOING) & (chance[0] < assumed["unknown"]), fixed.UNKNOWN, ending)
        forgotten = (ending != fixed.STILL_GOING) & (last > on_record - 180) & (chance[0] > 1 - assumed["forgotten_open"])
        shown = np.where(forgotten, fixed.STILL_GOING, shown)
        contact = np.minimum(last + np.where(chance[1] < 0.25, rng.integers(3, 22, count), 0), on_record)
        contact_known = (shown != fixed.STILL_GOING) & (chance[2] < 0.8)
        early_change = (self.kept.lengths <= 5) & np.isin(ending, [fixed.MOVED_ON, fixed.THERAPIST_ENDED])
        decision = np.where(early_change, np.where(ending == fixed.MOVED_ON, 2, 1), 0)
        decided = (chance[3] < assumed["decision_given"]) & ((self.kept.lengths >= 3) | early_change)
        numbers, names = self.settings.numbers, list(self.settings.numbers["people"]["problems"])
        patient, problem, age = patients(self.settings, people, last, rng)
        frame = pd.DataFrame(
            {
                "course_id": self.course_id(np.arange(count)),
                "patient_id": coded(patient, codes("P", count, 6)),
                "therapist_id": coded(people.therapist, codes("T", self.settings.therapists, max(2, len(str(self.settings.therapists))))),
                "team": coded(staff.team[people.therapist], list(numbers["therapists"]["teams"])),
                "modality": coded(people.modality, list(numbers["people"]["modalities"])),
                "problem": coded(problem, names),
                "age_band": coded(age, list(numbers["people"]["age_bands"])),
                "start_week": self.week(self.dates.first_day),
                "planned_sessions": whole(people.planned, people.planned == 0),
                "ending": coded(shown, fixed.ENDING_NAMES),
                "last_contact_week": self.week(contact),
                "match_decision": coded(np.where(decided, decision, -1), ("continue", "change_therapist", "refer")),
            }
        )
        frame.loc[~contact_known, "last_contact_week"] = pd.NaT
        return frame

    def sessions_frame(self, rng: np.random.Generator) -> pd.DataFrame:
        """One row an appointment: the intake, the attended ones, those that fell out before them, and a last one missed."""
        dates, kept, count = self.dates, self.kept, self.people.count
        ends = kept.at(np.arange(count), kept.lengths)
        on_record = int((np.datetime64(self.settings.as_of, "D") - self.monday).astype(int))
        missed_end = dates.missed_end & (dates.first_day + dates.day[ends] + dates.gap <= on_record)
        intake = (dates.intake_day <= 0).astype(np.int64)
        rows = intake + dates.number[ends] + missed_end
        begins = np.cumsum(rows) - rows
        course = np.repeat(np.arange(count, dtype=np.int32), rows)
        number = np.arange(len(course)) - (begins + intake)[course] + 1
        attended = (begins + intake)[kept.course] + dates.number - 1
        day, held = np.zeros(len(course), dtype=np.int32), np.zeros(len(course), dtype=bool)
        reviewed = np.full(len(course), -1, dtype=np.int8)
        held[attended], day[attended] = True, dates.day
        reviewed[attended] = np.where(dates.reviewed < 0, 0, dates.reviewed + 1)
        before = np.repeat(np.arange(kept.count), dates.skipped)
        back = np.arange(len(before)) - np.repeat(np.cumsum(dates.skipped, dtype=np.int64) - dates.skipped, dates.skipped) + 1
        day[attended[before] - back] = dates.day[before] - back * dates.gap[kept.course[before]]
        with_intake = np.flatnonzero(intake)
        held[begins[with_intake]] = True
        day[begins[with_intake]] = (dates.intake_day - dates.skipped[kept.offsets] * dates.gap)[with_intake]
        at_end = np.flatnonzero(missed_end)
        day[(begins + rows - 1)[at_end]] = (dates.day[ends] + dates.gap)[at_end]
        fell_out = np.where(rng.random(len(course)) < self.settings.numbers["appointments"]["cancelled"], 1, 2)
        fell_out[(begins + rows - 1)[at_end]] = 2
        return pd.DataFrame(
            {
                "course_id": self.course_id(course),
                "session_number": number,
                "week": self.week(dates.first_day[course] + day),
                "day": whole(day),
                "attendance": coded(np.where(held, 0, fell_out), ("attended", "cancelled", "missed")),
                "rupture_reviewed": coded(reviewed, ("no", *ruptures.REVIEWERS)),
            }
        )

    def scores(self, parts: list[Scores]) -> pd.DataFrame:
        """One row a score, instrument after instrument."""
        which = np.repeat(np.arange(len(parts)), [len(part.course) for part in parts])
        return pd.DataFrame(
            {
                "course_id": self.course_id(np.concatenate([part.course for part in parts])),
                "session_number": np.concatenate([part.number for part in parts]).astype(np.int64),
                "instrument": coded(which, [part.instrument for part in parts]),
                "form": coded(which, [part.form for part in parts]),
                "rater": coded(which, [part.rater for part in parts]),
                "value": np.concatenate([part.value for part in parts]).astype(float),
            }
        )


def in_contract_order(records: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables in the contract's order, each with its columns in the contract's order."""
    return {name: records[name][[column for column in table.names if column in records[name].columns]] for name, table in TABLES.items() if name in records}
