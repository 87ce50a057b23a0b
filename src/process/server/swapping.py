"""A running server takes up what a load has published: it looks at the store's pointer every second and opens the new generation in a thread.

A generation that cannot be served is said once, on stderr and in the store's journal, and the one before is served on; it is tried again now and then, in case
somebody has mended it or put its key in place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from process.access.latest import Latest
from process.errors import UserError
from process.store import journal

EVERY = 1.0
"""Seconds between two looks at the pointer: one small file and one folder are read."""
AGAIN = 30.0
"""Seconds until a generation that could not be opened is tried again."""


class Swapping:
    """The watch over one store, for as long as its server runs. `log` gets a line for whatever a person should know."""

    def __init__(self, latest: Latest, log: Callable[[str], None]):
        self._latest = latest
        self._log = log
        self._store = latest.records.generation.store
        self._refused: tuple[str, float] = ("", 0.0)

    async def watch(self) -> None:
        """Look, and look again, until the task is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Take up what is published, if it is another generation than the one that is shown."""
        try:
            name = self._latest.look()
        except OSError:
            return  # a store that cannot be looked at for a moment (a network disk) is looked at again
        if name is None or (name == self._refused[0] and time.monotonic() < self._refused[1]):
            return
        before = self._latest.records.generation.name
        try:
            records = await asyncio.get_running_loop().run_in_executor(None, self._latest.opened, name)
        except Exception as problem:  # whatever is wrong with the new one, the old one is served on
            self._refuse(name, before, problem)
            return
        self._refused = ("", 0.0)
        self._latest.take_up(records)
        self._log(f"Generation {name} is served now; before it was {before}.")
        journal.note(self._store, "swap", "done", generation=name, before=before)

    def _refuse(self, name: str, before: str, problem: Exception) -> None:
        said = name == self._refused[0]
        self._refused = (name, time.monotonic() + AGAIN)
        if not said:
            why = str(problem) if isinstance(problem, UserError) else f"An unexpected {type(problem).__name__}."
            self._log(f"Generation {name} cannot be served; {before} is served on. {why}")
            journal.note(self._store, "swap", "refused", generation=name, before=before, kind=type(problem).__name__)
