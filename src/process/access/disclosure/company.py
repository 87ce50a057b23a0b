"""Complementary suppression: parts that are withheld take company, so that their whole and the other parts do not give them away.

Hundepool et al. 2012, Statistical Disclosure Control, Wiley, chapter 4. `tests/attacks/test_intervals.py` audits what is left open by linear programming.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.access.disclosure.limits import MINIMUM_COURSES, TOTAL, WHOLE, Floats
from process.measures import benchmark_rules
from process.measures.definition import Definition

ADD_UP = ("lengths", "goal_voices", "attainment_by_band")
"""Measures whose rows add up to a number that is told in a headline or another figure of the page, though their own rows do not say it."""
CUMULATIVE = ("goal_fates", "time_to_repair")
"""Measures whose rows tell the parts that met a fate up to a point: the last of them tell how many are left after it."""
PARTS_OF_HEADLINES = {"goal_lineage": ("first", "second", "later")}
PARTS_OF_NOTES = {
    "goal_fates": ("open_goals", "reached_goals", "replaced_goals", "dropped_goals"),
    "attainment_curve": ("gas_goals", "gbo_goals"),
    "attainment_levels": ("gas_goals", "gbo_goals"),
}
"""Headlines and notes that are together a number told elsewhere on the page."""

_LAST = [last for _, last in benchmark_rules.BANDS.values()]


def wholes(frame: pd.DataFrame, definition: Definition, exact: bool = True) -> list[NDArray[np.int64]]:
    """The rows that are the parts of one whole, whole by whole; of headlines (an index or a column `headline` of names) those of `PARTS_OF_HEADLINES`.

    Where the only key is a text, those that the definition names (`parts`), and all of them where it names none; where it is a number, all of them if they add
    up to a total. Of two keys and more: where a count says how many courses the parts are of (`WHOLE`), the rows that only the last key tells apart and those
    that only the first does, and the former again, because the latter may have left one of them alone; where there is any other total, the former.
    Of rows that are lengths, as they leave, those of one band, of which other figures leave by themselves.
    `exact` = the counts are told as they are: where they are rounded and totals are those of what is shown, some wholes leave enough open by themselves.
    """
    keys = definition.keys
    if keys == ("length",) and not exact and "length" in frame:
        band = np.searchsorted(_LAST, frame["length"].to_numpy(dtype=float))
        return [np.flatnonzero(band == each) for each in np.unique(band)]
    if not set(keys) <= set(frame) and not exact:
        return []
    if not set(keys) <= set(frame):
        if definition.name not in PARTS_OF_HEADLINES:
            return []
        names = frame["headline"] if "headline" in frame else frame.index.to_series()
        together = np.flatnonzero(names.isin(PARTS_OF_HEADLINES[definition.name]))
        return [together] if len(together) else []
    adds_up = exact and (definition.name in ADD_UP or any(count.endswith(TOTAL) for count in definition.counts))
    if len(keys) == 1:
        if definition.parts:
            return [np.flatnonzero(frame[keys[0]].isin(definition.parts))]
        return [np.arange(len(frame))] if adds_up or not pd.api.types.is_numeric_dtype(frame[keys[0]]) else []
    if definition.workload or not (adds_up or WHOLE in definition.counts):
        return []
    across = [list(keys[:-1]), list(keys[1:]), list(keys[:-1])] if WHOLE in definition.counts else [list(keys[:-1])]
    return [np.asarray(rows) for others in across for rows in frame.reset_index(drop=True).groupby(others, dropna=False, sort=False).indices.values()]


def take_company(hidden: NDArray[np.bool_], courses: Floats, whole: NDArray[np.int64]) -> None:
    """Where parts of a whole are hidden, hide the smallest of the others with them, until they are two at least and together of `MINIMUM_COURSES` courses:
    what the whole leaves for them is then no small number that there is one way to share out. Where that cannot be, the empty parts are hidden, too: the whole
    stands beside them. `hidden` is changed."""
    others = whole[~hidden[whole] & (courses[whole] > 0)]
    for row in (*others[np.argsort(courses[others], kind="stable")], None):
        unseen = whole[hidden[whole]]
        if not len(unseen) or (len(unseen) > 1 and courses[unseen].sum() >= MINIMUM_COURSES):
            return
        if row is None:
            hidden[whole] = True
        else:
            hidden[row] = True


def hide_what_comes_before(hidden: NDArray[np.bool_], frame: pd.DataFrame, definition: Definition) -> None:
    """Of cumulative shares hide the last rows before a hidden one: with nobody censored they say how many are left for it. `hidden` is changed."""
    if definition.name in CUMULATIVE and set(definition.keys) <= set(frame):
        at = frame[definition.keys[0]].to_numpy()
        hidden |= np.isin(at + 1, at[hidden])


def hidden_beside(headlines: pd.DataFrame, table: pd.DataFrame, definition: Definition) -> NDArray[np.bool_]:
    """The headlines that read the table at one point (they have a column of its first key) where every row of the table is withheld: those of the last key
    that the headline is named by, if any is, and all of that point otherwise."""
    first, last = definition.keys[0], definition.keys[-1]
    if len(definition.keys) < 2 or first not in headlines or not {first, last} <= set(table):
        return np.zeros(len(headlines), bool)
    # Rows are told apart by arrays of yes and no: a table of its own for each headline took longer than all else that is decided here.
    names, withheld = table[last].astype(str).to_numpy(dtype=object), table["withheld"].to_numpy(dtype=bool)
    found = []
    for name, point in zip(headlines.index, headlines[first], strict=True):
        here = (table[first] == point).to_numpy(dtype=bool, na_value=False)
        named = here & (names == str(name))
        found.append(bool(here.any()) and bool(withheld[named if named.any() else here].all()))
    return np.array(found, dtype=bool)


def hidden_notes(notes: Mapping[str, object], definition: Definition) -> set[str]:
    """Counts among the notes that are under the minimum, and those that they take for company where they are parts of one whole."""
    counts = {name: int(note) for name, note in notes.items() if isinstance(note, int | np.integer)}
    hidden = {name for name, count in counts.items() if 0 < count < MINIMUM_COURSES}
    parts = [name for name in PARTS_OF_NOTES.get(definition.name, ()) if name in counts]
    chosen = np.array([name in hidden for name in parts], dtype=bool)
    take_company(chosen, np.array([counts[name] for name in parts], dtype=float), np.arange(len(parts)))
    return hidden | {name for name, also in zip(parts, chosen, strict=True) if also}
