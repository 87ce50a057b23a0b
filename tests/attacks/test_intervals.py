"""What everything that was exported, taken together, leaves open about what was withheld: an audit by linear programming, of every measure and the benchmark.

Demanded is a *sliding protection level*: the values that a withheld count may have, with all that is told, must lie at least as far apart as those of a
count that is shown (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4: the feasibility interval of a sensitive cell must be as wide as its
protection level; here the rounding base, which is what a shown count is protected by). A count that is shown as 40 is one of 38 to 42; so a count of 1 to 7
that is withheld must be one of five whole numbers at least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort
from process.access.disclosure import on_screen, screen
from process.access.disclosure.limits import COUNT_STEP, MINIMUM_COURSES
from process.measures import catalogue

PROTECTION = COUNT_STEP - 1
_MANY = 1e6
COHORTS = [Cohort(length=(9, 16)), Cohort(problem=["trauma"]), Cohort(team=["north"], length=(4, 30))]
SLICES = [*COHORTS, Cohort(modality=["cbt"], length=(1, 8)), Cohort(basis="so_far", problem=["grief"])]
MEASURES = [
    name
    for name in catalogue.names()
    if {"of_courses", *(f"{count}_total" for count in catalogue.measure(name).definition.counts)} & set(catalogue.measure(name).definition.counts)
]
"""The measures that tell a whole beside its parts; in the others a withheld count is part of nothing that is told."""


@dataclass(frozen=True)
class Released:
    """Counts, each of which lies in [`least`, `most`], and sums of some of them (rows of `sums`, over the counts) that lie in [`low`, `high`]."""

    least: np.ndarray
    most: np.ndarray
    sums: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def range_of(self, place: int) -> tuple[float, float]:
        """The least and the most that a count can be with everything that is told (HiGHS)."""
        wanted = np.eye(len(self.least))[place]
        matrix = np.vstack([self.sums, -self.sums]) if len(self.sums) else None
        limits = np.concatenate([self.high, -self.low]) if len(self.sums) else None
        ends = [linprog(sign * wanted, A_ub=matrix, b_ub=limits, bounds=list(zip(self.least, self.most, strict=True))) for sign in (1, -1)]
        assert all(end.status == 0 for end in ends), "the truth itself must be possible"
        return float(np.ceil(ends[0].fun - 1e-6)), float(np.floor(-ends[1].fun + 1e-6))


def wholes(definition, truth: pd.DataFrame, table: pd.DataFrame, headlines: pd.DataFrame, count: str) -> list[tuple[np.ndarray, float]]:
    """Rows of a table that are the parts of one whole, and what is told of that whole: beside its parts, or as the headline of all. Whether they are parts (a
    course can be in two rows) is read from the definitions by an attacker and from the exact numbers here."""
    keys = [name for name in definition.keys if name in table]
    found = []
    if "of_courses" in table and count == "courses":
        for rows in table.groupby(keys[:-1], dropna=False, sort=False).indices.values() if len(keys) > 1 else [np.arange(len(table))]:
            told = table["of_courses"].iloc[rows].dropna()
            if len(told) and truth[count].iloc[rows].sum() == truth["of_courses"].iloc[rows].max():
                found.append((np.asarray(rows), float(told.iloc[0])))
    if f"{count}_total" in definition.counts and len(keys) == 1 and count in headlines and "all" in set(headlines["headline"]):
        told = headlines.set_index("headline").loc["all", count]
        if pd.notna(told) and truth[count].sum() == truth[f"{count}_total"].max():
            found.append((np.arange(len(table)), float(told)))
    # Where rows overlap, the definition says which of them are the whole; it is told in every row.
    rows = np.flatnonzero(table[keys[0]].isin(definition.parts)) if definition.parts else np.zeros(0, int)
    told = table[definition.percent_of].dropna() if len(rows) else ()
    if len(told) and definition.percent_of in definition.counts and truth[count].iloc[rows].sum() == truth[definition.percent_of].max():
        found.append((rows, float(told.iloc[0])))
    return found


def bounds(told: float, step: int = COUNT_STEP) -> tuple[float, float]:
    """The counts that are told as this number."""
    if np.isnan(told):
        return 0.0, np.inf
    return (0.0, 0.0) if told == 0 else (max(told - step // 2, MINIMUM_COURSES), told + step // 2)


def system(definition, truth: pd.DataFrame, table: pd.DataFrame, headlines: pd.DataFrame, count: str, step: int = COUNT_STEP) -> Released:
    least, most = np.array([bounds(value, step) for value in table[count].astype(float)]).reshape(-1, 2).T
    parts = wholes(definition, truth, table, headlines, count)
    sums = np.zeros((len(parts), len(table)))
    for line, (rows, _) in enumerate(parts):
        sums[line, rows] = 1.0
    ends = np.array([(told - step // 2, told + step // 2) for _, told in parts]).reshape(-1, 2)
    most = np.where(np.isinf(most), _MANY, most)
    return Released(least, most, sums, ends[:, 0], ends[:, 1])


def too_narrow(definition, exact: pd.DataFrame, table: pd.DataFrame, headlines: pd.DataFrame, step: int = COUNT_STEP) -> list[tuple[str, dict, float, float]]:
    """Withheld counts of 1 to 7 that what is told pins down too closely: the count's name, its row's keys, and the range that is left. A count that is part
    of no whole that is told may be any of 1 to 7."""
    keys = list(definition.keys)
    truth = table[keys].merge(exact.drop_duplicates(keys), on=keys, how="left")
    found = []
    for count in [name for name in definition.counts if name in table and not name.endswith("_total") and name not in ("therapists", "of_courses")]:
        small = np.flatnonzero(table[count].isna() & truth[count].between(1, MINIMUM_COURSES - 1))
        released = system(definition, truth, table, headlines, count, step) if len(small) else None
        for place in small[released.sums[:, small].any(axis=0)] if released is not None else ():
            low, high = released.range_of(int(place))
            assert low <= truth[count].iloc[place] <= high
            if high - low < PROTECTION:
                found.append((count, table[keys].iloc[place].to_dict(), low, high))
    return found


@pytest.mark.parametrize("name", ["endings", "outcome_change", "match_window"])
def test_exact_counts_beside_their_whole_give_a_withheld_one_away(records, name):
    """The rule that was not taken: only what is under 8 is withheld, everything else is told as it is. The audit must find it wanting."""
    found = []
    for cohort in (Cohort(length=(9, 16)), Cohort(problem=["trauma"]), Cohort(team=["north"], length=(4, 30)), Cohort(modality=["cbt"], length=(1, 8))):
        answer = Clinic(records, ANALYST).ask(name, cohort)
        naive = answer.table.copy()
        for count in [name for name in answer.definition.counts if not name.endswith("_total") and name != "of_courses"]:
            naive[count] = naive[count].astype(float).where(~naive[count].between(1, MINIMUM_COURSES - 1))
        found += too_narrow(answer.definition, answer.table, naive, answer.headlines.reset_index(), step=1)
    assert found and any(low == high for _, _, low, high in found)


@pytest.mark.parametrize("name", MEASURES)
def test_no_export_pins_down_what_it_withholds(records, name):
    for cohort in COHORTS:
        for viewer in (DIRECTOR, ANALYST):
            out = Clinic(records, viewer).ask(name, cohort).exported()
            exact = Clinic(records, ANALYST).ask(name, Cohort(length=out.length, problem=cohort.problem, team=cohort.team))
            assert too_narrow(out.definition, exact.table, out.table, out.headlines) == [], (viewer.role, cohort.to_query("completed"))


ON_SCREEN = ["endings", "outcome_change", "match_window", "repair_steps", "recurring_ruptures", "session_gaps"]


@pytest.mark.parametrize("name", ON_SCREEN)
def test_no_screen_pins_down_what_it_withholds(records, name):
    """A director's screen tells exact counts from 8 on: what is withheld is left as wide a range as in an export."""
    for cohort in SLICES:
        exact, seen = (Clinic(records, viewer).ask(name, cohort) for viewer in (ANALYST, DIRECTOR))
        assert too_narrow(seen.definition, exact.table, seen.table, seen.headlines.reset_index(), step=1) == [], cohort.to_query("completed")


