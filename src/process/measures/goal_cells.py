"""Cells of goals that are added up anew for every range: for groups and courses that are chosen only once the range is known.

Prefix sums over length x session x group x cluster would be mostly empty here; a range is one pass over the cells that there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Query cells by column (`numbers`), with the place of their cluster. Clusters are sorted by therapist; `starts` are the places of each one's first."""

    numbers: dict[str, NDArray]
    at_cluster: NDArray[np.int64]
    clusters: int
    starts: NDArray[np.int64]

    def between(self, length: tuple[int, int]) -> NDArray[np.bool_]:
        """Which cells belong to courses with a length in the range, both ends included."""
        return (self.numbers["length"] >= length[0]) & (self.numbers["length"] <= length[1])

    def added(self, name: str, at: NDArray[np.int64], points: int, here: NDArray[np.bool_]) -> Floats:
        """The column's sums over the cells `here`, each at its place `at` of `points`: points x clusters."""
        flat = at[here] * self.clusters + self.at_cluster[here]
        return np.bincount(flat, weights=self.numbers[name][here], minlength=points * self.clusters).reshape(points, self.clusters)

    def therapists(self, sums: Floats) -> NDArray[np.int64]:
        """How many different therapists are behind sums (clusters on the last axis)."""
        if not self.clusters:
            return np.zeros(sums.shape[:-1], dtype=np.int64)
        return (np.add.reduceat(sums, self.starts, axis=-1) > 0).sum(axis=-1)


def cells(found: pd.DataFrame) -> Cells:
    """Cells from a query's rows: columns length, cluster_id, therapist_id and any others."""
    clusters = found[["therapist_id", "cluster_id"]].drop_duplicates().sort_values(["therapist_id", "cluster_id"])
    therapists = clusters["therapist_id"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], therapists[1:] != therapists[:-1]])) if len(therapists) else np.zeros(0, dtype=np.int64)
    at_cluster = pd.Index(clusters["cluster_id"]).get_indexer(found["cluster_id"])
    return Cells({name: found[name].to_numpy() for name in found if name not in ("therapist_id", "cluster_id")}, at_cluster, len(clusters), starts)
