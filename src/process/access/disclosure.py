"""What may be seen and what may leave: the only place where a figure is withheld or rounded.

On screen a director's cell needs `MINIMUM_COURSES` courses and `MINIMUM_THERAPISTS` therapists; a curve stops where fewer are left. A therapist's own
courses are shown to that therapist in full. Where rows are single therapists (a definition's `per_therapist`), a director sees those of
`MINIMUM_OF_A_THERAPIST` courses as long as nothing narrows them, a therapist their own alone, and they never leave. Whatever is exported, by anyone, is
coarser: counts to the nearest five, means to half a point, percentages and their limits from the rounded parts, totals added up again from what is
shown. Policy: docs/operations.md, "What is withheld".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from process.access.viewer import Viewer
from process.measures.definition import Definition
from process.measures.intervals import LEVEL, wilson

MINIMUM_COURSES = 8
MINIMUM_THERAPISTS = 2
MINIMUM_OF_A_THERAPIST = 10
COUNT_STEP = 5
MEAN_STEP = 0.5

Floats = NDArray[np.float64]
_FIGURES = ("share", "mean", "estimate", "lower", "upper", "df")
_THERAPISTS = ("therapists", "compared_therapists")
_TOTAL = "_total"
_THERAPIST = "therapist_id"
_STAY = ("df", "expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper", "beyond", "signal")
"""Columns that never leave: with the rounded counts beside them they would give the exact ones away, or they are of no use without them."""
_WHOLE = "of_courses"


def on_screen(frame: pd.DataFrame, definition: Definition, viewer: Viewer, filtered: bool = False) -> tuple[pd.DataFrame, int]:
    """The rows as this viewer may see them, with a column `withheld`, and how many rows are withheld.

    A withheld row keeps its keys; its values and counts become missing. An empty cell (0 courses) is not withheld. A headline may have counts of its own,
    such as the two sides of a contrast; it is withheld when one of them is under the minimum, because the other side's curve would give it away.
    Where the rows are the parts of one whole, a single withheld row takes the smallest of the others with it: the whole would give it away.
    Rows of single therapists have rules of their own, see `_hidden_therapists`. `filtered` = any filter but the team: then counts of work, too, need the
    minimum, because a filter by ending or length singles courses out.
    """
    courses, therapists = _numbers(frame["courses"]), _numbers(frame["therapists"])
    hidden = np.zeros(len(frame), bool)
    if _of_therapists(frame, definition):
        hidden = _hidden_therapists(frame, courses, therapists, viewer, filtered)
    elif not _exempt(definition, viewer, filtered):
        hidden = (courses > 0) & _too_few(courses, therapists)
        for name in set(frame.columns) - {*definition.columns, *_FIGURES, *_THERAPISTS}:
            if pd.api.types.is_numeric_dtype(frame[name]):
                count = _numbers(frame[name])
                hidden |= (count > 0) & (count < MINIMUM_COURSES)
        for whole in _wholes(frame, definition):
            _take_company(hidden, courses, whole)
    if not hidden.any():
        return frame.assign(withheld=hidden), 0
    numeric = [name for name in frame.columns if name not in definition.keys and pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{name: np.where(hidden, np.nan, _numbers(frame[name])) for name in numeric}, withheld=hidden), int(hidden.sum())


def notes_on_screen(notes: dict[str, Any], courses: int, therapists: int, definition: Definition, viewer: Viewer, filtered: bool = False) -> dict[str, Any]:
    """The notes as this viewer may read them: none where the courses in range (`courses`, of `therapists`) are too few, and no count under the minimum.

    A note that is withheld is absent.
    """
    if _exempt(definition, viewer, filtered):
        return notes
    if 0 < courses and _too_few(courses, therapists):
        return {}
    return {name: note for name, note in notes.items() if not (isinstance(note, int | np.integer) and 0 < note < MINIMUM_COURSES)}


def parameters_on_screen(parameters: pd.DataFrame) -> pd.DataFrame:
    """Clinic-wide parameters as anybody may read them, with a column `withheld`: the same minimum as for a figure, whoever looks."""
    hidden = _too_few(_numbers(parameters["courses"]), _numbers(parameters["therapists"]))
    numbers = {name: np.where(hidden, np.nan, _numbers(parameters[name])) for name in ("value", "courses", "therapists")}
    return parameters.assign(**numbers, withheld=hidden)


def for_export(frame: pd.DataFrame, definition: Definition, own: bool = False) -> pd.DataFrame:
    """The rows as they may leave, with a column `withheld`: counts under the minimum and all that rests on them withheld, everything else rounded.

    A percentage is worked out again from its part and its whole (`definition.percent_of`) after both were rounded, and so are its limits, with the design
    effect rounded up to a half: exact ones would give part and whole away. `own` = a therapist's own courses, where one therapist is enough. Along
    sessions or lengths the rows end at the first and last that are shown, because the longest course is one person's.
    """
    out = frame.drop(columns=[name for name in (*_STAY, "withheld") if name in frame])
    if _of_therapists(frame, definition) and not own:
        out = out[(frame[_THERAPIST] == "").to_numpy()]
    out = out.reset_index(drop=True)
    figures = [name for name in _FIGURES if name in out]
    numeric = [name for name in out.columns if name not in definition.keys and pd.api.types.is_numeric_dtype(out[name])]
    # Whatever is a number and no figure is a count: a column nobody thought of is rounded like one.
    counts = [name for name in numeric if name not in figures and name not in _THERAPISTS]
    exact = {name: _numbers(out[name]) for name in numeric}
    percent = _percentage(out, definition)
    part = np.rint(exact[percent] * exact[definition.percent_of] / 100) if percent else np.zeros(len(out))
    small = np.zeros(len(out), bool)
    for name in counts:
        small |= _few(exact[name])
    if percent and not definition.percent_of.endswith(_TOTAL):
        small |= _few(part) | _few(exact[definition.percent_of] - part)
    if not own and not definition.workload:
        small |= (exact["courses"] > 0) & (exact["therapists"] < MINIMUM_THERAPISTS)
    for name in counts:
        out[name] = np.where(small, np.nan, _nearest(exact[name], COUNT_STEP))
    out = _totals(out, definition, counts)
    rounded = {name: _nearest(exact[name], MEAN_STEP) for name in figures}
    if percent:
        rounded |= _shares(_nearest(part, COUNT_STEP), _numbers(out[definition.percent_of]), exact, percent, definition.percent_of)
    for name in figures:
        out[name] = np.where(small, np.nan, rounded[name])
    for name in [name for name in _THERAPISTS if name in out]:
        out[name] = np.where(small | (exact[name] < MINIMUM_COURSES), np.nan, _nearest(exact[name], COUNT_STEP))
    out = out.drop(columns=list(_THERAPISTS), errors="ignore") if own else out
    if "why" in out:
        out["why"] = np.where(small, f"fewer than {MINIMUM_COURSES}", out["why"])
    out["withheld"] = small
    return _ended(out, definition)


def _of_therapists(frame: pd.DataFrame, definition: Definition) -> bool:
    return definition.per_therapist and _THERAPIST in frame


def _hidden_therapists(frame: pd.DataFrame, courses: Floats, therapists: Floats, viewer: Viewer, filtered: bool) -> NDArray[np.bool_]:
    """Which rows of single therapists (and of all together, `therapist_id` empty) this viewer may not see.

    The director sees a therapist from `MINIMUM_OF_A_THERAPIST` courses on, and only while nothing narrows the courses: two filters would single some out.
    A therapist sees their own row and no other, whatever else is in the frame. All together are a cell like any other.
    """
    whose = frame[_THERAPIST].to_numpy(dtype=object)
    if viewer.scope is not None:
        return whose != viewer.scope
    if viewer.role == "analyst":
        return np.zeros(len(frame), bool)
    together = whose == ""
    return np.where(together, (courses > 0) & _too_few(courses, therapists), filtered | (courses < MINIMUM_OF_A_THERAPIST))


def _exempt(definition: Definition, viewer: Viewer, filtered: bool) -> bool:
    return (definition.workload and not filtered) or viewer.scope is not None or viewer.role == "analyst"


def _wholes(frame: pd.DataFrame, definition: Definition) -> list[NDArray[np.int64]]:
    """The rows that are the parts of one whole, whole by whole.

    All of them where the only key is a text; where a count says how many courses the parts are of (`_WHOLE`), the rows that only the last key tells apart
    and those that only the first does, and the former again, because the latter may have left one of them alone.
    """
    keys = definition.keys
    if not set(keys) <= set(frame):
        return []
    if len(keys) == 1:
        return [] if pd.api.types.is_numeric_dtype(frame[keys[0]]) else [np.arange(len(frame))]
    if _WHOLE not in definition.counts:
        return []
    across = [list(keys[:-1]), list(keys[1:]), list(keys[:-1])]
    return [np.asarray(rows) for others in across for rows in frame.reset_index(drop=True).groupby(others, dropna=False, sort=False).indices.values()]


def _take_company(hidden: NDArray[np.bool_], courses: Floats, whole: NDArray[np.int64]) -> None:
    others = whole[~hidden[whole] & (courses[whole] > 0)]
    if hidden[whole].sum() == 1 and len(others):
        hidden[others[np.argmin(courses[others])]] = True


def _too_few(courses: Any, therapists: Any) -> Any:
    return (courses < MINIMUM_COURSES) | (therapists < MINIMUM_THERAPISTS)


def _few(count: Floats) -> NDArray[np.bool_]:
    """Counts that may not leave: 1 to 7, and those that were withheld already."""
    return np.isnan(count) | ((count > 0) & (count < MINIMUM_COURSES))


def _percentage(out: pd.DataFrame, definition: Definition) -> str:
    """The column that is a percentage of `definition.percent_of`; empty where there is none."""
    if definition.percent_of not in out:
        return ""
    return next((name for name in ("share", "estimate") if name in out), "")


def _shares(part: Floats, whole: Floats, exact: dict[str, Floats], percent: str, percent_of: str) -> dict[str, Floats]:
    """The percentage, and its limits if it has any, from rounded counts; the limits are Wilson's at the design effect of the exact ones, made coarse."""
    some = np.where(whole > 0, whole, np.nan)
    shares = {percent: 100 * part / some}
    if "lower" in exact:
        half = (exact["upper"] - exact["lower"]) / 200
        trials = np.where(exact[percent_of] > 0, exact[percent_of], np.nan)
        effect = np.ceil(np.round(2 * trials / _effective(exact[percent] / 100, half), 6)) / 2
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
        if name.endswith(_TOTAL):
            out[name] = out[name].mask(out[name].notna(), out.groupby(group)[name.removesuffix(_TOTAL)].transform("sum"))
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


def _numbers(values: pd.Series) -> Floats:
    return values.to_numpy(dtype=float, na_value=np.nan)


def _nearest(values: Floats, step: float) -> Floats:
    return np.round(values / step) * step + 0.0  # no minus before a zero
