"""Every page draws every card, says it in words, and stands on landmarks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from process.measures import catalogue
from process.pages import PLANS, figures

PAGES = tuple(PLANS)
BOTH = pytest.mark.parametrize("who", ["director", "therapist"])
EACH = pytest.mark.parametrize("name", PAGES)
DEEPEST = "(() => { let at = document.activeElement; while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement; return at.role })()"
NOT_WORDS = re.compile(r"\b(nan|NaN|undefined|None|null|inf|NaT)\b|\{\{|\}\}")


def measures(name: str) -> list[str]:
    return figures(PLANS[name])


@BOTH
@EACH
def test_every_card_has_its_figure_and_its_sentence(at, photograph, who, name):
    page = at(who, name)

    cards = page.drawn()

    assert list(cards) == [measure for measure in measures(name) if measure not in PLANS[name].on_request]
    for card in cards.values():
        assert card.drawn or (who == "therapist" and card.reason), card
        assert card.question == catalogue.measure(card.name).definition.question
        assert re.search(r"\d", card.sentence) and card.sentence.rstrip().endswith("."), card.sentence
    said = page.page.locator("main").aria_snapshot()
    assert not NOT_WORDS.search(said), NOT_WORDS.search(said)
    photograph(page, f"{name}-{who}-1440")


@EACH
def test_a_page_has_its_landmarks_and_one_heading_a_card(at, name):
    page = at("director", name).page
    questions = [catalogue.measure(measure).definition.question for measure in measures(name)]

    for role in ("banner", "navigation", "main", "complementary"):
        expect(page.get_by_role(role)).to_have_count(1)
    here = page.get_by_role("navigation").locator("[aria-current=page]")
    expect(here).to_have_count(1)
    expect(here).to_have_attribute("href", re.compile(rf"^/{name}\b"))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(questions)
    for question in questions:
        expect(page.get_by_role("region", name=question)).to_have_count(1)
    assert page.title().lower().startswith(name)
    assert page.evaluate("document.documentElement.lang")


def test_the_keyboard_reaches_the_figures_and_the_length_range(at):
    page = at("director", "goals").open("goals").page

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the figures")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(DEEPEST))
    assert reached.count("slider") == 2, reached


def test_both_handles_of_the_length_range_have_a_name_and_a_value(at):
    page = at("director", "goals")

    for upper in (False, True):
        expect(page.handle(upper)).to_have_accessible_name(re.compile(r"\w"))
        assert float(page.handle(upper).get_attribute("aria-valuenow")) >= 0


@pytest.mark.parametrize("name", ["attainment_by_band", "goal_lineage"])
def test_a_figure_that_waits_to_be_asked_for_is_drawn_then(at, name):
    page = at("director", "goals")

    page.card(name).get_by_role("button", name="Show this figure").click()
    page.settle()

    card = page.drawn()[name]
    assert card.drawn and re.search(r"\d", card.sentence)
    expect(page.card(name).get_by_role("button", name="As table")).to_be_visible()
    page.open("goals")


def test_a_card_has_a_link_to_itself(at):
    page = at("director", "caseload")

    page.card("endings").get_by_role("link", name=catalogue.measure("endings").definition.question).click()

    expect(page.page).to_have_url(re.compile("/caseload#endings$"))
    expect(page.card("endings")).to_be_in_viewport()
