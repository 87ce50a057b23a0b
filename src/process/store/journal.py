"""The store's journal: one JSON line for whatever is done to a store, when, with what outcome. Names of generations and kinds of errors; never a value.

Lines are only ever added. A line that a crash cut short is left where it is and the next one begins on a line of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from process.errors import UserError
from process.store.folder import FILE_MODE, JOURNAL


def note(store: Path, what: str, outcome: str, **facts: Any) -> None:
    """Add a line: `what` (load, publish, rollback, swap, …), `outcome` (begun, done, refused, failed, …) and what else is to be known.

    A journal that cannot be written (a full disk, a store that is not ours) stops nothing.
    """
    line = json.dumps({"when": datetime.now(UTC).isoformat(timespec="milliseconds"), "what": what, "outcome": outcome, **facts, "process": os.getpid()})
    with suppress(OSError):
        handle = os.open(Path(store) / JOURNAL, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            size = os.fstat(handle).st_size
            cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, ("\n" * cut + line + "\n").encode("utf-8"))
        finally:
            os.close(handle)


@contextmanager
def noting(store: Path, what: str, **facts: Any) -> Iterator[dict[str, Any]]:
    """Write `begun` before and `done`, `refused` (a user's mistake, by its kind) or `failed` (anything else, by its kind) after what is done in the block.

    The block may add facts to the dictionary it is given. Nothing is written where there is no store yet.
    """
    found: dict[str, Any] = dict(facts)
    note(store, what, "begun", **facts)
    try:
        yield found
    except UserError as mistake:
        note(store, what, "refused", **found, kind=type(mistake).__name__)
        raise
    except BaseException as fault:
        note(store, what, "failed", **found, kind=type(fault).__name__)
        raise
    note(store, what, "done", **found)


def entries(store: Path) -> list[dict[str, Any]]:
    """Every line that can be read, oldest first."""
    try:
        lines = (Path(store) / JOURNAL).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                found.append(entry)
    return found
