"""Who carries how much, and how courses end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.contract.tables import ENDINGS
from process.measures.cube import Cube, grid
from process.measures.measure import Measure, Query, Result, headlines, unit, whole
from process.measures.parts import parts_of_courses

WEEKS = 53
EVERYONE = ""


class ActiveCourses(Measure):
    """Active courses by therapist and week, over the last 53 complete weeks, so that the last and the first are a year apart."""

    name = "active_courses"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses that become active and cease to be, by length, week and therapist; courses with an unknown start apart."""
        cells = self.ask(query, params)
        known = cells[cells["start_week"].notna()]
        weeks = weeks_up_to(cells["as_of"].iloc[0], WEEKS) if len(cells) else ()
        moves = pd.concat([_moves(known["start_week"], known, weeks, 0, 1), _moves(known["end_week"], known, weeks, 1, -1)])
        unknown = cells.assign(unknown=cells["courses"].where(cells["start_week"].isna(), 0))
        return Cube({"moves": grid(moves, ["courses"], "place", range(len(weeks) + 1)), "starts": grid(unknown, ["unknown"])}, extra={"weeks": weeks})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a week and therapist who had an active course in the year, and one a week for all (therapist_id empty); headline `now`."""
        moves, weeks = cube.grids["moves"], cube.extra["weeks"]
        active = np.rint(np.cumsum(moves.between(length)["courses"][:, 0], axis=0))[: len(weeks)]
        shown = np.flatnonzero(active.any(axis=0))
        active = active[:, shown]
        everyone, therapists = active.sum(axis=1), (active > 0).sum(axis=1)
        names = [EVERYONE, *(moves.clusters[place] for place in shown)]
        counts = np.column_stack([everyone, active]) if len(shown) else np.zeros((0, 1))
        table = self.table(
            {
                "week": np.repeat(np.array(weeks, dtype="datetime64[s]")[: len(counts)], len(names)),
                "therapist_id": np.array(names * len(counts), dtype=object),
                "active": counts.ravel(),
                "courses": counts.ravel(),
                "therapists": np.column_stack([therapists, active > 0]).ravel() if len(shown) else np.zeros(0),
            }
        )
        now = {"active": whole(everyone[-1]) if len(shown) else 0, "therapists": int(therapists[-1]) if len(shown) else 0}
        unknown = whole(cube.grids["starts"].between(length)["unknown"].sum())
        return Result(table, headlines({"now": {**now, "courses": now["active"]}}), {"start_unknown": unknown})


class Endings(Measure):
    """How the courses in range ended, each way with its share; still going and unknown are ways of their own."""

    name = "endings"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses by length, ending and cluster."""
        return Cube({"endings": grid(self.ask(query, params), ["courses"], "ending", ENDINGS)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row an ending that occurs, in the contract's order; headline `all` with the total."""
        columns, everyone = parts_of_courses(cube.grids["endings"], length, cube.unit)
        return Result(self.table({"ending": columns.pop("place"), **columns}), everyone, {})


def weeks_up_to(as_of: object, number: int) -> tuple[np.datetime64, ...]:
    """The Mondays of the last `number` complete weeks up to that day, oldest first."""
    day = pd.Timestamp(as_of).normalize()
    # The last week is the last that is complete: a week of one day would be set against whole ones.
    monday = day - pd.Timedelta(days=day.weekday() if day.weekday() == 6 else day.weekday() + 7)
    return tuple(np.datetime64((monday - pd.Timedelta(weeks=back)).date(), "s") for back in range(number - 1, -1, -1))


def _moves(dates: pd.Series, cells: pd.DataFrame, weeks: tuple, shift: int, sign: int) -> pd.DataFrame:
    # A course that became active before the year counts from its first week; one that ceased before it both comes and goes there and adds up to 0.
    if len(weeks):
        place = (pd.to_datetime(dates).to_numpy() - weeks[0]) // np.timedelta64(7, "D") + shift
    else:
        place = np.zeros(0)
    place = np.clip(place, 0, len(weeks)).astype(np.int64)
    return pd.DataFrame(
        {
            "length": cells["length"].to_numpy(),
            "therapist_id": cells["therapist_id"].to_numpy(),
            "cluster_id": cells["cluster_id"].to_numpy(),
            "place": place,
            "courses": sign * cells["courses"].to_numpy(),
        }
    )
