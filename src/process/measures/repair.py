"""How ruptures on record are repaired: which steps they reach, and how soon, when the course may end first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.clustered_incidence import CENSORED, Waiting, clustered_incidence, waiting
from process.measures.cube import Cube, grid
from process.measures.intervals import Means, clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, unit, whole

STEPS = (
    "noticed",
    "acknowledged_by_patient",
    "acknowledged_by_therapist",
    "acknowledged_by_both",
    "negotiated",
    "repaired_step",
    "repaired",
    "left_open",
    "still_open",
)
FATES = ("repaired", "ended")


class RepairSteps(Measure):
    """The share of recorded ruptures that reached each step. Steps overlap and may be skipped: they are no parts of one whole."""

    name = "repair_steps"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Ruptures by length, step and cluster, and the courses with any that reached it."""
        courses = self.ask(query, params)
        cells = courses.melt(["length", "therapist_id", "cluster_id", "course_id"], list(STEPS), "step", "ruptures")
        cells = cells.assign(courses=(cells["ruptures"] > 0).astype(int))
        return Cube({"steps": grid(cells, ["ruptures", "courses"], "step", STEPS)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a step, in order, where anything is recorded; headline `repaired`."""
        steps = cube.grids["steps"]
        cells = {name: array[:, 0] for name, array in steps.between(length).items()}
        reached, courses = cells["ruptures"], cells["courses"]
        every = reached[0]
        shares = clustered_shares(np.broadcast_to(every, reached.shape), reached, unit=cube.unit, courses=np.full(len(STEPS), courses[0].sum()))
        here = np.arange(len(STEPS) if every.sum() else 0)
        table = self.table(
            {
                "step": np.array(STEPS, dtype=object)[here],
                "share": 100.0 * shares.mean[here],
                "lower": 100.0 * shares.lower[here],
                "upper": 100.0 * shares.upper[here],
                "ruptures": reached.sum(axis=-1)[here],
                "recorded": np.full(len(here), every.sum()),
                "courses": courses.sum(axis=-1)[here],
                "therapists": steps.therapists(courses)[here],
                "why": shares.why[here],
            }
        )
        total = {"recorded": whole(every.sum()), "courses": whole(courses[0].sum()), "therapists": int(steps.therapists(courses[0]))}
        return Result(table, headlines({"all": total}), {})


class TimeToRepair(Measure):
    """Cumulative incidence of repair by attended sessions since the rupture, the course's end being the competing fate."""

    name = "time_to_repair"
    additive = False

    def prepare(self, query: Query, **params: object) -> Cube:
        """The ruptures, sorted by length."""
        found = self.ask(query, params)
        codes = {name: pd.factorize(found[f"{name}_id"]) for name in ("therapist", "cluster", "course")}
        rows = {
            "length": found["length"].to_numpy(dtype=np.int64),
            "waited": found["waited"].to_numpy(dtype=np.int64),
            "fate": found["fate"].map({name: code for code, name in enumerate(FATES)}).fillna(CENSORED).to_numpy(dtype=np.int64),
            **{name: code for name, (code, _) in codes.items()},
        }
        return Cube(rows=rows, unit=unit(params), extra={name: len(labels) for name, (_, labels) in codes.items()})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session since the rupture and fate, while any rupture still waits; headlines at the definition's `early` and `late` session."""
        rows = cube.rows
        first = np.searchsorted(rows["length"], length[0], side="left")
        last = max(np.searchsorted(rows["length"], length[1], side="right"), first)
        here = {name: array[first:last] for name, array in rows.items()}
        horizon = int(self.definition.parameter("horizon"))
        counts = [waiting(here["waited"], here["fate"], here["cluster"], fate, horizon, int(cube.extra["cluster"])) for fate in range(len(FATES))]
        waits = counts[0].at_risk.sum(axis=1)
        behind = {name: _distinct(here, name, horizon) for name in ("course", "therapist")}
        found = [clustered_incidence(each, np.full(horizon + 1, behind["course"][0]), cube.unit) for each in counts]
        shown = np.flatnonzero(waits > 0)
        since, fate = np.repeat(shown, len(FATES)), np.tile(np.arange(len(FATES)), len(shown))
        stacked = {name: 100.0 * np.stack([getattr(each, name) for each in found]) for name in ("mean", "lower", "upper")}
        table = self.table(
            {
                "since": since,
                "fate": np.array(FATES, dtype=object)[fate],
                "share": stacked["mean"][fate, since],
                "lower": stacked["lower"][fate, since],
                "upper": stacked["upper"][fate, since],
                "at_risk": waits[since],
                "recorded": np.full(len(since), waits[0]),
                "courses": behind["course"][since],
                "therapists": behind["therapist"][since],
                "why": np.stack([each.why for each in found])[fate, since],
            }
        )
        heads = {}
        for moment in ("early", "late"):
            at = int(self.definition.parameter(moment))
            for name, each in zip(FATES, found, strict=True):
                heads[f"{name}_{moment}"] = _headline(each, at, waits, counts[0], behind)
        return Result(table, headlines(heads), {})


def _headline(found: Means, at: int, waits: NDArray[np.float64], counts: Waiting, behind: dict[str, NDArray[np.int64]]) -> dict[str, object]:
    told = waits[at] > 0
    limits = {name: 100.0 * getattr(found, part)[at] if told else np.nan for name, part in (("estimate", "mean"), ("lower", "lower"), ("upper", "upper"))}
    people = {"courses": int(behind["course"][at]), "therapists": int(behind["therapist"][at])}
    return {"since": at, **limits, "df": found.df[at], "recorded": whole(waits[0]), **people, "why": found.why[at] if told else "nobody was followed so long"}


def _distinct(rows: dict[str, NDArray], column: str, horizon: int) -> NDArray[np.int64]:
    """How many different ones still have a waiting rupture at each session: those whose longest wait is that long."""
    if not len(rows[column]):
        return np.zeros(horizon + 1, dtype=np.int64)
    longest = pd.Series(rows["waited"]).groupby(rows[column]).max().to_numpy()
    return (longest[:, None] >= np.arange(horizon + 1)).sum(axis=0)