def one_more_if_alone(hidden, courses, whole):
    """The rule that was not taken: company for a part that is withheld alone, and for no others."""
    others = whole[~hidden[whole] & (courses[whole] > 0)]
    if hidden[whole].sum() == 1 and len(others):
        hidden[others[np.argmin(courses[others])]] = True


@pytest.mark.parametrize(
    ("name", "courses"),
    [
        ("endings", {"planned": 36, "patient_stopped": 27, "moved_on": 25, "still_going": 1, "unknown": 1}),
        ("repair_steps", {"negotiated": 3, "repaired": 4, "left_open": 30, "still_open": 20}),
    ],
)
def test_company_for_a_single_part_or_from_among_rows_that_overlap_with_it_gives_it_away(monkeypatch, name, courses):
    definition = catalogue.measure(name).definition
    counted = {count: list(courses.values()) for count in definition.counts} | {"therapists": 9}
    whole = sum(n for row, n in courses.items() if row in definition.parts or not definition.parts)
    exact = pd.DataFrame({definition.keys[0]: list(courses), "share": 1.0, **counted, "why": ""}).assign(
        **{count: whole for count in definition.counts if count in ("courses_total", "recorded")}
    )
    headlines = pd.DataFrame({"headline": ["all"], "courses": [whole]})

    def audited():
        return too_narrow(definition, exact, on_screen(exact, definition, DIRECTOR)[0], headlines, step=1)

    assert audited() == []
    monkeypatch.setattr(screen, "take_company", one_more_if_alone)
    monkeypatch.setattr(screen, "wholes", lambda frame, definition: [np.arange(len(frame))])
    assert audited()
