"""A log for a test: a folder of its own, its key beside it, closed at the end; and what tests do to its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from process.access import audit
from process.access.audit import checking, lines, log, place
from process.access.audit.chain import Chain

DIRECTOR_IN = {"how": "local account"}


@contextmanager
def keeping(folder: Path, **settings) -> Iterator[Path]:
    """The log of this process in `<folder>/log`, its key in `<folder>/audit.key`; that of a server which runs meanwhile stands aside."""
    with none_kept():
        audit.keep(folder / "log", folder / "audit.key", **settings)
        try:
            yield folder / "log"
        finally:
            audit.close()


@contextmanager
def none_kept() -> Iterator[None]:
    """No log at all, as in a notebook."""
    aside, log._kept[:] = list(log._kept), []
    try:
        yield
    finally:
        log._kept[:] = aside


def chain(folder: Path) -> Chain:
    """The same chain for another writer."""
    return Chain.opened(folder / "log", folder / "audit.key")


def verified(folder: Path, anchor: str = "") -> checking.Checked:
    """What `verify` finds."""
    return checking.verify(folder / "log", place.key_of(folder / "log", folder / "audit.key"), anchor)


def add(folder: Path, count: int, user: str = "dora") -> None:
    """Lines of sign-ins."""
    chain(folder).append([lines.composed("signed_in", user, DIRECTOR_IN) for _ in range(count)])


def read(folder: Path) -> list[dict]:
    """Every line as it stands."""
    return [json.loads(text) for path in place.months(folder / "log") for text in path.read_text().splitlines()]


def file(folder: Path) -> Path:
    """The newest file."""
    return place.months(folder / "log")[-1]
