"""Impasse: several attended sessions in a row in which no open goal moved and the alliance stayed inside its usual band, with no rupture on record.

Every stretch is judged once, when the records are loaded: the usual band rests on a clinic-wide parameter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures import stillness
from process.measures.cube import Cube, Grid, grid
from process.measures.definition import load
from process.measures.intervals import clustered_shares
from process.measures.measure import DEFINITIONS, Measure, Query, Result, headlines, statement, unit, whole
from process.measures.parameters import value
from process.measures.reach import at_sessions, reach, still_in


class Impasse(Measure):
    """The share of courses in an impasse by attended session, ever, and now."""

    name = "impasse"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses judged and in an impasse by length, session and cluster; ever; and now, of those still going, by length to date."""
        found = self.ask(query, params)
        sessions = range(1, int(found["session"].max()) + 1) if len(found) else ()
        grids = {
            "sessions": grid(found, ["courses", "impasses"], "session", sessions),
            "ever": grid(self.ask(query, params, statement("impasse_ever")), ["courses", "impasses", "stretches", "unreviewed"]),
            "now": grid(self.ask(query, params, statement("impasse_now")), ["courses", "impasses"]),
            "reach": reach(self.ask(query, params, statement("reach"))),
        }
        return Cube(grids, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session at which courses can be judged; headlines `ever`, `now`; note `unreviewed`: stretches in which nobody looked for a rupture
        at least once, in percent."""
        sessions, still = cube.grids["sessions"], still_in(cube.grids["reach"], length)
        cells = {name: array[:, 0] for name, array in sessions.between(length).items()}
        shares = clustered_shares(cells["courses"], cells["impasses"], unit=cube.unit)
        here = np.flatnonzero(shares.n > 0)
        table = self.table(
            {
                "session": here + 1,
                "share": 100.0 * shares.mean[here],
                "lower": 100.0 * shares.lower[here],
                "upper": 100.0 * shares.upper[here],
                "courses": shares.n[here],
                "therapists": sessions.therapists(cells["courses"])[here],
                "still_in": at_sessions(still, here + 1),
                "why": shares.why[here],
            }
        )
        rows = {name: _headline(cube.grids[name], length, cube.unit) for name in ("ever", "now")}
        ever = cube.grids["ever"].between(length)
        stretches = float(ever["stretches"].sum())
        unreviewed = 100.0 * float(ever["unreviewed"].sum()) / stretches if stretches else 0.0
        return Result(table, headlines(rows), {"unreviewed": unreviewed})


def stretches(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """Every stretch of k attended sessions that can be judged, a row at its last session: `course_id`, `attended_rank`, `impasse` and `unreviewed` (0 or 1).

    It can be judged with a goal in the current set at all k sessions, a goal that was rated again or decided about in at least one of them, and the patient's
    alliance known in enough of them, each with enough earlier scores. The alliance is inside its usual band at a session where it lies no further from the
    mean of the course's earlier scores than the clinic-wide within-course standard deviation. Rows come by course in the order of sessions.
    """
    numbers = {entry.name: entry.value for entry in load(DEFINITIONS / "goals" / "impasse.toml").parameters}
    found = stillness.sessions(query)
    band = float(numbers["band_sd"]) * value(parameters, "within_course_sd", "patient")
    known = (found["score"].notna() & (found["earlier_scores"] >= numbers["earlier_scores"])).to_numpy()
    outside = known & ((found["score"] - found["earlier_mean"]).abs() > band).to_numpy()
    columns = {
        "open": (found["open_goals"] > 0).to_numpy(),
        "known": known,
        "outside": outside,
        "seen": ((found["compared"] > 0) | (found["moved"] > 0)).to_numpy(),
        "moved": (found["moved"] > 0).to_numpy(),
        "rupture": found["rupture"].to_numpy(),
        "unreviewed": found["unreviewed"].to_numpy(),
    }
    rank, k = found["attended_rank"].to_numpy(), int(numbers["stretch"])
    sums = {name: _last(values, k) for name, values in columns.items()}
    judged = (rank >= k) & (sums["open"] == k) & (sums["seen"] >= 1) & (sums["known"] >= numbers["scored_sessions"]) & np.isfinite(band)
    impasse = judged & (sums["moved"] == 0) & (sums["outside"] == 0) & (sums["rupture"] == 0)
    table = found.loc[judged, ["course_id", "attended_rank"]].reset_index(drop=True)
    return table.assign(impasse=impasse[judged].astype(np.int64), unreviewed=(sums["unreviewed"][judged] > 0).astype(np.int64))


def _last(values: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
    """How many of the last k rows, this one included, are true; a row that has fewer than k before it in its course is not asked for."""
    added = np.concatenate([np.zeros(k, dtype=np.int64), np.cumsum(values)])
    return added[k:] - added[:-k]


def _headline(found: Grid, length: tuple[int, int], named: str) -> dict[str, object]:
    cells = {name: array[0] for name, array in found.between(length).items()}
    share = clustered_shares(cells["courses"], cells["impasses"], unit=named)
    limits = {name: 100.0 * float(getattr(share, place)[0]) for name, place in (("estimate", "mean"), ("lower", "lower"), ("upper", "upper"))}
    counts = {"courses": whole(cells["courses"].sum()), "therapists": int(found.therapists(cells["courses"][0]))}
    return {**limits, **counts, "why": str(share.why[0])}
