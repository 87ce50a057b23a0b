"""Which open goals are due for a review: attended sessions since each was last rated or reviewed, in courses that are still going."""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole


class GoalReviews(Measure):
    """Open goals by attended sessions since their last rating or review, and the share that is overdue."""

    name = "goal_reviews"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Open goals by length to date, sessions since and cluster; courses with an open goal."""
        found = self.ask(query, params)
        goals = grid(found, ["goals", "courses"], "since", range(self._longest + 1))
        courses = grid(self.ask(query, params, statement("open_goal_courses")), ["courses", "overdue_courses", "goals", "overdue"])
        return Cube({"goals": goals, "courses": courses}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a number of sessions since, the last standing for more, too; headline `overdue`; the range is of sessions to date."""
        goals, courses = cube.grids["goals"], cube.grids["courses"]
        cells = {name: array[:, 0] for name, array in goals.between(length).items()}
        counted = {name: array[0, 0] for name, array in courses.between(length).items()}
        number = cells["goals"].sum(axis=-1)
        here = np.flatnonzero(number > 0)
        names = [f"{since}" for since in range(self._longest)] + [f"{self._longest}+"]
        table = self.table(
            {
                "since": np.array(names, dtype=object)[here],
                "share": 100.0 * number[here] / max(number.sum(), 1.0),
                "goals": number[here],
                "goals_total": np.full(len(here), number.sum()),
                "courses": cells["courses"].sum(axis=-1)[here],
                "therapists": goals.therapists(cells["courses"])[here],
            }
        )
        share = clustered_shares(counted["goals"][None], counted["overdue"][None], unit=cube.unit, courses=np.array([counted["courses"].sum()]))
        limits = {name: 100.0 * float(getattr(share, place)[0]) for name, place in (("estimate", "mean"), ("lower", "lower"), ("upper", "upper"))}
        counts = {name: whole(counted[name].sum()) for name in ("goals", "overdue", "overdue_courses", "courses")}
        overdue = {**limits, **counts, "therapists": int(courses.therapists(counted["courses"])), "why": str(share.why[0])}
        return Result(table, headlines({"overdue": overdue}), {})

    @property
    def _longest(self) -> int:
        return int(self.definition.parameter("longest_shown"))
