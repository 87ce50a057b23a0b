"""The pages at 390 pixels: nothing to scroll sideways, filters folded away until they are wanted, figures that fit."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.signing_in import signed_in

WIDTH = 390
PHONE = {"viewport": {"width": WIDTH, "height": 844}, "has_touch": True, "is_mobile": True}
OVERHANG = "Math.max(document.scrollingElement.scrollWidth, innerWidth)"


@pytest.fixture(scope="module")
def phone(browser, demo):
    context, dashboard = signed_in(browser, demo, "Dora", **PHONE)
    yield dashboard
    context.close()


@pytest.mark.parametrize("name", ["goals", "alliance", "caseload"])
def test_a_page_fits_a_phone(phone, photograph, name):
    page = phone.open(name)

    cards = page.drawn()

    assert page.page.evaluate(OVERHANG) <= WIDTH
    for card in cards.values():
        assert card.drawn and card.right <= WIDTH, card
    expect(page.handle()).not_to_be_visible()
    photograph(page, f"{name}-director-390")

    page.page.get_by_role("complementary").get_by_text("Filters", exact=True).tap()
    expect(page.handle()).to_be_visible()
    page.page.evaluate("reading.painted()")
    low, high = page.handle().bounding_box(), page.handle(upper=True).bounding_box()
    assert high["x"] - low["x"] > 200 and high["x"] + high["width"] <= WIDTH
    assert page.page.evaluate(OVERHANG) <= WIDTH
    before = page.summary
    page.press("PageUp")
    assert page.summary != before
    assert all(card.drawn and card.right <= WIDTH for card in page.drawn().values())
    assert page.page.evaluate(OVERHANG) <= WIDTH
    if page.name == "goals":
        photograph(page, "filters-director-390")


def test_tables_and_definitions_fit_a_phone_too(phone):
    page = phone.open("alliance")

    tables = page.page.get_by_role("main").get_by_role("button", name="As table").all()
    for button in tables + page.page.get_by_role("main").get_by_role("button", name="About").all():
        button.tap()
    expect(page.page.get_by_role("table")).to_have_count(len(tables))

    assert page.page.evaluate(OVERHANG) <= WIDTH
