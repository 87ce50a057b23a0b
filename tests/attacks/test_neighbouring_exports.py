"""Exports at every position of the slider, taken together, leave withheld counts as open as one export does. docs/disclosure.md says what was found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from tests import clinics
from tests.attacks.every_position import FAR, Outcome, attacked, rounding_alone, whole_bands
from tests.attacks.test_intervals import PROTECTION, bounds, wholes
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort
from process.access.cohort import BASES
from process.access.leaving import BANDS, EVERY
from process.demo import Settings, simulate
from process.measures import catalogue

STOPPED = Outcome("endings", ("patient_stopped",), "courses")
OUTCOMES = [
    STOPPED,
    Outcome("endings", ("therapist_ended",), "courses"),
    Outcome("dips_by_rule", ("drop_1sd",), "with_dip"),
    Outcome("dips_by_rule", ("reliable_drop",), "with_dip"),
    Outcome("rupture_episodes", ("single_open",), "possible"),
    Outcome("outcome_change", ("CORE-10", "improved"), "courses"),
    Outcome("alliance_by_session", (3, "patient"), "courses"),
]
"""Who stopped, whose therapist ended; possible ruptures as courses with a dip, as dips below, as a reliable decline of alliance, as episodes; who got better; and
of a curve the courses at one session."""
CLINICS = [(500, 10, 10), (500, 10, 11), (2_000, 32, 10), (20_000, 300, 13)]


@pytest.fixture(scope="module", params=CLINICS, ids=lambda each: f"{each[0]} patients, seed {each[2]}")
def clinic(request, tmp_path_factory):
    patients, therapists, seed = request.param
    opened = clinics.opened(tmp_path_factory.mktemp("exports") / "store", simulate(Settings(courses=patients, therapists=therapists, seed=seed)))
    yield opened
    opened.engine.close()


@pytest.mark.parametrize(("outcome", "basis"), [(STOPPED, "completed"), (OUTCOMES[2], "so_far"), (OUTCOMES[3], "planned"), (OUTCOMES[6], "completed")])
def test_exports_of_every_position_leave_withheld_counts_as_open_as_one_export(records, outcome, basis):
    found = attacked(records, outcome, basis, whole_bands)

    assert len(found.truth) and found.holds
    assert (found.most - found.least).min() >= PROTECTION


def test_exports_of_any_range_give_withheld_counts_away(records):
    """The rule that was not kept, under the same attack."""
    found = attacked(records, STOPPED, "completed", rounding_alone, bands=False)

    assert len(found.truth) > 10 and found.holds
    assert found.pinned > 10 and found.known > 10


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda each: f"{each.measure} {each.row[0]}")
def test_exports_of_every_position_of_the_slider_leave_withheld_counts_as_open_as_one_export(clinic, outcome, basis):
    found = attacked(clinic, outcome, basis, whole_bands)
    free = attacked(clinic, outcome, basis, rounding_alone, bands=False)

    print(f"{outcome.measure} {outcome.row} {basis}: withheld {len(found.truth)}, less open {found.pinned};", end=" ")
    print(f"any range: withheld {len(free.truth)}, less open {free.pinned}, known {free.known}")
    assert found.holds and free.holds and len(found.truth)
    assert (found.most - found.least).min() >= PROTECTION
    assert outcome != STOPPED or basis == "planned" or free.known
