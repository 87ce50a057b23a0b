"""A page settles on where its range was left, however fast and often that was moved before; what fails on the way is said."""

from __future__ import annotations

import asyncio
import random

import pytest
from bokeh.document.events import ModelChangedEvent
from bokeh.models import RangeSlider
from tests import clinics
from tests.server.served import serving
from tests.server.talking import OpenPage

from process.access import Viewer
from process.pages.card import Card
from process.pages.page import FAILED, Page
from process.server import People


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A clinic whose courses have 3 to 30 sessions."""
    lengths = [("T1", 12, 3), ("T1", 12, 9), ("T2", 12, 16), ("T2", 12, 30)]
    records = clinics.opened(tmp_path_factory.mktemp("many") / "store", clinics.counted(*lengths))
    with serving(records, People({"dora": Viewer("dora", "director"), "tess": Viewer("tess", "therapist", "T1")})) as served:
        yield served
    records.engine.close()


def slider(page) -> RangeSlider:
    return next(iter(page.document.select({"type": RangeSlider})))


def send(page, *moves: tuple[int, int]) -> None:
    """Moves, one after the other, none of them waited for."""
    for to in moves:
        page.send(ModelChangedEvent(page.document, slider(page), "value", to))


def until_settled(page, to: tuple[int, int], within: float = 30.0) -> bool:
    """Whether the page says that it has settled there."""

    async def listen() -> None:
        while page.settled != to:
            message = await page._message()
            if message.msgtype == "PATCH-DOC":
                message.apply_to_document(page.document)

    try:
        page._loop.run_until_complete(asyncio.wait_for(listen(), within))
    except TimeoutError:
        return False
    return True


def test_a_burst_of_moves_ends_where_the_hand_ended(many):
    draw, page = random.Random(8), OpenPage.open(many, "dora", "goals")
    for _ in range(3):
        moves = [(low, draw.randint(low + 1, 30)) for low in (draw.randint(3, 20) for _ in range(draw.randint(1, 12)))]
        if moves[-1] == page.settled:
            moves[-1] = (4, 29)
        send(page, *moves)
        assert until_settled(page, moves[-1]), moves
    page.close()


def test_there_and_back_in_one_breath_leaves_no_later_move_without_an_answer(many):
    page = OpenPage.open(many, "dora")
    for to in ((5, 20), (7, 19)):
        send(page, (6, 20), (5, 20), (5, 20), to, to)
        assert until_settled(page, to)
    page.close()


def test_a_range_outside_the_scale_is_answered_for_the_part_that_is_on_it(many):
    page = OpenPage.open(many, "tess")
    assert (slider(page).start, slider(page).end) == (3, 9), "the scale is that of one's own courses"

    send(page, (1, 7))

    assert until_settled(page, (3, 7)) and tuple(slider(page).value) == (3, 7)
    page.close()


def test_a_card_that_fails_after_the_move_was_taken_is_said_and_the_page_does_not_settle(many, monkeypatch):
    page, finish = OpenPage.open(many, "dora"), Page._finish
    send(page, (5, 20))
    assert until_settled(page, (5, 20))

    def fails(self, move, names):
        monkeypatch.setattr(Card, "show", lambda card, answer: 1 / 0)
        finish(self, move, names)

    monkeypatch.setattr(Page, "_finish", fails)
    send(page, (6, 20))
    assert not until_settled(page, (6, 20), within=3)
    assert page.alerts == FAILED
    page.close()
