"""The match window, sessions 1 to 3: how the alliance begins, whether a decision about going on is on record, and what became of these courses.

Description only: courses are put into bands by what was known after their third session, and nothing that came later moves a course to another band.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.contract.tables import ENDINGS
from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_means, clustered_shares
from process.measures.lengths import quantile
from process.measures.measure import Measure, Result, headlines, statement, unit, whole
from process.measures.parameters import Query, sql, stored

BANDS = ("lower", "middle", "upper")
MEANS = (("early", "level"), ("early", "trend"), ("early", "gap"), ("length", "sessions"))
DECISIONS = ("continue", "change_therapist", "refer", "none")
SHARES = (*(("decision", name) for name in DECISIONS), *(("ending", name) for name in ENDINGS))
CUTS = (("lower", 1 / 3), ("upper", 2 / 3))


def thirds(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The early levels that a third and two thirds of the clinic's courses lie under (Hyndman & Fan 1996, type 7); no rows where there is none."""
    found = query(sql("early_alliance_thirds"))
    levels, courses = np.unique(found["level"].to_numpy(dtype=np.float64), return_counts=True)
    behind = {"courses": len(found), "therapists": found["therapist_id"].nunique()}
    rows = [{"part": name, "value": round(quantile(levels, courses, share), 6), **behind} for name, share in CUTS if len(found)]
    return pd.DataFrame(rows, columns=["part", "value", "courses", "therapists"])


class MatchWindow(Measure):
    """Early level of the alliance, its trend and the gap between both voices; decisions on record, endings and lengths by band of the early level."""

    name = "match_window"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Counts and totals of every figure by length, band and cluster; courses that are still in the window or have no early score apart."""
        kinds = [*MEANS, *SHARES]
        cells = self.ask(query, params)
        cells = cells.assign(figure=list(zip(cells["about"], cells["what"], strict=True)))
        left = grid(self.ask(query, params, statement("match_window_left")), ["still_in_window", "unscored"])
        edges = stored(query)
        edges = edges[edges["parameter"] == "early_alliance_thirds"].set_index("part")["value"].to_dict()
        return Cube({"figures": grid(cells, ["courses", "total"], "figure", kinds, "band", BANDS), "left": left}, unit=unit(params), extra=edges)

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """A row a band, subject and figure; headlines `level`, `trend`, `gap` and `decided` over all bands; notes: the bands' edges, courses left out."""
        figures = cube.grids["figures"]
        cells = figures.between(length)
        rows = [row for place, band in enumerate(figures.groups) for row in self._rows(cube, cells, place, band)] if figures.clusters else []
        columns = {name: [row[name] for row in rows] for name in self.definition.columns}
        text = ("band", "about", "what", "why")
        table = self.table({name: np.array(column, dtype=object if name in text else float) for name, column in columns.items()})
        left = {name: whole(array.sum()) for name, array in cube.grids["left"].between(length).items()}
        edges = {f"{name}_edge": float(value) for name, value in cube.extra.items()}
        return Result(table, headlines(self._headlines(cube, cells)), {**left, **edges})

    def _rows(self, cube: Cube, cells: dict, place: int, band: str):
        n, total = cells["courses"][:, place], cells["total"][:, place]
        everyone = n[0].sum()
        means, shares = clustered_means(n, total, unit=cube.unit), clustered_shares(n, total, unit=cube.unit)
        for at, (about, what) in enumerate((*MEANS, *SHARES)):
            share = (about, what) in SHARES
            found, scale = (shares, 100.0) if share else (means, 1.0)
            behind = total[at] if share else n[at]
            if behind.sum() > 0:
                yield {
                    "band": band,
                    "about": about,
                    "what": what,
                    "estimate": scale * found.mean[at],
                    "lower": scale * found.lower[at],
                    "upper": scale * found.upper[at],
                    "courses": behind.sum(),
                    "of_courses": everyone,
                    "therapists": int(cube.grids["figures"].therapists(behind)),
                    "why": found.why[at],
                }

    def _headlines(self, cube: Cube, cells: dict) -> dict[str, dict[str, object]]:
        """Over all bands; `decided` = a decision of whatever kind is on record."""
        n, total = (cells[name].sum(axis=1) for name in ("courses", "total"))
        kinds = [*MEANS, *SHARES]
        none = kinds.index(("decision", "none"))
        decided = n[none] - total[none]
        means = clustered_means(n[: len(MEANS)], total[: len(MEANS)], unit=cube.unit)
        share = clustered_shares(n[none][None, :], decided[None, :], unit=cube.unit)
        rows = {what: (means, at, 1.0, n[at]) for at, (about, what) in enumerate(MEANS) if about == "early"} | {"decided": (share, 0, 100.0, n[none])}
        return {
            name: {
                "estimate": scale * found.mean[at],
                "lower": scale * found.lower[at],
                "upper": scale * found.upper[at],
                "df": found.df[at],
                "courses": whole(behind.sum()),
                "therapists": int(cube.grids["figures"].therapists(behind)),
                "why": found.why[at],
            }
            for name, (found, at, scale, behind) in rows.items()
        }
