"""How far the courses in range have come: the number still in therapy under every point, and the session that is typical for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.cube import Grid, grid


def reach(cells: pd.DataFrame) -> Grid:
    """Prefix sums of `reach.sql`: courses by length and attended sessions to date, 0 to the longest course."""
    longest = int(cells["so_far"].max()) if len(cells) else 0
    return grid(cells, ["courses"], "so_far", range(longest + 1))


def still_in(grid: Grid, length: tuple[int, int]) -> NDArray[np.int64]:
    """Courses in range that have had at least s attended sessions, s = 0, 1, 2 …; the first entry is all of them."""
    courses = grid.between(length)["courses"].sum(axis=(1, 2))
    return np.rint(np.cumsum(courses[::-1])[::-1]).astype(np.int64)


def typical_session(still: NDArray[np.int64]) -> int | None:
    """The largest attended session that at least half of the courses in range have reached; None where there is none (convention of this product)."""
    reached = np.flatnonzero(2 * still >= still[0]) if len(still) and still[0] > 0 else []
    return int(reached[-1]) if len(reached) and reached[-1] >= 1 else None


def at_sessions(still: NDArray[np.int64], sessions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number still in therapy at those sessions; 0 beyond the longest course."""
    return np.where(sessions < len(still), still[np.minimum(sessions, len(still) - 1)], 0)
