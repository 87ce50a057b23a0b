"""When ruptures happen, and what each is like.

The hazard of a session depends on the course's propensity and on how far the score *would have fallen anyway*: that is why a rupture is followed by some
recovery even when it does nothing. It never depends on what a rupture or a repair did, so that effects can be switched without moving a rupture.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from process.demo.alliance import fall, on_scale
from process.demo.draws import choose, waits
from process.demo.sessions import Sessions
from process.demo.settings import Settings

REVIEWERS = ("both", "therapist", "patient", "observer")
NOTICED = ("patient", "therapist", "both", "observer")
MOVERS = ("patient", "therapist", "both")
FALL_UNIT = 7.5


@dataclass(frozen=True)
class Ruptures:
    """One entry a rupture, by course and rank; `depth` in points of the patient's score, `holds` in sessions; -1 = not recorded."""

    course: np.ndarray
    rank: np.ndarray
    kind: np.ndarray
    moved_by: np.ndarray
    noticed_by: np.ndarray
    source: np.ndarray
    intensity: np.ndarray
    theme: np.ndarray
    depth: np.ndarray
    holds: np.ndarray

    @property
    def count(self) -> int:
        """How many ruptures."""
        return len(self.course)

    def cut(self, keep: np.ndarray) -> Ruptures:
        """The same with only the ruptures to `keep`."""
        return Ruptures(*(getattr(self, entry.name)[keep] for entry in fields(self)))


def ruptures(settings: Settings, patient: np.ndarray, reviewed: np.ndarray, sessions: Sessions, rng: np.random.Generator) -> Ruptures:
    """Draw the ruptures from the untouched patient's score and from who looked (`reviewed`: position in `REVIEWERS`, -1 = nobody)."""
    assumed, count = settings.numbers["ruptures"], len(sessions.lengths)
    spread = assumed["propensity_sd"]
    propensity = np.exp(spread * rng.standard_normal(count) - spread**2 / 2)
    own_theme = choose(rng, assumed["themes"], count)
    fallen = fall(on_scale(patient, settings.numbers["alliance"]["ceiling_softness"]), sessions)
    hazard = assumed["hazard"] * propensity[sessions.course] * np.exp(assumed["after_fall"] * fallen / FALL_UNIT)
    struck = (rng.random(sessions.count) < np.minimum(hazard, 0.5)) & (reviewed >= 0)
    here = np.flatnonzero(struck)
    # A rupture in the session straight after one counts as the same rupture going on.
    again = np.zeros(len(here), dtype=bool)
    again[1:] = (np.diff(here) == 1) & (sessions.course[here[1:]] == sessions.course[here[:-1]])
    here = here[~again]
    return _features(settings, here, reviewed[here], own_theme, sessions, rng)


def _features(settings: Settings, here: np.ndarray, reviewed: np.ndarray, own_theme: np.ndarray, sessions: Sessions, rng: np.random.Generator) -> Ruptures:
    assumed, size, course = settings.numbers["ruptures"], len(here), sessions.course[here]
    kind = choose(rng, assumed["kinds"], size)
    theme = np.where(rng.random(size) < assumed["own_theme"], own_theme[course], choose(rng, assumed["themes"], size))
    depth = assumed["fall_mean"] + assumed["fall_sd"] * rng.standard_normal(size) + assumed["confrontation_extra"] * (kind == 1)
    felt = np.clip(np.rint(depth / 4 + 1 + 0.7 * rng.standard_normal(size)), 1, 5)
    return Ruptures(
        course=course,
        rank=sessions.rank[here],
        kind=kind,
        moved_by=choose(rng, assumed["moved_by"], size),
        noticed_by=_noticed(reviewed, rng),
        source=np.where(reviewed == REVIEWERS.index("observer"), list(assumed["sources"]).index("observer"), choose(rng, _without_observer(assumed), size)),
        intensity=np.where(rng.random(size) < assumed["intensity_given"], felt, -1).astype(np.int8),
        theme=np.where(rng.random(size) < assumed["theme_given"], theme, -1),
        depth=depth,
        holds=1 + np.where(rng.random(size) < assumed["spanning"], 1 + waits(rng, 0.5, size), 0),
    )


def _without_observer(assumed: dict) -> dict[str, float]:
    """Sources in the same order, the observer's only where an observer looked."""
    return {name: 0.0 if name == "observer" else share for name, share in assumed["sources"].items()}


def _noticed(reviewed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Who noticed (position in `NOTICED`): only somebody who looked."""
    where_both_looked = rng.choice([0, 1, 2], len(reviewed), p=[0.25, 0.3, 0.45])
    alone = np.array([0, NOTICED.index("therapist"), NOTICED.index("patient"), NOTICED.index("observer")])
    return np.where(reviewed == REVIEWERS.index("both"), where_both_looked, alone[reviewed])
