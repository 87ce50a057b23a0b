"""What kind of value a figure that leaves is, row by row: how coarsely it may be told depends on that, and on nothing that is known of a measure here.

A definition says it (`leaves`), where its `percent_of` does not; a kind that says nothing of a count is told to a step, a percentage is worked out again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.access.disclosure.limits import COUNT_STEP, MEAN_STEP, Floats, nearest
from process.measures import catalogue
from process.measures.definition import COARSE_OF, PERCENT_OF, Definition

VALUES = ("share", "estimate", "mean")
"""Columns that hold what a row says, the first that is there; the limits are its limits."""
STEPS = {"points": MEAN_STEP, "levels": 0.1, "coefficient": 0.1, "hundredths": 10.0}
"""How coarsely each kind leaves. Points are of scales of a hundred. A goal has five levels and a coefficient runs from -1 to 1: to half a one, nothing would be
left of either. A tenth is a fortieth and a twentieth of the whole, coarser than half a point of a hundred; `hundredths` = a coefficient times a hundred."""
_COARSER = (0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0)


def value_column(frame: pd.DataFrame) -> str:
    """The column that holds what a row says; empty where there is none."""
    return next((name for name in VALUES if name in frame), "")


def kinds(frame: pd.DataFrame, definition: Definition) -> NDArray[np.object_]:
    """The kind of each row's figure, as `definition.leaves` says it of the headline's name, of one of the row's keys or the first two together, or of all
    others of the table or the headlines; a percentage of `percent_of` where it says nothing and the column is there; points otherwise."""
    leaves, table = definition.leaves, set(definition.keys) <= set(frame)
    share = value_column(frame) in ("share", "estimate") and definition.percent_of in frame
    others = leaves.get("table" if table else "headlines", f"{PERCENT_OF}{definition.percent_of}" if share else "points")
    found = np.full(len(frame), others, dtype=object)
    named = [name for name in (definition.keys if table else ("headline",)) if name in frame]
    words = [frame[name].astype(str) for name in named] if leaves else []
    for name in [*words, *([words[0] + " " + words[1]] if len(words) > 1 else [])]:
        said = name.map(dict(leaves))
        found = np.where(said.notna(), said, found)
    return found


def counted(kind: NDArray[np.object_], frame: pd.DataFrame, what: str) -> Floats:
    """For rows of the kind `what` (`PERCENT_OF`, `COARSE_OF`) the count that it is of, as `frame` has it; NaN for all others."""
    found = np.full(len(frame), np.nan)
    for name in {str(each).removeprefix(what) for each in kind if str(each).startswith(what)}:
        rows = kind == f"{what}{name}"
        found[rows] = frame[name].to_numpy(dtype=float, na_value=np.nan)[rows]
    return found


def steps(kind: NDArray[np.object_], frame: pd.DataFrame) -> Floats:
    """The step that each row's figure is told to.

    A percentage whose part or whole does not stand beside it, such as a difference of two, is told as coarsely as `COUNT_STEP` of the count it is of, or of a
    smaller one, makes it: finer, it would give away what the rounded counts hide.
    """
    of = counted(kind, frame, COARSE_OF)
    wide = 100 * COUNT_STEP / np.where(of > 0, of, np.nan)
    coarse = np.array(_COARSER)[np.minimum(np.searchsorted(_COARSER, np.nan_to_num(wide - 1e-9)), len(_COARSER) - 1)]
    return np.where(np.isnan(of), [STEPS.get(each, MEAN_STEP) for each in kind], coarse)


def to_step(values: Floats, step: Floats, end: str = "") -> Floats:
    """Rounded to the nearest step; limits (`end` = lower, upper) outward, so that an interval stays one and is never narrower than it was."""
    way = {"lower": np.floor, "upper": np.ceil}.get(end)
    return nearest(values, step) if way is None else way(np.round(values / step, 6)) * step + 0.0


def places() -> frozenset[str]:
    """Every column that is a key of some measure: a place on an axis, such as an attended session, wherever it stands; no count, so it is never rounded."""
    return frozenset(key for name in catalogue.names() for key in catalogue.measure(name).definition.keys)
