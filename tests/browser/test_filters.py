"""Every filter gives every card another answer; where too few courses are left the card says so, and draws again when they are back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.browser.dashboard import Dashboard

EACH = pytest.mark.parametrize("name", ["goals", "alliance", "caseload"])
NEXT_STEP = "Widen the length range or take a filter away"


def answers(page: Dashboard) -> None:
    """Every card has a figure, or a reason in its place."""
    for card in page.drawn().values():
        assert card.drawn or card.reason, card


def choose(page: Dashboard, kind: str, label: str) -> None:
    aside = page.page.get_by_role("complementary")
    if kind == "start":
        aside.get_by_role("combobox", name="Started from").select_option(label=label)
    elif kind == "basis":
        aside.get_by_role("button", name=label).click()
    else:
        aside.get_by_role("checkbox", name=label).check()
    page.settle()


@EACH
def test_every_card_answers_whatever_is_chosen(at, name):
    page = at("director", name)
    for round in (("basis", "planned"), ("team", "north"), ("ending", "planned ending")), (("modality", "psychodynamic"), ("start", "2024 Q3")):
        for kind, label in round:
            before = page.counts, page.summary
            choose(page, kind, label)
            answers(page)
            assert (page.counts, page.summary) != before
            expect(page.page).to_have_url(re.compile(f"[?&]{'from' if kind == 'start' else kind}="))
        page.clean()


def test_the_counts_are_the_stores_own(at, records):
    page = at("director", "caseload")
    rows = records.query("select team, count(*) as courses, sum(so_far) as sessions from course_facts group by team").set_index("team")

    assert f"{rows['courses'].sum():,} of {rows['courses'].sum():,} courses" in page.counts
    assert f"{rows['courses'].sum():,} courses · {int(rows['sessions'].sum()):,} attended sessions" in page.summary
    choose(page, "team", "north")
    assert f"{rows.loc['north', 'courses']:,} courses · {int(rows.loc['north', 'sessions']):,} attended sessions" in page.summary


@EACH
def test_too_few_courses_are_said_and_come_back(at, name):
    page = at("director", name)
    before = page.drawn()

    page.press("End")

    for card in page.drawn().values():
        if card.name != "active_courses":  # a workload, which no minimum hides
            assert card.reason and NEXT_STEP in card.sentence, card
    page.press("Home")
    after = page.drawn()
    assert {card: after[card].data for card in after} == {card: before[card].data for card in before}
    assert all(card.drawn for card in after.values())


@EACH
def test_a_page_opened_on_too_few_courses_draws_once_there_are_enough(at, name):
    page = at("director", name)
    before = page.drawn()
    at("director", name, "basis=so_far&length=65-")
    assert any(card.reason for card in page.drawn().values())

    page.reset.click()
    page.settle()

    after = page.drawn()
    assert all(card.drawn for card in after.values())
    assert {card: after[card].sentence for card in after} == {card: before[card].sentence for card in before}


def test_a_start_period_the_wrong_way_round_is_turned(at):
    page = at("director", "goals")
    aside = page.page.get_by_role("complementary")

    choose(page, "start", "2025 Q2")
    aside.get_by_role("combobox", name="to", exact=True).select_option(label="2024 Q1")
    page.settle()

    expect(page.page).to_have_url(re.compile("from=2024-Q1&to=2025-Q2"))
    expect(page.page.get_by_role("button", name="started 2024 Q1 – 2025 Q2 ✕")).to_be_visible()
