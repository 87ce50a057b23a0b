"""The lock-out: after five failed sign-ins within fifteen minutes a user name is refused until they are over, known or not, right password or wrong.

An attempt is counted before its password is verified and taken back when it fits, so that many at once are not more than five. What is counted lies in a small
file beside the table of people, so that a restart or a second process starts nothing anew; the file has no user name in it, only salted hashes, because people
type passwords into the wrong field. It can be lost: then the count begins again, and it never keeps anybody out for longer than fifteen minutes.

A browser in which this very user has signed in before is counted by itself (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"), so that nobody
else's failures keep its user out, and its own neither open nor lock anything for others. Which browser that is, the server says.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from process.errors import NotAllowed
from process.sealed.whole import FILE_MODE

FAILURES = 5
WITHIN = 15 * 60.0
"""Seconds. Five failures in fifteen minutes are a convention of this product; NIST SP 800-63B (section 5.2.2) allows up to 100 in a row."""
MOST = 10_000
"""User names that are counted at once; beyond it those with the fewest failures are dropped first, so that many invented names lift nobody's lock."""


class Attempts:
    """Failed attempts by user name, in a file that several processes share. `clock` gives seconds since 1970."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = Path(file)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict = {}

    def begin(self, user: object, browser: str = "") -> None:
        """Count an attempt; `NotAllowed` where there were too many already. That one is not counted: trying on prolongs nothing.

        `browser`: the random id of a browser that is known to be this user's; empty = anybody's.
        """
        with self._changing() as (counted, salt, now):
            name = _name(user, salt, browser)
            recent = counted.get(name, [])
            refused = len(recent) >= FAILURES
            if not refused:
                counted[name] = [*recent, now]
        if refused:
            minutes = max(1, math.ceil((recent[0] + WITHIN - now) / 60))
            raise NotAllowed(f"Too many attempts failed for this user name. Try again in {minutes} minute{'s' if minutes > 1 else ''}.")

    def forget(self, user: object, browser: str = "") -> None:
        """The attempt succeeded: count none of this user's any more, of that browser's or of strangers', wherever it came from."""
        with self._changing() as (counted, salt, _):
            counted.pop(_name(user, salt, browser), None)

    def writable(self) -> bool:
        """Whether the file can be written, or made; it is not touched."""
        try:
            os.close(os.open(self._file, os.O_RDWR | os.O_NOFOLLOW))
        except FileNotFoundError:
            return os.access(self._file.parent, os.W_OK | os.X_OK)
        except OSError:
            return False
        return True

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, list[float]], str, float]]:
        """What is counted now, to be changed; where the file cannot be written, this process goes on with what it has in memory."""
        with self._lock:
            handle = self._opened()
            try:
                kept = self._loaded(handle)
                salt, now = kept.get("salt") or secrets.token_hex(16), self._clock()
                counted = {name: recent for name, times in kept.get("counted", {}).items() if (recent := _recent(times, now))}
                yield counted, salt, now
                most = sorted(counted.items(), key=lambda entry: (len(entry[1]), entry[1][-1]))[-MOST:]
                self._kept = {"salt": salt, "counted": dict(most)}
                self._store(handle)
            finally:
                if handle is not None:
                    os.close(handle)

    def _opened(self) -> int | None:
        try:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            return None
        return handle

    def _loaded(self, handle: int | None) -> dict:
        if handle is None:
            return self._kept
        try:
            found = json.loads(os.pread(handle, os.fstat(handle).st_size, 0))  # an empty file says nothing, and memory does
            well = isinstance(found.get("counted", {}), dict) and isinstance(found.get("salt", ""), str)
            return found if well and all(isinstance(times, list) for times in found.get("counted", {}).values()) else self._kept
        except (OSError, ValueError, AttributeError):
            return self._kept

    def _store(self, handle: int | None) -> None:
        if handle is None:
            return
        content = json.dumps(self._kept).encode()
        try:
            if os.pwrite(handle, content, 0) == len(content):  # in this order: a full disk leaves what was there
                os.ftruncate(handle, len(content))
        except OSError:
            pass  # a full disk: memory has it


def _recent(times: list, now: float) -> list[float]:
    """The attempts of the last fifteen minutes; those of a clock that has since been set back count as of now."""
    known = [min(float(moment), now) for moment in times if isinstance(moment, int | float)]
    return [moment for moment in known if now - moment < WITHIN]


def _name(user: object, salt: str, browser: str = "") -> str:
    """What stands for a user name; what stands for one in a known browser is never another's, whatever anybody types."""
    text = str(user)[:1000].encode("utf-8", "replace")
    apart = hashlib.blake2b(browser.encode(), digest_size=16).digest() if browser else b""
    return hashlib.blake2b(text, key=salt.encode(), digest_size=16, person=apart).hexdigest()
