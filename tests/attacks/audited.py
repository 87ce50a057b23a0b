"""An interval audit of whole pages: what tables, headlines and notes of all figures of a page together leave open about a count that is withheld.

Nothing is assumed of what adds up to what: an `Auditor` learns it from exact answers, as somebody does who has read the definitions. A sum that equals a total,
a headline, a note or another figure's sum in every cohort it was shown is taken for one that always does. What is told then bounds the cells (linear
programming, HiGHS), and a withheld count of 1 to 7 must keep a range as wide as a count that is shown in an export has (Hundepool et al. 2012, Statistical
Disclosure Control, chapter 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from process.access.answer import Answer, Exported
from process.access.disclosure.limits import COUNT_STEP, MINIMUM_COURSES

PROTECTION = COUNT_STEP - 1
MANY = 1e6
_PROOFS = 4
_FEW = 8
_TOTALS = ("_total", "of_courses", "recorded", "judged", "goals_agreed")
Name = tuple
"""Of a number that is told or not: ("cell", measure, count, keys…), ("headline", measure, name, count) or ("note", measure, name)."""
_FIGURES = ("estimate", "lower", "upper", "df", "withheld", "session")
_NO_PARTS = ("therapists", "compared_therapists")


@dataclass(frozen=True)
class Page:
    """The counts of a page's answers for one cohort, by name: exact ones, or as told with NaN for what is withheld."""

    counts: Mapping[Name, float]

    @classmethod
    def of(cls, answers: Iterable[Answer | Exported], export: bool = False) -> Page:
        counts: dict[Name, float] = {}
        for answer in answers:
            definition, table, headlines = answer.definition, answer.table, answer.headlines
            headlines = headlines.set_index("headline") if export else headlines
            keys = [key for key in definition.keys if key in table]
            # A total that leaves is added up again from what is shown: it says nothing of what is not.
            for count in [count for count in definition.counts if count in table and count not in _NO_PARTS and not (export and count.endswith("_total"))]:
                for *place, value in table[[*keys, count]].itertuples(index=False, name=None):
                    counts["cell", answer.name, count, *place] = float(value)
            for count in [name for name in headlines if name not in _NO_PARTS and _counts(headlines[name], name, definition)]:
                for name, value in headlines[count].items():
                    counts["headline", answer.name, str(name), count] = float(value)
            for name, note in ({} if export else answer.notes).items():
                if isinstance(note, int | np.integer):
                    counts["note", answer.name, name] = float(note)
        return cls(counts)


def _counts(column: pd.Series, name: str, definition) -> bool:
    return pd.api.types.is_numeric_dtype(column) and name not in (
        *definition.keys,
        *definition.values,
        "estimate",
        "lower",
        "upper",
        "df",
        "withheld",
        "session",
    )


@dataclass(frozen=True)
class Auditor:
    """What adds up on a page: `equal`, the pairs of a sum and a total that are the same number, as `_shape` names them."""

    equal: frozenset[tuple[Name, Name]]

    @classmethod
    def taught(cls, pages: list[Page]) -> Auditor:
        """From exact pages; an equality counts that holds wherever both sides are known, and did so with `_PROOFS` different numbers above zero."""
        held, broken = defaultdict(set), set()
        for page in pages:
            for name, (_, value), total, told in _compared(page):
                if not np.isfinite(told):
                    continue
                if value != told:
                    broken.add(_shape(name, total))
                elif value > 0:
                    held[_shape(name, total)].add(value)
        return cls(frozenset(shape for shape, values in held.items() if len(values) >= _PROOFS and shape not in broken))

    def too_narrow(self, exact: Page, told: Page, step: int = 1) -> list[tuple[Name, float, float]]:
        """Withheld counts of 1 to 7 that are pinned down too closely: the name and the range that is left. `step` = what told counts are rounded to."""
        rows, sides, known = [], [], {}
        told_totals = _totals(told)
        for name, (parts, _), total, _ in _compared(exact):
            if _shape(name, total) in self.equal and all(part in told.counts for part in parts):
                rows.append(parts)
                sides.append(total)
                if np.isfinite(told_totals.get(total, np.nan)):
                    known[total] = told_totals[total]
        found = []
        for name, value in exact.counts.items():
            if not (1 <= value < MINIMUM_COURSES) or np.isfinite(told.counts.get(name, np.nan)):
                continue
            left = _range(name, rows, sides, known, told, step)
            if left is None:
                continue
            assert left[0] <= value <= left[1], ("the truth itself must be possible", name)
            if left[1] - left[0] < PROTECTION:
                found.append((name, *left))
        return found


