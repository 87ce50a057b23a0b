"""The courses before anything happens in them: who with whom, when they start, how long they are meant to be, and how they would end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from process.demo.draws import choose
from process.demo.settings import Settings
from process.demo.therapists import Therapists

PLANNED, STOPPED, THERAPIST_ENDED, MOVED_ON, STILL_GOING, UNKNOWN = range(6)
ENDING_NAMES = ("planned", "patient_stopped", "therapist_ended", "moved_on", "still_going", "unknown")


@dataclass(frozen=True)
class Courses:
    """One entry a course, in order of its start.

    `start` is the week of the first session, counted from the clinic's first week; `length` the attended sessions if nothing intervenes; `planned` 0 where
    nothing was agreed; `ending` as drawn; `alliance` the course's own level and `therapist_alliance` the therapist's view of it (standard normal).
    """

    therapist: np.ndarray
    modality: np.ndarray
    problem: np.ndarray
    age: np.ndarray
    start: np.ndarray
    length: np.ndarray
    planned: np.ndarray
    ending: np.ndarray
    alliance: np.ndarray
    therapist_alliance: np.ndarray

    @property
    def count(self) -> int:
        """How many courses."""
        return len(self.start)


def courses(settings: Settings, staff: Therapists, people: np.random.Generator, endings: np.random.Generator) -> Courses:
    """Draw every course's fixed facts; the arrays have `settings.courses` entries."""
    count, assumed = settings.courses, settings.numbers["people"]
    therapist = np.repeat(np.arange(len(staff.caseload), dtype=np.int32), staff.caseload)
    start = np.floor(people.uniform(staff.first[therapist], staff.last[therapist])).astype(np.int32)
    order = np.argsort(start, kind="stable")
    therapist, start = therapist[order], start[order]
    modality = choose(people, assumed["modalities"], count)
    modality = np.where(people.random(count) < settings.numbers["therapists"]["main_modality_share"], staff.modality[therapist], modality)
    problem, age = choose(people, assumed["problems"], count), choose(people, assumed["age_bands"], count)
    age = np.where(people.random(count) < assumed["age_unknown"], -1, age)
    correlation = settings.numbers["alliance"]["between_correlation"]
    alliance = people.standard_normal(count)
    therapist_alliance = correlation * alliance + np.sqrt(1 - correlation**2) * people.standard_normal(count)
    meant, planned = _meant_length(settings, modality, people)
    length, ending = _ending(settings, meant, alliance, endings)
    return Courses(therapist, modality, problem, age, start, length, planned, ending, alliance, therapist_alliance)


def _meant_length(settings: Settings, modality: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sessions meant to be held, and the number agreed at the start (0 = none), from a mixture of brief, middle and long courses."""
    assumed, count = settings.numbers["lengths"], len(modality)
    brief, middle, long = assumed["brief"], assumed["middle"], assumed["long"]
    part = choose(rng, {"brief": brief["share"], "middle": middle["share"], "long": long["share"]}, count)
    stretch = np.array([assumed["by_modality"].get(name, 1.0) for name in settings.numbers["people"]["modalities"]])[modality]
    drawn = np.select(
        [part == 0, part == 1],
        [
            rng.integers(brief["from"], brief["to"] + 1, count).astype(float),
            middle["least"] + stretch * rng.gamma(middle["shape"], (middle["mean"] - middle["least"]) / middle["shape"], count),
        ],
        long["least"] + stretch * rng.gamma(long["shape"], long["mean"] / long["shape"], count),
    )
    meant = np.clip(np.round(drawn), 1, assumed["longest"]).astype(np.int32)
    menu = np.array(assumed["planned_menu"])
    # What is agreed at the start is a round number near what it becomes, missed by about a fifth.
    guess = meant * np.exp(0.2 * rng.standard_normal(count))
    nearest = menu[np.argmin(np.abs(np.log(menu)[None, :] - np.log(guess)[:, None]), axis=1)]
    return meant, np.where(rng.random(count) < assumed["planned_given"], nearest, 0).astype(np.int32)


def _ending(settings: Settings, meant: np.ndarray, alliance: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Attended sessions and ending, before ruptures: who stops leaves part of the way, and rather where the alliance is low."""
    assumed, count = settings.numbers["endings"], len(meant)
    base = np.log(assumed["patient_stopped"] / (1 - assumed["patient_stopped"]))
    stops = rng.random(count) < 1 / (1 + np.exp(-(base + assumed["alliance_and_stopping"] * alliance)))
    other = choose(
        rng,
        {
            "planned": 1 - assumed["therapist_ended"] - assumed["moved_on"],
            "therapist_ended": assumed["therapist_ended"],
            "moved_on": assumed["moved_on"],
        },
        count,
    )
    ending = np.where(stops, STOPPED, np.array([PLANNED, THERAPIST_ENDED, MOVED_ON])[other])
    share = np.select([ending == STOPPED, ending == PLANNED], [rng.beta(1.0, 1.5, count), np.ones(count)], rng.beta(1.1, 1.1, count))
    return np.maximum(1, np.ceil(meant * share)).astype(np.int32), ending
