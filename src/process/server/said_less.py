"""What libraries write into the server's log: the kind of an error and where it was, never their words, which repeat what a page sent and what a cell holds."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from traceback import extract_tb
from typing import Any

FROM = ("bokeh", "panel", "tornado", "param", "asyncio")
"""Loggers of what the server is built on, with all below them; each of them writes texts of errors or of messages."""


def begin() -> None:
    """From now on, for the whole process: records are made anew where they are made, so that no handler, of theirs or of ours, sees more."""
    before = logging.getLogRecordFactory()
    if getattr(before, "says_less", False):
        return

    def made(*given: Any, **named: Any) -> logging.LogRecord:
        record = before(*given, **named)
        return less(record) if record.name.split(".")[0] in FROM else record

    made.says_less = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)


def of_text(trace: str) -> str:
    """The same of a traceback that a library has kept as text alone."""
    ends = [line for line in trace.splitlines() if line and not line[0].isspace()]
    kind = re.match(r"[A-Za-z_][\w.]*", ends[-1]) if ends else None
    frames = [f"{Path(name).name}:{line}" for name, line in reversed(re.findall(r'^  File "([^"\n]+)", line (\d+)', trace, re.MULTILINE)[-6:])]
    return f"{kind[0].rsplit('.', 1)[-1] if kind else 'Error'} at {' < '.join(frames)}"


def less(record: logging.LogRecord) -> logging.LogRecord:
    """The record without its text: kind of error, if there was one, and the files and lines that it came through."""
    kind, _, trace = record.exc_info if isinstance(record.exc_info, tuple) else (None, None, None)
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(extract_tb(trace)[-6:])] if trace else []
    said = kind.__name__ if kind is not None else record.levelname.capitalize()
    record.msg = f"{said} at {' < '.join([*frames, f'{record.filename}:{record.lineno}'])}"
    record.args, record.exc_info, record.exc_text, record.stack_info = (), None, None, None
    return record
