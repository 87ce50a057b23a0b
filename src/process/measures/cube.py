"""Prefix sums over therapy length: what lets every figure follow the length range without another query.

A `Grid` holds counts and totals by length x axis x cluster, added up along length once; the cells of any range of lengths are then one subtraction
(Moritz, Howe & Heer 2019, Falcon, CHI). A course has one length, so courses counted once a cell stay distinct courses in every range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Prefix sums of cells: `sums[name]` has shape (lengths + 1) x axis x groups x clusters.

    Clusters are sorted by therapist; `starts` are the places of each therapist's first.
    """

    lengths: NDArray[np.int64]
    axis: tuple
    groups: tuple
    clusters: tuple[str, ...]
    starts: NDArray[np.int64]
    sums: Mapping[str, Floats]

    def between(self, length: tuple[int, int]) -> dict[str, Floats]:
        """The cells of courses with a length in the range, both ends included: for each sum an array axis x groups x clusters."""
        first = np.searchsorted(self.lengths, length[0], side="left")
        last = max(np.searchsorted(self.lengths, length[1], side="right"), first)
        return {name: prefix[last] - prefix[first] for name, prefix in self.sums.items()}

    def therapists(self, cells: Floats) -> NDArray[np.int64]:
        """How many different therapists are behind cells (clusters on the last axis)."""
        if not self.clusters:
            return np.zeros(cells.shape[:-1], dtype=np.int64)
        return (np.add.reduceat(cells, self.starts, axis=-1) > 0).sum(axis=-1)


@dataclass(frozen=True)
class Cube:
    """Everything a measure needs to answer any range of lengths. `rows` are arrays of single sessions, for measures that match and cannot be added up."""

    grids: Mapping[str, Grid] = field(default_factory=dict)
    rows: Mapping[str, NDArray] = field(default_factory=dict)
    unit: str = "therapists"
    extra: Mapping[str, object] = field(default_factory=dict)


def grid(cells: pd.DataFrame, sums: Sequence[str], axis: str | None = None, points: Sequence = (), group: str | None = None, groups: Sequence = ()) -> Grid:
    """Prefix sums of query cells: columns length, cluster_id, therapist_id, each name in `sums`, and the `axis` and `group` columns if any.

    `points` and `groups` are the values that get a place, in order; a cell elsewhere is a defect and raises `KeyError`.
    """
    lengths, at_length = np.unique(cells["length"].to_numpy(dtype=np.int64), return_inverse=True)
    at_cluster, clusters, therapists = _clusters(cells)
    starts = np.flatnonzero(np.concatenate([[True], therapists[1:] != therapists[:-1]])) if len(therapists) else np.zeros(0, dtype=np.int64)
    points, groups = tuple(points) or (None,), tuple(groups) or (None,)
    at_axis, at_group = _places(cells, axis, points), _places(cells, group, groups)
    shape = (len(lengths), len(points), len(groups), len(clusters))
    flat = np.ravel_multi_index((at_length, at_axis, at_group, at_cluster), shape) if len(cells) else np.zeros(0, dtype=np.int64)
    prefixes = {}
    for name in sums:
        prefix = np.zeros((shape[0] + 1, *shape[1:]))
        prefix[1:] = np.bincount(flat, weights=cells[name].to_numpy(dtype=np.float64), minlength=int(np.prod(shape))).reshape(shape)
        prefixes[name] = np.cumsum(prefix, axis=0, out=prefix)
    return Grid(lengths, points, groups, clusters, starts, prefixes)


def _clusters(cells: pd.DataFrame) -> tuple[NDArray[np.int64], tuple[str, ...], NDArray[np.object_]]:
    """The place of each cell's cluster, the clusters sorted by therapist and name, and whose each is; a cluster is of one therapist."""
    met, names = pd.factorize(cells["cluster_id"])
    whose = cells["therapist_id"].to_numpy(dtype=object)[np.unique(met, return_index=True)[1]]
    names = np.asarray(names, dtype=object)
    order = sorted(range(len(names)), key=lambda place: (whose[place], names[place]))
    ranked = np.empty(len(order), dtype=np.int64)
    ranked[order] = np.arange(len(order))
    return ranked[met], tuple(names[order]), whose[order]


def _places(cells: pd.DataFrame, column: str | None, values: tuple) -> NDArray[np.int64]:
    if column is None:
        return np.zeros(len(cells), dtype=np.int64)
    places = pd.Index(values).get_indexer(cells[column])
    if (places < 0).any():
        raise KeyError(f"{column} {cells[column].to_numpy()[places < 0][0]!r} has no place on the axis")
    return places
