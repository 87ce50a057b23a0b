"""What exports at every position of the length slider, put together, leave open of the courses of one length or band.

Each export says between which bounds a sum over neighbouring lengths lies. Bounds on differences of cumulative sums are shortest paths (Cormen, Leiserson,
Rivest & Stein 2009, Introduction to Algorithms, section 24.4), so that what all exports leave open is found exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import floyd_warshall
from tests.clinics import DIRECTOR

from process.access import ANALYST, Answer, Clinic, Cohort, Records
from process.access.cohort import LONGEST, Range
from process.access.disclosure import for_export
from process.access.disclosure.limits import COUNT_STEP, MINIMUM_COURSES
from process.access.leaving import BANDS

HALF = COUNT_STEP // 2
FAR = 1e9
LENGTHS = 40
"""Lengths that are told apart, beyond the beginning of the longest band."""
Rule = Callable[[Answer], tuple[Range, Callable[[], pd.DataFrame]]]
"""Of which lengths an export of this answer is, and its table."""


def whole_bands(answer: Answer) -> tuple[Range, Callable[[], pd.DataFrame]]:
    """The rule of the product."""
    return answer.leaves_for, lambda: answer.exported().table


def rounding_alone(answer: Answer) -> tuple[Range, Callable[[], pd.DataFrame]]:
    """The rule that was not kept: an export of whatever range somebody likes, rounded by itself."""
    return answer.length, lambda: for_export(answer.table, answer.definition)


def bands_by_themselves(answer: Answer) -> tuple[Range, Callable[[], pd.DataFrame]]:
    """Another rule that was not kept: whole bands, each withheld and rounded as if it were the only one."""
    return answer.leaves_for, lambda: for_export(answer.at(answer.leaves_for).table, answer.definition)


@dataclass(frozen=True)
class Outcome:
    """One count of one row of a measure's table."""

    measure: str
    row: tuple[object, ...]
    count: str

    def told(self, table: pd.DataFrame, keys: tuple[str, ...]) -> float:
        here = np.logical_and.reduce([table[key].astype(str) == str(value) for key, value in zip(keys, self.row, strict=True)])
        return float(table.loc[here, self.count].iloc[0]) if here.any() else 0.0


@dataclass(frozen=True)
class LeftOpen:
    """Of lengths and bands (`spans`) in which the outcome was counted 1 to 7 times: how often, and the least and the most that the exports leave open."""

    spans: list[Range]
    truth: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether the truth is among what is left open; else the attack is wrong."""
        return bool((self.least <= self.truth).all() and (self.truth <= self.most).all())

    @property
    def pinned(self) -> int:
        """How many are left less open than a count that is shown in one export."""
        return int((self.most - self.least < COUNT_STEP - 1).sum())

    @property
    def known(self) -> int:
        """How many follow exactly."""
        return int((self.most == self.least).sum())


def positions() -> Iterator[Range]:
    """Every range up to this length, and every range without an upper end."""
    for low in range(LENGTHS + 1):
        yield from ((low, high) for high in range(low, LENGTHS + 1))
        yield low, LONGEST


def attacked(records: Records, outcome: Outcome, basis: str, rule: Rule, bands: bool = True) -> LeftOpen:
    """What the exports of all positions leave open, of every length and (`bands`) of every band that is counted 1 to 7 times."""
    seen, exact = (Clinic(records, viewer).prepare(outcome.measure, Cohort(basis=basis)) for viewer in (DIRECTOR, ANALYST))
    keys = exact.answer(outcome.measure).definition.keys
    most = np.full((LENGTHS + 3, LENGTHS + 3), FAR)  # from one cumulative sum to another
    most[np.tril_indices(LENGTHS + 3)] = 0.0
    taken: set[Range] = set()
    for position in positions():
        length, table = rule(seen.answer(outcome.measure, position))
        told = np.nan if length in taken else outcome.told(table(), keys)
        taken.add(length)
        if np.isfinite(told):
            first, last = _ends(length)
            most[first, last] = min(most[first, last], told + HALF if told else 0.0)
            most[last, first] = min(most[last, first], -max(told - HALF, MINIMUM_COURSES) if told else 0.0)
    found = floyd_warshall(most)
    spans = [(length, length) for length in range(LENGTHS + 1)] + ([band for band in BANDS if band != (0, LONGEST)] if bands else [])
    truth = np.array([outcome.told(exact.answer(outcome.measure, span).table, keys) for span in spans])
    small = np.flatnonzero((truth > 0) & (truth < MINIMUM_COURSES))
    ends = np.array([_ends(span) for span in spans]).reshape(-1, 2)[small]
    return LeftOpen([spans[place] for place in small], truth[small], -found[ends[:, 1], ends[:, 0]], found[ends[:, 0], ends[:, 1]])


def _ends(length: Range) -> tuple[int, int]:
    """The cumulative sums between which a range of lengths lies; the last place is all that is longer."""
    return length[0], min(length[1], LENGTHS + 1) + 1
