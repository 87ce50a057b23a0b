"""Moving the length range: every figure, every sentence, the counts and the address follow, and the page shows at once that it has noticed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.browser.dashboard import Dashboard

EACH = pytest.mark.parametrize("name", ["goals", "alliance", "caseload"])
AT_ONCE = 100
"""Milliseconds in which a person takes an answer for immediate (PERFORMANCE: feedback on any move)."""


def noticed_within(page: Dashboard, kind: str, act) -> float:
    """Milliseconds from the event of the hand to the page's own sign of it; then wait until the sign is gone."""
    page.page.evaluate("kind => reading.watch(kind)", kind)
    act()
    page.settle()
    milliseconds = page.page.evaluate("window.noticed")
    assert milliseconds is not None, "the page never showed that it had noticed"
    return milliseconds


def followed(page: Dashboard, before: dict, summary: str, counts: str) -> None:
    after = page.drawn()
    for name, card in after.items():
        assert card.drawn or card.reason, card
        assert card.reason or card.data != before[name].data, f"{name} is still drawn from the same numbers"
        assert card.sentence != before[name].sentence, f"{name} still says: {card.sentence}"
    assert page.summary != summary
    assert page.counts != counts
    expect(page.page).to_have_url(re.compile(r"[?&]length=\d+-\d*(&|$)"))


@EACH
def test_moving_the_range_by_keyboard_changes_every_figure_and_its_sentence(at, name):
    page = at("director", name)
    before, summary, counts = page.drawn(), page.summary, page.counts

    page.press("PageUp", "ArrowRight")

    followed(page, before, summary, counts)


@EACH
def test_dragging_the_range_changes_every_figure_and_its_sentence(at, name):
    page = at("director", name)
    before, summary, counts = page.drawn(), page.summary, page.counts
    box = page.handle(upper=True).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.page.mouse.move(x, y)
    page.page.mouse.down()
    for step in range(1, 9):
        page.page.mouse.move(x - 20 * step, y, steps=2)
    page.page.mouse.up()
    left = page.handle(upper=True).bounding_box()["x"]
    page.settle()

    low, high = re.search(r"length=(\d+)-(\d+)", page.kept).groups()
    place = page.handle(upper=True)
    assert float(place.get_attribute("aria-valuenow")) == int(high), "nothing is busy any more and the figures are not where the handle is"
    followed(page, before, summary, counts)
    assert page.kept.endswith(f"length={low}-{high}"), "the figures went on moving after the answer had arrived"
    assert abs(place.bounding_box()["x"] - left) < 3, "the handle jumped away from where it was let go"
    assert abs(left - (box["x"] - 160)) < 8


def test_a_range_moved_back_shows_what_was_there_before(at):
    page = at("director", "alliance")
    before, counts = page.drawn(), page.counts

    page.press("PageUp", "PageUp", "Home")

    after = page.drawn()
    assert {name: card.sentence for name, card in after.items()} == {name: card.sentence for name, card in before.items()}
    assert {name: card.data for name, card in after.items()} == {name: card.data for name, card in before.items()}
    assert page.counts == counts
    expect(page.page).to_have_url(re.compile("/alliance$"))


@EACH
def test_a_move_is_noticed_at_once(at, name):
    page = at("director", name)

    for key in ("ArrowRight", "PageUp", "ArrowLeft"):
        assert noticed_within(page, "keydown", lambda key=key: page.handle().press(key)) < AT_ONCE


def test_every_other_filter_is_noticed_at_once(at):
    page = at("director", "goals")
    aside = page.page.get_by_role("complementary")

    assert noticed_within(page, "click", lambda: aside.get_by_role("button", name="so far").click()) < AT_ONCE
    assert noticed_within(page, "click", lambda: aside.get_by_role("checkbox", name="east").click()) < AT_ONCE
    assert noticed_within(page, "input", lambda: aside.get_by_role("combobox", name="Started from").select_option(label="2024 Q1")) < AT_ONCE
    assert noticed_within(page, "click", lambda: page.page.get_by_role("button", name=re.compile("east ✕")).click()) < AT_ONCE
    assert noticed_within(page, "click", lambda: page.reset.click()) < AT_ONCE


def test_a_burst_of_moves_ends_at_the_last_one_and_leaves_nothing_busy(at):
    page = at("director", "alliance")

    for _ in range(3):
        for key in ("ArrowRight", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft"):
            page.handle().press(key)
    page.settle()

    expect(page.page).to_have_url(re.compile(r"length=4-(&|$)"))
    assert float(page.handle().get_attribute("aria-valuenow")) == 4
    burst = {name: card.data for name, card in page.drawn().items()}
    page.press("ArrowRight", "ArrowLeft")
    assert {name: card.data for name, card in page.drawn().items()} == burst


def test_a_move_there_and_back_in_one_breath_leaves_nothing_busy(at):
    page = at("director", "goals")

    for _ in range(3):
        page.handle().evaluate(
            "handle => ['ArrowRight', 'ArrowLeft'].forEach(key => handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})))"
        )
        page.settle()

    assert float(page.handle().get_attribute("aria-valuenow")) == 1
    expect(page.page).to_have_url(re.compile("/goals$"))


def test_reset_with_nothing_to_take_away_leaves_nothing_busy(at):
    page = at("director", "goals")

    page.reset.click()

    page.settle()
