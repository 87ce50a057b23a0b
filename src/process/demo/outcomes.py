"""The outcome score (CORE-10, 0-40, lower is better): slow change, the therapist's small share of it, and a sudden gain here and there."""

from __future__ import annotations

import numpy as np

from process.demo.courses import Courses
from process.demo.sessions import Sessions
from process.demo.settings import Settings
from process.demo.therapists import Therapists

WORST = 40


def severity(settings: Settings, people: Courses, rng: np.random.Generator) -> np.ndarray:
    """Each course's true level before therapy, in points."""
    assumed = settings.numbers["outcomes"]
    by_problem = np.array([assumed["by_problem"].get(name, 0.0) for name in settings.numbers["people"]["problems"]])
    return assumed["severity"] + by_problem[people.problem] + assumed["severity_sd"] * rng.standard_normal(people.count)


def untouched(settings: Settings, staff: Therapists, people: Courses, before: np.ndarray, sessions: Sessions, rng: np.random.Generator) -> np.ndarray:
    """The score in every attended session as it would be without any rupture, in points, neither rounded nor kept to the scale."""
    assumed = settings.numbers["outcomes"]
    shared = assumed["alliance_and_change"]
    own = shared * people.alliance + np.sqrt(1 - shared**2) * rng.standard_normal(people.count)
    # Who begins worse has more to gain: part regression, part truth.
    change = assumed["change"] + assumed["change_by_severity"] * (before - assumed["severity"]) + assumed["change_sd"] * own
    slow = -np.expm1(-sessions.rank / assumed["change_sessions"])
    fast = -np.expm1(-sessions.rank / 3)
    by_therapist = assumed["therapist_sd"] * staff.outcome[people.therapist]
    score = (before[sessions.course] - change[sessions.course] * slow) - by_therapist[sessions.course] * fast
    score += _sudden(settings, sessions, "sudden_gain", -1, rng) + _sudden(settings, sessions, "sudden_loss", 1, rng)
    return score + assumed["error_sd"] * rng.standard_normal(sessions.count)


def _sudden(settings: Settings, sessions: Sessions, name: str, sign: int, rng: np.random.Generator) -> np.ndarray:
    """Points added from one session on, in some courses of five sessions or more; some of it lost again later."""
    assumed, count = settings.numbers["outcomes"], len(sessions.lengths)
    happens = (rng.random(count) < assumed[name]) & (sessions.lengths >= 5)
    at = 3 + np.floor(rng.random(count) * np.maximum(sessions.lengths - 4, 1))
    size = np.maximum(assumed["sudden_size"] + assumed["sudden_size_sd"] * rng.standard_normal(count), 4.0)
    lost_at = np.where(rng.random(count) < assumed["sudden_reversed"], at + rng.integers(3, 8, count), np.inf)
    left = (sessions.rank >= at[sessions.course]) - 0.7 * (sessions.rank >= lost_at[sessions.course])
    return sign * np.where(happens, size, 0)[sessions.course] * left


def on_scale(score: np.ndarray) -> np.ndarray:
    """Whole points inside the form's range."""
    return np.clip(np.rint(score), 0, WORST)
