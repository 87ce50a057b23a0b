"""Bokeh's and Panel's own handlers behind the gate: a page, its websocket, and the scripts and styles that it is drawn with."""

from __future__ import annotations

import json
import time
from pathlib import PurePosixPath
from typing import Any

from bokeh.server.views.ico_handler import IcoHandler
from bokeh.server.views.multi_root_static_handler import MultiRootStaticHandler
from bokeh.server.views.static_handler import StaticHandler
from bokeh.util.token import check_token_signature, generate_jwt_token, generate_session_id, get_session_id, get_token_payload
from panel.io.server import DocHandler, WSHandler
from tornado.web import HTTPError, authenticated

from process.server.ending import OpenPages
from process.server.gate import Gate
from process.server.headers import Guarded
from process.server.sessions import SignIn
from process.server.tickets import LIFE, TooManyPages

DRAWN_WITH = (".js", ".css", ".woff", ".woff2", ".ttf", ".svg", ".png")
FOLDERS = {"js", "lib", "panel"}
HOUR = 3600
LARGEST = 1024 * 1024
"""Bytes of one message from a page, in however many pieces; what somebody does there takes some hundred."""
DONE_BY_A_PERSON = {"value", "value_throttled", "active", "clicks"}
"""What a patch changes when somebody has used a widget; sizes and ranges of plots are sent by the page itself."""
TAKEN = ("PATCH-DOC", "PULL-DOC-REQ", "SERVER-INFO-REQ")
"""What a page sends. Bokeh would take a whole document from it, too (PUSH-DOC), in place of the one that the server has made."""


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
        if any(handler.failed for handler in self.application_context.application.handlers):  # Panel would send an empty page; its log says where it went wrong
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


class Socket(Guarded, WSHandler):
    """A page's websocket: for the very sign-in and page that its token was issued to, once, soon, and from our own pages alone."""

    gate: Gate
    pages: OpenPages
    signed_in: SignIn

    def __init__(self, application: Any, request: Any, *, gate: Gate, pages: OpenPages, **options: Any) -> None:
        self.gate, self.pages, self.ended, self.page, self._unread = gate, pages, False, "", 0
        super().__init__(application, request, **options)

    async def prepare(self) -> None:
        """Refuse it before the handshake."""
        await super().prepare()
        if not self._finished and not self._allowed():
            self.set_status(403)
            self.finish()

    def check_origin(self, origin: str) -> bool:
        """Our own pages only; Bokeh compares no scheme."""
        return self.gate.own_origin(origin)

    def _allowed(self) -> bool:
        headers = self.request.headers
        protocols = [part.strip() for part in headers.get("Sec-WebSocket-Protocol", "").split(",")]
        found = self.gate.signed_in(self)
        if found is None or len(protocols) != 2 or protocols[0] != "bokeh" or not self.gate.own_origin(headers.get("Origin", "")):
            return False
        if headers.get("Upgrade", "").lower() != "websocket":
            return False
        named = session_of(protocols[1], self.application.secret_key)
        if not self.gate.tickets.take(named, found.key, self.application_context.url):
            return False
        self.signed_in, self.page = found, named
        return True

    def open(self, *args: Any, **named: Any) -> Any:
        """The handshake is done: this page is one of the open ones now."""
        self.pages.add(self)
        return super().open(*args, **named)

    async def on_message(self, fragment: str | bytes) -> None:
        """Nothing is taken from a page whose sign-in has ended."""
        self._unread += len(fragment)
        if self._unread > LARGEST:
            self.close(1009, "too large")
        elif not self.ended:
            await super().on_message(fragment)

    async def _receive(self, fragment: str | bytes) -> Any:
        message = await super()._receive(fragment)
        if message is not None:
            self._unread = 0
        return message

    async def _handle(self, message: Any) -> Any:
        if message.msgtype not in TAKEN:
            self.close(1008, "not allowed")
            return None
        if message.msgtype == "PATCH-DOC" and not _of_events(message.content):
            self.close(1007, "not understood")
            return None
        if message.msgtype == "PATCH-DOC" and any(_by_a_person(event) for event in message.content["events"]):
            self.gate.table.touch(self.signed_in.key)
        return await super()._handle(message)

    async def send_message(self, message: Any) -> None:
        """A page is told that something went wrong, not what: Bokeh would send the error's text and where in the code it was.

        With it the page ends: our own pages send nothing that fails, and whoever tries what does shall not fill the server's log.
        """
        wrong = message.msgtype == "ERROR"
        if wrong:
            message.content = {"text": "This did not work.", "traceback": None}
        await super().send_message(message)
        if wrong:
            self.close(1008, "did not work")

    def on_close(self) -> None:
        """The page is gone."""
        self.pages.remove(self)
        self.gate.tickets.drop(self.page)
        super().on_close()

    def on_finish(self) -> None:
        """The handshake was answered; where that was not with a websocket, the page never opens."""
        if self.get_status() != 101:
            self.gate.tickets.drop(self.page)
        super().on_finish()


def _of_events(content: Any) -> bool:
    """Whether a patch is made as a page makes one."""
    events = content.get("events") if isinstance(content, dict) else None
    return isinstance(events, list) and all(isinstance(event, dict) for event in events)


def _by_a_person(event: dict[str, Any]) -> bool:
    if event.get("kind") == "ModelChanged":
        return event.get("attr") in DONE_BY_A_PERSON
    return event.get("kind") == "MessageSent" and "button_click" in json.dumps(event.get("msg_data"), default=str)


def session_of(token: str, secret: bytes | None) -> str:
    """The session that a token of ours names; empty for one that is forged, altered, or out of date."""
    try:
        if not check_token_signature(token, secret_key=secret, signed=True):
            return ""
        payload = get_token_payload(token)
        return str(get_session_id(token)) if float(payload["session_expiry"]) > time.time() else ""
    except Exception:  # whatever a forged token breaks on
        return ""


class Library(Guarded):
    """Scripts, styles, fonts and pictures that pages are drawn with: of known kinds and places, the same for everybody, so that a browser may keep them."""

    async def prepare(self) -> None:
        """Nothing but a file of a known kind, in a known folder."""
        await super().prepare()
        path = PurePosixPath(self.path_args[0] if self.path_args else "")
        if path.suffix not in DRAWN_WITH or path.parts[0] not in FOLDERS or any(part.startswith(".") for part in path.parts):
            raise HTTPError(404)

    def get_cache_time(self, path: str, modified: Any, mime_type: str) -> int:
        """An hour, or for good where the address says which version it is."""
        return max(HOUR, super().get_cache_time(path, modified, mime_type))  # type: ignore[misc]


class OfBokeh(Library, StaticHandler):
    """Bokeh's own."""


class OfExtensions(Library, MultiRootStaticHandler):
    """Panel's own."""


class Icon(Guarded, IcoHandler):
    """The little picture in a browser's tab."""
