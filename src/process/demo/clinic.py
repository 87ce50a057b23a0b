"""The demo clinic, put together: each part in turn, from the staff to the frames of the contract."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from process.demo import alliance, appointments, courses, effects, goals, outcomes, ratings, records, repair, ruptures, therapists
from process.demo.draws import streams
from process.demo.goal_tables import goal_tables
from process.demo.rupture_tables import rupture_tables
from process.demo.sessions import Sessions
from process.demo.settings import Settings

Records = dict[str, pd.DataFrame]


def simulate(settings: Settings | None = None) -> Records:
    """The records of a made-up clinic: one frame for each table of the contract; the same settings give the same frames.

    Takes time and memory in proportion to the number of sessions. Runs that differ only in `rupture_effect` or `repair_effect` differ only in the
    scores of courses with a rupture, from that rupture on.
    """
    settings = settings or Settings()
    draw = streams(settings.seed)
    staff = therapists.therapists(settings, draw["therapists"])
    people = courses.courses(settings, staff, draw["people"], draw["endings"])
    meant = Sessions(people.length)
    dates = appointments.calendar(settings, people, meant, draw["appointments"])
    past = dates.first_day[meant.course] + dates.day <= days_on_record(settings)
    lengths = np.add.reduceat(past, meant.offsets, dtype=np.int32)
    ending = np.where(lengths < people.length, courses.STILL_GOING, people.ending)
    sessions, dates = Sessions(lengths), dates.cut(past)

    patient, therapist = alliance.untouched(settings, staff, people, sessions, draw["alliance"])
    found = ruptures.ruptures(settings, patient, dates.reviewed, sessions, draw["ruptures"])
    fates = repair.repair(settings, found, staff.skill[people.therapist[found.course]], draw["repair"])
    lengths = repair.shortened(lengths, found, fates)
    ending = np.where(lengths < sessions.lengths, courses.STOPPED, ending)
    keep, still = sessions.kept(lengths), found.rank <= lengths[found.course]
    sessions, dates, patient, therapist = Sessions(lengths), dates.cut(keep), patient[keep], therapist[keep]
    found, fates = found.cut(still), fates.cut(still)

    change = effects.on_alliance(settings, found, fates, sessions, draw["repair"])
    softness, part = settings.numbers["alliance"]["ceiling_softness"], settings.numbers["ruptures"]["therapist_part"]
    patient, therapist = alliance.on_scale(patient + change, softness), alliance.on_scale(therapist + part * change, softness)
    before = outcomes.severity(settings, people, draw["outcomes"])
    score = outcomes.untouched(settings, staff, people, before, sessions, draw["outcomes"]) + effects.on_outcome(settings, found, fates, sessions)
    noise = settings.numbers["outcomes"]["error_sd"] * draw["extras"].standard_normal(people.count)
    scores = ratings.alliance_scores(settings, staff, people, sessions, dates, patient, therapist, draw["ratings"])
    scores += ratings.outcome_scores(settings, people, sessions, dates, ending, outcomes.on_scale(before + noise), outcomes.on_scale(score), draw["ratings"])

    kept = goals.course_goals(settings, sessions, draw["goals"])
    first = goals.agreed_at_first(settings, kept, dates.intake_day <= 0, sessions, draw["goals"])
    first_lived = goals.lived(settings, first, kept, people, ending, sessions, draw["goals"])
    replaced = np.flatnonzero(first_lived.fate == goals.REPLACED)
    second = goals.successors(settings, first.course[replaced], first_lived.closed[replaced], kept, draw["successors"])
    second_lived = goals.lived(settings, second, kept, people, ending, sessions, draw["successors"])

    book = records.Book(settings, people, sessions, dates, begins(settings))
    return {
        "manifest": book.manifest(),
        "courses": book.courses(staff, ending, draw["extras"]),
        "sessions": book.sessions_frame(draw["extras"]),
        "scores": book.scores(scores),
        **goal_tables(book, kept, (first, first_lived), (second, second_lived), replaced),
        **rupture_tables(book, found, fates),
    }


def begins(settings: Settings) -> np.datetime64:
    """The Monday of the clinic's first week."""
    this_week = settings.as_of - timedelta(days=settings.as_of.weekday())
    return np.datetime64(this_week - timedelta(weeks=int(np.ceil(settings.years * therapists.WEEKS_A_YEAR))), "D")


def days_on_record(settings: Settings) -> int:
    """Days from the clinic's first Monday to the day the records end."""
    return int((np.datetime64(settings.as_of, "D") - begins(settings)).astype(int))
