"""Possible ruptures as episodes, from their onset through the lowest score to the return: of which shape, how deep, how long."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, unit, whole
from process.measures.shares import Shares

SHAPES = ("single", "spanning", "recurring")
ENDS = ("returned", "open")


class RuptureEpisodes(Shares):
    """Possible ruptures by whether they took one session, several, or recur in their course, and by whether the score came back."""

    name = "rupture_episodes"
    groups = tuple(f"{shape}_{end}" for shape in SHAPES for end in ENDS)


class EpisodeSizes(Measure):
    """How one size of possible ruptures is spread: shares in bins, and the quartiles. Quartiles do not add up, so the episodes are kept, sorted by length."""

    additive = False
    labels: tuple[str, ...]

    def prepare(self, query: Query, **params: object) -> Cube:
        """The possible ruptures, sorted by the length of their course."""
        found = self.ask(query, params)
        codes = {name: pd.factorize(found[f"{name}_id"]) for name in ("therapist", "cluster", "course")}
        rows = {"length": found["length"].to_numpy(dtype=np.int64), "size": found["size"].to_numpy(dtype=np.float64)}
        return Cube(
            rows=rows | {name: code for name, (code, _) in codes.items()}, unit=unit(params), extra={name: len(own) for name, (_, own) in codes.items()}
        )

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a bin, in order, where there are any; headlines `median`, `lower_quartile`, `upper_quartile` (interpolated)."""
        rows = cube.rows
        first = np.searchsorted(rows["length"], length[0], side="left")
        last = max(np.searchsorted(rows["length"], length[1], side="right"), first)
        here = {name: array[first:last] for name, array in rows.items()}
        place = np.searchsorted(np.asarray(self.definition.parameter("bins"), dtype=np.float64), here["size"], side="right")
        bins, clusters = len(self.labels), int(cube.extra["cluster"])
        part = np.bincount(place * clusters + here["cluster"], minlength=bins * clusters).reshape(bins, clusters).astype(np.float64)
        everything = part.sum(axis=0)
        courses = len(np.unique(here["course"]))
        shares = clustered_shares(np.broadcast_to(everything, part.shape), part, unit=cube.unit, courses=np.full(bins, courses))
        shown = np.arange(bins if everything.sum() else 0)
        table = self.table(
            {
                self.definition.keys[0]: np.array(self.labels, dtype=object)[shown],
                "share": 100.0 * shares.mean[shown],
                "lower": 100.0 * shares.lower[shown],
                "upper": 100.0 * shares.upper[shown],
                "possible": part.sum(axis=-1)[shown],
                "possible_total": np.full(len(shown), everything.sum()),
                **{f"{name}s": np.array([len(np.unique(here[name][place == each])) for each in shown]) for name in ("course", "therapist")},
                "why": shares.why[shown],
            }
        )
        people = {"courses": courses, "therapists": len(np.unique(here["therapist"]))}
        points = {"median": 0.5, "lower_quartile": 0.25, "upper_quartile": 0.75}
        sizes = here["size"]
        heads = {
            name: {"estimate": float(np.quantile(sizes, q)) if len(sizes) else np.nan, "possible": whole(everything.sum()), **people}
            for name, q in points.items()
        }
        return Result(table, headlines(heads), {})


class EpisodeDepth(EpisodeSizes):
    """How deep possible ruptures go, in POMP points from the level before to the lowest score."""

    name = "episode_depth"
    labels = ("under 5", "5 to 10", "10 to 15", "15 to 20", "20 to 30", "30 and more")


class EpisodeDuration(EpisodeSizes):
    """How many sessions possible ruptures last."""

    name = "episode_duration"
    labels = ("1", "2", "3", "4 to 5", "6 to 9", "10 and more")
