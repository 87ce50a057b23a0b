"""When the sessions take place: the attended ones, and the appointments in between that were cancelled or missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from process.demo.courses import STOPPED, Courses
from process.demo.draws import choose
from process.demo.sessions import Sessions
from process.demo.settings import Settings


@dataclass(frozen=True)
class Calendar:
    """Over the attended sessions: `number` (the clinic's number), `day` from the course's first session, `skipped` appointments just before, `reviewed`.

    Over courses: `first_day` (of the clinic, of rank 1), `intake_day` (≤ 0 from rank 1; 1 = no intake on record), `missed_end` and `gap` (days between).
    """

    number: np.ndarray
    day: np.ndarray
    skipped: np.ndarray
    reviewed: np.ndarray
    first_day: np.ndarray
    intake_day: np.ndarray
    missed_end: np.ndarray
    gap: np.ndarray

    def cut(self, keep: np.ndarray) -> Calendar:
        """The same with only the sessions to `keep`."""
        return Calendar(self.number[keep], self.day[keep], self.skipped[keep], self.reviewed[keep], self.first_day, self.intake_day, self.missed_end, self.gap)


def calendar(settings: Settings, people: Courses, sessions: Sessions, rng: np.random.Generator) -> Calendar:
    """Draw the calendar of every course; weekly or every second week, with gaps, holidays and appointments that fell out."""
    assumed, count = settings.numbers["appointments"], people.count
    gap = np.where(rng.random(count) < assumed["weekly"], 7, 14).astype(np.int32)
    first_day = people.start * 7 + rng.integers(0, 5, count)
    skipped = (rng.geometric(1 - assumed["not_attended"], sessions.count) - 1).astype(np.int16)
    weeks_off = np.where(rng.random(sessions.count) < assumed["holiday"], rng.integers(2, 6, sessions.count), 0)
    left_out = rng.random(sessions.count) < assumed["gap_of_two"]
    jitter = np.where(rng.random(sessions.count) < 0.12, rng.integers(-2, 3, sessions.count), 0)
    step = (skipped + 1 + left_out) * gap[sessions.course] + 7 * weeks_off
    day = sessions.within(step)
    # The first attended session is day 0, whatever fell out before it; every later day keeps its own small shift.
    day = day - np.repeat(step[sessions.offsets], sessions.lengths) + np.where(sessions.rank > 1, jitter, 0)
    intake_day = np.where(rng.random(count) < assumed["intake"], -7 * rng.integers(1, 9, count), 1)
    looked = choose(rng, assumed["reviewed"], sessions.count)
    reviewed = np.where(rng.random(sessions.count) < assumed["not_reviewed"], -1, looked).astype(np.int8)
    missed_end = (rng.random(count) < assumed["missed_at_the_end"]) & (people.ending == STOPPED)
    number = (sessions.rank + sessions.within(skipped)).astype(np.int32)
    return Calendar(number, day.astype(np.int32), skipped, reviewed, first_day, intake_day, missed_end, gap)
