"""Definitions of dropout side by side: what each counts, of the same ended courses, and how often they agree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, unit, whole
from process.measures.parameters import sql

DEFINITIONS = ("patient_stopped", "before_agreed", "missed_last", "below_median", "early")
TOGETHER = ("agree", "any_says")


class DropoutDefinitions(Measure):
    """The share of ended courses that each definition counts, and of those on which all of them agree."""

    name = "dropout_definitions"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses by length and cluster: for each definition those it counts and those it can be applied to."""
        sums = [column for name in DEFINITIONS for column in (name, f"{name}_of")] + ["all_of", *TOGETHER]
        return Cube({"courses": grid(self.ask(query, params), sums)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a definition that can be applied to any course; headlines `agree` (all five the same) and `any_says` (one at least counts it)."""
        counted = cube.grids["courses"]
        cells = {name: array[0, 0] for name, array in counted.between(length).items()}
        counts = np.stack([cells[f"{name}_of"] for name in DEFINITIONS])
        shares = clustered_shares(counts, np.stack([cells[name] for name in DEFINITIONS]), unit=cube.unit)
        here = np.flatnonzero(counts.sum(axis=1) > 0)
        table = self.table(
            {
                "definition": np.array(DEFINITIONS, dtype=object)[here],
                "share": 100.0 * shares.mean[here],
                "lower": 100.0 * shares.lower[here],
                "upper": 100.0 * shares.upper[here],
                "courses": counts.sum(axis=1)[here],
                "therapists": counted.therapists(counts)[here],
                "why": shares.why[here],
            }
        )
        every = cells["all_of"]
        both = clustered_shares(np.stack([every] * len(TOGETHER)), np.stack([cells[name] for name in TOGETHER]), unit=cube.unit)
        behind = {"courses": whole(every.sum()), "therapists": int(counted.therapists(every))}
        limits = (100.0 * both.mean, 100.0 * both.lower, 100.0 * both.upper, both.why)
        rows = {name: dict(zip(("estimate", "lower", "upper", "why"), (own[at] for own in limits), strict=True)) | behind for at, name in enumerate(TOGETHER)}
        return Result(table, headlines(rows), {})


def median_length(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The clinic's median of completed lengths, one row; none where no course has ended."""
    ended = query(sql("median_length"))
    row = {"part": "", "value": ended["completed"].median(), "courses": len(ended), "therapists": ended["therapist_id"].nunique()}
    return pd.DataFrame([row] if len(ended) else [], columns=["part", "value", "courses", "therapists"])
