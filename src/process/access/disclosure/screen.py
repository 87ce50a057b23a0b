"""What each viewer sees on the screen: a director no cell of few courses, a therapist their own courses in full and of the clinic nothing exact.

On screen a director's cell needs `MINIMUM_COURSES` courses and `MINIMUM_THERAPISTS` therapists; a curve stops where fewer are left. Where rows are single
therapists (a definition's `per_therapist`), a director sees those of `MINIMUM_OF_A_THERAPIST` courses as long as nothing narrows them, a therapist their own
alone, a supervisor those of supervisees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.access.disclosure.company import hidden_beside, hidden_notes, hide_what_comes_before, take_company, wholes
from process.access.disclosure.limits import (
    COUNT_STEP,
    FIGURES,
    MINIMUM_COURSES,
    MINIMUM_OF_A_THERAPIST,
    MINIMUM_THERAPISTS,
    THERAPIST,
    THERAPISTS,
    Floats,
    nearest,
    numbers,
    of_therapists,
)
from process.access.viewer import Viewer
from process.measures import benchmark_rules
from process.measures.definition import Definition

_AGAINST_THE_CLINIC = ("expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper")
"""Columns of a therapist's row that rest on the clinic's numbers: whole percents to whoever sees some therapists only."""

_CLINIC_NOTES = ("clinic_sd", "lower_edge", "upper_edge")
"""Notes that are clinic-wide parameters, as every note of a funnel is: two digits to whoever sees some therapists only."""


def on_screen(
    frame: pd.DataFrame, definition: Definition, viewer: Viewer, filtered: bool = False, table: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, int]:
    """The rows as this viewer may see them, with a column `withheld`, and how many rows are withheld.

    A withheld row keeps its keys; its values and counts become missing. An empty cell (0 courses) is not withheld. A headline may have counts of its own,
    such as the two sides of a contrast; it is withheld when one of them is under the minimum, because the other side's curve would give it away.
    Where the rows are the parts of one whole, withheld ones take the smallest of the others with them (`company`): the whole would give them away.
    `table` = the table as it is shown, where the rows are its headlines: one that reads a point that is withheld there is withheld, too.
    Rows of single therapists have rules of their own, see `_hidden_therapists`. `filtered` = any filter but the team: then counts of work, too, need the
    minimum, because a filter by ending or length singles courses out.
    """
    courses, therapists = numbers(frame["courses"]), numbers(frame["therapists"])
    hidden = np.zeros(len(frame), bool)
    if of_therapists(frame, definition):
        hidden = _hidden_therapists(frame, courses, therapists, viewer, filtered)
        if viewer.scope is not None:
            frame = frame.assign(**{name: nearest(numbers(frame[name]), 1.0) for name in _AGAINST_THE_CLINIC if name in frame})
    elif not _exempt(definition, viewer, filtered):
        hidden = (courses > 0) & _too_few(courses, therapists)
        for name in set(frame.columns) - {*definition.columns, *FIGURES, *THERAPISTS}:
            if pd.api.types.is_numeric_dtype(frame[name]):
                count = numbers(frame[name])
                hidden |= (count > 0) & (count < MINIMUM_COURSES)
        for whole in wholes(frame, definition):
            take_company(hidden, courses, whole)
        hide_what_comes_before(hidden, frame, definition)
        if table is not None:
            hidden |= hidden_beside(frame, table, definition)
    if not hidden.any():
        return frame.assign(withheld=hidden), 0
    shown = {name: _without(frame[name], hidden) if name not in definition.keys else frame[name] for name in frame.columns}
    return pd.DataFrame({**shown, "withheld": hidden}, index=frame.index), int(hidden.sum())


def _without(values: pd.Series, hidden: NDArray[np.bool_]) -> pd.Series | Floats:
    """A column without the numbers of the hidden rows; one of texts as it is."""
    return np.where(hidden, np.nan, numbers(values)) if pd.api.types.is_numeric_dtype(values) else values


def notes_on_screen(notes: dict[str, Any], courses: int, therapists: int, definition: Definition, viewer: Viewer, filtered: bool = False) -> dict[str, Any]:
    """The notes as this viewer may read them: none where the courses in range (`courses`, of `therapists`) are too few, and no count under the minimum
    nor one that would give it away.

    A note that is withheld is absent.
    """
    if viewer.scope is not None:
        return {name: _coarse_note(name, note) if definition.per_therapist or name in _CLINIC_NOTES else note for name, note in notes.items()}
    if _exempt(definition, viewer, filtered):
        return notes
    if 0 < courses and _too_few(courses, therapists):
        return {}
    hidden = hidden_notes(notes, definition)
    return {name: note for name, note in notes.items() if name not in hidden}


def parameters_on_screen(parameters: pd.DataFrame, viewer: Viewer) -> pd.DataFrame:
    """Clinic-wide parameters as this viewer may read them, with a column `withheld`: the same minimum as for a figure, also for the analyst.

    Whoever sees some therapists only reads them as coarsely as a benchmark: two digits, counts to ten, of as many courses and therapists as one.
    """
    value, courses, therapists = (numbers(parameters[name]) for name in ("value", "courses", "therapists"))
    hidden = _too_few(courses, therapists)
    if viewer.scope is not None:
        known = np.maximum(len(viewer.scope), 1)
        hidden |= (courses < benchmark_rules.LEAST_COURSES) | (therapists < benchmark_rules.LEAST_OTHERS + known)
        value, courses, therapists = _two_digits(value), nearest(courses, benchmark_rules.COUNT_STEP), nearest(therapists, COUNT_STEP)
    shown = {"value": value, "courses": courses, "therapists": therapists}
    return parameters.assign(**{name: np.where(hidden, np.nan, column) for name, column in shown.items()}, withheld=hidden)


def _hidden_therapists(frame: pd.DataFrame, courses: Floats, therapists: Floats, viewer: Viewer, filtered: bool) -> NDArray[np.bool_]:
    """Which rows of single therapists (and of all together, `therapist_id` empty) this viewer may not see.

    The director sees a therapist from `MINIMUM_OF_A_THERAPIST` courses on, and only while nothing narrows the courses: two filters would single some out.
    A therapist sees their own row and no other, whatever else is in the frame. All together are a cell like any other.
    """
    whose = frame[THERAPIST].to_numpy(dtype=object)
    if viewer.scope is not None:
        return ~np.isin(whose, ["", *viewer.scope]) if viewer.role == "supervisor" else whose != viewer.therapist_id
    if viewer.role == "analyst":
        return np.zeros(len(frame), bool)
    together = whose == ""
    return np.where(together, (courses > 0) & _too_few(courses, therapists), filtered | (courses < MINIMUM_OF_A_THERAPIST))


def _coarse_note(name: str, note: Any) -> Any:
    if not isinstance(note, float | np.floating):
        return note
    return float(np.round(note, 2)) if name == "target" else float(_two_digits(np.array([note]))[0])


def _two_digits(values: Floats) -> Floats:
    known = np.isfinite(values) & (values != 0)
    step = 10.0 ** (np.floor(np.log10(np.where(known, np.abs(values), 1.0))) - 1.0)
    return np.where(known, np.round(values / step) * step, values)


def _exempt(definition: Definition, viewer: Viewer, filtered: bool) -> bool:
    return (definition.workload and not filtered) or viewer.scope is not None or viewer.role == "analyst"


def _too_few(courses: Any, therapists: Any) -> Any:
    return (courses < MINIMUM_COURSES) | (therapists < MINIMUM_THERAPISTS)
