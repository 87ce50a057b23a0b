"""How fast one address may try to sign in, where no proxy in front limits that, and how fast one sign-in may ask for what costs the server something."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

TRIES = 20
"""Sign-ins that one address may try in a minute where the server itself ends TLS; a convention of this product. A proxy in front has its own limit."""
METHODS = 30
"""Times that one sign-in may open the page on methods in a minute: half a megabyte each. Whoever reads it opens it once or twice."""
PULLS = 90
"""Documents that one sign-in may pull in a minute. A page pulls one, when it opens: three times the pages that one person may have open, all at once."""
CHANGES = 600
"""What one sign-in may click, choose and type in a minute: ten a second, without a pause. Each may write a line of the audit log."""
SLIDES = 6000
"""Places that the handles of a range may be drawn over in a minute: a screen shows sixty a second, and a page works out only where they come to rest."""


class Pace:
    """Tries of each address, `most` in `within` seconds: each costs the server a tenth of a second."""

    def __init__(self, most: int = TRIES, within: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._within, self._clock = most, within, clock
        self._began, self._tried = clock(), Counter[str]()

    def allows(self, address: str, times: int = 1) -> bool:
        """Count a try, or several at once; False for one too many."""
        if self._clock() >= self._began + self._within:
            self._began, self._tried = self._clock(), Counter()
        self._tried[address] += times
        return self._tried[address] <= self._most


class Allowances:
    """What each sign-in may ask for in a minute of this process, by its key: 30 times the page on methods, 90 documents, 600 changes, 6000 places of a range.

    No honest use comes near: whoever is beyond is refused (429 for a page; a websocket closes) until the minute is over, and nothing of it is worked out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.methods, self.pulls = Pace(METHODS, clock=clock), Pace(PULLS, clock=clock)
        self.changes, self.slides = Pace(CHANGES, clock=clock), Pace(SLIDES, clock=clock)
