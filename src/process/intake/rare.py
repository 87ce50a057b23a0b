"""Combinations of attributes that few patients share: counted for the report and, where the clinic's policy says so, coarsened before anything is stored.

What may single a patient out, to somebody who knows them from elsewhere, is what that person can know and what stands beside every figure: the team they go
to, the form of therapy, the problem, their age band. These four are filters of every page, so that a rare combination is a rare page. Not among them: the
start, which is a week or a quarter for everybody by policy and could not be coarser without losing every figure over time (what it adds is counted, and the
export of rows generalises it); the therapist, whose courses only that therapist and the directors see apart; what happens inside a therapy, which nobody
outside knows.

Counted are patients, not courses: five courses of one patient are one patient. k-anonymity as in Samarati & Sweeney 1998 (an empty cell is a value like
any other), by suppression of cells in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.contract.policy import Policy
from process.intake.report import Note

ATTRIBUTES = ("team", "modality", "problem", "age_band")
DROPPED_FIRST = ("age_band", "problem", "modality", "team")
"""The order in which attributes are left empty: what says most about the person goes first, the team last, because figures are looked at by team."""

Coarser = Callable[[pd.Series], pd.Series]
Step = tuple[str, Coarser]


@dataclass(frozen=True)
class Account:
    """How many courses have rare combinations, and what was done; counts only.

    `by_columns`: courses by the smallest set of attributes that makes them rare; `courses`, `combinations`: with all attributes together;
    `with_start`: courses rare by attributes and quarter of start together; `emptied`: cells left empty, by column; `left`: courses still rare after that
    (all of their attributes are empty).
    """

    smallest: int
    by_columns: dict[tuple[str, ...], int] = field(default_factory=dict)
    courses: int = 0
    combinations: int = 0
    with_start: int = 0
    emptied: dict[str, int] = field(default_factory=dict)
    left: int = 0

    def notes(self) -> tuple[Note, ...]:
        """The account as a report's notes; never a value of an attribute."""
        few = f"shared by fewer than {self.smallest} patients"
        found = [
            Note(f"courses whose {' and '.join(columns)} {'is' if len(columns) == 1 else 'are'} {few}", count) for columns, count in self.by_columns.items()
        ]
        if self.courses:
            found.append(Note(f"courses whose attributes together are {few}", self.courses))
            found.append(Note(f"combinations of attributes {few}", self.combinations))
        if self.with_start:
            found.append(Note(f"courses whose attributes and quarter of start together are {few}", self.with_start))
        found += [
            Note(f"courses whose {column} was left empty, by the clinic's policy, because their attributes were {few}", n) for column, n in self.emptied.items()
        ]
        return tuple(found)


def settle_rare(courses: pd.DataFrame, policy: Policy) -> tuple[pd.DataFrame, Account]:
    """The courses with rare combinations coarsened where the policy says so, else as they came; and the account.

    `courses`: the contract's table, typed; cells str or category. Given a policy of `coarsen`, every combination of attributes in what comes out is shared
    by at least `policy.smallest_group` patients, or is empty in all of them. The same courses give the same result, in whatever order.
    """
    few = policy.smallest_group
    present = [name for name in ATTRIBUTES if name in courses]
    if not present or not len(courses):
        return courses, Account(few)
    cells = courses[present].astype("str").fillna("")
    patients = pd.factorize(courses["patient_id"])[0]
    numbers = pd.DataFrame({name: pd.factorize(cells[name])[0] for name in cells})  # compared over and over, which takes long with text
    filled = (cells != "").to_numpy()
    rare = shared_by(numbers, patients) < few
    rare &= filled.any(axis=1)
    account = {
        "by_columns": _by_columns(numbers, filled, patients, few),
        "courses": int(rare.sum()),
        "combinations": int((~numbers[rare].duplicated()).sum()),
        "with_start": int((shared_by(numbers.assign(start=_quarter(courses).to_numpy()), patients) < few).sum()),
    }
    if policy.rare != "coarsen" or not rare.any():
        return courses, Account(few, **account)
    coarse = generalised(cells, patients, [(name, emptied) for name in DROPPED_FIRST if name in present], few)
    changed = {name: (cells[name] != coarse[name]).to_numpy() for name in present}
    settled = courses.assign(**{name: courses[name].mask(changed[name]) for name in present if changed[name].any()})
    left = (shared_by(coarse, patients) < few).sum()
    return settled, Account(few, **account, emptied={name: int(mask.sum()) for name, mask in changed.items() if mask.any()}, left=int(left))


def generalised(cells: pd.DataFrame, patients: NDArray[np.int64], steps: Sequence[Step], few: int) -> pd.DataFrame:
    """`cells` (str, "" = empty) with one step after the other taken by those rows alone whose combination fewer than `few` patients share.

    Rows that share a combination take a step together, so that nobody else's combination becomes rarer by it. Rows that are still rare after the last
    step are given back as the last step left them.
    """
    coarse = cells.copy()
    for name, coarser in steps:
        rare = shared_by(coarse, patients) < few
        if not rare.any():
            break
        coarse[name] = coarse[name].mask(rare, coarser(coarse[name]))
    return coarse


def emptied(cells: pd.Series) -> pd.Series:
    """The last step of any column: nothing is said."""
    return pd.Series("", index=cells.index, dtype="str")


def shared_by(cells: pd.DataFrame, patients: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row, how many patients share its combination of all columns. `patients`: a number for each patient, one a row."""
    group = np.zeros(len(cells), np.int64)
    for name in cells:
        codes, distinct = pd.factorize(cells[name])
        group = pd.factorize(group * (len(distinct) + 1) + codes)[0]  # numbered anew, so that no number outgrows the product of two counts
    pairs = pd.unique(group * (patients.max(initial=0) + 1) + patients)
    return np.bincount(pairs // (patients.max(initial=0) + 1), minlength=group.max(initial=-1) + 1)[group]


def _by_columns(numbered: pd.DataFrame, filled: NDArray[np.bool_], patients: NDArray[np.int64], few: int) -> dict[tuple[str, ...], int]:
    """Courses by the smallest sets of filled attributes that fewer than `few` patients share; a course counts under each of its smallest sets.

    `numbered`: a number for each value of each attribute; `filled`: where a value is none that is empty.
    """
    rare_by: dict[tuple[str, ...], NDArray[np.bool_]] = {}
    counts: dict[tuple[str, ...], int] = {}
    for size in range(1, numbered.shape[1] + 1):
        for columns in combinations(numbered.columns, size):
            rows = filled[:, [numbered.columns.get_loc(name) for name in columns]].all(axis=1)
            rare = np.zeros(len(numbered), bool)
            rare[rows] = shared_by(numbered.loc[rows, list(columns)], patients[rows]) < few
            smaller = [mask for other, mask in rare_by.items() if set(other) < set(columns)]
            new = rare & ~np.logical_or.reduce(smaller) if smaller else rare
            rare_by[columns] = rare
            if new.any():
                counts[columns] = int(new.sum())
    return counts


def _quarter(courses: pd.DataFrame) -> pd.Series:
    """The quarter of each course's start as YYYY-Qn, from its week where there is one; "" = unknown."""
    named = courses["start_quarter"].astype("str").fillna("") if "start_quarter" in courses else pd.Series("", index=courses.index, dtype="str")
    if "start_week" not in courses:
        return named
    place, weeks = pd.factorize(pd.to_datetime(courses["start_week"]))  # few weeks have many courses
    made = pd.Series(np.array([*(f"{week.year}-Q{week.quarter}" for week in weeks), ""], dtype=object)[place], index=courses.index, dtype="str")
    return made.where(place >= 0, named)
