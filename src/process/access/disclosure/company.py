"""Complementary suppression: parts that are withheld take company, so that their whole and the other parts do not give them away.

Hundepool et al. 2012, Statistical Disclosure Control, Wiley, chapter 4. `tests/attacks/test_intervals.py` audits what is left open by linear programming.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.access.disclosure.limits import MINIMUM_COURSES, WHOLE, Floats
from process.measures.definition import Definition


def wholes(frame: pd.DataFrame, definition: Definition) -> list[NDArray[np.int64]]:
    """The rows that are the parts of one whole, whole by whole.

    Where the only key is a text, those that the definition names (`parts`), and all of them where it names none; where a count says how many courses the
    parts are of (`WHOLE`), the rows that only the last key tells apart and those that only the first does, and the former again, because the latter may
    have left one of them alone.
    """
    keys = definition.keys
    if not set(keys) <= set(frame):
        return []
    if len(keys) == 1:
        if definition.parts:
            return [np.flatnonzero(frame[keys[0]].isin(definition.parts))]
        return [] if pd.api.types.is_numeric_dtype(frame[keys[0]]) else [np.arange(len(frame))]
    if WHOLE not in definition.counts:
        return []
    across = [list(keys[:-1]), list(keys[1:]), list(keys[:-1])]
    return [np.asarray(rows) for others in across for rows in frame.reset_index(drop=True).groupby(others, dropna=False, sort=False).indices.values()]


def take_company(hidden: NDArray[np.bool_], courses: Floats, whole: NDArray[np.int64]) -> None:
    """Where parts of a whole are hidden, hide the smallest of the others with them, until they are two at least and together of `MINIMUM_COURSES` courses:
    what the whole leaves for them is then no small number that there is one way to share out. `hidden` is changed."""
    others = whole[~hidden[whole] & (courses[whole] > 0)]
    for row in others[np.argsort(courses[others], kind="stable")]:
        unseen = whole[hidden[whole]]
        if not len(unseen) or (len(unseen) > 1 and courses[unseen].sum() >= MINIMUM_COURSES):
            return
        hidden[row] = True
