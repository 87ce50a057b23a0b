"""What a person may not see is named: for every question and every role, whatever is withheld is said in a sentence."""

from __future__ import annotations

import pandas as pd
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.disclosure.limits import MINIMUM_OF_A_THERAPIST
from process.access.unseen import unseen
from process.measures import catalogue

MEASURES = catalogue.names()


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("length", [None, (25, 60)], ids=["every length", "long ones"])
def test_whatever_a_director_does_not_see_is_said(records, name, length):
    answer = Clinic(records, DIRECTOR).ask(name, Cohort(length=length))

    assert bool(answer.withheld) <= bool(answer.unseen)
    if "therapist_id" in answer.table:
        hidden = answer.table.loc[answer.table["withheld"] & (answer.table["therapist_id"] != ""), "therapist_id"].nunique()
        assert not hidden or any(f"{hidden} therapist" in sentence for sentence in answer.unseen)


def test_to_whoever_sees_everything_of_theirs_nothing_is_said_to_be_missing(records, busiest):
    for viewer in (ANALYST, Viewer("tess", "therapist", busiest), Viewer("sue", "supervisor", supervises=tuple(clinics.therapists(records)[:3]))):
        lease = Clinic(records, viewer).prepare("caseload", Cohort())
        assert not [sentence for name in catalogue.names("caseload") for sentence in lease.answer(name, (25, 60)).unseen]


def table(*rows):
    return pd.DataFrame(rows, columns=["therapist_id", "withheld"])


def test_therapists_rows_and_counts_are_said_apart():
    none = pd.DataFrame({"withheld": []})
    rows = table(("", False), ("T1", True), ("T1", True), ("T2", True), ("T3", False))

    assert unseen(rows, none, 0, True, False) == (f"2 therapists are not shown: fewer than {MINIMUM_OF_A_THERAPIST} courses.",)
    assert unseen(rows, none, 0, True, True) == ("2 therapists are not shown: with filters, single courses could be told apart.",)
    assert unseen(table(("", True), ("T1", True)), none, 1, False, True) == (
        "1 therapist is not shown: with filters, single courses could be told apart.",
        "1 row is not shown: fewer than 8 courses or 2 therapists, or such a number could be worked out from it.",
        "Of what is left out, 1 count is not shown: under 8, or such a number could be worked out from it.",
    )
    assert unseen(table(("", False)), pd.DataFrame({"withheld": [True, True, False]}), 0, False, False) == (
        "Of the sentence, 2 figures are not shown: fewer than 8 courses or 2 therapists, or such a number could be worked out from it.",
    )
    assert unseen(table(("", True)), pd.DataFrame({"withheld": [True]}), 0, False, False)[1:] == (
        "Of the sentence, 1 figure is not shown: fewer than 8 courses or 2 therapists, or such a number could be worked out from it.",
    )
    assert unseen(table(("", False)), none, 0, True, False) == ()
