"""What a server shows: the store's current generation, taken up when a load has published it, and the earlier ones that open pages still rest on.

New pages get the latest records. A page that is open finishes on those it began with and is told that there are newer ones; when its generation is not kept
any more (pruned, rolled back past, patients deleted from it) its next answer is a sentence that says so. Nothing here waits: opening a generation, which
reads all of it once to check its sum, is left to whoever calls `opened` in a thread.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from process.access.clinic import Records, opened_generation
from process.store.generation import generations, named, number, pointed_to

NEWER = "Newer records have been loaded. This page goes on showing those it was opened with."
ENDED = "The records that this page was opened with are not served any more: they were replaced, taken back, or records in them were deleted."


@dataclass
class Latest:
    """The records that are shown now, and how many pages rest on which."""

    records: Records
    _pages: dict[str, int] = field(default_factory=dict)
    _earlier: dict[str, Records] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def lend(self) -> Records:
        """The records for a page that opens now; to be given back when it closes."""
        with self._lock:
            name = self.records.generation.name
            self._pages[name] = self._pages.get(name, 0) + 1
            return self.records

    def give_back(self, records: Records) -> None:
        """A page that rested on these records has closed; earlier records that no page rests on are let go of."""
        with self._lock:
            name = records.generation.name
            self._pages[name] = max(0, self._pages.get(name, 0) - 1)
            if not self._pages[name]:
                del self._pages[name]
                self._let_go(name)

    def look(self) -> str | None:
        """See what has become of the store: end the pages whose generation is gone, and give the name of one to be taken up, None where there is none."""
        store = self.records.generation.store
        pointed, kept = pointed_to(store), set(generations(store))
        with self._lock:
            shown = self.records.generation.name
            for name, records in list(self._earlier.items()):
                if name not in kept or number(name) > number(shown):
                    records.ended = ENDED
                    self._let_go(name, always=True)
        return pointed if pointed is not None and pointed != shown else None

    def opened(self, name: str) -> Records:
        """That generation, every bit of it checked, opened and asked its first questions. Raises a `UserError` where it cannot be served."""
        with self._lock:
            if name in self._earlier:
                return self._earlier[name]
        records = opened_generation(named(self.records.generation.store, name))
        assert records.manifest and records.present  # asked once here, so that the first page does not wait for it
        return records

    def take_up(self, records: Records) -> None:
        """Show these records from now on, and tell the pages that rest on others."""
        with self._lock:
            before = self.records
            self._earlier.pop(records.generation.name, None)
            records.news = ""
            self.records = records
            before.news = NEWER
            self._earlier[before.generation.name] = before
            if not self._pages.get(before.generation.name):
                self._let_go(before.generation.name)
        self.look()

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            for records in (*self._earlier.values(), self.records):
                records.engine.close()
            self._earlier.clear()

    def _let_go(self, name: str, always: bool = False) -> None:
        if name in self._earlier and (always or not self._pages.get(name)):
            self._earlier.pop(name).engine.close()
