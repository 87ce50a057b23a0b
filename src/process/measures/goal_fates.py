"""What becomes of agreed goals: reached, replaced or dropped, as cumulative incidence with competing fates; open goals count for as long as they were followed.

A fate is not a level: goals on either scale are counted together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.measures.clustered_incidence import Waiting, clustered_incidence
from process.measures.cube import Cube, Grid, grid
from process.measures.intervals import Means
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole

FATES = ("reached", "replaced", "dropped")
SETTERS = ("patient", "therapist", "both")


class GoalFates(Measure):
    """The share of goals reached, replaced and dropped by attended sessions since they were agreed."""

    name = "goal_fates"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Goals by length, sessions waited, fate and cluster; courses by the longest wait among their goals."""
        sessions = range(int(self.definition.parameter("horizon")) + 2)
        goals = grid(self.ask(query, params), ["goals"], "waited", sessions, "fate", ("open", *FATES))
        waits = grid(self.ask(query, params, statement("goal_waits")), ["courses"], "waited", sessions)
        return Cube({"goals": goals, "waits": waits}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session since agreeing at which a goal still waited, and fate; headlines: each fate at the reading session; notes: goals by fate so far."""
        cells = cube.grids["goals"].between(length)["goals"]
        courses, therapists = _waiting(cube.grids["waits"], length)
        curves, at_risk = _incidences(cells, courses, cube.unit)
        here = np.flatnonzero(at_risk[:-1] > 0)
        agreed = whole(cells.sum())
        columns = {
            "session": np.repeat(here, len(FATES)),
            "fate": np.array(FATES * len(here), dtype=object),
            **{name: _by_row(curves, place, here) * 100.0 for name, place in (("share", "mean"), ("lower", "lower"), ("upper", "upper"))},
            "goals": np.repeat(at_risk[here], len(FATES)),
            "goals_agreed": np.full(len(here) * len(FATES), agreed),
            "courses": np.repeat(courses[here], len(FATES)),
            "therapists": np.repeat(therapists[here], len(FATES)),
            "why": _by_row(curves, "why", here),
        }
        session = reading(at_risk, int(self.definition.parameter("reading_session")), self.definition.parameter("followed_share"))
        counts = {"session": session, "goals": whole(at_risk[session]), "goals_agreed": agreed}
        counts |= {"courses": whole(courses[session]), "therapists": int(therapists[session])}
        rows = {fate: {**_at(curve, session), **counts} for fate, curve in zip(FATES, curves, strict=True)}
        notes = {f"{fate}_goals": whole(cells[:, place].sum()) for place, fate in enumerate(("open", *FATES))}
        return Result(self.table(columns), headlines(rows), notes)


class GoalFatesBySetter(Measure):
    """The share of goals reached by a given session after they were agreed, by who set them."""

    name = "goal_fates_by_setter"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Goals by length, sessions waited, setter with fate, and cluster; courses by setter and the longest wait."""
        sessions = range(int(self.definition.parameter("reading_session")) + 2)
        found = self.ask(query, params)
        found["kind"] = found["set_by"].astype(str) + " " + found["fate"].astype(str)
        kinds = [f"{setter} {fate}" for setter in SETTERS for fate in ("open", *FATES)]
        waits = grid(self.ask(query, params, statement("setter_waits")), ["courses"], "waited", sessions, "set_by", SETTERS)
        agreed = grid(self.ask(query, params, statement("goal_courses")), ["goals", "courses"])
        return Cube({"goals": grid(found, ["goals"], "waited", sessions, "kind", kinds), "waits": waits, "agreed": agreed}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a setter: goals reached by the reading session; counts are of the goals still followed then, `goals_agreed` of all; headline `all`."""
        every = cube.grids["goals"].between(length)["goals"]
        session = int(self.definition.parameter("reading_session"))
        rows = []
        for place, setter in enumerate(SETTERS):
            cells = every[:, place * 4 : place * 4 + 4]
            courses, therapists = _waiting(cube.grids["waits"], length, place)
            curves, at_risk = _incidences(cells, courses, cube.unit)
            if at_risk[session] > 0:
                limits = _at(curves[0], session)
                counts = {"goals": whole(at_risk[session]), "goals_agreed": whole(cells.sum())}
                counts |= {"courses": whole(courses[session]), "therapists": int(therapists[session])}
                rows.append({"set_by": setter, "share": limits["estimate"], "lower": limits["lower"], "upper": limits["upper"], **counts, "why": limits["why"]})
        columns = {name: np.array([row[name] for row in rows], dtype=object if name in ("set_by", "why") else float) for name in self.definition.columns}
        agreed = cube.grids["agreed"]
        counted = {name: array[0, 0] for name, array in agreed.between(length).items()}
        total = {"goals_agreed": whole(counted["goals"].sum()), "courses": whole(counted["courses"].sum())}
        total["therapists"] = int(agreed.therapists(counted["courses"]))
        return Result(self.table(columns), headlines({"all": total}), {})


def reading(at_risk: NDArray, wanted: int, least: float) -> int:
    """The last session up to the wanted one at which at least that share of the goals was still followed, so that no figure rests on a handful."""
    followed = np.flatnonzero(at_risk[: wanted + 1] >= least * at_risk[0]) if at_risk[0] > 0 else [0]
    return int(followed[-1])


def _incidences(cells: NDArray, courses: NDArray, named: str) -> tuple[list[Means], NDArray]:
    """The curve of each fate, and how many goals still waited just before each session, from goals by sessions waited, fate (open first) and cluster."""
    at_risk = np.cumsum(cells.sum(axis=1)[::-1], axis=0)[::-1]
    ended = cells[:, 1:].sum(axis=1)
    curves = [clustered_incidence(Waiting(at_risk, ended, cells[:, place]), courses, named) for place in range(1, cells.shape[1])]
    return curves, at_risk.sum(axis=-1)


def _at(curve: Means, session: int) -> dict[str, object]:
    """One fate's share at a session as a headline, in percent."""
    limits = {name: 100.0 * float(getattr(curve, place)[session]) for name, place in (("estimate", "mean"), ("lower", "lower"), ("upper", "upper"))}
    return limits | {"why": str(curve.why[session])}


def _by_row(curves: list[Means], name: str, here: NDArray[np.int64]) -> NDArray:
    """The curves' values at those sessions, session by session."""
    return np.stack([getattr(curve, name)[here] for curve in curves], axis=1).ravel()


def _waiting(waits: Grid, length: tuple[int, int], group: int = 0) -> tuple[NDArray, NDArray[np.int64]]:
    """Courses, and therapists, with a goal that still waited just before each session."""
    longest = waits.between(length)["courses"][:, group]
    still = np.cumsum(longest[::-1], axis=0)[::-1]
    return still.sum(axis=-1), waits.therapists(np.rint(still))
