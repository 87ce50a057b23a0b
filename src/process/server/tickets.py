"""A page that was just served may open one websocket, once and soon: a ticket in this process's memory, under the page's own session id.

A token that a page holds names that id and nothing else: neither the person, nor a cookie, nor a header, nor the filters of the address.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LIFE = 120
"""Seconds from a page's answer to its websocket: scripts are loaded in between, on a slow line too."""


class TooManyPages(Exception):
    """This person has as many pages open or opening as one person may have."""


@dataclass
class Ticket:
    """`key`: the sign-in the page was served to; `page`: its path; `query`: the filters of its address."""

    key: str
    user: str
    page: str
    query: str
    issued: float
    used: bool = False


class Tickets:
    """The tickets of this process. `most`: pages that one person may have open and opening at once."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._tickets: dict[str, Ticket] = {}

    def issue(self, session: str, key: str, user: str, page: str, query: str) -> None:
        """A ticket for a page that is being made; raises `TooManyPages`."""
        now = self._clock()
        for name in [name for name, ticket in self._tickets.items() if not ticket.used and now > ticket.issued + LIFE]:
            del self._tickets[name]
        if sum(ticket.user == user for ticket in self._tickets.values()) >= self._most:
            raise TooManyPages
        self._tickets[session] = Ticket(key, user, page, query, now)

    def of(self, session: str) -> Ticket | None:
        """The ticket of a page that is being made or is open."""
        return self._tickets.get(session)

    def take(self, session: str, key: str, page: str) -> bool:
        """Use the ticket up: True for the very sign-in and page it was issued to, in time, and once."""
        ticket = self._tickets.get(session)
        if ticket is None or ticket.used or (ticket.key, ticket.page) != (key, page) or self._clock() > ticket.issued + LIFE:
            return False
        ticket.used = True
        return True

    def drop(self, session: str) -> None:
        """The page is closed."""
        self._tickets.pop(session, None)

    def drop_unused(self, key: str) -> None:
        """The sign-in has ended: no page that was served to it opens any more."""
        for session in [session for session, ticket in self._tickets.items() if ticket.key == key and not ticket.used]:
            del self._tickets[session]
