"""Which scores end up on record: courses without any, late first scores, sessions left out, and how often the outcome is asked for.

What is missing is missing at random: it says nothing about how the session went.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from process.demo.appointments import Calendar
from process.demo.courses import PLANNED, Courses
from process.demo.draws import choose, numbers_of
from process.demo.sessions import Sessions
from process.demo.settings import Settings
from process.demo.therapists import Therapists


class Scores(NamedTuple):
    """The scores of one instrument, form and rater: course, the clinic's session number, value."""

    instrument: str
    form: str
    rater: str
    course: np.ndarray
    number: np.ndarray
    value: np.ndarray


def alliance_scores(
    settings: Settings,
    staff: Therapists,
    people: Courses,
    sessions: Sessions,
    dates: Calendar,
    patient: np.ndarray,
    therapist: np.ndarray,
    rng: np.random.Generator,
) -> list[Scores]:
    """What patients and therapists filled in about the alliance (points on the 12-84 forms); one team's patients fill in the SRS as well."""
    assumed, count = settings.numbers["alliance"], people.count
    first = np.where(rng.random(count) < assumed["rated_late"], rng.integers(2, 6, count), 1)
    first = np.where(rng.random(count) < assumed["never_rated"], 10_000, first)
    asked = sessions.rank >= first[sessions.course]
    by_patient = asked & (rng.random(sessions.count) >= assumed["patient_missing"])
    by_therapist = asked & (rng.random(sessions.count) >= assumed["therapist_missing"])
    team = list(settings.numbers["therapists"]["teams"]).index(assumed["srs_team"])
    uses = (staff.team[people.therapist] == team) & (rng.random(count) < assumed["srs_share"])
    srs = by_patient & uses[sessions.course]
    # The SRS follows the alliance with noise of its own and crowds at its upper end, as it does in practice.
    srs_value = np.clip(np.rint(34 + 0.32 * (patient - 69.6) + 2.2 * rng.standard_normal(sessions.count)), 0, 40)
    return [
        Scores("wai_sr", "7_point", "patient", sessions.course[by_patient], dates.number[by_patient], patient[by_patient]),
        Scores("wai_srt", "7_point_12", "therapist", sessions.course[by_therapist], dates.number[by_therapist], therapist[by_therapist]),
        Scores("srs", "standard", "patient", sessions.course[srs], dates.number[srs], srs_value[srs]),
    ]


def outcome_scores(
    settings: Settings,
    people: Courses,
    sessions: Sessions,
    dates: Calendar,
    ending: np.ndarray,
    at_intake: np.ndarray,
    score: np.ndarray,
    rng: np.random.Generator,
) -> list[Scores]:
    """The CORE-10 scores on record: at intake, then every one, two or four sessions, and once more where the ending was planned."""
    assumed, count = settings.numbers["outcomes"], people.count
    measured = rng.random(count) >= assumed["never_measured"]
    interval = numbers_of(assumed["intervals"])[choose(rng, assumed["intervals"], count)]
    due = (sessions.rank - 1) % interval[sessions.course] == 0
    due |= (sessions.rank == sessions.lengths[sessions.course]) & (ending == PLANNED)[sessions.course]
    asked = due & measured[sessions.course] & (rng.random(sessions.count) >= assumed["missing"])
    intake = measured & (dates.intake_day <= 0) & (rng.random(count) >= assumed["missing"])
    course = np.concatenate([np.flatnonzero(intake), sessions.course[asked]])
    number = np.concatenate([np.zeros(int(intake.sum()), dtype=dates.number.dtype), dates.number[asked]])
    return [Scores("core_10", "standard", "patient", course, number, np.concatenate([at_intake[intake], score[asked]]))]
