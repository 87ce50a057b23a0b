"""A page as it is served: a session of its own, under an id that this server draws, for somebody who is signed in."""

from __future__ import annotations

import logging
from typing import Any

from bokeh.util.token import generate_jwt_token, generate_session_id
from panel.io.server import DocHandler
from tornado.web import HTTPError, authenticated

from process.server import said_less
from process.server.gate import Gate
from process.server.headers import Guarded
from process.server.tickets import LIFE, TooManyPages


class Page(Guarded, DocHandler):
    """A page: a session of its own each time, under an id that this server draws, with a ticket for one websocket."""

    gate: Gate

    def __init__(self, application: Any, request: Any, *, gate: Gate, **options: Any) -> None:
        self.gate = gate
        super().__init__(application, request, **options)

    def get_login_url(self) -> str:
        """Where Tornado sends somebody who is not signed in."""
        return self.gate.login_url

    @authenticated
    async def get_session(self) -> Any:
        """The page's session. Its token names the session and nothing else."""
        found = self.gate.signed_in(self)
        if found is None:
            raise HTTPError(403)
        secret = self.application.secret_key
        drawn = generate_session_id(secret_key=secret, signed=True)
        try:
            self.gate.tickets.issue(drawn, found.key, found.user, self.application_context.url, self.request.query)
        except TooManyPages:
            raise HTTPError(429) from None
        self.gate.table.touch(found.key)
        nothing: dict[str, Any] = {"headers": {}, "cookies": {}, "arguments": {}}
        token = generate_jwt_token(drawn, secret_key=secret, signed=True, expiration=LIFE, extra_payload=nothing)
        session = await self.application_context.create_session_if_needed(drawn, self.request, token)
        failed = [handler for handler in self.application_context.application.handlers if handler.failed]
        if failed:  # Panel would send an empty page
            logging.getLogger("therapy_process").error("A page was not made: %s", said_less.of_text(failed[0].error_detail or ""))
            self.gate.tickets.drop(drawn)
            session.request_expiration()
            raise HTTPError(500)
        return session

    def write_error(self, status_code: int, **about: Any) -> None:
        """An error in words; too many open pages are the person's own to mend."""
        if status_code == 429:
            self.say(429, "Too many pages are open", "<p>Close some of your open pages, wait a minute, and load this one again.</p>")
        else:
            super().write_error(status_code, **about)
