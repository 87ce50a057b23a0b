"""What one sign-in may ask for in a minute: more than anybody needs, and no more than the server does beside its work."""

from __future__ import annotations

import asyncio
import logging

import pytest
from bokeh.document.events import ModelChangedEvent
from bokeh.models import RangeSlider, Toggle
from tests.server.talking import OpenPage
from tornado.websocket import WebSocketClosedError

from process.server.pace import CHANGES, METHODS, PULLS, SLIDES, Allowances, Pace
from process.server.websocket import Socket


@pytest.fixture
def page(little):
    opened = OpenPage.open(little, "dora")
    yield opened
    opened.close()


def asked(page, kind):
    """Send a message without content, and wait for nothing."""
    page._run(page._send(page._protocol.create(kind)))


def closed(page, within=20.0):
    """The code that the server closes the page with; None where it stays open."""
    try:
        return page.ended(within)
    except TimeoutError:
        return None


def change(page, kind, attr, values):
    model = next(iter(page.document.select({"type": kind})))
    for value in values:
        page.send(ModelChangedEvent(page.document, model, attr, value))


def test_each_sign_in_has_its_own_minute():
    moment = [0.0]
    allowances = Allowances(lambda: moment[0])

    for pace, most in ((allowances.methods, METHODS), (allowances.pulls, PULLS), (allowances.changes, CHANGES), (allowances.slides, SLIDES)):
        assert pace.allows("one", most) and not pace.allows("one") and pace.allows("other", most)
    moment[0] = 60.0
    assert all(pace.allows("one") for pace in (allowances.methods, allowances.pulls, allowances.changes, allowances.slides))


def test_the_page_on_methods_is_refused_to_whoever_opens_it_without_end(little, monkeypatch):
    monkeypatch.setattr(little.gate.allowances, "methods", Pace(2))
    cookie, other = little.signed("dora"), little.signed("dora")

    assert [little.get("/methods", cookie).status for _ in range(2)] == [200, 200]
    refused = little.get("/methods", cookie)
    assert refused.status == 429 and "Wait a minute" in refused.body and len(refused.body) < 2000
    assert little.get("/methods", other).status == 200 and little.get("/caseload", cookie).status == 200


def test_a_page_pulls_its_document_once_and_not_without_end(little, page, monkeypatch):
    monkeypatch.setattr(little.gate.allowances, "pulls", Pace(2))
    asked(page, "PULL-DOC-REQ")
    asked(page, "PULL-DOC-REQ")
    assert closed(page, 1.0) is None

    asked(page, "PULL-DOC-REQ")

    assert closed(page) == 1008 and page.why == "too much at once"


def test_a_range_is_drawn_over_more_places_than_a_hand_clicks_and_not_without_end(little, page, monkeypatch):
    monkeypatch.setattr(little.gate.allowances, "changes", Pace(4))
    monkeypatch.setattr(little.gate.allowances, "slides", Pace(20))
    change(page, Toggle, "active", [True, False] * 2)
    change(page, RangeSlider, "value", [(1 + n % 3, 30) for n in range(20)])
    assert closed(page, 1.0) is None

    change(page, RangeSlider, "value", [(2, 30)])

    assert closed(page) == 1008 and page.why == "too much at once"


def test_what_is_clicked_without_end_in_one_message_too_ends_that_sign_ins_page_and_nobody_elses(little, page, monkeypatch):
    monkeypatch.setattr(little.gate.allowances, "changes", Pace(4))
    other = OpenPage.open(little, "dora")
    toggle = next(iter(page.document.select({"type": Toggle})))
    events = [ModelChangedEvent(page.document, toggle, "active", bool(n % 2)) for n in range(5)]

    page._run(page._send(page._protocol.create("PATCH-DOC", events)))
    change(other, Toggle, "active", [True])

    assert closed(page) == 1008 and page.why == "too much at once"
    assert closed(other, 1.0) is None
    other.close()


def test_no_page_is_told_versions(page):
    asked(page, "SERVER-INFO-REQ")

    assert closed(page) == 1008 and page.why == "not allowed"


@pytest.mark.parametrize("kind", ["PATCH-DOC", "ERROR"])
def test_a_page_that_is_gone_before_it_is_sent_something_is_nothing_to_warn_of(caplog, kind):
    class Late:
        msgtype, content = kind, None

        async def send(self, to):
            raise WebSocketClosedError

    gone = object.__new__(Socket)
    gone.ws_connection = None
    with caplog.at_level(logging.WARNING):
        asyncio.run(gone.send_message(Late()))

    assert not caplog.records
