"""A therapist who wants to know what became of colleagues' patients, and knows everything about them but that.

The attacker is given more than any real one has: for every course of the clinic who treated it, how long it was, its problem, form of therapy and team,
how much was counted in it (a course's goals, ruptures, scores), and whether it had ended by which week; so which courses each figure of each quarter is of is
known to the last one. What is not known, but for the attacker's own courses, is how it turned out. What is attacked is a list of releases: of which courses,
and between which bounds their outcomes must add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

NAIVE_MINIMUM = 8
ATTRIBUTES = ("problem", "modality", "team")


@dataclass(frozen=True)
class Release:
    """A figure: the courses it is of (a mask over all), the least and the most that their outcomes add up to, the sum that it says by itself, and how far that
    is from theirs by the draw and the rounding: a variance, in units of what is counted in a course by how much that varies."""

    of: np.ndarray
    least: float
    most: float
    said: float
    noise: float = 0.0


@dataclass(frozen=True)
class Attacker:
    """One outcome of every course, asked for `own` courses and to count who was right: `amount`, from 0 to `weight` (how much is counted in the course, 0 =
    nothing), in whole numbers if `counted`. To know it is to know on which side of `half` of the weight it lies."""

    own: np.ndarray
    amount: np.ndarray
    weight: np.ndarray
    half: float = 0.5
    counted: bool = True

    @property
    def truth(self) -> np.ndarray:
        """Which courses lie above `half`; of one in which nothing is counted it says nothing."""
        return self.amount > self.half * self.weight + 1e-9

    @property
    def others(self) -> np.ndarray:
        """The courses that there is something to find out about."""
        return (self.weight > 0) & ~self.own

    @property
    def usual(self) -> bool:
        """What most of the others have: the guess of whoever knows nothing but that."""
        return bool(self.truth[self.others].mean() > 0.5)

    def together_with(self, more: np.ndarray) -> Attacker:
        """The attacker and somebody else, who knows the courses of the mask `more`."""
        return replace(self, own=self.own | more)

    def narrowed(self, release: Release) -> Release:
        """The release with the attacker's own courses taken out."""
        known = float(self.amount[release.of & self.own].sum())
        return Release(release.of & self.others, release.least - known, release.most - known, release.said - known, release.noise)

    def subtracted(self, releases: list[Release]) -> dict[int, bool]:
        """Courses whose outcome follows for certain from a release, or from two of which one holds the other."""
        found: dict[int, bool] = {}
        narrowed = [self.narrowed(release) for release in releases]
        for one in narrowed:
            found |= self._certain(one.of, one.least, one.most)
        for inner, outer in _nested(narrowed):
            found |= self._certain(outer.of & ~inner.of, outer.least - inner.most, outer.most - inner.least)
        return found

    def feasible(self, releases: list[Release], courses: list[int]) -> dict[int, tuple[float, float]]:
        """The least and the most of its weight that each course's outcome can be with every release together, by programming over all unknown outcomes, in
        whole numbers if `counted`."""
        rows = [self.narrowed(release) for release in releases]
        # Courses that the same figures are of cannot be told apart: their sum takes the place of an outcome each.
        pattern = np.array([row.of for row in rows])
        here = np.flatnonzero(pattern.any(axis=0))
        packed, kind = np.unique(np.packbits(pattern[:, here], axis=0), axis=1, return_inverse=True)
        kinds = np.unpackbits(packed, axis=0)[: len(rows)].astype(float)
        weights = np.bincount(np.ravel(kind), weights=self.weight[here], minlength=kinds.shape[1])
        place = dict(zip(here.tolist(), np.ravel(kind).tolist(), strict=True))
        least, most = np.array([row.least for row in rows]) - 1e-9, np.array([row.most for row in rows]) + 1e-9
        found, known = {}, {}
        for course in [course for course in courses if course in place]:
            mine, own = place[course], float(self.weight[course])
            if (mine, own) not in known:
                # The course itself is a variable of its own, beside the rest of its kind.
                bounds = Bounds(0, np.append(weights - own * (np.arange(len(weights)) == mine), own))
                limits = LinearConstraint(csr_matrix(np.column_stack([kinds, kinds[:, mine]])), least, most)
                wanted = (np.arange(len(weights) + 1) == len(weights)).astype(float)
                whole = np.full(len(weights) + 1, int(self.counted))
                ends = [milp(sign * wanted, constraints=limits, bounds=bounds, integrality=whole) for sign in (1, -1)]
                assert all(end.success for end in ends), "the truth itself must be possible"
                known[mine, own] = tuple(float(end.x[-1]) / own for end in ends)
            found[course] = known[mine, own]
        return found

    def guessed(self, releases: list[Release], few: int = 12) -> dict[int, bool]:
        """What a bold attacker claims, who takes each figure at its word: of courses in which two figures differ, where they are at most `few`, the mean of the
        differences, more than `half` = yes. Where each of two figures has courses that the other has not, those of the other are taken for `half`."""
        claims: dict[int, list[float]] = {}
        for one, other in _close([self.narrowed(release) for release in releases], few):
            for more, less in ((one, other), (other, one)):
                between, back = np.flatnonzero(more.of & ~less.of), less.of & ~more.of
                if len(between):
                    said = (more.said - less.said + self.half * self.weight[back].sum()) / self.weight[between].sum()
                    for course in between:
                        claims.setdefault(int(course), []).append(said)
        return {course: bool(np.mean(said) > self.half) for course, said in claims.items()}

    def spread(self) -> float:
        """How much the outcome varies between courses, as a part of one: its standard deviation."""
        there = self.weight > 0
        return float(np.std(self.amount[there] / self.weight[there]))

    def close(self, releases: list[Release], few: int) -> int:
        """How many pairs of figures have courses in common and differ by so `few`, or fewer, that are not the attacker's."""
        return sum(1 for _ in _close([self.narrowed(release) for release in releases], few))

    def hidden_among(self, releases: list[Release]) -> np.ndarray:
        """Among how many others each course's outcome hides from the best linear use of all figures at once: 1 / r², r = correlation of the outcome with what
        is best said of it. As many as there are in a group whose exact mean would tell as much of each of its members; infinite where nothing is told.

        The attacker is given how much the outcome varies between courses, and what is usual (best linear prediction: Robinson 1991, Statistical Science
        6(1), 15-32). It rests on which courses each figure is of, and not on how they turned out, so chance has no part in it.
        """
        told = np.array([self.narrowed(release).of for release in releases]) * self.weight
        known = told.T * np.linalg.solve(told @ told.T + np.diag([release.noise for release in releases]), told).T
        with np.errstate(divide="ignore"):
            return 1 / np.clip(known.sum(axis=1), 0.0, 1.0)

    def naive(self, courses: pd.DataFrame) -> dict[int, bool]:
        """What subtraction gives where the clinic's figures are exact from `NAIVE_MINIMUM` courses on and the slider is free: under every choice of one code or
        all of each attribute, two neighbouring positions differ by the courses of one length."""
        there = courses[["completed", *ATTRIBUTES]].assign(
            n=self.weight > 0,
            amount=np.where(self.others, self.amount, 0.0),
            weight=np.where(self.others, self.weight, 0.0),
        )[self.weight > 0]
        found: dict[int, bool] = {}
        for chosen in chain.from_iterable(combinations(ATTRIBUTES, many) for many in range(len(ATTRIBUTES) + 1)):
            of = there.dropna(subset=list(chosen))
            cells = of.groupby([*chosen, "completed"])[["n", "amount", "weight"]].sum().sort_index()
            upto = cells["n"].groupby(list(chosen)).cumsum() if chosen else cells["n"].cumsum()
            every = cells["n"].groupby(list(chosen)).transform("sum") if chosen else cells["n"].sum()
            told = cells[((every - upto) >= NAIVE_MINIMUM) | ((upto - cells["n"]) >= NAIVE_MINIMUM)]
            each = of.reset_index(names="course").merge(told.reset_index(), on=[*chosen, "completed"], suffixes=("", "_of_all"))
            each = each[each["weight"] > 0]
            low = each["amount_of_all"] - (each["weight_of_all"] - each["weight"])
            yes, no = low > self.half * each["weight"] + 1e-9, each["amount_of_all"] <= self.half * each["weight"] + 1e-9
            found |= dict.fromkeys(each.loc[yes, "course"].tolist(), True) | dict.fromkeys(each.loc[no, "course"].tolist(), False)
        return found

    def _certain(self, of: np.ndarray, least: float, most: float) -> dict[int, bool]:
        """Courses of a set that lie above or below half whatever the others of it are, as their outcomes add up to `least` at least and `most` at most."""
        here = np.flatnonzero(of)
        weight = self.weight[here]
        yes, no = least - (weight.sum() - weight) > self.half * weight + 1e-9, np.full(len(here), most) <= self.half * weight + 1e-9
        return dict.fromkeys(here[yes].tolist(), True) | dict.fromkeys(here[no].tolist(), False)


def _nested(releases: list[Release]) -> Iterator[tuple[Release, Release]]:
    """Pairs of releases of which the second is of all courses of the first and of others besides."""
    if not releases:
        return
    masks = np.array([release.of for release in releases], dtype=np.float32)
    sizes, both = masks.sum(axis=1), masks @ masks.T
    for inner, outer in zip(*np.nonzero((both >= sizes[:, None] - 0.5) & (sizes[:, None] < sizes[None, :])), strict=True):
        yield releases[inner], releases[outer]


def _close(releases: list[Release], few: int) -> Iterator[tuple[Release, Release]]:
    """Pairs of releases that have courses in common and differ by `few` at most, whichever of the two these are of."""
    if not releases:
        return
    masks = np.array([release.of for release in releases], dtype=np.float32)
    sizes, both = masks.sum(axis=1), masks @ masks.T
    differ = sizes[:, None] + sizes[None, :] - 2 * both
    for one, other in zip(*np.nonzero(np.triu((both > 0.5) & (differ > 0.5) & (differ < few + 0.5), k=1)), strict=True):
        yield releases[one], releases[other]
