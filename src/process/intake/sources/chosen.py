"""Which rows of an export a section of a mapping file means."""

from __future__ import annotations

import pandas as pd

from process.intake.mappings.language import Chosen


def chosen_rows(rows: pd.DataFrame, chosen: Chosen) -> pd.Series:
    """The mask of the rows that have one of the values asked for in every column of `where`, and something in every column of `filled`."""
    mask = pd.Series(True, index=rows.index)
    for name, values in chosen.where:
        mask &= rows[name].isin(values)
    for name in chosen.filled:
        mask &= rows[name] != ""
    return mask
