"""Records by the group that they belong to, where the groups are the parts of one whole: ruptures by kind, sessions by whether somebody looked."""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, unit, whole


class Shares(Measure):
    """The share of each group. The definition's key is the group, its first count what is counted, and `<count>_total` the whole.

    The query gives a row a course and group: length, therapist_id, cluster_id, course_id, the key, and the count.
    """

    groups: tuple[str, ...]

    @property
    def counted(self) -> str:
        """What is counted: the name of the column."""
        return self.definition.counts[0]

    def prepare(self, query: Query, **params: object) -> Cube:
        """The counts by length, group and cluster; courses counted once for each group, and once for all of them."""
        cells = self.ask(query, params).assign(behind=1)
        once = cells.drop_duplicates("course_id")
        parts = grid(cells, list(dict.fromkeys([self.counted, "behind"])), self.definition.keys[0], self.groups)
        return Cube({"parts": parts, "all": grid(once, ["behind"])}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a group that occurs, in order; headline `all` with the whole."""
        parts = cube.grids["parts"]
        cells = {name: array[:, 0] for name, array in parts.between(length).items()}
        part, behind = cells[self.counted], cells["behind"]
        everything = part.sum(axis=0)
        once = cube.grids["all"].between(length)["behind"][0, 0]
        shares = clustered_shares(np.broadcast_to(everything, part.shape), part, unit=cube.unit, courses=np.full(len(part), once.sum()))
        here = np.flatnonzero(part.sum(axis=-1) > 0)
        columns = {
            self.definition.keys[0]: np.array(self.groups, dtype=object)[here],
            "share": 100.0 * shares.mean[here],
            "lower": 100.0 * shares.lower[here],
            "upper": 100.0 * shares.upper[here],
            "courses": behind.sum(axis=-1)[here],
            self.counted: part.sum(axis=-1)[here],
            f"{self.counted}_total": np.full(len(here), everything.sum()),
            "therapists": parts.therapists(behind)[here],
            "why": shares.why[here],
        }
        therapists = int(cube.grids["all"].therapists(once))
        total = {self.counted: whole(everything.sum()), "courses": whole(once.sum()), "therapists": therapists}
        return Result(self.table(columns), headlines({"all": total}), {})
