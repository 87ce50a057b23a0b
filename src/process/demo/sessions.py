"""The attended sessions as one long array, course after course, and the ways through it that need no loop over courses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Sessions:
    """Attended sessions from rank 1 on of courses with these `lengths`; arrays over sessions are ordered by course, then rank."""

    lengths: np.ndarray

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where each course begins."""
        return np.concatenate([[0], np.cumsum(self.lengths[:-1], dtype=np.int64)]) if len(self.lengths) else np.zeros(0, dtype=np.int64)

    @cached_property
    def course(self) -> np.ndarray:
        """The course of each session."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int32), self.lengths)

    @cached_property
    def rank(self) -> np.ndarray:
        """The attended rank of each session, from 1."""
        return (np.arange(len(self.course), dtype=np.int64) - self.offsets[self.course] + 1).astype(np.int32)

    @property
    def count(self) -> int:
        """How many sessions."""
        return int(self.lengths.sum())

    def at(self, course: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """Where the session of that rank stands."""
        return self.offsets[course] + rank - 1

    def ranks(self) -> Iterator[np.ndarray]:
        """For rank 1, 2, 3 …: where that session stands, for every course that has it."""
        order = np.argsort(-self.lengths, kind="stable")
        longest_first = self.offsets[order]
        reach = np.searchsorted(-self.lengths[order], -np.arange(1, (self.lengths.max() if len(self.lengths) else 0) + 1), side="right")
        for rank, number in enumerate(reach):
            yield longest_first[:number] + rank

    def within(self, values: np.ndarray, start: float = 0.0) -> np.ndarray:
        """Running sum of `values` inside each course, the session's own included, plus `start`."""
        total = np.cumsum(values)
        before = np.concatenate([[0], total])[self.offsets]
        return total - before[self.course] + start

    def kept(self, lengths: np.ndarray) -> np.ndarray:
        """Which sessions remain when the courses are cut to `lengths`."""
        return self.rank <= lengths[self.course]
