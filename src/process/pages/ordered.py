"""Everything that an answer changes reaches the browser in the order in which it changed.

Panel writes its widgets' changes to the websocket itself, Bokeh its models' when a callback ends; and where the socket is busy, Panel queues its message for
later, while Bokeh's go on. A page then ends on an older answer, stays busy, or is told of a figure before it has it. While Bokeh's own hold is on, Panel
leaves its changes there, too, and letting go sends all of them through the one path, in one message. (`pn.io.hold` does not: it sends what it held Panel's
way.)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import panel as pn

from process.pages import session
from process.pages.one_message import together


@contextmanager
def in_order() -> Iterator[None]:
    """Hold what changes on this session's page, and send it in order at the end; inside another such block, and in Jupyter, nothing."""
    document = pn.state.curdoc if session.served() else None
    if document is None or document.callbacks.hold_value:
        yield
        return
    document.hold("collect")
    try:
        yield
    finally:
        with together(document):
            document.unhold()
