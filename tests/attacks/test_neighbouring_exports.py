"""Exports at every position of the slider, taken together: what rounding each of them by itself leaves open of the courses of one length.

Each export says between which bounds a sum over neighbouring lengths lies. Bounds on differences of cumulative sums are shortest paths (Cormen, Leiserson,
Rivest & Stein 2009, Introduction to Algorithms, section 24.4), so that what all exports leave open is found exactly. docs/disclosure.md says what was found.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import floyd_warshall
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort
from process.access.disclosure.limits import COUNT_STEP, MINIMUM_COURSES

LONGEST = 40
HALF = COUNT_STEP // 2


def stopped(answer) -> float:
    return float(answer.table.set_index("ending")["courses"].get("patient_stopped", np.nan))


def left_open(records) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most courses of each length that their patients can have stopped, with the exports of every range up to `LONGEST` sessions."""
    lease = Clinic(records, DIRECTOR).prepare("endings", Cohort())
    most = np.full((LONGEST + 1, LONGEST + 1), np.inf)  # from one cumulative sum to another
    most[np.tril_indices(LONGEST + 1)] = 0.0
    for first, last in zip(*np.triu_indices(LONGEST + 1, k=1), strict=True):
        told = stopped(lease.answer("endings", (int(first) + 1, int(last))).exported())
        if np.isfinite(told):
            most[first, last] = told + HALF if told else 0.0
            most[last, first] = -max(told - HALF, MINIMUM_COURSES) if told else 0.0
    # Zero is a distance here, and not the lack of one.
    found = floyd_warshall(np.where(np.isfinite(most), most, 1e9))
    at = np.arange(LONGEST)
    return -found[at + 1, at], found[at, at + 1]


@pytest.fixture(scope="module")
def attacked(records):
    """What is true of each length of 1 to 7 such courses, and the least and the most that the exports leave open."""
    exact = Clinic(records, ANALYST).prepare("endings", Cohort())
    truth = np.array([stopped(exact.answer("endings", (length, length))) for length in range(1, LONGEST + 1)])
    small = (truth > 0) & (truth < MINIMUM_COURSES)
    least, most = left_open(records)
    return truth[small], least[small], most[small]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_what_exports_leave_open_holds_the_truth(attacked):
    """Else the next test could be failed by an attack that is wrong."""
    truth, least, most = attacked
    assert len(truth) > 10 and (least <= truth).all() and (truth <= most).all()


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.xfail(
    strict=True, reason="known: rounding without chance gives counts away to whoever takes the exports of hundreds of positions (docs/disclosure.md)"
)
def test_exports_of_every_position_of_the_slider_leave_withheld_counts_as_open_as_one_export(attacked):
    _, least, most = attacked
    assert (most - least).min() >= COUNT_STEP - 1
