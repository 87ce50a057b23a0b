"""A page whose code failed is not the current one afterwards: not for code of no page, and not for the next person's page. First as Bokeh leaves it."""

from __future__ import annotations

import gc
import time
import weakref
from contextlib import contextmanager, suppress

import panel as pn
import pytest
from bokeh.application.handlers import code
from bokeh.document import Document
from bokeh.document.callbacks import invoke_with_curdoc
from bokeh.document.events import ModelChangedEvent
from bokeh.io import curdoc
from bokeh.io import doc as bokeh_doc
from bokeh.models import RangeSlider
from panel.io import handlers
from tests.server.talking import OpenPage

from process.pages.page import Page
from process.server import current_page
from process.server.tickets import LIFE


@contextmanager
def as_bokeh_has_it(monkeypatch):
    """Bokeh's own way, as it is in a server that is not ours; what it leaves behind is taken away at the end."""

    @contextmanager
    def stock(document):
        bokeh_doc._PATCHED_CURDOCS.append(weakref.ref(document))
        del document
        yield
        bokeh_doc._PATCHED_CURDOCS.pop()

    before = list(bokeh_doc._PATCHED_CURDOCS)
    with monkeypatch.context() as patched:
        for module in current_page.USED_IN:
            patched.setattr(module, "patch_curdoc", stock)
        yield
    bokeh_doc._PATCHED_CURDOCS[:] = before


def failing_move(little, monkeypatch) -> None:
    """Somebody moves a range, and the answer fails with an error that is none of ours."""
    page = OpenPage.open(little, "dora")
    with monkeypatch.context() as broken:
        broken.setattr(Page, "_answer", lambda self, move=None: 1 / 0)
        broken.setattr("process.pages.page.DRAGGING", -1.0)  # answered at once, not in a callback of its own
        slider = next(iter(page.document.select({"type": RangeSlider})))
        page.send(ModelChangedEvent(page.document, slider, "value", (5, 6)))
        page.ended(within=30)
    page.close()


def failing_page(little, monkeypatch) -> None:
    """A page is made, and within that a callback fails, as that of a widget may."""
    with monkeypatch.context() as broken:
        broken.setattr("process.pages.session.query", lambda: invoke_with_curdoc(pn.state.curdoc, lambda: 1 / 0))
        assert little.get("/caseload", little.signed("tess")).status == 500


FAILING = pytest.mark.parametrize("fail", [failing_move, failing_page], ids=["a move", "a page"])


@FAILING
def test_as_bokeh_has_it_a_page_that_failed_stays_the_current_one(little, monkeypatch, fail):
    with as_bokeh_has_it(monkeypatch):
        fail(little, monkeypatch)
        assert bokeh_doc._PATCHED_CURDOCS


@FAILING
def test_a_page_that_failed_is_the_current_one_no_more(little, monkeypatch, fail):
    fail(little, monkeypatch)

    assert not bokeh_doc._PATCHED_CURDOCS and pn.state.curdoc is None
    assert little.get("/caseload", little.signed("tariq")).status == 200


def test_as_bokeh_has_it_a_document_that_is_gone_is_in_the_way_of_whatever_comes_next(monkeypatch):
    with as_bokeh_has_it(monkeypatch):
        with suppress(ZeroDivisionError), bokeh_doc.patch_curdoc(Document()):
            1 / 0  # noqa: B018
        gc.collect()
        with pytest.raises(RuntimeError, match="previously destroyed"):
            curdoc()


def test_whatever_fails_within_another_page_takes_away_its_own_page_alone(little):
    outer, inner = Document(), Document()
    with bokeh_doc.patch_curdoc(outer):
        with suppress(ZeroDivisionError), bokeh_doc.patch_curdoc(inner):
            assert curdoc() is inner
            1 / 0  # noqa: B018
        assert curdoc() is outer
    assert not bokeh_doc._PATCHED_CURDOCS


def test_a_server_that_is_built_twice_has_it_once(little):
    before = bokeh_doc.patch_curdoc
    current_page.begin()
    assert bokeh_doc.patch_curdoc is before is code.patch_curdoc is handlers.patch_curdoc


def test_a_page_is_there_for_as_long_as_its_websocket_may_be_opened_and_no_longer_than_that_is_open(little):
    """Bokeh lets go of a page after 15 seconds without a websocket; what a slow line opens then is made anew, under names that its browser does not know."""
    assert little.running.server._tornado._unused_session_lifetime_milliseconds == 1000 * LIFE
    page = OpenPage.open(little, "dora", "goals")
    (session,) = [each for each in little.running.server.get_sessions("/goals") if each.connection_count]
    assert not session.expiration_requested

    page.close()

    end = time.monotonic() + 10
    while not session.expiration_requested and time.monotonic() < end:
        time.sleep(0.05)
    assert session.expiration_requested and session.connection_count == 0
