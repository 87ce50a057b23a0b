"""The log of this process: what must be on disk before something happens is written at once, what a page shows is written by a thread when it has settled.

- A sign-in and an export are written and on the disk before anybody signs in and anything leaves; where that fails they are refused (`LogProblem`).
- A refusal, a sign-out and an end are written at once, too, but happen in any case; a line that cannot be written waits in memory and is tried again.
  The same refusal, or the same page of text read, again within a minute is counted, and the count written when the minute is over, so that nobody fills the
  disk with them. What waits in memory is bounded, too; how many lines were lost by that is a line of its own (`mended`).
- What a page shows is written within two seconds. While lines cannot be written, nothing more is answered: so no more than the last answers of a page are ever
  shown before their line is on the disk, and their lines are the first that are written when it goes on.

A process that is killed (not ended) loses the lines of the last two seconds of pages, and counts of repeated refusals; never those of sign-ins and exports.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from process.access.audit import lines
from process.access.audit.chain import Chain
from process.access.viewer import Viewer
from process.errors import LogProblem

EVERY = 0.25
"""Seconds between two looks at what has settled."""
AGAIN = 1.0
"""Seconds after which a log that could not be written is tried again."""
REPEATED = 60.0
"""Seconds in which the same refusal again is only counted."""
PRUNE_AGAIN = 600.0
"""Seconds after which old months that could not be removed are tried again."""
MOST_KINDS = 1_000
"""Refusals that differ and are counted apart within a minute."""
MOST_WAITING = 10_000
"""Lines that wait in memory while the log cannot be written: a few megabytes."""
MUST = ("signed_in", "export")
COUNTED = ("refused", "sign_in_refused", "read")
LOST = "lines were lost while the log could not be written"
NONE = "Nothing can be shown: no audit log is kept. Start the server with `therapy-process serve`."
CANNOT = "Nothing can be shown or exported: the audit log cannot be written. Tell whoever runs the server; its disk may be full."

_kept: list[Log] = []


class Log:
    """One process's way to a chain of lines that it may share with other processes."""

    def __init__(self, chain: Chain, months: int = 0, today: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.chain, self._months, self._today = chain, months, today
        self._pruned, self._prune_again = today().date(), 0.0
        self.looking = threading.RLock()
        self._writing = threading.RLock()
        self._pages: set[Any] = set()
        self._waiting: list[dict[str, Any]] = []
        self._lost = 0
        self._repeats: dict[tuple, list[Any]] = {}
        self._failed = 0.0
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)
        self._thread.start()

    def note(self, kind: str, viewer: Viewer | str | None, facts: dict[str, Any]) -> None:
        """Write a line now; see the module for what happens where that fails."""
        line = lines.composed(kind, viewer, facts)
        if kind in COUNTED and self._repeated(line):
            return
        with self._writing:
            try:
                self._write([line], keep=kind not in MUST)
            except LogProblem:
                if kind in MUST:
                    raise

    def require(self) -> None:
        """Raise `LogProblem` while the log cannot be written."""
        if self._failed and (time.monotonic() - self._failed < AGAIN or not self._retry()):
            raise LogProblem(CANNOT)

    def watch(self, page: Any) -> None:
        """A page has something to be written once it has settled."""
        self._pages.add(page)

    def flush(self) -> None:
        """Write whatever waits, settled or not."""
        self._settle(always=True)

    def close(self) -> None:
        """Write whatever waits and end the thread."""
        if not self._closed:
            self._closed = True
            self._wake.set()
            self._thread.join(5)
            try:
                self.flush()
            except LogProblem:
                pass

    def _run(self) -> None:
        while not self._wake.wait(EVERY):
            try:
                self._settle()
            except LogProblem:
                pass  # kept and tried again; whoever asks is refused meanwhile
            self._prune()

    def _prune(self) -> None:
        """Once on each day of UTC: what is older than it is to be kept for is removed, as at the start."""
        today = self._today()
        if today.date() == self._pruned or time.monotonic() < self._prune_again:
            return
        try:
            with self._writing:
                self.chain.prune(self._months, today)
        except OSError:
            self._prune_again = time.monotonic() + PRUNE_AGAIN
        else:
            self._pruned = today.date()

    def _settle(self, always: bool = False) -> None:
        now = time.monotonic()
        with self.looking:
            due = []
            for page in list(self._pages):
                due += page.due(now, always)
                if page.nothing:
                    self._pages.discard(page)
            for key, (line, times, began) in list(self._repeats.items()):
                if always or now - began >= REPEATED:
                    del self._repeats[key]
                    due += [{**line, "times": times}] if times else []
        if due or (self._waiting and (always or now - self._failed >= AGAIN)):
            self._write(due)

    def _repeated(self, line: dict[str, Any]) -> bool:
        key = tuple(sorted((name, str(value)) for name, value in line.items() if name != "at"))
        with self.looking:
            if len(self._repeats) >= MOST_KINDS and key not in self._repeats:
                key = key[:0]  # more kinds of refusal than there can be: they are counted together
            if key in self._repeats:
                self._repeats[key][1] += 1
                return True
            self._repeats[key] = [line, 0, time.monotonic()]
            return False

    def _retry(self) -> bool:
        try:
            self._write([])
        except LogProblem:
            return False
        return True

    def _write(self, new: list[dict[str, Any]], keep: bool = True) -> None:
        """Write what waits, then these; where that fails they wait, too, unless nothing happens then that they would say (`keep=False`)."""
        with self._writing:
            lost = [lines.composed("mended", None, {"why": LOST, "times": self._lost})] if self._lost else []
            try:
                self.chain.append([*self._waiting, *lost, *new])
            except OSError:
                self._failed = time.monotonic()
                waiting = self._waiting + new if keep else self._waiting
                self._waiting, self._lost = waiting[:MOST_WAITING], self._lost + len(waiting[MOST_WAITING:])
                raise LogProblem(CANNOT) from None
            self._waiting, self._lost, self._failed = [], 0, 0.0


def keep(folder: Path, key: Path | None = None, months: int = 24) -> Log:
    """Keep the log of this process in a folder (made where it is not there), sealed with the key of that file or of its usual place.

    `months`: how long lines are kept, counted in whole months, looked at now and once a day; 0 = until somebody removes them. Raises `LogProblem` where it
    cannot be written.
    """
    close()
    try:
        chain = Chain.opened(folder, key)
        chain.prune(months)
    except OSError as problem:
        raise LogProblem(f"The audit log in {folder} cannot be written: {problem.strerror}. Mend that, or name another folder.") from None
    _kept.append(Log(chain, months))
    return _kept[0]


def kept() -> Log | None:
    """The log of this process; None where there is none, as in Jupyter."""
    return _kept[0] if _kept else None


def require() -> None:
    """Raise `LogProblem` while the log of this process cannot be written, and where there is none: whoever is served is noted."""
    if not _kept:
        raise LogProblem(NONE)
    _kept[0].require()


def note(kind: str, viewer: Viewer | str | None = None, **facts: Any) -> None:
    """Write a line; `viewer` is a viewer, the name of a user who is in the table of people, or None for anybody else."""
    if _kept:
        _kept[0].note(kind, viewer, facts)
    else:
        lines.composed(kind, viewer, facts)  # a wrong kind is found where no log is kept, too


def flush() -> None:
    """Write whatever waits."""
    if _kept:
        _kept[0].flush()


@atexit.register
def close() -> None:
    """End the log of this process."""
    while _kept:
        _kept.pop().close()
