"""A therapist who wants to know what became of colleagues' patients, and knows everything about them but that.

The attacker is given more than any real one has: for every course of the clinic who treated it, how long it was, its problem, form of therapy and team,
whether it had ended by which week; so which courses each figure of each quarter is of is known to the last one. Only whether the patient stopped is not
known, but for the attacker's own courses. What is attacked is a list of releases: of which courses, and between which bounds the number of those that were
stopped must lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

NAIVE_MINIMUM = 8


@dataclass(frozen=True)
class Release:
    """A figure: the courses it is of (a mask over all), the least and the most of them that were stopped, and the number that it says by itself."""

    of: np.ndarray
    least: float
    most: float
    said: float


@dataclass(frozen=True)
class Attacker:
    """`courses`: a row a course of every ended course; `own`: a mask of those known; `stopped`: the truth, asked for own courses and to count who was right."""

    courses: pd.DataFrame
    own: np.ndarray
    stopped: np.ndarray

    def narrowed(self, release: Release) -> Release:
        """The release with the attacker's own courses taken out."""
        known = float((release.of & self.own & self.stopped).sum())
        return Release(release.of & ~self.own, release.least - known, release.most - known, release.said - known)

    def subtracted(self, releases: list[Release]) -> dict[int, bool]:
        """Courses whose outcome follows for certain from a release, or from two of which one holds the other: all of what is left were stopped, or none."""
        found: dict[int, bool] = {}
        narrowed = [self.narrowed(release) for release in releases]
        for one in narrowed:
            found |= _certain(one.of, one.least, one.most)
        for inner, outer in _nested(narrowed):
            found |= _certain(outer.of & ~inner.of, outer.least - inner.most, outer.most - inner.least)
        return found

    def feasible(self, releases: list[Release], courses: list[int]) -> dict[int, tuple[float, float]]:
        """The least and the most that each course's outcome (0 or 1) can be with every release together, by integer programming over all unknown outcomes."""
        rows = [self.narrowed(release) for release in releases]
        # Courses that the same figures are of cannot be told apart: a whole number a kind takes the place of a yes or no each.
        pattern = np.array([row.of for row in rows])
        here = np.flatnonzero(~self.own & pattern.any(axis=0))
        packed, kind = np.unique(np.packbits(pattern[:, here], axis=0), axis=1, return_inverse=True)
        kinds = np.unpackbits(packed, axis=0)[: len(rows)].astype(float)
        place = dict(zip(here.tolist(), np.ravel(kind).tolist(), strict=True))
        least, most = np.array([row.least for row in rows]) - 1e-9, np.array([row.most for row in rows]) + 1e-9
        found: dict[int, tuple[float, float]] = {}
        for mine in {place[course] for course in courses}:
            # The course itself is a variable of its own, beside the rest of its kind.
            sizes = np.append(np.bincount(np.ravel(kind), minlength=kinds.shape[1]) - (np.arange(kinds.shape[1]) == mine), 1)
            limits = LinearConstraint(csr_matrix(np.column_stack([kinds, kinds[:, mine]])), least, most)
            wanted = (np.arange(len(sizes)) == len(sizes) - 1).astype(float)
            ends = [milp(sign * wanted, constraints=limits, bounds=Bounds(0, sizes), integrality=np.ones(len(sizes))) for sign in (1, -1)]
            assert all(end.success for end in ends), "the truth itself must be possible"
            found |= {course: tuple(float(np.round(end.x[-1])) for end in ends) for course in courses if place[course] == mine}
        return found

    def guessed(self, releases: list[Release], few: int = 3) -> dict[int, bool]:
        """What a bold attacker claims, who takes each figure at its word: of courses in which two figures differ, where they are at most `few`, the mean of the
        differences, more than half = stopped. Where nothing but chance is left this is right as often as a guess."""
        claims: dict[int, list[float]] = {}
        for inner, outer in _nested([self.narrowed(release) for release in releases]):
            between = np.flatnonzero(outer.of & ~inner.of)
            if 0 < len(between) <= few:
                for course in between:
                    claims.setdefault(int(course), []).append((outer.said - inner.said) / len(between))
        return {course: bool(np.mean(said) > 0.5) for course, said in claims.items()}


def naive(attacker: Attacker, filters: list[np.ndarray]) -> dict[int, bool]:
    """What subtraction gives where the clinic's figures are exact from `NAIVE_MINIMUM` courses on and the slider is free: two neighbouring positions differ by
    the courses of one length. `filters`: masks of the courses that each state of the other filters keeps."""
    length = attacker.courses["completed"].to_numpy()
    found: dict[int, bool] = {}
    for kept in filters:
        ends = np.unique(length[kept])
        longer, shorter = (_exact(attacker, kept, length, ends, up) for up in (True, False))
        for releases in (longer, shorter):
            for inner, outer in zip(releases[1:], releases, strict=False):
                inside, outside = attacker.narrowed(inner), attacker.narrowed(outer)
                found |= _certain(outside.of & ~inside.of, outside.least - inside.most, outside.most - inside.least)
    return found


def _exact(attacker: Attacker, kept: np.ndarray, length: np.ndarray, ends: np.ndarray, up: bool) -> list[Release]:
    """From the widest range to the narrowest that is told: with the lower end pulled up, or the upper one down."""
    found = []
    for end in ends if up else ends[::-1]:
        of = kept & ((length >= end) if up else (length <= end))
        if of.sum() >= NAIVE_MINIMUM:
            events = float((of & attacker.stopped).sum())
            found.append(Release(of, events, events, events))
    return found


def _nested(releases: list[Release]):
    """Pairs of releases of which the second is of all courses of the first and of others besides."""
    masks = np.array([release.of for release in releases], dtype=np.float32)
    sizes, both = masks.sum(axis=1), masks @ masks.T
    for inner, outer in zip(*np.nonzero((both >= sizes[:, None] - 0.5) & (sizes[:, None] < sizes[None, :])), strict=True):
        yield releases[inner], releases[outer]


def _certain(of: np.ndarray, least: float, most: float) -> dict[int, bool]:
    many = int(of.sum())
    if many and most < 1:
        return dict.fromkeys(map(int, np.flatnonzero(of)), False)
    if many and least > many - 1:
        return dict.fromkeys(map(int, np.flatnonzero(of)), True)
    return {}
