"""A small SQLite file that is asked from the server's one loop: whatever holds the file up, the loop waits a moment and no longer, and nobody is let in.

What fails is said in the log once, and again when it works; meanwhile every question is tried without waiting, so that it works again as soon as the file does.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from tornado.web import HTTPError

from process.errors import NotAllowed

WAITS = 0.2
"""Seconds that the loop is held at most for another who writes; writing a row takes a thousandth of that."""
OPENING = 5.0
"""Seconds that a server that is starting waits for the others to have made the file."""
NOT_NOW = "Who is signed in cannot be looked up just now. Try again in a moment; if it lasts, tell whoever runs the server."


class NotNow(NotAllowed, HTTPError):
    """The file cannot be read or written at this moment: no access, which a handler that does not catch it answers with 503."""

    def __init__(self) -> None:
        HTTPError.__init__(self, 503)

    def __str__(self) -> str:
        """What a page says."""
        return NOT_NOW


class BoundedTable:
    """The connection to that file; `made` are the statements that make what is in it."""

    def __init__(self, path: Path, made: tuple[str, ...]) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=OPENING, check_same_thread=False)
        for statement in made:
            self.connection.execute(statement)
        self._lock = threading.Lock()
        self._failing: set[str] = set()
        self._wait(WAITS)

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """The rows that a statement gives; `NotNow` where the file cannot be read or written."""
        with self._lock:
            what = "read" if statement.lstrip().startswith("select") else "written"
            try:
                rows = self.connection.execute(statement, values).fetchall()
            except sqlite3.Error as problem:
                self._fails(what, problem)
                raise NotNow from None
            self._works(what)
            return rows

    def require_writing(self) -> None:
        """Raise `NotNow` where nothing can be written: asked before somebody is told that a password is right."""
        with self._lock:
            try:
                self.connection.execute("begin immediate")
                self.connection.execute("rollback")
            except sqlite3.Error as problem:
                self._fails("written", problem)
                raise NotNow from None
            self._works("written")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self.connection.close()

    def _fails(self, what: str, problem: sqlite3.Error) -> None:
        if what not in self._failing:
            self._failing.add(what)
            why = getattr(problem, "sqlite_errorname", type(problem).__name__)  # a name of SQLite's own; its text may repeat a statement
            so = "Nobody is let in until it can." if what == "read" else "Nobody can sign in until it can."
            logging.getLogger("therapy_process").error("The table of sign-ins %s cannot be %s (%s). %s", self.path, what, why, so)
            self._wait(0)

    def _works(self, what: str) -> None:
        if what in self._failing:
            self._failing.discard(what)
            logging.getLogger("therapy_process").warning("The table of sign-ins %s can be %s again.", self.path, what)
            if not self._failing:
                self._wait(WAITS)

    def _wait(self, seconds: float) -> None:
        try:
            self.connection.execute(f"pragma busy_timeout = {int(1000 * seconds)}")
        except sqlite3.Error:  # it keeps the bound that it has
            pass
