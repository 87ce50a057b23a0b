"""Drawing at random so that two clinics with one seed share every draw: each part of the simulation has a random stream of its own.

A part may draw more or less without moving any other part; that is what makes runs with an effect on and off comparable course by course.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# The order is part of a seed's meaning: new parts go to the end.
PARTS = ("therapists", "people", "endings", "appointments", "alliance", "ruptures", "repair", "ratings", "outcomes", "goals", "successors", "extras")


def streams(seed: int) -> dict[str, np.random.Generator]:
    """One independent generator for each part, by name."""
    children = np.random.SeedSequence(seed).spawn(len(PARTS))
    return {part: np.random.default_rng(child) for part, child in zip(PARTS, children, strict=True)}


def choose(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> np.ndarray:
    """Positions in `shares`' keys, drawn with those shares (they need not add up to 1); int8 array of `size`."""
    edges = np.cumsum(list(shares.values()))
    return np.minimum(np.searchsorted(edges / edges[-1], rng.random(size), side="right"), len(edges) - 1).astype(np.int8)


def numbers_of(shares: Mapping[str, float]) -> np.ndarray:
    """The keys of `shares` as whole numbers (TOML keys are text)."""
    return np.array([int(key) for key in shares])


def waits(rng: np.random.Generator, chance: float, size: int) -> np.ndarray:
    """Sessions waited when each has that chance to be the last: 0, 1, 2 … (geometric)."""
    return rng.geometric(chance, size) - 1
