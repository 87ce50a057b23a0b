"""Goals: who set them, how slowly they move, who rates them how often, and what becomes of them.

A goal moves in small steps (Poisson, a little forward and now and then back), not at all while its course stands still. A replaced goal closes and
names its successor, which begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from process.demo.courses import PLANNED, Courses
from process.demo.draws import choose, numbers_of
from process.demo.sessions import Sessions
from process.demo.settings import Settings

GAS, GBO = 0, 1
OPEN, REACHED, REPLACED, DROPPED = range(4)
FATES = ("open", "reached", "replaced", "dropped")
OUTCOMES = ("kept", "revised", "reached", "replaced", "dropped")
SETTERS = ("patient", "therapist", "both")
NEVER = 10_000


@dataclass(frozen=True)
class CourseGoals:
    """Over courses: how their goals are kept. `clock` (over sessions) counts the sessions in which goals could move."""

    number: np.ndarray
    scale: np.ndarray
    interval: np.ndarray
    voice: np.ndarray
    weighted: np.ndarray
    reviews: np.ndarray
    pace: np.ndarray
    clock: np.ndarray
    still: np.ndarray


@dataclass(frozen=True)
class Agreed:
    """Goals as agreed: position of the course, attended rank (0 = intake), who set it, area, weight (0 = none), and whether it may be replaced."""

    course: np.ndarray
    rank: np.ndarray
    set_by: np.ndarray
    area: np.ndarray
    weight: np.ndarray
    may_be_replaced: bool


def course_goals(settings: Settings, sessions: Sessions, rng: np.random.Generator) -> CourseGoals:
    """Draw how each course works with goals, and when it stands still."""
    assumed, count = settings.numbers["goals"], len(sessions.lengths)
    number = numbers_of(assumed["number"])[choose(rng, assumed["number"], count)]
    number = np.where(rng.random(count) < np.where(sessions.lengths < 2, 0.6, assumed["without"]), 0, number)
    stands = (rng.random(count) < assumed["impasse"]) & (sessions.lengths >= 12)
    since = 4 + np.floor(rng.random(count) * np.maximum(sessions.lengths - 9, 1))
    until = since + rng.integers(assumed["impasse_from"], assumed["impasse_to"] + 1, count)
    still = stands[sessions.course] & (sessions.rank >= since[sessions.course]) & (sessions.rank < until[sessions.course])
    return CourseGoals(
        number=number,
        scale=(rng.random(count) < assumed["gbo"]).astype(np.int8),
        interval=numbers_of(assumed["intervals"])[choose(rng, assumed["intervals"], count)],
        voice=choose(rng, assumed["voices"], count),
        weighted=rng.random(count) < assumed["weighted"],
        reviews=rng.random(count) < assumed["reviews_courses"],
        pace=np.exp(0.45 * rng.standard_normal(count)),
        clock=sessions.within(~still).astype(np.float32),
        still=still,
    )


def agreed_at_first(settings: Settings, kept: CourseGoals, intake: np.ndarray, sessions: Sessions, rng: np.random.Generator) -> Agreed:
    """The goals of the first sessions, and a few agreed later; `intake` says which courses have an intake assessment."""
    course = np.repeat(np.arange(len(kept.number), dtype=np.int32), kept.number)
    early = rng.choice([0, 1, 2, 3, 4], len(course), p=[0.3, 0.3, 0.2, 0.12, 0.08])
    early = np.where(intake[course], early, np.maximum(early, 1))
    late = rng.random(len(course)) < 0.1
    rank = np.where(late, 4 + rng.geometric(0.2, len(course)), early)
    return _agreed(settings, course, np.minimum(rank, sessions.lengths[course]), kept, True, rng)


def successors(settings: Settings, course: np.ndarray, rank: np.ndarray, kept: CourseGoals, rng: np.random.Generator) -> Agreed:
    """The goals that take the place of replaced ones, agreed where those closed."""
    return _agreed(settings, course, rank, kept, False, rng)


def _agreed(settings: Settings, course: np.ndarray, rank: np.ndarray, kept: CourseGoals, may: bool, rng: np.random.Generator) -> Agreed:
    assumed, size = settings.numbers["goals"], len(course)
    weight = np.where(kept.weighted[course], rng.integers(1, 6, size), 0)
    return Agreed(course, rank, choose(rng, assumed["set_by"], size), choose(rng, assumed["areas"], size), weight, may)


@dataclass(frozen=True)
class Lived:
    """What became of goals: over goals `fate` and `closed` (attended rank, `NEVER` = open); then ratings and reviews, each with its goal's position."""

    fate: np.ndarray
    closed: np.ndarray
    rated: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # goal, rank, rater (patient, therapist, both), level
    reviewed: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # goal, rank, by, outcome


