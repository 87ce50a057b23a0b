"""A supervisor's pages: whose courses they are about, one supervisee at a time, and names of staff on the screen alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import Clinic, Cohort, Viewer
from process.charts import as_table, chart
from process.measures import catalogue
from process.pages import open_page
from process.pages.page import Page

NAMES = ("Tess O'Hara", "Tariq Quin", "Tova <Lindqvist>")  # the table of people refuses the last one: the page escapes it all the same


@pytest.fixture(scope="module")
def codes(records):
    return clinics.therapists(records)[:3]


@pytest.fixture(scope="module")
def sue(codes):
    return Viewer("sue", "supervisor", name="Sue", supervises=tuple(codes), names=dict(zip(codes, NAMES, strict=True)))


@pytest.fixture(scope="module")
def page(records, sue) -> Page:
    return open_page("caseload", Clinic(records, sue), "")


def summary(page) -> str:
    return re.sub(r"<[^>]+>", " ", page._summary.text)


def test_the_page_says_whose_courses_it_is_about(page, records, sue):
    assert "3 therapists (the courses of 3 therapists you supervise)" in summary(page)
    whole = Clinic(records, sue).ask("lengths", Cohort(basis=page.cohort.basis)).headlines.loc["in_range"]
    assert f"{int(whole['courses']):,} courses" in summary(page)


def test_each_supervisee_can_be_looked_at_by_name(page, codes):
    choices = page.filters._chosen["therapist"]
    assert choices.options == {name: code for code, name in sorted(zip(codes, NAMES, strict=True))}

    choices.value = [codes[0]]

    assert (
        "1 therapist (" in summary(page)
        and page._chips["therapist"].label.startswith(NAMES[0])
        and f"therapist={codes[0]}" in page.cohort.to_query("completed")
    )
    page._reset.clicks += 1
    assert page.cohort.therapist == [] and "3 therapists (" in summary(page)


def test_a_director_has_no_filter_by_therapist(records):
    page = open_page("caseload", Clinic(records, DIRECTOR), "therapist=T01")

    assert page.filters._chosen["therapist"].options == {} and page.cohort.therapist == [] and "`therapist` is not a filter" in page._alerts.text


def test_a_supervisor_reads_nothing_as_if_it_were_theirs_and_nothing_of_anybody_else(records, sue):
    clinic = Clinic(records, sue)
    others = set(clinics.therapists(records)) - set(sue.scope)
    leases = [clinic.prepare(page, Cohort()) for page in sorted({catalogue.measure(name).definition.page for name in catalogue.names()} - {"all"})]

    answers = [lease.answer(name) for lease in leases for name in lease.questions if name != "lengths"]

    assert len(answers) == len(catalogue.names()) - 1
    for answer in answers:
        said = re.sub(r"<p class='beside'>.*", "", answer.sentence)
        assert not re.search(r"\byou\b|\byour\b", said), answer.name
        drawn = "" if chart(answer.name).unable(answer) else everything_in(chart(answer.name).frame(answer))
        assert not [code for code in others if code in said + as_table(answer) + drawn], answer.name


def everything_in(frame) -> str:
    """What a figure draws: its layers' columns, texts and what the pointer reads among them, and the words at its axes."""
    return str([[np.asarray(values).tolist() for columns in frame.layers.values() for values in columns.values()], frame.x.ticks, frame.y.ticks])


@pytest.mark.parametrize("name", ["active_courses", "fair_comparison_dropout"])
def test_a_director_reads_names_on_the_screen_and_none_leaves(records, codes, name):
    viewer = Viewer("dora", "director", names=dict(zip(codes, NAMES, strict=True)))
    answer = Clinic(records, viewer).ask(name, Cohort(basis="so_far"))

    html = as_table(answer)

    for code, shown in zip(codes, ("Tess O&#x27;Hara", "Tariq Quin", "Tova &lt;Lindqvist&gt;"), strict=True):
        assert f"<td>{shown}</td>" in html and f"<td>{code}</td>" not in html
    assert "Lindqvist>" not in html and not [part for part in ("Tess", "Tariq", "Tova") if part in answer.exported().csv()]
    others = set(answer.table["therapist_id"]) - {"", *codes}
    assert others and all(f"<td>{code}</td>" in html for code in others)
