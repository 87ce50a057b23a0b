"""The attainment curve from other sides: the same courses throughout, counted back from the end, by share of the therapy, and by length band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.measures.cube import Cube, Grid, grid
from process.measures.goal_cells import cells
from process.measures.intervals import Means, clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole
from process.measures.reach import at_sessions, reach, still_in, typical_session

BANDS = {"1-3": (1, 3), "4-8": (4, 8), "9-16": (9, 16), "17-30": (17, 30), "31+": (31, 2**31)}
SAME, EVERYONE = "same", "everyone"
_SUMS = ("goals", "attained", "courses")


class AttainmentSameCourses(Measure):
    """The attainment curve of the courses that reached the typical session, beside the one of whoever was still in therapy."""

    name = "attainment_same_courses"
    additive = False

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, sessions to date, session and cluster; courses by how far they came."""
        found = cells(self.ask(query, params))
        return Cube({"reach": reach(self.ask(query, params, statement("reach")))}, unit=unit(params), extra={"goals": found})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session up to the typical one and group; headlines `same_first` (sessions 1 to 3), `same_last`, `everyone_first`, `everyone_last`."""
        found, still = cube.extra["goals"], still_in(cube.grids["reach"], length)
        last = typical_session(still) or 0
        session = found.numbers["session"].astype(np.int64)
        inside = found.between(length) & (session <= last)
        parts, rows = [], {}
        for group, here in ((SAME, inside & (found.numbers["so_far"] >= last)), (EVERYONE, inside)):
            sums = {name: found.added(name, session - 1, last, here) for name in _SUMS}
            shares = clustered_shares(sums["goals"], sums["attained"], unit=cube.unit, courses=sums["courses"].sum(axis=-1))
            in_therapy = np.full(last, at_sessions(still, np.array([last]))[0]) if group == SAME else at_sessions(still, np.arange(1, last + 1))
            part = {"session": np.arange(1, last + 1), "group": np.full(last, group, dtype=object), "in_therapy": in_therapy}
            parts.append(part | _columns(shares, sums, found.therapists(sums["courses"])))
            rows |= {f"{group}_first": _first(parts[-1]), f"{group}_last": {"session": last, **_row(parts[-1], last)}}
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        kept = columns["goals"] > 0
        return Result(self.table({name: values[kept] for name, values in columns.items()}), headlines(rows), {})


class AttainmentToTheEnd(Measure):
    """The share of rated goals at the expected level or better, counted back from a completed course's last session."""

    name = "attainment_to_the_end"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, sessions left and cluster; completed courses by their length."""
        found = grid(self.ask(query, params), _SUMS, "sessions_left", range(int(self.definition.parameter("shown_sessions")) + 1))
        return Cube({"goals": found, "reach": reach(self.ask(query, params, statement("ended_reach")))}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a number of sessions left, 0 = the last session; headlines `at_the_end` and `before` (as many sessions earlier as the parameter says)."""
        found, still = cube.grids["goals"], still_in(cube.grids["reach"], length)
        left = np.arange(len(found.axis))
        columns = {"sessions_left": left, "in_therapy": at_sessions(still, left + 1) if len(still) else np.zeros(len(left))} | _curve(found, length, cube.unit)
        before = int(self.definition.parameter("compared_sessions"))
        rows = {"at_the_end": _row(columns, 0, "sessions_left"), "before": _row(columns, before, "sessions_left")}
        return Result(self.table(_there(columns)), headlines(rows), {})


