"""Possible ruptures against what chance alone would do: the sessions after a fall in the scores, beside what the scores up to it let one expect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube, grid
from process.measures.expectation import AHEAD
from process.measures.measure import Measure, Query, Result, headlines, whole
from process.measures.resampled import Draws, limits

ARMS = ("observed", "expected")
OFFSETS = tuple(range(AHEAD + 1))


class PossibleRupturesAgainstExpectation(Measure):
    """Contrast (c): the mean of sessions +1 to +3 after a possible rupture, observed minus expected."""

    name = "possible_ruptures_against_expectation"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Totals by length, session and cluster, and the same totals of every draw of courses."""
        found = self.ask(query, params)
        observed, expected = (_changes(found, name) for name in ARMS)
        known = ~np.isnan(observed)
        expected = np.where(known, expected, np.nan)
        apart = np.where(known, observed - expected, 0.0)[:, 1:]
        followed = known[:, 1:].sum(axis=1)
        excess = np.where(followed > 0, apart.sum(axis=1) / np.maximum(followed, 1), 0.0)
        course = pd.factorize(found["course_id"])[0]
        values = np.column_stack([excess, followed > 0, *(np.nan_to_num(part) for part in (known, observed, expected))])
        draws, seed = (int(self.definition.parameter(name)) for name in ("resamples", "seed"))
        cells = _cells(found, course, known, observed, expected)
        headline = found[["length", "cluster_id", "therapist_id"]].assign(
            dips=1.0, followed=(followed > 0).astype(float), excess=excess, courses=_firsts(course, followed > 0), all_courses=_firsts(course, followed >= 0)
        )
        grids = {
            "sessions": grid(cells, ["dips", "observed", "expected", "courses"], "offset", OFFSETS),
            "dips": grid(headline, ["dips", "followed", "excess", "courses", "all_courses"]),
        }
        return Cube(grids, unit="courses", extra={"draws": Draws.of(found["length"].to_numpy(np.int64), course, values, draws, seed)})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row an arm and session; headline `difference`, observed minus expected."""
        drawn = cube.extra["draws"].between(length)
        cells = {name: array[:, 0] for name, array in cube.grids["sessions"].between(length).items()}
        therapists, courses = cube.grids["sessions"].therapists(cells["dips"]), cells["courses"].sum(axis=-1)
        dips = cells["dips"].sum(axis=-1)
        parts = []
        for place, arm in enumerate(ARMS, 1):
            for at, offset in enumerate(OFFSETS):
                if not dips[at]:
                    continue
                why = self._why(courses[at])
                ends = limits(drawn[2 + place * len(OFFSETS) + at], drawn[2 + at]) if not why else (np.nan, np.nan)
                parts.append((arm, offset, cells[arm][at].sum() / dips[at], *ends, dips[at], courses[at], therapists[at], why))
        columns = ("arm", "offset", "mean", "lower", "upper", "dips", "courses", "therapists", "why")
        table = self.table(pd.DataFrame(parts, columns=list(columns)).to_dict("series"))
        counts = {name: array[0, 0] for name, array in cube.grids["dips"].between(length).items()}
        followed, courses = whole(counts["followed"].sum()), whole(counts["courses"].sum())
        why = self._why(courses)
        lower, upper = limits(drawn[0], drawn[1]) if not why else (np.nan, np.nan)
        difference = {
            "estimate": counts["excess"].sum() / followed if followed else np.nan,
            "lower": lower,
            "upper": upper,
            "dips": whole(counts["dips"].sum()),
            "followed": followed,
            "courses": courses,
            "therapists": int(cube.grids["dips"].therapists(counts["courses"])),
            "why": why,
        }
        return Result(table, headlines({"difference": difference}), {"not_followed": difference["dips"] - followed})

    def _why(self, courses: float) -> str:
        least = int(self.definition.parameter("least_courses_drawn"))
        return "" if courses >= least else f"fewer than {least} courses" if courses else "nothing recorded"


def _changes(found: pd.DataFrame, arm: str) -> np.ndarray:
    """Scores as change from the level fallen from: rows x sessions 0 to +3; the fall itself is the same in both arms."""
    scores = found[["onset", *(f"{arm}_{offset}" for offset in OFFSETS[1:])]].to_numpy(dtype=np.float64, na_value=np.nan)
    return scores - found["level"].to_numpy(dtype=np.float64)[:, None]


def _cells(found: pd.DataFrame, course: np.ndarray, known: np.ndarray, observed: np.ndarray, expected: np.ndarray) -> pd.DataFrame:
    keys = found[["length", "cluster_id", "therapist_id"]]
    parts = [
        keys.assign(offset=offset, dips=1.0, observed=observed[:, at], expected=expected[:, at], courses=_firsts(course, known[:, at]))[known[:, at]]
        for at, offset in enumerate(OFFSETS)
    ]
    return pd.concat(parts, ignore_index=True)


def _firsts(course: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """1 for the first row of each course among those `counted`, so that courses add up to different courses."""
    marked = np.zeros(len(course))
    rows = np.flatnonzero(counted)
    marked[rows[np.unique(course[rows], return_index=True)[1]]] = 1.0
    return marked