def _range(name: Name, rows: list[list[Name]], sides: list[Name], known: Mapping[Name, float], told: Page, step: int) -> tuple[float, float] | None:
    """The least and the most that a withheld count can be; None where it is part of nothing that is told."""
    # Only what hangs together with it matters: a number that is told cuts the rest off.
    reach, used, more = {name}, set(), True
    while more:
        more = {at for at in range(len(rows)) if at not in used and not reach.isdisjoint([*rows[at], *([] if sides[at] in known else [sides[at]])])}
        used |= more
        for at in more:
            reach |= {part for part in rows[at] if not np.isfinite(told.counts.get(part, np.nan))} | ({sides[at]} if sides[at] not in known else set())
    if not used:
        return None
    order = {each: at for at, each in enumerate({*reach, *(part for at in used for part in rows[at])})}
    matrix, ends = np.zeros((len(used), len(order))), np.zeros((len(used), 2))
    for line, at in enumerate(used):
        np.add.at(matrix[line], [order[part] for part in rows[at]], 1.0)
        if sides[at] in known:
            ends[line] = _bounds(known[sides[at]], step)
        else:
            matrix[line, order[sides[at]]] -= 1.0
    limits = [_bounds(told.counts.get(each, np.nan), step) for each in order]
    wanted = (np.arange(len(order)) == order[name]).astype(float)
    upper, most = csr_matrix(np.vstack([matrix, -matrix])), np.concatenate([ends[:, 1], -ends[:, 0]])
    found = [linprog(sign * wanted, A_ub=upper, b_ub=most, bounds=limits) for sign in (1, -1)]
    assert all(end.status == 0 for end in found), ("the truth itself must be possible", name)
    return float(np.ceil(found[0].fun - 1e-6)), float(np.floor(-found[1].fun + 1e-6))


def _bounds(told: float, step: int) -> tuple[float, float]:
    if not np.isfinite(told):
        return 0.0, MANY
    return (0.0, 0.0) if told == 0 else (told - step // 2, told + step // 2)


def _compared(page: Page) -> Iterator[tuple[Name, tuple[list[Name], float], Name, float]]:
    """Every sum with every total that it could be: a column beside its rows, the cell of another figure at the same keys, and, of a sum over all rows or of
    headlines or notes, every headline and note of the page and every column that is the same all the way down."""
    totals = _totals(page)
    everywhere = [total for total in totals if total[0] in ("headline", "note") or (total[0] == "column" and total[3] == ())]
    beside = defaultdict(list)
    for total in totals:
        if total[0] == "column" and total[3]:
            beside[total[1], total[3]].append(total)
    cells = defaultdict(list)
    for cell in page.counts:
        if cell[0] == "cell" and len(cell) == 4:
            cells[cell[3]].append(cell)
    for name, found in _sums(page).items():
        if name[0] != "sum" or not name[3]:
            mine = {part for part in found[0]}
            for total in everywhere:
                if total not in mine and not (name[0] != "sum" and total[:2] == ("note", name[1])):
                    yield name, found, total, totals[total]
            continue
        for total in beside[name[1], name[3]]:
            yield name, found, total, totals[total]
        if len(name[3]) == 1 and name[3][0][0] == 0:
            for total in cells[name[3][0][1]]:
                if total[1] != name[1]:
                    yield name, found, total, page.counts[total]


def _sums(page: Page) -> dict[Name, tuple[list[Name], float]]:
    """Every sum of cells of one count of one measure that have some of their keys in common, and of two to four notes, or headlines of one count, of one
    measure."""
    found: dict[Name, list[Name]] = defaultdict(list)
    several = defaultdict(list)
    for name in page.counts:
        if name[0] == "cell":
            _, measure, count, *place = name
            for many in range(max(len(place), 2)):
                for kept in combinations(range(len(place)), many):
                    found["sum", measure, count, tuple((at, place[at]) for at in kept)].append(name)
        else:
            several[name[0], name[1], *name[3:]].append(name)
    for (kind, *of), names in several.items():
        for many in (2, 3, 4) if len(names) <= _FEW else ():
            for chosen in combinations(names, many):
                found[f"{kind}s", *of, *(each[2] for each in chosen)] = list(chosen)
    return {name: (parts, float(np.sum([page.counts[part] for part in parts]))) for name, parts in found.items()}


def _totals(page: Page) -> dict[Name, float]:
    """Headlines, notes, and columns that say the same number in every row that has some keys in common; cells of figures with one key."""
    found = {name: value for name, value in page.counts.items() if name[0] != "cell" or len(name) == 4}
    columns: dict[Name, set[float]] = defaultdict(set)
    for name, value in page.counts.items():
        if name[0] == "cell" and name[2].endswith(_TOTALS):
            _, measure, count, *place = name
            for many in range(len(place)):
                for kept in combinations(range(len(place)), many):
                    columns["column", measure, count, tuple((at, place[at]) for at in kept)].add(value)
    for name, values in columns.items():
        told = {value for value in values if np.isfinite(value)}
        if len(told) <= 1:
            found[name] = told.pop() if told else np.nan
    return found


def _shape(name: Name, total: Name) -> tuple[Name, Name]:
    """A sum and its total without the keys' values where the total stands at the same keys: what holds in one such place does in all."""
    if name[0] == "sum" and name[3]:
        return (*name[:3], tuple(at for at, _ in name[3])), total[:3]
    return name, total
