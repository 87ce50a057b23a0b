"""Courses in range, each in one of several groups: the share of each group, which add up to the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Grid
from process.measures.intervals import clustered_shares
from process.measures.measure import headlines, whole


def parts_of_courses(groups: Grid, length: tuple[int, int], unit: str) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """The columns of a table with a row for each place of the grid's axis that has a course, and the headline `all`.

    Columns: `place`, share and its limits in percent, counts, why. `groups` has the sum `courses` and no groups of its own; a course is in one place.
    """
    cells = groups.between(length)["courses"][:, 0]
    everyone = cells.sum(axis=0)
    shares = clustered_shares(np.broadcast_to(everyone, cells.shape), cells, unit=unit)
    courses = cells.sum(axis=-1)
    here = np.flatnonzero(courses > 0)
    columns = {
        "place": np.array(groups.axis, dtype=object)[here],
        "share": 100.0 * shares.mean[here],
        "lower": 100.0 * shares.lower[here],
        "upper": 100.0 * shares.upper[here],
        "courses": courses[here],
        "courses_total": np.full(len(here), everyone.sum()),
        "therapists": groups.therapists(cells)[here],
        "why": shares.why[here],
    }
    return columns, headlines({"all": {"courses": whole(everyone.sum()), "therapists": int(groups.therapists(everyone))}})
