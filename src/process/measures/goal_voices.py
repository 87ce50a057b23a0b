"""Two voices on one goal: who set goals, how far patient and therapist agree on the level of the same goal in the same session, and whether they part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from process.contract.tables import GOAL_LEVELS
from process.measures.clustered_kappa import clustered_kappa
from process.measures.cube import Cube, Grid, grid
from process.measures.goal_fates import SETTERS
from process.measures.intervals import Means, clustered_means, clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole

LEVELS = tuple(range(GOAL_LEVELS["gas"][0], GOAL_LEVELS["gas"][1] + 1))


class GoalVoices(Measure):
    """The mean difference of patient's and therapist's rating of the same goal by session, their agreement over all sessions, and who set goals."""

    name = "goal_voices"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Pairs of ratings by length, session and cluster, and by both levels; courses with a pair; goals by setter."""
        found = self.ask(query, params)
        levels = self.ask(query, params, statement("goal_voice_levels"))
        levels["cell"] = (levels["patient_level"] - LEVELS[0]) * len(LEVELS) + levels["therapist_level"] - LEVELS[0]
        sessions = range(1, int(found["session"].max()) + 1) if len(found) else ()
        grids = {
            "sessions": grid(found, ["pairs", "total", "equal", "within_one", "courses"], "session", sessions),
            "levels": grid(levels, ["pairs"], "cell", range(len(LEVELS) ** 2)),
            "pairs": grid(self.ask(query, params, statement("goal_voice_courses")), ["courses"]),
            "setters": grid(self.ask(query, params, statement("goal_setters")), ["goals"], "set_by", SETTERS),
            "agreed": grid(self.ask(query, params, statement("goal_courses")), ["courses"]),
        }
        return Cube(grids, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session with a pair; headlines `equal`, `within_one` (percent), `kappa`, `difference` (all sessions), `patient`, `therapist`, `both` (who
        set goals, percent)."""
        sessions = cube.grids["sessions"]
        cells = {name: array[:, 0] for name, array in sessions.between(length).items()}
        means = clustered_means(cells["pairs"], cells["total"], unit=cube.unit)
        here = np.flatnonzero(means.n > 0)
        table = self.table(
            {
                "session": here + 1,
                "mean": means.mean[here],
                "lower": means.lower[here],
                "upper": means.upper[here],
                "pairs": means.n[here],
                "courses": cells["courses"].sum(axis=-1)[here],
                "therapists": sessions.therapists(cells["courses"])[here],
                "why": means.why[here],
            }
        )
        every = {name: array.sum(axis=0) for name, array in cells.items()}
        courses = _behind(cube.grids["pairs"], length)
        behind = {"n": whole(every["pairs"].sum()), **courses}
        shared = clustered_shares(
            np.stack([every["pairs"]] * 2), np.stack([every["equal"], every["within_one"]]), unit=cube.unit, courses=np.full(2, courses["courses"])
        )
        tables = cube.grids["levels"].between(length)["pairs"][:, 0]
        kappa = clustered_kappa(tables.reshape(len(LEVELS), len(LEVELS), -1), unit=cube.unit)
        difference = clustered_means(every["pairs"][None], every["total"][None], unit=cube.unit)
        rows = {
            "equal": {**_limits(shared, 0, 100.0), **behind},
            "within_one": {**_limits(shared, 1, 100.0), **behind},
            "kappa": {"estimate": kappa.mean, "lower": kappa.lower, "upper": kappa.upper, "why": kappa.why, **behind},
            "difference": {**_limits(difference, 0, 1.0), **behind},
        }
        setters = cube.grids["setters"].between(length)["goals"][:, 0]
        agreed = _behind(cube.grids["agreed"], length)
        shares = clustered_shares(
            np.broadcast_to(setters.sum(axis=0), setters.shape), setters, unit=cube.unit, courses=np.full(len(SETTERS), agreed["courses"])
        )
        rows |= {setter: {**_limits(shares, place, 100.0), "n": whole(setters.sum()), **agreed} for place, setter in enumerate(SETTERS)}
        return Result(table, headlines(rows), {"goals": whole(setters.sum())})


def _limits(found: Means, place: int, scale: float) -> dict[str, object]:
    values = (scale * float(getattr(found, name)[place]) for name in ("mean", "lower", "upper"))
    return dict(zip(("estimate", "lower", "upper"), values, strict=True)) | {"why": str(found.why[place])}


def _behind(found: Grid, length: tuple[int, int]) -> dict[str, int]:
    courses: NDArray = found.between(length)["courses"][0, 0]
    return {"courses": whole(courses.sum()), "therapists": int(found.therapists(courses))}
