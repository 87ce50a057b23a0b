"""Goals that take the place of others: where a replaced goal stood, and how long the chains are.

A chain is a goal, the one that replaced it, the one that replaced that one. Plain SQL cannot follow chains of any length; they are followed once at load.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube, Grid, grid
from process.measures.goals import LANES
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole

GENERATIONS = {"first": 1, "second": 2, "later": 3}
LONGEST_CHAIN = 100
"""A chain that is longer goes round in a circle; its goals have no generation."""


class GoalLineage(Measure):
    """The level of goals when they were replaced, and how many goals took the place of others."""

    name = "goal_lineage"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Replaced goals by length, last level and cluster; goals by generation."""
        levels = grid(self.ask(query, params), ["goals", "courses"], "level", list(LANES.values()))
        replaced = grid(self.ask(query, params, statement("goal_replacements")), ["courses"])
        generations = self.ask(query, params, statement("goal_generations"))
        chains = grid(generations, ["goals", "replaced", "linked", "courses"], "generation", list(GENERATIONS.values()))
        return Cube({"levels": levels, "replaced": replaced, "chains": chains}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a level at which a goal was replaced; headlines `first`, `second`, `later` (goals by generation), `successors` and `below_expected`."""
        levels, chains = cube.grids["levels"], cube.grids["chains"]
        cells = {name: array[:, 0] for name, array in levels.between(length).items()}
        everyone = cells["goals"].sum(axis=0)
        courses = cells["courses"].sum(axis=-1)
        shares = clustered_shares(np.broadcast_to(everyone, cells["goals"].shape), cells["goals"], unit=cube.unit, courses=courses)
        here = np.flatnonzero(courses > 0)
        table = self.table(
            {
                "level": np.array(list(LANES.values()), dtype=object)[here],
                "share": 100.0 * shares.mean[here],
                "lower": 100.0 * shares.lower[here],
                "upper": 100.0 * shares.upper[here],
                "goals": cells["goals"].sum(axis=-1)[here],
                "goals_total": np.full(len(here), everyone.sum()),
                "courses": courses[here],
                "therapists": levels.therapists(cells["courses"])[here],
                "why": shares.why[here],
            }
        )
        places = list(LANES)
        below = cells["goals"][[places.index("minus_2"), places.index("minus_1")]].sum(axis=0)
        rated = everyone - cells["goals"][places.index("not_rated")]
        replaced = cube.grids["replaced"].between(length)["courses"][0, 0]
        generations = {name: array[:, 0] for name, array in chains.between(length).items()}
        every = generations["goals"].sum(axis=0)
        rows = {name: _generation(generations, place, chains.therapists(generations["courses"])) for place, name in enumerate(GENERATIONS)}
        rows["successors"] = _share(generations["goals"][1:].sum(axis=0), every, generations["courses"][0], cube.unit, chains)
        rows["below_expected"] = _share(below, rated, replaced, cube.unit, levels)
        return Result(table, headlines(rows), {"linked_goals": whole(generations["linked"].sum()), "replaced_goals": whole(generations["replaced"].sum())})


def generations(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """Every goal's place in its chain, rows `goal_id`, `generation`: 1 took nobody's place; missing where goals replace each other in a circle."""
    goals = query("select goal_id, replaced_by from goal_facts order by goal_id")
    goal_ids = pd.Index(goals["goal_id"])
    successor = goal_ids.get_indexer(goals["replaced_by"])
    generation = np.zeros(len(goal_ids), dtype=np.int64)
    front = np.setdiff1d(np.arange(len(goal_ids)), successor)
    for place in range(1, LONGEST_CHAIN + 1):
        generation[front] = place  # a goal that took the place of two belongs to the longer chain
        front = np.unique(successor[front])
        front = front[front >= 0]
        if not len(front):
            break
    unknown = (generation == 0) | np.isin(np.arange(len(goal_ids)), front)
    return pd.DataFrame({"goal_id": goal_ids, "generation": pd.array(np.where(unknown, 0, generation), dtype="int64")})


def _generation(cells: dict[str, np.ndarray], place: int, therapists: np.ndarray) -> dict[str, object]:
    counts = {"goals": whole(cells["goals"][place].sum()), "courses": whole(cells["courses"][place].sum()), "therapists": int(therapists[place])}
    return {"estimate": np.nan, "lower": np.nan, "upper": np.nan, **counts, "why": ""}


def _share(part: np.ndarray, every: np.ndarray, courses: np.ndarray, named: str, found: Grid) -> dict[str, object]:
    shares = clustered_shares(every[None], part[None], unit=named, courses=np.array([courses.sum()]))
    limits = {name: 100.0 * float(getattr(shares, place)[0]) for name, place in (("estimate", "mean"), ("lower", "lower"), ("upper", "upper"))}
    counts = {"goals": whole(every.sum()), "courses": whole(courses.sum()), "therapists": int(found.therapists(every))}
    return {**limits, **counts, "why": str(shares.why[0])}
