"""Goals at the expected level or better, apart by modality, by problem and by who set the goal, read at the session that is typical of the courses in range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.measures.cube import Cube
from process.measures.goal_cells import Cells, cells
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole
from process.measures.reach import reach, still_in, typical_session


class _AttainmentByGroup(Measure):
    """The share at the expected level or better by a group, at the typical session: the definition's key."""

    asks = "attainment_by_group"
    additive = False

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, session and cluster, by group and all together; courses by how far they came."""
        extra = {"groups": cells(self.ask(query, params)), "all": cells(self.ask(query, params, statement("attainment_curve")))}
        return Cube({"reach": reach(self.ask(query, params, statement("reach")))}, unit=unit(params), extra=extra)

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a group that has a rated goal at the typical session, in the order of the codes; headline `typical` is all of them together."""
        session = typical_session(still_in(cube.grids["reach"], length)) or 0
        found = cube.extra["groups"]
        names, at = np.unique(found.numbers["part"].astype(str), return_inverse=True)
        columns = {self.definition.keys[0]: names.astype(object)} | _shares(found, at, len(names), session, length, cube.unit)
        shown = columns["goals"] > 0
        whole_set = cube.extra["all"]
        every = _shares(whole_set, np.zeros(len(whole_set.at_cluster), dtype=np.int64), 1, session, length, cube.unit)
        row = {name: values[0] for name, values in every.items()}
        limits = {"estimate": row["share"], "lower": row["lower"], "upper": row["upper"]}
        counts = {name: whole(row[name]) for name in ("goals", "courses", "therapists")}
        typical = {"session": session, **limits, **counts, "why": row["why"]}
        return Result(self.table({name: values[shown] for name, values in columns.items()}), headlines({"typical": typical}), {"session": float(session)})


def _shares(found: Cells, at: NDArray[np.int64], groups: int, session: int, length: tuple[int, int], named: str) -> dict[str, NDArray]:
    """Shares with their counts for each group, from the cells of one session."""
    here = found.between(length) & (found.numbers["session"] == session)
    sums = {name: found.added(name, at, groups, here) for name in ("goals", "attained", "courses")}
    courses = sums["courses"].sum(axis=-1)
    shares = clustered_shares(sums["goals"], sums["attained"], unit=named, courses=courses)
    percent = {"share": 100.0 * shares.mean, "lower": 100.0 * shares.lower, "upper": 100.0 * shares.upper}
    return percent | {"goals": shares.n, "courses": courses, "therapists": found.therapists(sums["courses"]), "why": shares.why}


class AttainmentByModality(_AttainmentByGroup):
    """Goals at the expected level or better by form of therapy."""

    name = "attainment_by_modality"


class AttainmentByProblem(_AttainmentByGroup):
    """Goals at the expected level or better by main problem."""

    name = "attainment_by_problem"


class AttainmentBySetter(_AttainmentByGroup):
    """Goals at the expected level or better by who set them."""

    name = "attainment_by_setter"