def lived(settings: Settings, goals: Agreed, kept: CourseGoals, people: Courses, ending: np.ndarray, sessions: Sessions, rng: np.random.Generator) -> Lived:
    """Let the goals move, be rated and reviewed, and close, inside their courses; `ending` as known at the end of the records."""
    assumed, size, course = settings.numbers["goals"], len(goals.course), goals.course
    last = sessions.lengths[course]
    goal, rank = _occasions(goals, kept.interval[course], last)
    level = _levels(settings, goals, goal, rank, kept, sessions, rng)
    gbo = kept.scale[course] == GBO
    target = np.where(gbo, rng.integers(7, 10, size), rng.integers(0, 2, size))
    reached = np.full(size, NEVER)
    hit = (level >= target[goal]) & (rng.random(len(goal)) < assumed["closed_when_reached"]) & (rank > goals.rank[goal] + 1)
    np.minimum.at(reached, goal[hit], rank[hit])
    given_up = rng.random(size)
    leaves = goals.rank + 2 + rng.geometric(0.12, size)
    replaced = np.where((given_up < 2 * assumed["replaced"]) & goals.may_be_replaced, leaves, NEVER)
    dropped = np.where(given_up > 1 - 2 * assumed["dropped"], leaves, NEVER)
    first = np.minimum(np.minimum(reached, replaced), dropped)
    closed = np.where(first <= last, first, NEVER)
    fate = np.select([closed == NEVER, closed == reached, closed == replaced], [OPEN, REACHED, REPLACED], DROPPED)
    final = np.full(size, -99)
    final[goal] = level  # the last occasion of a goal is written last
    at_the_end = (fate == OPEN) & (ending[course] == PLANNED) & (final >= np.where(gbo, 7, 0)) & (rng.random(size) < assumed["closed_at_planned_end"])
    fate, closed = np.where(at_the_end, REACHED, fate), np.where(at_the_end, last, closed)
    alive = rank <= closed[goal]
    goal, rank, level = goal[alive], rank[alive], level[alive]
    rated = _voices(settings, course, goal, rank, level, kept, sessions, rng)
    return Lived(fate, closed, rated, _reviews(settings, goals, goal, rank, closed, fate, kept, rng))


def _occasions(goals: Agreed, interval: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When each goal is due to be rated: when agreed and every `interval` sessions from then to the course's end."""
    number = (last - goals.rank) // interval + 1
    goal = np.repeat(np.arange(len(number), dtype=np.int64), number)
    turn = np.arange(len(goal)) - np.repeat(np.cumsum(number) - number, number)
    return goal, (goals.rank[goal] + turn * interval[goal]).astype(np.int32)


def _levels(
    settings: Settings, goals: Agreed, goal: np.ndarray, rank: np.ndarray, kept: CourseGoals, sessions: Sessions, rng: np.random.Generator
) -> np.ndarray:
    """The level at every occasion: a start and small steps since, kept to the scale."""
    assumed, size = settings.numbers["goals"], len(goals.course)
    course = goals.course[goal]
    clock = np.where(rank > 0, kept.clock[sessions.at(course, np.maximum(rank, 1))], 0)
    passed = np.concatenate([[0], np.diff(clock)])[: len(goal)]
    begins = np.concatenate([[True], np.diff(goal) > 0])[: len(goal)]
    passed[begins] = 0
    gbo = kept.scale[course] == GBO
    forward = np.where(gbo, assumed["steps"]["gbo"], assumed["steps"]["gas"]) * kept.pace[course]
    back = np.where(gbo, assumed["steps_back"]["gbo"], assumed["steps_back"]["gas"])
    moved = np.cumsum(rng.poisson(forward * passed) - rng.poisson(back * passed))
    moved -= moved[np.flatnonzero(begins)][goal]
    start = np.where(kept.scale[goals.course] == GBO, rng.integers(1, 5, size), -2 + (rng.random(size) < 0.4))
    return np.clip(start[goal] + moved, np.where(gbo, 0, -2), np.where(gbo, 10, 2))


def _voices(
    settings: Settings,
    course_of: np.ndarray,
    goal: np.ndarray,
    rank: np.ndarray,
    level: np.ndarray,
    kept: CourseGoals,
    sessions: Sessions,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who rates: the patient mostly; in some courses the therapist or the two together as well, or only the two together."""
    assumed, course, size = settings.numbers["goals"], course_of[goal], len(goal)
    names, voice = list(assumed["voices"]), kept.voice[course]
    gbo = kept.scale[course] == GBO
    low, high = np.where(gbo, 0, -2), np.where(gbo, 10, 2)
    in_still = kept.still[sessions.at(course, np.maximum(rank, 1))]
    slip = np.where((rng.random(size) < 0.07) & ~in_still, rng.choice([-1, 1], size), 0)
    leaning = rng.choice([-1, 0, 1], len(course_of), p=[0.17, 0.68, 0.15])[goal]
    here = rng.random((3, size)) >= assumed["missing"]
    patient = here[0] & (voice != names.index("both"))
    therapist = here[1] & (voice == names.index("patient_therapist")) & (rng.random(size) < 0.75)
    together = here[2] & ((voice == names.index("both")) | ((voice == names.index("patient_both")) & (rng.random(size) < 0.5)))
    parts = [(patient, 0, level + slip), (therapist, 1, level + leaning), (together, 2, level)]
    where = np.concatenate([np.flatnonzero(part[0]) for part in parts])
    value = np.concatenate([np.clip(part[2], low, high)[part[0]] for part in parts])
    rater = np.concatenate([np.full(int(part[0].sum()), part[1]) for part in parts])
    return goal[where], rank[where], rater, value


def _reviews(
    settings: Settings, goals: Agreed, goal: np.ndarray, rank: np.ndarray, closed: np.ndarray, fate: np.ndarray, kept: CourseGoals, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Reviews between agreeing and closing (kept or revised), and the one that closes, which is nearly always on record."""
    assumed = settings.numbers["goals"]
    looks = kept.reviews[goals.course[goal]] & (rng.random(len(goal)) < assumed["reviewed"]) & (rank > goals.rank[goal]) & (rank < closed[goal])
    revised = (rng.random(len(goal)) < assumed["revised"])[looks].astype(np.int64)
    closes = np.flatnonzero((fate != OPEN) & (rng.random(len(fate)) < 0.92))
    outcome = np.concatenate([revised, fate[closes] + 1])
    reviewed_goal, reviewed_rank = np.concatenate([goal[looks], closes]), np.concatenate([rank[looks], closed[closes]])
    return reviewed_goal, reviewed_rank, rng.choice([0, 1, 2], len(outcome), p=[0.25, 0.2, 0.55]), outcome
