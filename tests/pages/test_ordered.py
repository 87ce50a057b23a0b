"""What an answer changes reaches the browser in the order in which it changed, also while the websocket is busy with an earlier message."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import panel as pn
import pytest
from bokeh.document import Document
from bokeh.models import Div
from panel.io import document as panel_document
from panel.io.state import set_curdoc, state

from process.pages import session
from process.pages.ordered import in_order


class Connection:
    """A websocket that is writing, as Panel looks at it; which messages Panel makes of its own does not matter here."""

    _socket = SimpleNamespace(write_lock=SimpleNamespace(_block=SimpleNamespace(_value=0)))
    protocol = SimpleNamespace(create=lambda kind, events: (kind, events))


@pytest.fixture
def page(monkeypatch):
    """A served document with a widget of Panel's and a model of Bokeh's, and a websocket that is writing."""
    document = Document()
    served = SimpleNamespace(_subscribed_connections=[Connection()], id="one")
    document._session_context = lambda: SimpleNamespace(session=served, id="one", request=None, server_context=None)
    button, said = pn.widgets.Button(label="a"), Div(text="a")
    monkeypatch.setattr(session, "served", lambda: True)
    monkeypatch.setattr(type(state), "loaded", property(lambda self: True))
    monkeypatch.setattr(panel_document, "_dispatch_write_task", lambda *rest: None)
    monkeypatch.setitem(state._connected, document, True)
    monkeypatch.setitem(state._thread_id_, document, threading.get_ident())
    with set_curdoc(document):
        document.add_root(button.get_root(document))
        document.add_root(said)
        arrived = []
        document.on_change(lambda event: arrived.append(event.new) if getattr(event, "attr", "") in ("label", "text") else None)
        yield SimpleNamespace(button=button, said=said, arrived=arrived)
    panel_document._WRITE_MSGS.pop(document, None)


def change(page) -> None:
    page.button.label = "first"
    page.said.text = "second"
    page.button.label = "third"


def test_while_the_socket_is_busy_panel_keeps_its_own_changes_for_later(page):
    change(page)
    assert page.arrived == ["second"]


def test_in_order_nothing_overtakes_anything(page):
    with in_order():
        change(page)
        assert page.arrived == []
    assert page.arrived == ["first", "second", "third"]


def test_a_block_within_a_block_waits_for_the_outer_one(page):
    with in_order():
        with in_order():
            change(page)
        assert page.arrived == []
    assert page.arrived == ["first", "second", "third"]
