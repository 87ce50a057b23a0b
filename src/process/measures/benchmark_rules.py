"""What a therapist's benchmark may say: of which courses a figure is told, and how coarsely. Policy: docs/operations.md, "What is withheld".

The same figure is told to everybody, so the rules must hold for whoever looks. A person who looks knows the courses of some therapists in full (their own, or
those they supervise) and can take them out of any figure: every rule is therefore asked of *what is left* when those are taken out, whichever they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_COURSES = 20
LEAST_OTHERS = 4
LARGEST_PART = 0.5
LEAST_EITHER_WAY = 3
COUNT_STEP = 10
MEAN_STEP = 0.5
PERCENT_STEP, FINE_PERCENT_STEP, FINE_FROM = 5.0, 1.0, 100
KEPT = 0.75
BATCH = 40
SETTLED_DAYS = 91
MOST_KNOWN = 12
EVERY_LENGTH = "every"
_LONG = 2**31
BANDS = {"1-3": (1, 3), "4-8": (4, 8), "9-16": (9, 16), "17-30": (17, 30), "31+": (31, _LONG)}
COARSER = {"1-8": (1, 8), "17+": (17, _LONG), "9+": (9, _LONG), EVERY_LENGTH: (1, _LONG)}
"""Bands made of whole bands: any two of all nine are apart or one lies in the other, so that no difference of two is a narrower band of another cut."""
EVERY_BAND = BANDS | COARSER

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Released:
    """A figure as it is told: `value` in percent or points, `courses` to ten, and of how many therapists (`known`) a viewer may know every course."""

    value: float
    courses: int
    known: int


def bands_around(length: tuple[int, int]) -> Iterator[str]:
    """The bands in which a range of lengths lies whole, the narrowest first; always ends with every length. A course without a session is in none."""
    low, high = max(length[0], 1), min(max(length[1], 1), _LONG)
    around = [name for name, (first, last) in EVERY_BAND.items() if first <= low and high <= last]
    yield from sorted(around, key=lambda name: EVERY_BAND[name][1] - EVERY_BAND[name][0])


def sample(courses: int, seed: int) -> NDArray[np.int64]:
    """The places of the courses that a figure is made of: `KEPT` of them (rounded up), drawn by chance, in order.

    Each figure of a quarter leaves out courses of its own, so that no difference of two figures, of one quarter or of two, is the outcome of the courses in
    which they differ. The seed is of chance that is kept nowhere, so nobody draws again; what is made anew is of other courses.
    """
    return np.sort(np.random.default_rng(seed).permutation(courses)[: int(np.ceil(KEPT * courses))])


def released(therapists: NDArray[np.int64], part: Floats, whole: Floats, percent: bool) -> Released | None:
    """The figure Σ part / Σ whole over courses (a row each; `therapists` = whose, numbered from 0), as it may be told; None where it may not.

    `percent` = a share, of which `part` counts what happened; otherwise a mean on a scale from 0 to 100.
    """
    known = may_know(therapists, part, whole, percent)
    if not known:
        return None
    exact = part.sum() / whole.sum()
    step = MEAN_STEP if not percent else PERCENT_STEP if len(part) < FINE_FROM else FINE_PERCENT_STEP
    value = float(np.round(exact * (100.0 if percent else 1.0) / step) * step)
    if not 0.0 < value < 100.0:
        return None
    return Released(value, int(np.round(len(part) / COUNT_STEP) * COUNT_STEP), known)


def may_know(therapists: NDArray[np.int64], part: Floats, whole: Floats, percent: bool) -> int:
    """The largest number of therapists that may be taken out, whichever they are, with the rules still kept by what is left (at most `MOST_KNOWN`); 0 = none.

    Kept: `LEAST_COURSES` courses of `LEAST_OTHERS` therapists, none of them with more than `LARGEST_PART` of the courses or of what is counted in them; and,
    of a share, `LEAST_EITHER_WAY` courses in which it happened and as many in which it did not.
    """
    if not len(part):
        return 0
    most = int(therapists.max()) + 1
    courses, weight = np.bincount(therapists, minlength=most), np.bincount(therapists, weights=whole, minlength=most)
    there = courses > 0
    sizes = [np.sort(of[there])[::-1] for of in (courses.astype(float), weight)]
    ways = [np.sort(np.bincount(therapists, weights=of, minlength=most)[there])[::-1] for of in (part > 0, part < whole)] if percent else []
    out = np.arange(1, min(MOST_KNOWN, int(there.sum()) - LEAST_OTHERS) + 1)
    if not len(out):
        return 0
    kept = _left(sizes[0], out) >= LEAST_COURSES
    for of in sizes:  # the one who stays with the largest part stands out most where the next ones are taken out
        kept &= of[0] <= LARGEST_PART * (of[0] + _left(of, out + 1))
    for of in ways:
        kept &= _left(of, out) >= LEAST_EITHER_WAY
    return len(out) if kept.all() else int(kept.argmin())


def _left(of: Floats, out: NDArray[np.int64]) -> Floats:
    """What is left of a row of numbers, largest first, without its first one, two … (`out`)."""
    return of.sum() - np.cumsum(of)[out - 1]
