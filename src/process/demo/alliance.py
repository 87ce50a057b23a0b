"""The alliance as it would be felt without any rupture: level of the course, a rise common to all, ups and downs that carry over, and that day's noise.

Both voices on the 12-84 form. Effects of ruptures and repairs are added later, so that runs with and without them share this.
"""

from __future__ import annotations

import numpy as np

from process.demo.courses import Courses
from process.demo.sessions import Sessions
from process.demo.settings import Settings
from process.demo.therapists import Therapists

LOWEST, HIGHEST = 12, 84


def untouched(settings: Settings, staff: Therapists, people: Courses, sessions: Sessions, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Patient's and therapist's alliance in every attended session, in points, neither rounded nor kept to the scale."""
    assumed = settings.numbers["alliance"]
    patient_state, therapist_state = _states(assumed["autoregression"], assumed["state_correlation"], sessions, rng)
    rise = assumed["rise"] * -np.expm1(-(sessions.rank - 1) / assumed["rise_sessions"])
    therapists_own = rng.standard_normal(len(staff.alliance))
    seen_by_therapist = (0.4 * staff.alliance + np.sqrt(1 - 0.4**2) * therapists_own)[people.therapist]
    patient_level = assumed["between_sd"] * people.alliance + assumed["therapist_sd"] * staff.alliance[people.therapist]
    therapist_level = assumed["between_sd_therapist"] * people.therapist_alliance + assumed["therapist_sd_therapist"] * seen_by_therapist
    patient = (assumed["patient_mean"] + patient_level)[sessions.course] + rise + assumed["state_sd"] * patient_state
    therapist = (assumed["therapist_mean"] + therapist_level)[sessions.course] + 0.8 * rise + assumed["state_sd_therapist"] * therapist_state
    patient += assumed["error_sd"] * rng.standard_normal(sessions.count)
    therapist += assumed["error_sd_therapist"] * rng.standard_normal(sessions.count)
    return patient, therapist


def _states(autoregression: float, correlation: float, sessions: Sessions, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated first-order autoregressions with unit variance, begun afresh in every course."""
    patient = rng.standard_normal(sessions.count)
    therapist = correlation * patient + np.sqrt(1 - correlation**2) * rng.standard_normal(sessions.count)
    kept = np.sqrt(1 - autoregression**2)
    before = None
    for here in sessions.ranks():
        if before is not None:
            last = before[: len(here)]
            patient[here] = autoregression * patient[last] + kept * patient[here]
            therapist[here] = autoregression * therapist[last] + kept * therapist[here]
        before = here
    return patient, therapist


def fall(score: np.ndarray, sessions: Sessions) -> np.ndarray:
    """How far each session's score lies under the mean of up to three sessions before it; 0 in a course's first session."""
    total, number = np.zeros(len(score)), np.zeros(len(score))
    for back in (1, 2, 3):
        there = sessions.rank > back
        earlier = np.concatenate([np.zeros(min(back, len(score))), score[:-back]])
        total += np.where(there, earlier, 0)
        number += there
    return np.where(number > 0, total / np.maximum(number, 1) - score, 0)


def on_scale(score: np.ndarray, softness: float) -> np.ndarray:
    """Whole points inside the form's range; near the top they crowd, as alliance scores do, within about `softness` points."""
    crowded = HIGHEST - softness * np.logaddexp(0, (HIGHEST - score) / softness)
    return np.clip(np.rint(crowded), LOWEST, HIGHEST)
