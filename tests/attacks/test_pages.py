"""No page pins down what it withholds: every figure's table, headlines and notes of a page taken together, on the screen and as they leave."""

from __future__ import annotations

import pytest
from tests.attacks.audited import Auditor, Page
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort
from process.access.disclosure import company
from process.access.disclosure.limits import COUNT_STEP
from process.measures import catalogue

COHORTS = [
    Cohort(),
    Cohort(basis="so_far"),
    Cohort(length=(4, 8)),
    Cohort(length=(9, 16)),
    Cohort(length=(17, 9999)),
    Cohort(problem=["trauma"]),
    Cohort(problem=["depression"]),
    Cohort(team=["north"], length=(4, 30)),
    Cohort(team=["north"], length=(9, 9999)),
    Cohort(basis="so_far", problem=["grief"]),
    Cohort(modality=["cbt"], length=(0, 8)),
]
PAGES = ("goals", "alliance", "outcomes", "ruptures", "caseload", "comparison")


def asked(records, viewer, names, cohort):
    return [Clinic(records, viewer).ask(name, cohort) for name in names]


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_pins_down_what_it_withholds(records, page):
    names = catalogue.names(page)
    exact = [Page.of(asked(records, ANALYST, names, cohort)) for cohort in COHORTS]
    auditor = Auditor.taught(exact)
    assert len(auditor.equal) > 1, "figures of a page share numbers; else nothing is audited"
    for cohort, truth in zip(COHORTS, exact, strict=True):
        seen = asked(records, DIRECTOR, names, cohort)
        assert auditor.too_narrow(truth, Page.of(seen)) == [], cohort.to_query("completed")
        # What leaves for other lengths than are seen is audited with those lengths.
        left = [exported for exported in (answer.exported() for answer in seen) if exported.length == cohort.bounds]
        assert auditor.too_narrow(truth, Page.of(left, export=True), COUNT_STEP) == [], cohort.to_query("completed")


NAMES = ("attainment_levels", "goal_voices", "goal_lineage")
FEW = [Cohort(length=(11, 12), problem=[problem]) for problem in ("trauma", "grief")]


def test_the_audit_finds_what_is_told_without_company(records, monkeypatch):
    """The rule that was not taken: what is under the minimum is withheld, and nothing else."""
    taught = Auditor.taught([Page.of(asked(records, ANALYST, NAMES, cohort)) for cohort in COHORTS[:4]])
    exact = [Page.of(asked(records, ANALYST, NAMES, cohort)) for cohort in FEW]

    def found():
        told = [Page.of(asked(records, DIRECTOR, NAMES, cohort)) for cohort in FEW]
        return [each for truth, page in zip(exact, told, strict=True) for each in taught.too_narrow(truth, page)]

    assert found() == []
    monkeypatch.setattr(company, "take_company", lambda hidden, courses, whole: None)
    monkeypatch.setattr("process.access.disclosure.screen.take_company", lambda hidden, courses, whole: None)
    alone = found()
    assert alone and any(low == high for _, low, high in alone)
