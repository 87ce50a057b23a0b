"""Who is compared with whom: sessions of one arm matched to sessions of the other, and the weights that make them stand for the same people.

Every treated session (arm 1) is compared with the sessions of arm 0 in its cell: those of the same therapist where there are any, otherwise the
clinic's. Treated sessions weigh 1; the comparisons of a stratum share the weight of its treated sessions (the average effect on the treated: Imbens 2004,
Review of Economics and Statistics 86(1), 4-29; coarsened exact matching: Iacus, King & Porro 2012, Political Analysis 20(1), 1-24).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def bands(values: Floats, edges: Sequence[float]) -> Whole:
    """The band of each value, 0 to len(edges): a band goes from its edge, included, to the next, left out."""
    return np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right")


def crossed(*keys: Whole) -> Whole:
    """One cell number for each combination of non-negative band numbers."""
    cell = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        cell = cell * (int(key.max(initial=0)) + 1) + key
    return cell


def weights(treated: NDArray[np.bool_], cell: Whole, therapist: Whole) -> Floats:
    """A weight for each session: 1 for a treated session with a comparison in its cell, the share it stands for for a comparison, 0 for the unmatched."""
    result = np.zeros(len(treated))
    if not treated.any() or treated.all():
        return result
    cells, therapists = int(cell.max()) + 1, int(therapist.max()) + 1
    own = cell * therapists + therapist
    asked = np.bincount(own[treated], minlength=cells * therapists).reshape(cells, therapists)
    offered = np.bincount(own[~treated], minlength=cells * therapists).reshape(cells, therapists)
    in_clinic = offered.sum(axis=1)
    by_therapist = np.where(offered > 0, asked, 0)
    by_clinic = np.where(in_clinic > 0, (asked - by_therapist).sum(axis=1), 0)
    each = by_therapist / np.maximum(offered, 1) + (by_clinic / np.maximum(in_clinic, 1))[:, None]
    return np.where(treated, (in_clinic > 0)[cell], each[cell, therapist]).astype(np.float64)


def changes(rows: pd.DataFrame, columns: Sequence[str], offsets: Sequence[int]) -> Floats:
    """Scores as change from the row's own baseline (rows x offsets); NaN from the row's next rupture on (censored) and where nothing was scored."""
    scores = rows[list(columns)].to_numpy(dtype=np.float64) - rows["baseline"].to_numpy(dtype=np.float64)[:, None]
    until_next = rows["next_onset_rank"].to_numpy(dtype=np.float64, na_value=np.nan) - rows["attended_rank"].to_numpy(dtype=np.float64)
    return np.where(np.asarray(offsets)[None, :] >= np.where(np.isnan(until_next), np.inf, until_next)[:, None], np.nan, scores)


def mean_of_known(values: Floats) -> Floats:
    """The mean of each row's known values; NaN where there is none."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
