"""How long therapies are: the filter's own histogram with its live counts, and the distribution as a figure of the caseload page."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.cube import Cube, Grid, grid
from process.measures.measure import Measure, Query, Result, headlines, whole


class Lengths(Measure):
    """The histogram above the range control, of all lengths, and how many courses, sessions and therapists are in range and in all."""

    name = "lengths"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses and sessions by length and therapist; those without a length on the basis apart."""
        cells = self.ask(query, params)
        known = cells[cells["length"].notna()]
        without = cells[cells["length"].isna()].assign(length=0)
        return Cube({"known": grid(known, ["courses", "sessions"]), "all": grid(pd.concat([known, without]), ["courses", "sessions"])})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a length on the basis, whatever the range; headlines `in_range`, `all_lengths`, `all_courses`."""
        known, everyone = cube.grids["known"], cube.grids["all"]
        steps = {name: np.diff(prefix, axis=0)[:, 0, 0] for name, prefix in known.sums.items()}
        table = self.table(
            {
                "length": known.lengths,
                "courses": steps["courses"].sum(axis=-1),
                "sessions": steps["sessions"].sum(axis=-1),
                "therapists": known.therapists(steps["courses"]),
            }
        )
        rows = {"in_range": _counts(known, length), "all_lengths": _counts(known, _WHOLE), "all_courses": _counts(everyone, _WHOLE)}
        without = rows["all_courses"]["courses"] - rows["all_lengths"]["courses"]
        return Result(table, headlines(rows), {"without_length": without})


class TherapyLengths(Measure):
    """How the lengths in range are spread: courses by length, median and quartiles."""

    name = "therapy_lengths"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses by length and therapist."""
        return Cube({"lengths": grid(self.ask(query, params), ["courses"])})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a length in range; headlines `median`, `lower_quartile`, `upper_quartile` (interpolated)."""
        grid_of_lengths = cube.grids["lengths"]
        inside = (grid_of_lengths.lengths >= length[0]) & (grid_of_lengths.lengths <= length[1])
        cells = np.diff(grid_of_lengths.sums["courses"], axis=0)[:, 0, 0][inside]
        lengths, courses = grid_of_lengths.lengths[inside], cells.sum(axis=-1)
        total = courses.sum()
        table = self.table(
            {
                "length": lengths,
                "share": 100.0 * courses / total if total else courses,
                "courses": courses,
                "courses_total": np.full(len(lengths), total),
                "therapists": grid_of_lengths.therapists(cells),
            }
        )
        therapists = int(grid_of_lengths.therapists(cells.sum(axis=0)))
        points = {"median": 0.5, "lower_quartile": 0.25, "upper_quartile": 0.75}
        rows = {name: {"estimate": quantile(lengths, courses, q), "courses": whole(total), "therapists": therapists} for name, q in points.items()}
        return Result(table, headlines(rows), {})


_WHOLE = (-1, 2**31)


def quantile(values: NDArray, counts: NDArray, q: float) -> float:
    """The interpolated quantile of sorted `values` that occur `counts` times: linear between the two nearest (Hyndman & Fan 1996, type 7); NaN if none."""
    total = int(np.rint(counts.sum()))
    if total == 0:
        return float("nan")
    reached = np.cumsum(np.rint(counts))
    place = (total - 1) * q
    below, above = (values[np.searchsorted(reached, np.floor(place) + step, side="right")] for step in (0, min(1, total - 1 - np.floor(place))))
    return float(below + (above - below) * (place - np.floor(place)))


def _counts(lengths: Grid, between: tuple[int, int]) -> dict[str, int]:
    cells = lengths.between(between)
    counted = {name: whole(array.sum()) for name, array in cells.items()}
    return {**counted, "therapists": int(lengths.therapists(cells["courses"][0, 0]))}
