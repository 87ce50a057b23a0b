"""How fast one address may try to sign in, where no proxy in front limits that."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

TRIES = 20
"""Sign-ins that one address may try in a minute where the server itself ends TLS; a convention of this product. A proxy in front has its own limit."""


class Pace:
    """Tries of each address, `most` in `within` seconds: each costs the server a tenth of a second."""

    def __init__(self, most: int = TRIES, within: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._within, self._clock = most, within, clock
        self._began, self._tried = clock(), Counter[str]()

    def allows(self, address: str) -> bool:
        """Count a try; False for one too many."""
        if self._clock() >= self._began + self._within:
            self._began, self._tried = self._clock(), Counter()
        self._tried[address] += 1
        return self._tried[address] <= self._most
