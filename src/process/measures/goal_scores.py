"""The GAS T-score by session: one number over a course's goals, shown only where somebody asks for it, with its number of goals and rho."""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_means
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole
from process.measures.reach import at_sessions, reach, still_in, typical_session


class AttainmentTScore(Measure):
    """The mean T-score of the current set by attended session, and how many of its goals were rated."""

    name = "attainment_t_score"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Scored courses, their scores added up and their goals by length, session and cluster; courses by how far they came."""
        found = self.ask(query, params)
        sessions = range(1, int(found["session"].max()) + 1) if len(found) else ()
        scores = grid(found, ["courses", "total", "goals", "goals_in_set"], "session", sessions)
        return Cube({"scores": scores, "reach": reach(self.ask(query, params, statement("reach")))}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session with a score; headline `typical`; note `rho`."""
        scores, still = cube.grids["scores"], still_in(cube.grids["reach"], length)
        cells = {name: array[:, 0] for name, array in scores.between(length).items()}
        means = clustered_means(cells["courses"], cells["total"], unit=cube.unit)
        here = np.flatnonzero(means.n > 0)
        columns = {
            "session": here + 1,
            "mean": means.mean[here],
            "lower": means.lower[here],
            "upper": means.upper[here],
            "goals": cells["goals"].sum(axis=-1)[here],
            "goals_in_set": cells["goals_in_set"].sum(axis=-1)[here],
            "courses": means.n[here],
            "therapists": scores.therapists(cells["courses"])[here],
            "still_in": at_sessions(still, here + 1),
            "why": means.why[here],
        }
        session = typical_session(still)
        place = np.flatnonzero(columns["session"] == session)
        counts = ("goals", "goals_in_set", "courses", "therapists", "still_in")
        if len(place):
            row = {name: values[place[0]] for name, values in columns.items()}
            typical = {"estimate": row["mean"], "lower": row["lower"], "upper": row["upper"], **{name: whole(row[name]) for name in counts}, "why": row["why"]}
        else:
            typical = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, **dict.fromkeys(counts, 0), "why": "nothing recorded"}
        return Result(self.table(columns), headlines({"typical": {"session": session or 0, **typical}}), {"rho": float(self.definition.parameter("rho"))})
