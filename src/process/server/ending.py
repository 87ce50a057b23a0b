"""Open pages end with their sign-in: signed out, revoked, or out of time, in whichever process and however silent the page. Looked at twice a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from process.server.gate import Gate

if TYPE_CHECKING:
    from process.server.websocket import Socket

EVERY = 0.5
"""Seconds between two looks: a page is closed well within two seconds."""
SIGNED_OUT = 4401
"""The code that its websocket is closed with, by which a page knows that its figures must go (RFC 6455, section 7.4.2: 4000–4999 are for private use)."""


class OpenPages:
    """The websockets of this process."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._open: set[Socket] = set()
        self._going: set[asyncio.Task] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, page: Socket) -> None:
        """A page has opened."""
        self._open.add(page)

    def remove(self, page: Socket) -> None:
        """A page has gone."""
        self._open.discard(page)

    async def watch(self, log: Callable[[str], None]) -> None:
        """Look, and look again, until the task is cancelled."""
        while True:
            try:
                await self.look()
            except Exception as problem:  # a watch that stopped would leave pages open: it says what is wrong and goes on
                log(f"The watch over open pages met an unexpected {type(problem).__name__}.")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """End the pages whose sign-in has ended."""
        ended = {key for key in {page.signed_in.key for page in self._open} if not self._lasts(key)}
        for page in [page for page in self._open if page.signed_in.key in ended]:
            self.end(page)

    def _lasts(self, key: str) -> bool:
        """Whether a sign-in lasts; one that cannot be looked up does not, and keeps no other page open."""
        try:
            return self._gate.open(key) is not None
        except Exception:
            return False

    def end(self, page: Socket) -> None:
        """Close a page's websocket now. Its document is let go of by a task that nobody waits for: a browser that reads nothing holds up its own page alone."""
        page.ended = True
        self.remove(page)
        self._gate.tickets.drop(page.page)
        connection, page.connection = page.connection, None
        page.close(SIGNED_OUT, self._gate.table.why(page.signed_in.key))
        if connection is not None:
            going = asyncio.get_running_loop().create_task(self._let_go(page, connection))
            self._going.add(going)
            going.add_done_callback(self._going.discard)

    async def _let_go(self, page: Socket, connection: Any) -> None:
        session = connection.session
        page.application.client_lost(connection)
        if session.connection_count == 0:
            session.request_expiration()
            await page.application_context._discard_session(session, lambda session: session.connection_count == 0)
