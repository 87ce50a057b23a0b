"""A page's websocket behind the gate: for whom it opens, what is taken from it, and what it is told when something goes wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from bokeh.models import RangeSlider
from bokeh.util.token import check_token_signature, get_session_id, get_token_payload
from panel.io.server import WSHandler
from tornado.websocket import WebSocketClosedError

from process.server.asked import asked
from process.server.ending import OpenPages
from process.server.gate import Gate
from process.server.headers import Guarded
from process.server.sessions import SignIn

LARGEST = 1024 * 1024
"""Bytes of one message from a page, in however many pieces; what somebody does there takes some hundred."""
DONE_BY_A_PERSON = {"value", "value_throttled", "active", "clicks"}
"""What a patch changes when somebody has used a widget; sizes and ranges of plots are sent by the page itself."""
TAKEN = ("PATCH-DOC", "PULL-DOC-REQ")
"""What a page sends. Bokeh would take a whole document from it, too (PUSH-DOC), in place of the one that the server has made, and would tell its versions
(SERVER-INFO-REQ), which nothing in BokehJS asks for by itself."""


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
        if message.msgtype == "PATCH-DOC":
            message.content = {"events": asked(message.content["events"], self.connection.session.document.get_model_by_id)}
            if not message.content["events"]:
                return None
        if not self._within_allowance(message):
            self.ended = True  # what is still on its way is not worked out, either
            self.close(1008, "too much at once")
            return None
        return await super()._handle(message)

    def _within_allowance(self, message: Any) -> bool:
        """Count what a message asks for; False for more than one sign-in may ask for in a minute, in all of its pages."""
        key, allowed = self.signed_in.key, self.gate.allowances
        if message.msgtype == "PULL-DOC-REQ":
            return allowed.pulls.allows(key)
        done = [event for event in message.content["events"] if _by_a_person(event)]
        if done:
            self.gate.table.touch(key)
        slid = sum(self._of_a_range(event) for event in done)
        return allowed.slides.allows(key, slid) and allowed.changes.allows(key, len(done) - slid)

    def _of_a_range(self, event: dict[str, Any]) -> bool:
        model = self.connection.session.document.get_model_by_id(event["model"]["id"]) if event["kind"] == "ModelChanged" else None
        return isinstance(model, RangeSlider)

    async def send_message(self, message: Any) -> None:
        """A page is told that something went wrong, not what: Bokeh would send the error's text and where in the code it was.

        With it the page ends: our own pages send nothing that fails, and whoever tries what does shall not fill the server's log.
        """
        wrong = message.msgtype == "ERROR"
        if wrong:
            message.content = {"text": "This did not work.", "traceback": None}
        with suppress(WebSocketClosedError):  # the page is gone, which is nothing to warn of; Bokeh would, for each of its figures
            await message.send(self)
        if wrong:
            self.close(1008, "did not work")

    def on_close(self) -> None:
        """The page is gone, and never comes back: its document may go, too."""
        self.pages.remove(self)
        self.gate.tickets.drop(self.page)
        session = self.connection.session if self.connection is not None else None
        super().on_close()
        if session is not None and session.connection_count == 0:
            session.request_expiration()

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
    """Of events as `asked` makes them."""
    return event["attr"] in DONE_BY_A_PERSON if event["kind"] == "ModelChanged" else event["msg_data"]["name"] == "button_click"


def session_of(token: str, secret: bytes | None) -> str:
    """The session that a token of ours names; empty for one that is forged, altered, or out of date."""
    try:
        if not check_token_signature(token, secret_key=secret, signed=True):
            return ""
        payload = get_token_payload(token)
        return str(get_session_id(token)) if float(payload["session_expiry"]) > time.time() else ""
    except Exception:  # whatever a forged token breaks on
        return ""
