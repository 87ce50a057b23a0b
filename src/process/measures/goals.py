"""How far agreed goals are reached, by attended session: levels first, because attainment is ordinal; then the share at the expected level or better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole
from process.measures.reach import at_sessions, reach, still_in, typical_session

LANES = {"minus_2": "-2", "minus_1": "-1", "expected": "0", "plus_1": "1", "plus_2": "2", "not_rated": "not_rated"}
VOICES = ("rated_by_patient", "rated_by_both", "rated_by_therapist")
FIRST_SESSIONS = (1, 3)
EVER_AGREED = ("gas_goals", "gbo_goals", "reached_goals", "replaced_goals", "dropped_goals")


class AttainmentLevels(Measure):
    """The share of goals of the current set at each level, by attended session, with a lane of their own for goals without a recent rating."""

    name = "attainment_levels"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Goals by length, session, level and cluster; goals by scale."""
        cells = self.ask(query, params)
        scales = grid(self.ask(query, params, statement("goal_scales")), EVER_AGREED)
        sessions = range(1, int(cells["session"].max()) + 1) if len(cells) else ()
        levels = grid(cells, [*LANES, *VOICES, "goals", "courses"], "session", sessions)
        return Cube({"goals": levels, "scales": scales, "reach": reach(self.ask(query, params, statement("reach")))}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session and level, sessions without a goal in the set have none; headline `typical` says which session is."""
        levels = cube.grids["goals"]
        cells = {name: array[:, 0] for name, array in levels.between(length).items()}
        total = cells["goals"].sum(axis=-1)
        lanes = np.stack([cells[lane].sum(axis=-1) for lane in LANES], axis=1)
        courses, therapists = cells["courses"].sum(axis=-1), levels.therapists(cells["courses"])
        here = np.flatnonzero(total > 0)
        lane_count = len(LANES)
        table = self.table(
            {
                "session": np.repeat(here + 1, lane_count),
                "level": list(LANES.values()) * len(here),
                "share": (100.0 * lanes[here] / total[here, None]).ravel(),
                "goals": lanes[here].ravel(),
                "goals_total": np.repeat(total[here], lane_count),
                "courses": np.repeat(courses[here], lane_count),
                "therapists": np.repeat(therapists[here], lane_count),
            }
        )
        session = typical_session(still_in(cube.grids["reach"], length))
        typical = {"session": session or 0, "goals": 0, "courses": 0, "therapists": 0}
        if session is not None and session <= len(total) and total[session - 1] > 0:
            at = session - 1
            typical |= {"goals": whole(total[at]), "courses": whole(courses[at]), "therapists": int(therapists[at])}
        return Result(table, headlines({"typical": typical}), _notes(cube, cells, length))


class AttainmentCurve(Measure):
    """The share of rated goals of the current set at the expected level or better, by attended session, with the number still in therapy."""

    name = "attainment_curve"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, session and cluster; courses by how far they came."""
        cells = self.ask(query, params)
        sessions = range(1, int(cells["session"].max()) + 1) if len(cells) else ()
        grids = {
            "goals": grid(cells, ["goals", "attained", *VOICES, "courses"], "session", sessions),
            "reach": reach(self.ask(query, params, statement("reach"))),
            "scales": grid(self.ask(query, params, statement("goal_scales")), EVER_AGREED),
        }
        return Cube(grids, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session with rated goals; headlines `first` (the first of sessions 1 to 3 with one) and `typical`."""
        goals = cube.grids["goals"]
        cells = {name: array[:, 0] for name, array in goals.between(length).items()}
        shares = clustered_shares(cells["goals"], cells["attained"], unit=cube.unit, courses=cells["courses"].sum(axis=-1))
        still = still_in(cube.grids["reach"], length)
        here = np.flatnonzero(shares.n > 0)
        columns = {
            "session": here + 1,
            "share": 100.0 * shares.mean[here],
            "lower": 100.0 * shares.lower[here],
            "upper": 100.0 * shares.upper[here],
            "goals": np.rint(shares.n[here]).astype(np.int64),
            "courses": np.rint(cells["courses"].sum(axis=-1)[here]).astype(np.int64),
            "therapists": goals.therapists(cells["courses"])[here],
            "still_in": at_sessions(still, here + 1),
            "why": shares.why[here],
        }
        early = np.flatnonzero((columns["session"] >= FIRST_SESSIONS[0]) & (columns["session"] <= FIRST_SESSIONS[1]))
        first = int(columns["session"][early[0]]) if len(early) else None
        rows = {"first": _at(columns, first), "typical": _at(columns, typical_session(still))}
        return Result(self.table(columns), headlines(rows), _notes(cube, cells, length))


def _notes(cube: Cube, cells: dict[str, NDArray], length: tuple[int, int]) -> dict[str, float | int]:
    """Goals ever agreed, by scale, and whose ratings the drawn levels are, in percent of the rated goals of all sessions."""
    notes: dict[str, float | int] = {name: whole(array.sum()) for name, array in cube.grids["scales"].between(length).items()}
    rated = {name: float(cells[name].sum()) for name in VOICES}
    everyone = sum(rated.values())
    return notes | {name: 100.0 * number / everyone if everyone else 0.0 for name, number in rated.items()}


def _at(columns: dict[str, NDArray], session: int | None) -> dict[str, object]:
    """The row of that session as a headline; nothing recorded where the session has none."""
    place = np.flatnonzero(columns["session"] == session)
    if session is None or not len(place):
        nothing = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "goals": 0, "courses": 0, "therapists": 0, "still_in": 0}
        return {"session": session or 0, **nothing, "why": "nothing recorded"}
    row = {name: array[place[0]] for name, array in columns.items()}
    return {
        "session": session,
        "estimate": row.pop("share"),
        **{name: row[name] for name in ("lower", "upper", "goals", "courses", "therapists", "still_in", "why")},
    }
