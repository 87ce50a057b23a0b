"""How long ago the last session was, in courses that are still going."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube, grid
from process.measures.measure import Measure, Query, Result, unit
from process.measures.parts import parts_of_courses

GAPS = ("under", "between", "more", "unknown")


class SessionGaps(Measure):
    """The courses still going by the days since their last attended session; not known is a group of its own."""

    name = "session_gaps"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses by length, gap and cluster."""
        cells = self.ask(query, params)
        middle = pd.to_timedelta(int(self.definition.parameter("middle_of_week")), unit="D")
        held = pd.to_datetime(cells["last_week"]) + middle
        # A session of the records' own week may lie after their day by this reckoning: no gap then.
        days = (pd.to_datetime(cells["as_of"]) - held).dt.days.clip(lower=0).to_numpy(dtype=float)
        place = np.digitize(days, self.definition.parameter("gap_days"))
        gaps = np.array(GAPS, dtype=object)[np.where(np.isnan(days), len(GAPS) - 1, place)]
        return Cube({"gaps": grid(cells.assign(gap=gaps), ["courses"], "gap", GAPS)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a gap that occurs, shortest first; headline `all` with the courses still going."""
        columns, everyone = parts_of_courses(cube.grids["gaps"], length, cube.unit)
        return Result(self.table({"gap": columns.pop("place"), **columns}), everyone, {})