class AttainmentByShare(Measure):
    """The share of rated goals at the expected level or better where each fifth of a completed course ends."""

    name = "attainment_by_share"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, part and cluster; completed courses by their length."""
        found = grid(self.ask(query, params), _SUMS, "part", range(1, self._parts + 1))
        return Cube({"goals": found, "reach": reach(self.ask(query, params, statement("ended_reach")))}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a part; headlines `first_part`, `last_part`; note `too_short`: completed courses with fewer sessions than parts."""
        found, still = cube.grids["goals"], still_in(cube.grids["reach"], length)
        cut = still[self._parts] if len(still) > self._parts else 0
        part = np.arange(1, self._parts + 1)
        columns = {"part": part, "in_therapy": np.full(self._parts, cut)} | _curve(found, length, cube.unit)
        rows = {"first_part": _row(columns, 1, "part"), "last_part": _row(columns, self._parts, "part")}
        return Result(self.table(_there(columns)), headlines(rows), {"too_short": whole(still[0] - cut) if len(still) else 0})

    @property
    def _parts(self) -> int:
        return int(self.definition.parameter("parts"))


class AttainmentByBand(Measure):
    """The attainment curve of each band of therapy length."""

    name = "attainment_by_band"
    asks = "attainment_curve"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Rated and attained goals by length, session and cluster; courses by how far they came."""
        found = self.ask(query, params)
        sessions = range(1, int(found["session"].max()) + 1) if len(found) else ()
        reached = reach(self.ask(query, params, statement("reach")))
        return Cube({"goals": grid(found, _SUMS, "session", sessions), "reach": reached}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a band and session; headlines: each band at the session that is typical of it."""
        parts, rows = [], {}
        for band, (low, high) in BANDS.items():
            ends = max(low, length[0]), min(high, length[1])
            still = still_in(cube.grids["reach"], ends)
            columns = _curve(cube.grids["goals"], ends, cube.unit)
            session = np.arange(1, len(columns["goals"]) + 1)
            columns |= {"session": session, "band": np.full(len(session), band, dtype=object), "in_therapy": at_sessions(still, session)}
            typical = typical_session(still)
            rows[band] = {"session": typical or 0, **_row(columns, typical)}
            parts.append(_there(columns))
        return Result(self.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}), headlines(rows), {})


def _curve(found: Grid, length: tuple[int, int], named: str) -> dict[str, NDArray]:
    """Shares with their counts at every point of the axis."""
    sums = {name: array[:, 0] for name, array in found.between(length).items()}
    shares = clustered_shares(sums["goals"], sums["attained"], unit=named, courses=sums["courses"].sum(axis=-1))
    return _columns(shares, sums, found.therapists(sums["courses"]))


def _columns(shares: Means, sums: dict[str, NDArray], therapists: NDArray) -> dict[str, NDArray]:
    limits = {name: 100.0 * getattr(shares, place) for name, place in (("share", "mean"), ("lower", "lower"), ("upper", "upper"))}
    return limits | {"goals": sums["goals"].sum(axis=-1), "courses": sums["courses"].sum(axis=-1), "therapists": therapists, "why": shares.why}


def _there(columns: dict[str, NDArray]) -> dict[str, NDArray]:
    """The rows that have a rated goal."""
    kept = columns["goals"] > 0
    return {name: values[kept] for name, values in columns.items()}


def _first(columns: dict[str, NDArray]) -> dict[str, object]:
    """The first of sessions 1 to 3 that has a rated goal."""
    early = np.flatnonzero((columns["goals"] > 0) & (columns["session"] <= 3))
    session = int(columns["session"][early[0]]) if len(early) else None
    return {"session": session or 0, **_row(columns, session)}


def _row(columns: dict[str, NDArray], point: int | None, axis: str = "session") -> dict[str, object]:
    """The row of that point as a headline; nothing recorded where there is none."""
    place = np.flatnonzero((columns[axis] == point) & (columns["goals"] > 0)) if point is not None else ()
    if not len(place):
        return {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "goals": 0, "courses": 0, "therapists": 0, "why": "nothing recorded"}
    row = {name: array[place[0]] for name, array in columns.items()}
    counted = {name: whole(row[name]) for name in ("goals", "courses", "therapists")}
    return {"estimate": row["share"], "lower": row["lower"], "upper": row["upper"], **counted, "why": row["why"]}
