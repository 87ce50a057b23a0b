"""What libraries write into the server's log: no text of an error or a message."""

from __future__ import annotations

import io
import logging

import pytest

from process.server import said_less


@pytest.fixture
def written():
    """What loggers write from now on, with tracebacks as usual."""
    before, out = logging.getLogRecordFactory(), io.StringIO()
    said_less.begin()
    handler = logging.StreamHandler(out)
    names = (*said_less.FROM, "bokeh.server.views.ws", "therapy_process")
    for name in names:
        logging.getLogger(name).addHandler(handler)
    yield out
    for name in names:
        logging.getLogger(name).removeHandler(handler)
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize("name", [*said_less.FROM, "bokeh.server.views.ws"])
def test_an_error_is_said_by_its_kind_and_place_alone(written, name):
    try:
        int("MARKER of a cell")
    except ValueError as wrong:
        logging.getLogger(name).error("Handler threw %r on %r", wrong, {"new": "MARKER of a message"}, exc_info=True, stack_info=True)
    logging.getLogger(name).warning("MARKER %(what)s", {"what": "MARKER"})

    said = written.getvalue()
    assert "MARKER" not in said and "Traceback" not in said and "Handler" not in said
    assert "ValueError at test_said_less.py:" in said and "Warning at test_said_less.py:" in said


def test_the_servers_own_lines_are_left_as_they_are_and_it_begins_once(written):
    made = logging.getLogRecordFactory()
    said_less.begin()
    logging.getLogger("therapy_process").error("%s answered %d", "Page", 500)

    assert "Page answered 500" in written.getvalue() and logging.getLogRecordFactory() is made
