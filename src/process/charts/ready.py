"""Figures made ahead: making one takes longer than everything else a page does, so blank ones wait until a session needs them.

A waiting figure holds no data and is handed out once; what was taken is made again when the server has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from process.charts.drawing import Drawing

Make = Callable[[], Drawing]


@dataclass
class Ready:
    """Blank figures by name; `most` of each wait at a time."""

    most: int = 2
    in_use: float = 0.0
    """When somebody was last answered (`time.monotonic`): whoever makes figures ahead waits until a while after."""
    _makers: dict[str, Make] = field(default_factory=dict)
    _waiting: dict[str, list[Drawing]] = field(default_factory=dict)

    def offer(self, name: str, make: Make) -> None:
        """Say how a figure of that name is made."""
        self._makers[name] = make

    def take(self, name: str) -> Drawing:
        """A figure nobody else has: one that waited, or a new one."""
        waiting = self._waiting.get(name)
        return waiting.pop() if waiting else self._makers[name]()

    def make_one(self, enough: int | None = None, names: Collection[str] | None = None) -> bool:
        """Make the one figure that is most wanted (of `names`, where given); False when `enough` of each (default: `most`) wait."""
        short = [name for name in (self._makers if names is None else names) if len(self._waiting.get(name, ())) < (enough or self.most)]
        if not short:
            return False
        name = min(short, key=lambda name: len(self._waiting.get(name, ())))
        self._waiting.setdefault(name, []).append(self._makers[name]())
        return True


READY = Ready()
