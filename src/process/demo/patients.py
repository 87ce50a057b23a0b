"""Who the patients are: most come once, some come back for a second course with somebody else after the first is over."""

from __future__ import annotations

import numpy as np

from process.demo.courses import Courses
from process.demo.settings import Settings


def patients(settings: Settings, people: Courses, last: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The patient (as a position), main problem and age band of every course; `last` is the day of each course's last session, from the clinic's start."""
    count = people.count
    tried = np.flatnonzero(rng.random(count) < settings.numbers["people"]["second_courses"])
    candidate = rng.integers(0, count, len(tried))
    fits = (last[candidate] + 14 < people.start[tried] * 7) & (people.therapist[candidate] != people.therapist[tried])
    fits &= ~np.isin(candidate, tried)
    second, earlier = tried[fits], candidate[fits]
    # Two second courses of one patient would overlap; the first found stays.
    earlier, which = np.unique(earlier, return_index=True)
    second = second[which]
    patient, problem, age = np.arange(count), people.problem.copy(), people.age.copy()
    patient[second], problem[second], age[second] = earlier, people.problem[earlier], people.age[earlier]
    return patient, problem, age
