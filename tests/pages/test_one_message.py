"""What an answer changes is one message of Bokeh's own, which says what Bokeh's many would have said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.core.serialization import Deserializer
from bokeh.document import Document
from bokeh.models import Column, ColumnDataSource, Div, Row
from bokeh.server.session import ServerSession

from process.pages import session
from process.pages.ordered import in_order


class Browser:
    """A connection as Bokeh's session knows it; `sent` takes what is sent to it."""

    def __init__(self, sent) -> None:
        self._socket = SimpleNamespace(send_message=sent)
        self.send_patch_document = lambda event: sent(("of Bokeh's own", [event]))


@pytest.fixture
def page(monkeypatch):
    """A served page of two texts and some data that one browser has open, and the messages that it was sent."""
    document, sent = Document(), []
    said, other, data = Div(text="a"), Div(text="b"), ColumnDataSource({"x": np.array([1.0, 2.0])})
    column = Column(said, other, tags=[data])
    document.add_root(column)
    document.models.flush_synced()
    served = ServerSession("one", document)
    document._session_context = lambda: SimpleNamespace(session=served, id="one", request=None)
    browser = Browser(sent.append)
    served._subscribed_connections.add(browser)
    served._pending_writes = []
    monkeypatch.setattr(session, "served", lambda: True)
    monkeypatch.setattr("process.pages.ordered.pn.state", SimpleNamespace(curdoc=document))
    return SimpleNamespace(document=document, column=column, said=said, other=other, data=data, sent=sent, served=served, browser=browser)


def test_many_changes_are_one_message_in_their_order(page):
    with in_order():
        page.said.text = "first"
        page.other.text = "second"
        page.said.text = "third"

    (message,) = page.sent
    assert [event["new"] for event in message.content["events"]] == ["first", "second", "third"]
    assert [event["model"] for event in message.content["events"]] == [page.said.ref, page.other.ref, page.said.ref]


def test_an_array_is_in_the_text_and_comes_out_as_it_was(page):
    with in_order():
        page.data.data = {"x": np.array([4.5, np.nan, 6.5]), "name": np.array(["a", "b", "c"], dtype=object)}

    (message,) = page.sent
    assert message.buffers == []
    (event,) = message.content["events"]
    arrived = Deserializer(references=[page.data]).decode(event)
    columns = arrived.get("new") or arrived["cols"] or arrived["data"]
    assert np.array_equal(columns["x"], [4.5, np.nan, 6.5], equal_nan=True) and list(columns["name"]) == ["a", "b", "c"]


def test_a_model_is_sent_whole_once_and_by_its_name_from_then_on(page):
    new = Row(Div(text="new"))
    with in_order():
        page.column.children = [page.said, new]
    with in_order():
        page.column.children = [new, page.said]
        new.children[0].text = "newer"

    first, second = (message.content["events"] for message in page.sent)
    assert first[0]["new"][0] == page.said.ref and first[0]["new"][1]["attributes"]["children"][0]["attributes"]["text"] == "new"
    assert second[0]["new"] == [new.ref, page.said.ref] and second[1]["model"] == new.children[0].ref


def test_what_a_page_changed_itself_is_not_sent_back_to_it_but_to_another_window(page):
    page.served._subscribed_connections.add(Browser(lambda message: page.sent.append(("other", message))))
    page.served._current_patch_connection = page.browser
    with in_order():
        page.said.trigger("text", "a", "by hand", setter=page.served)

    assert [each[0] for each in page.sent] == ["other"]


def test_what_a_change_brings_about_goes_with_it(page):
    def follow(attr, old, new):
        with in_order():
            page.other.text = f"after {new}"

    page.said.on_change("text", follow)
    with in_order():
        page.said.text = "this"

    (message,) = page.sent
    assert {event["new"] for event in message.content["events"]} == {"this", "after this"}
    with in_order():
        page.other.text = "next"
    assert [event["new"] for event in page.sent[1].content["events"]] == ["next"]


def test_whatever_fails_meanwhile_what_changed_before_is_sent_and_later_changes_are_bokehs(page):
    with pytest.raises(ZeroDivisionError), in_order():
        page.said.text = "before"
        _ = 1 / 0
    page.said.text = "after"

    assert [event["new"] for event in page.sent[0].content["events"]] == ["before"]
    assert page.sent[1][0] == "of Bokeh's own" and page.sent[1][1][0].new == "after"
