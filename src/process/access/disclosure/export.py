"""What may leave the house, by anyone: coarser than what is seen.

Counts to the nearest five, means to half a point, levels and coefficients to a tenth (`kinds`), percentages and their limits from the rounded parts, totals
added up again from what is shown. Rows of single therapists never leave, of outcome or of work, but for their own to that therapist.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from process.access.disclosure.company import hide_what_comes_before, take_company, wholes
from process.access.disclosure.kinds import counted, kinds, places, steps, to_step, value_column
from process.access.disclosure.limits import (
    COUNT_STEP,
    FIGURES,
    MINIMUM_COURSES,
    MINIMUM_THERAPISTS,
    THERAPIST,
    THERAPISTS,
    TOTAL,
    Floats,
    nearest,
    numbers,
)
from process.access.disclosure.together import Frames, hidden_together
from process.measures.definition import PERCENT_OF, Definition
from process.measures.intervals import LEVEL, wilson

_STAY = ("df", "expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper", "beyond", "signal")
"""Columns that never leave: with the rounded counts beside them they would give the exact ones away, or they are of no use without them."""


def for_export(frame: pd.DataFrame, definition: Definition, own: bool = False, beside: Frames | None = None) -> pd.DataFrame:
    """The rows as they may leave, with a column `withheld`: counts under the minimum and all that rests on them withheld, everything else rounded.

    `beside`: the same rows of the other bands of lengths of which exports can be had; what is withheld there may be withheld here, too (`together`).

    Parts that are withheld take the smallest other parts of their whole with them (`company`): the rounded whole would leave too little open.

    A percentage is worked out again from its part and its whole (`kinds`) after both were rounded, and so are its limits, with the design effect rounded up to
    a half: exact ones would give part and whole away. Keys, and columns that are a key of other measures, stay as they are. `own` = a therapist's own courses,
    where one therapist is enough. Along sessions or lengths the rows end at the first and last that are shown, because the longest course is one person's.
    """
    out = _rows(frame, own)
    counts, figures = _counts(out, definition), [name for name in FIGURES if name in out]
    exact = {name: numbers(out[name]) for name in (*counts, *figures, *(name for name in THERAPISTS if name in out))}
    value, kind = value_column(out), kinds(out, definition)
    trials = counted(kind, out, PERCENT_OF)
    percent, part, of_total = _parts(out, value, kind, trials)
    small = _together(out, definition, own, beside) if beside is not None else _hidden(out, definition, own)
    for name in counts:
        out[name] = np.where(small, np.nan, nearest(exact[name], COUNT_STEP))
    out = _totals(out, definition, counts)
    step = steps(kind, out)
    rounded = {name: to_step(exact[name], step, name) for name in figures}
    if percent.any():
        shares = _shares(nearest(part, COUNT_STEP), counted(kind, out, PERCENT_OF), exact, value, trials)
        partly = of_total & _with_a_part_withheld(out, definition, small)
        rounded |= {name: np.where(percent, np.where(partly, np.nan, values), rounded[name]) for name, values in shares.items()}
    for name in figures:
        out[name] = np.where(small, np.nan, rounded[name])
    for name in [name for name in THERAPISTS if name in out]:
        out[name] = np.where(small | (exact[name] < MINIMUM_COURSES), np.nan, nearest(exact[name], COUNT_STEP))
    out = out.drop(columns=list(THERAPISTS), errors="ignore") if own else out
    if "why" in out:
        out["why"] = np.where(small, "withheld", out["why"])
    out["withheld"] = small
    return _ended(out, definition)


def _rows(frame: pd.DataFrame, own: bool) -> pd.DataFrame:
    """The rows and columns of which something may leave."""
    out = frame.drop(columns=[name for name in (*_STAY, "withheld") if name in frame])
    if THERAPIST in frame and not own:
        out = out[(frame[THERAPIST] == "").to_numpy()]
    return out.reset_index(drop=True)


def _counts(out: pd.DataFrame, definition: Definition) -> list[str]:
    """Whatever is a number, no figure and nobody's key: a column nobody thought of is rounded like a count."""
    others = {*FIGURES, *THERAPISTS, *definition.keys, *(places() - set(definition.counts))}
    return [name for name in out.columns if name not in others and pd.api.types.is_numeric_dtype(out[name])]


def _parts(out: pd.DataFrame, value: str, kind: NDArray[np.object_], trials: Floats) -> tuple[NDArray[np.bool_], Floats, NDArray[np.bool_]]:
    """Which rows say a percentage, the part that it is of its whole, and of which rows that whole is a total."""
    percent = np.isfinite(trials * numbers(out[value])) if value else np.zeros(len(out), bool)
    part = np.rint(numbers(out[value]) * trials / 100) if value else trials
    return percent, part, np.array([str(each).endswith(TOTAL) for each in kind], dtype=bool)


