"""Exports at every position of the slider, taken together, leave withheld counts as open as one export does. docs/disclosure.md says what was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from tests import clinics
from tests.attacks.every_position import Outcome, attacked, bands_by_themselves, rounding_alone, whole_bands
from tests.attacks.test_intervals import PROTECTION, bounds, wholes
from tests.clinics import DIRECTOR

from process.access import ANALYST, Answer, Clinic, Cohort, leaving
from process.access.cohort import BASES
from process.access.disclosure.limits import COUNT_STEP, MINIMUM_COURSES
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
"""Who stopped, whose therapist ended; possible ruptures as courses with a dip, as dips below, as a reliable decline of alliance, as episodes; who got better;
and of a curve the courses at one session."""
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
    assert (found.most - found.least).min() >= PROTECTION and found.pinned == 0


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
    assert found.holds and free.holds
    assert found.pinned == 0
    assert outcome != STOPPED or basis == "planned" or free.known


TABLES = ["endings", "outcome_change", "dips_by_rule", "rupture_episodes", "recurring_ruptures", "repair_steps", "session_gaps"]
LEAVES = [band for band in BANDS if not leaving.parts(band)]


def too_narrow(records, name, cohort, export):
    """Withheld counts of 1 to 7 that the tables of all bands and their totals pin down more closely than one export may: rows and bands at once."""
    exact, seen = (Clinic(records, viewer).prepare(name, cohort) for viewer in (ANALYST, DIRECTOR))
    definition = catalogue.measure(name).definition
    keys = list(definition.keys)
    truth = {band: exact.answer(name, band).table for band in BANDS}
    rows = truth[EVERY][keys].drop_duplicates()
    told = {band: export(seen.answer(name, band)) for band in BANDS}
    found = []
    for count in [count for count in definition.counts if count not in ("therapists", "of_courses") and not count.endswith("_total")]:
        cells = len(rows) * len(LEAVES)
        parts = {band: np.array([band[0] <= leaf[0] and leaf[1] <= band[1] for leaf in LEAVES], dtype=float) for band in BANDS}
        sums, low, high, small = [], [], [], []
        for band in BANDS:
            table = rows.merge(told[band].table, on=keys, how="left")
            exactly = rows.merge(truth[band], on=keys, how="left")
            for place, (value, is_so) in enumerate(zip(table[count], exactly[count], strict=True)):
                one = np.kron(np.eye(len(rows))[place], parts[band])
                if np.isfinite(value):
                    sums, low, high = [*sums, one], [*low, bounds(value)[0]], [*high, bounds(value)[1]]
                elif 0 < is_so < MINIMUM_COURSES:
                    small.append((one, is_so, band, place))
            for together, total in wholes(definition, exactly, table, told[band].headlines, count):
                chosen = np.isin(np.arange(len(rows)), together).astype(float)
                sums, low, high = [*sums, np.kron(chosen, parts[band])], [*low, total - COUNT_STEP // 2], [*high, total + COUNT_STEP // 2]
        matrix, limits = np.vstack([np.zeros(cells), *sums, *(-one for one in sums)]), np.array([0.0, *high, *(-end for end in low)])
        for one, is_so, band, place in small:
            ends = [linprog(sign * one, A_ub=matrix, b_ub=limits, bounds=[(0, None)] * cells) for sign in (1, -1)]
            least = np.ceil(ends[0].fun - 1e-6)
            most = np.floor(-ends[1].fun + 1e-6) if ends[1].status == 0 else np.inf
            assert ends[0].status == 0 and least <= is_so <= most
            if most - least < PROTECTION:
                found.append((count, rows.iloc[place].to_dict(), band, least, most))
    return found


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("name", TABLES)
def test_no_table_of_all_bands_together_pins_down_what_it_withholds(records, name, basis):
    assert too_narrow(records, name, Cohort(basis=basis), Answer.exported) == []


def test_bands_by_themselves_pin_down_what_they_withhold(records):
    """The other rule that was not kept, and the reason for company across bands."""

    def by_itself(answer):
        return replace(answer.exported(), table=bands_by_themselves(answer)[1]())

    assert any(too_narrow(records, name, Cohort(basis=basis), by_itself) for name in TABLES for basis in BASES)
