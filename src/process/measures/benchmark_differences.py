"""The difference of two figures of a benchmark is a figure, too: it must be of as many courses as one must be of, or of none.

A reader who takes one figure from another has one of the courses in which they differ: of a band and a coarser one, of all and those with one code, of one
quarter and the next. The same number of courses that a figure must be of is therefore asked of every difference, as official statistics ask it of two
overlapping areas (Hundepool et al. 2012, Statistical Disclosure Control, Wiley, chapter 5, on differencing linked tables). docs/disclosure.md has attacks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.measures.benchmark_rules import BATCH, LEAST_COURSES, Floats


def in_batches(therapists: NDArray[np.int64], whole: Floats) -> int:
    """How many of the courses of a cell, in the order in which they ended, a figure may be of: whole batches. `therapists` = whose, numbered from 0; `whole` =
    what is counted in each.

    A batch is closed by the course with which it has `BATCH` courses, `LEAST_COURSES` of them left whichever therapist's are taken out, and none that stands
    out. The next quarter's figure of the same cell is then of the same courses, or of a batch of others besides.
    """
    done = end = 0
    while (end := end + BATCH) <= len(therapists):
        while end <= len(therapists) and not _enough(therapists[done:end], whole[done:end], LEAST_COURSES):
            end += 1
        done = end if end <= len(therapists) else done
    return done


def apart(inside: NDArray[np.bool_], therapists: NDArray[np.int64], whole: Floats) -> NDArray[np.bool_]:
    """Which cells (rows of `inside`, over courses) may be told: those that differ from every one that stands before them in none of the courses they share, or
    in so many that a difference is of `LEAST_COURSES` still when a last batch is not full.

    Whether the ones before are told is not asked, and neither is how anything turned out. Cells only grow, so what differs in enough courses in one quarter
    does so in the next, and a figure of the one is as far from a figure of the other.
    """
    told = np.ones(len(inside), bool)
    if not inside.size:
        return told
    packed, kind = np.unique(np.packbits(inside, axis=0), axis=1, return_inverse=True)
    kinds, kind = np.unpackbits(packed, axis=0)[: len(inside)].astype(float), np.ravel(kind)
    (both, differ), (_, stand) = (_overlap(kinds, np.bincount(kind, weights=of)) for of in (np.ones(len(whole)), whole**2))
    sizes = np.diag(both)
    unfinished = 1 + ((both < sizes[:, None]) & (both < sizes[None, :]))  # either cell has courses of its own, and a last batch that is not full
    least = LEAST_COURSES + BATCH * unfinished
    close = (differ < least + np.bincount(therapists).max()) | (stand < BATCH * whole.max() ** 2)
    for cell, before in zip(*np.nonzero(close & (both > 0) & (differ > 0) & np.tri(len(inside), k=-1, dtype=bool)), strict=True):
        if told[cell]:
            between = inside[cell] != inside[before]
            told[cell] = _enough(therapists[between], whole[between], least[cell, before])
    return told


def _overlap(kinds: Floats, amount: Floats) -> tuple[Floats, Floats]:
    """Of every two cells, how much of what is counted (`amount`, by kind) lies in both, and how much in one alone."""
    both = (kinds * amount) @ kinds.T
    return both, np.diag(both)[:, None] + np.diag(both)[None, :] - 2 * both


def _enough(therapists: NDArray[np.int64], whole: Floats, least: float) -> bool:
    """Whether `least` courses are left whichever therapist's are taken out, and no course stands out: none has more of what is counted than if `BATCH` courses
    shared it alike."""
    return len(therapists) - np.bincount(therapists).max() >= least and BATCH * whole.max() ** 2 <= (whole**2).sum()
