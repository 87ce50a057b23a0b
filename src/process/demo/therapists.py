"""The therapists of the demo clinic: team, main modality, how many courses each carries, since when, and how they differ in effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from process.demo.draws import choose
from process.demo.settings import Settings

WEEKS_A_YEAR = 52.18


@dataclass(frozen=True)
class Therapists:
    """One entry a therapist; `first` and `last` are the weeks (from the clinic's first) between which courses start, the rest standard normal."""

    caseload: np.ndarray
    team: np.ndarray
    modality: np.ndarray
    first: np.ndarray
    last: np.ndarray
    alliance: np.ndarray
    outcome: np.ndarray
    skill: np.ndarray


def therapists(settings: Settings, rng: np.random.Generator) -> Therapists:
    """Draw the therapists: unequal caseloads that add up to `settings.courses`, a few of two to five courses."""
    assumed, people = settings.numbers["therapists"], settings.numbers["people"]
    count, weeks = settings.therapists, settings.years * WEEKS_A_YEAR
    tiny_count = round(assumed["tiny_share"] * count) if settings.courses >= 10 * count else 0
    tiny = np.zeros(count, dtype=bool)
    tiny[rng.permutation(count)[:tiny_count]] = True
    first = np.where(rng.random(count) < 0.7, 0.0, rng.uniform(0, 0.7 * weeks, count))
    first = np.where(tiny, weeks - rng.uniform(20, 34, count), first)
    last = np.where((rng.random(count) < 0.15) & ~tiny & (first == 0), rng.uniform(0.5, 0.95, count) * weeks, weeks)
    wish = np.exp(assumed["caseload_spread"] * rng.standard_normal(count)) * (last - first)
    caseload = np.where(tiny, rng.integers(assumed["tiny_from"], assumed["tiny_to"] + 1, count), 0)
    share = np.where(tiny, 0, wish)
    # Everyone else has at least six, where there are enough courses, so that the tiny caseloads stay the exception.
    floor = np.where(tiny, 0, 6 if tiny_count else 0)
    caseload = caseload + floor
    caseload = caseload + rng.multinomial(settings.courses - caseload.sum(), share / share.sum())
    alliance = rng.standard_normal(count)
    outcome = 0.4 * alliance + np.sqrt(1 - 0.4**2) * rng.standard_normal(count)
    return Therapists(
        caseload=caseload,
        team=choose(rng, assumed["teams"], count),
        modality=choose(rng, people["modalities"], count),
        first=first,
        last=last,
        alliance=alliance,
        outcome=outcome,
        skill=rng.standard_normal(count),
    )