def _hidden(out: pd.DataFrame, definition: Definition, own: bool, already: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """The rows that may not leave, where some may not `already`: too few, and their company."""
    small = np.zeros(len(out), bool) if already is None else already.copy()
    exact = {name: numbers(out[name]) for name in dict.fromkeys((*_counts(out, definition), "courses", "therapists"))}
    value, kind = value_column(out), kinds(out, definition)
    trials = counted(kind, out, PERCENT_OF)
    percent, part, of_total = _parts(out, value, kind, trials)
    for name in _counts(out, definition):
        small |= _few(exact[name])
    small |= percent & ~of_total & (_few(part) | _few(trials - part))
    if not own and not definition.workload:
        small |= (exact["courses"] > 0) & (exact["therapists"] < MINIMUM_THERAPISTS)
    # What the screen withheld has its company already: its unknown count is taken for one that is large enough.
    courses = np.nan_to_num(exact["courses"], nan=MINIMUM_COURSES)
    for whole in wholes(out, definition, exact=False):
        take_company(small, courses, whole)
    hide_what_comes_before(small, out, definition)
    return small


def _together(out: pd.DataFrame, definition: Definition, own: bool, beside: Frames) -> NDArray[np.bool_]:
    """The rows that may not leave, given that exports of other bands can be had."""
    frames = {band: out if band == beside.band else _rows(frame, own) for band, frame in beside.frames.items()}
    keys = ("headline",) if "headline" in out else definition.keys
    return hidden_together(replace(beside, frames=frames), keys, lambda frame, already: _hidden(frame, definition, own, already), partial(_amounts, definition))


def _amounts(definition: Definition, out: pd.DataFrame) -> Floats:
    """How many each row has of all that is counted in it: its courses, its counts, and of a percentage those in which it happened and those in which not."""
    value, kind = value_column(out), kinds(out, definition)
    trials = counted(kind, out, PERCENT_OF)
    percent, part, of_total = _parts(out, value, kind, trials)
    both = [np.where(percent & ~of_total, many, 0.0) for many in (part, trials - part)]
    return np.column_stack([numbers(out["courses"]), *(numbers(out[name]) for name in _counts(out, definition)), *both])


def _few(count: Floats) -> NDArray[np.bool_]:
    """Counts that may not leave: 1 to 7, and those that were withheld already."""
    return np.isnan(count) | ((count > 0) & (count < MINIMUM_COURSES))


def _with_a_part_withheld(out: pd.DataFrame, definition: Definition, small: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows beside which a part of the same whole is withheld: of a total that is added up again a percentage would be larger than it is, 100 % where one
    part is left."""
    if not set(definition.keys) <= set(out):
        return np.zeros(len(out), bool)
    group = [out[name] for name in definition.keys[:-1]] or [pd.Series(0, index=out.index)]
    return pd.Series(small, index=out.index).groupby(group, dropna=False).transform("any").to_numpy(dtype=bool)


def _shares(part: Floats, whole: Floats, exact: dict[str, Floats], percent: str, trials: Floats) -> dict[str, Floats]:
    """The percentage, and its limits if it has any, from rounded counts; the limits are Wilson's at the design effect of the exact ones, of `trials`, made
    coarse."""
    some = np.where(whole > 0, whole, np.nan)
    shares = {percent: 100 * part / some}
    if "lower" in exact:
        half = (exact["upper"] - exact["lower"]) / 200
        of = np.where((trials > 0) & (half > 0), trials, np.nan)
        effect = np.ceil(np.round(2 * of / _effective(exact[percent] / 100, np.where(half > 0, half, np.nan)), 6)) / 2
        shares["lower"], shares["upper"] = (100 * limit for limit in wilson(part / effect, some / effect))
    return {name: np.round(values, 1) + 0.0 for name, values in shares.items()}


def _effective(share: Floats, half: Floats) -> Floats:
    """The number of trials at which Wilson's interval of this share is `half` wide on either side: its formula solved for u = z^2 / n."""
    square, straight = half**2 - 0.25, 2 * half**2 - share * (1 - share)
    u = (-straight - np.sqrt(straight**2 - 4 * square * half**2)) / (2 * square)
    return scipy.special.ndtri(0.5 + LEVEL / 2) ** 2 / u


def _totals(out: pd.DataFrame, definition: Definition, counts: list[str]) -> pd.DataFrame:
    """Totals added up again from the rounded counts that are shown: columns `<count>_total`, and rows whose last key is empty."""
    last = definition.keys[-1]
    if not set(definition.keys) <= set(out) or not len(out):
        return out
    group = [out[name] for name in definition.keys[:-1]] or [pd.Series(0, index=out.index)]
    for name in counts:
        if name.endswith(TOTAL):
            out[name] = out[name].mask(out[name].notna(), out.groupby(group)[name.removesuffix(TOTAL)].transform("sum"))
    total = (out[last] == "").to_numpy()
    if total.any() and not total.all():
        for name in counts:
            added = out[name].mask(total).groupby(group).transform("sum", min_count=1)
            out[name] = out[name].mask(total & out[name].notna(), added)
    return out


def _ended(out: pd.DataFrame, definition: Definition) -> pd.DataFrame:
    first = definition.keys[0]
    if "headline" in out or first not in out or not pd.api.types.is_numeric_dtype(out[first]):
        return out
    shown = out.loc[~out["withheld"] & (out["courses"] > 0), first]
    return out[out[first].between(shown.min(), shown.max())].reset_index(drop=True) if len(shown) else out[:0]
