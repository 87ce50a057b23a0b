"""What a score owes to the person and what to the session: trait-like and state-like parts (between and within courses)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube, grid
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole
from process.measures.nested_variance import PARTS, SUMS, parts

SPREAD = ("courses", "sessions")
WHERE = "all"
"""The place of a figure that is of no single band."""


class AllianceBetweenWithin(Measure):
    """How much of the patients' alliance scores differs between therapists, between courses, and from session to session; and how both are spread."""

    name = "alliance_between_within"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Sums over courses for the variances, by length and cluster; course means and sessions around them by length, band and cluster."""
        bands = self.ask(query, params, statement("alliance_spread"))
        places = range(int(bands["place"].min()), int(bands["place"].max()) + 1) if len(bands) else ()
        spread = grid(bands, ["counted", "courses"], "place", places, "part", SPREAD)
        return Cube({"sums": grid(self.ask(query, params), SUMS), "spread": spread}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """A row a part and figure (`share` of the variance in percent, `sd` in POMP points), then a row a band of course means and of sessions around them.

        Headlines: the shares and standard deviations by name, and `mean`, around which the course means are spread.
        """
        sums = cube.grids["sums"]
        cells = {name: array[0, 0] for name, array in sums.between(length).items()}
        found = parts(cells, unit=cube.unit)
        counts = {name: whole(cells[name].sum()) for name in ("scores", "courses")} | {"therapists": int(sums.therapists(cells["courses"]))}
        counts["of_courses"] = counts["courses"]
        estimates = {}
        for name in PARTS:
            part = found[name]
            for kind, (estimate, lower, upper) in (("share", tuple(100 * value for value in part.share)), ("sd", part.sd)):
                estimates[name, kind] = {"estimate": estimate, "lower": lower, "upper": upper, "why": part.why, **counts}
        rows = [{"part": name, "kind": kind, "place": WHERE, **row} for (name, kind), row in estimates.items()] if counts["courses"] else []
        rows += self._bands(cube, length, counts["courses"])
        mean = cells["total"].sum() / counts["scores"] if counts["scores"] else np.nan
        middle = {"estimate": mean, "lower": np.nan, "upper": np.nan, "why": "", **counts}
        columns = {
            name: np.array([row[name] for row in rows], dtype=object if name in ("kind", "part", "place", "why") else float) for name in self.definition.columns
        }
        return Result(self.table(columns), headlines({f"{name}_{kind}": row for (name, kind), row in estimates.items()} | {"mean": middle}), {})

    def _bands(self, cube: Cube, length: tuple[int, int], everyone: int) -> list[dict[str, object]]:
        spread = cube.grids["spread"]
        cells = spread.between(length)
        therapists = spread.therapists(cells["courses"])
        width = float(self.definition.parameter("band_width"))
        rows = []
        for group, name in enumerate(spread.groups if len(spread.clusters) else ()):
            counted, courses = (cells[column][:, group].sum(axis=-1) for column in ("counted", "courses"))
            total = counted.sum()
            rows += [
                {
                    "part": name,
                    "kind": "spread",
                    "place": f"{spread.axis[at] * width:g}",
                    "estimate": 100.0 * counted[at] / total,
                    "lower": np.nan,
                    "upper": np.nan,
                    "scores": counted[at],
                    "courses": courses[at],
                    "of_courses": everyone,
                    "therapists": therapists[at, group],
                    "why": "",
                }
                for at in np.flatnonzero(counted > 0)
            ]
        return rows


def decompose(frame: pd.DataFrame, value: str, course: str, session: str | None = None, causal: bool = False) -> pd.DataFrame:
    """Each score as grand mean + (course mean - grand mean) + (score - course mean).

    Person-mean centring (Zilcha-Mano 2017, American Psychologist 72(4), 311-325; Curran & Bauer 2011, Annual Review of Psychology 62, 583-619). `frame` has a
    row a session; `value`, `course` and `session` name columns: scores in any one unit (NaN = not measured), the course's id and the session's number. The
    grand mean is over all scores.

    With `causal` the course mean is that of the course's *earlier* sessions only, so that no later score changes what is said about a session; the first has
    none (NaN), and two rows of one session do not know of each other. Earlier is told by `session`, without one by the rows' order. The grand mean stays that
    of all scores: it is a clinic-wide parameter.

    A frame[grand_mean, between, within] with the index of `frame`, in the units of `value`: the three add up to the score. `within` is NaN where the score
    is; a row without course (or, causal, without session) has neither `between` nor `within`. `ValueError`: a named column is not there.
    """
    for name in (value, course) if session is None else (value, course, session):
        if name not in frame.columns:
            raise ValueError(f"there is no column `{name}`; there are {', '.join(f'`{known}`' for known in frame.columns)}")
    scores = frame[value].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(scores)
    grand = float(scores[known].mean()) if known.any() else np.nan
    rows = pd.DataFrame({"course": pd.factorize(frame[course])[0], "n": known.astype(np.float64), "total": np.where(known, scores - grand, 0.0)})
    lost = rows["course"].to_numpy() < 0
    if causal:
        rows["session"] = rows.groupby("course").cumcount() if session is None else frame[session].to_numpy(dtype=np.float64, na_value=np.nan)
        lost |= rows["session"].isna().to_numpy()
        together = rows.groupby(["course", "session"], sort=True)[["n", "total"]].sum()
        earlier = together.groupby(level="course").cumsum() - together
        sums = rows[["course", "session"]].join(earlier, on=["course", "session"])
    else:
        sums = rows.groupby("course")[["n", "total"]].transform("sum")
    n, total = (sums[name].to_numpy(dtype=np.float64) for name in ("n", "total"))
    between = np.where(lost, np.nan, total / np.where(n > 0, n, np.nan))
    return pd.DataFrame({"grand_mean": grand, "between": between, "within": scores - grand - between}, index=frame.index)
