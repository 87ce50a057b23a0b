"""An open page without a browser: Bokeh's own protocol over a real websocket, the document pulled, a widget moved, whatever the server sends applied."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from bokeh.document import Document
from bokeh.document.events import ModelChangedEvent
from bokeh.models import Div, RangeSlider, TextInput
from bokeh.protocol import Protocol
from bokeh.protocol.receiver import Receiver
from tests.server.served import ADDRESS, Served
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

TOLD = re.compile(r"\|(\d+)-(\d+)\|(\d+)$")
AT_ONCE = 30.0
"""Seconds to wait for what comes at once: the server looks every second, and nothing else ends a page within minutes. A machine that is busy is slow."""


class OpenPage:
    """A page as its browser has it. Use `open`, then `move` a range and read `alerts`."""

    def __init__(self, socket: Any, loop: asyncio.AbstractEventLoop):
        self._socket, self._loop = socket, loop
        self._protocol = Protocol()
        self._receiver = Receiver(self._protocol)
        self.document = Document()

    @classmethod
    def open(cls, served: Served, user: str, page: str = "caseload", cookie: str = "") -> OpenPage:
        """Open a page as that person, who has just signed in or has this cookie."""
        cookie = cookie or served.signed(user)
        token = served.token(cookie, f"/{page}")
        loop = asyncio.new_event_loop()

        async def connect() -> Any:
            request = HTTPRequest(f"ws://{ADDRESS}:{served.port}/{page}/ws", headers={"Origin": f"http://{ADDRESS}:{served.port}", "Cookie": cookie})
            return await websocket_connect(request, subprotocols=["bokeh", token])

        opened = cls(loop.run_until_complete(connect()), loop)
        opened._run(opened._pull())
        return opened

    def move(self, low: float, high: float) -> None:
        """Move the range of lengths, and wait until the page has settled."""
        slider = next(iter(self.document.select({"type": RangeSlider})))
        event = ModelChangedEvent(self.document, slider, "value", (low, high))
        self._run(self._send_and_settle(event, (int(low), int(high))))

    def send(self, event: ModelChangedEvent) -> None:
        """Send a change, and wait for nothing."""
        self._run(self._send(self._protocol.create("PATCH-DOC", [event])))

    @property
    def settled(self) -> tuple[int, int] | None:
        """The range that the page says it has settled on."""
        told = [found for each in self.document.select({"type": TextInput}) if (found := TOLD.search(each.value or ""))]
        return (int(told[0][1]), int(told[0][2])) if told else None

    @property
    def alerts(self) -> str:
        """What the page says in its alert; empty where it says nothing."""
        found = [div.text for div in self.document.select({"type": Div}) if "role='alert'" in div.text]
        return re.sub(r"<[^>]+>", "", " ".join(found))

    def ended(self, within: float = AT_ONCE) -> int | None:
        """Listen, and send nothing, until the server closes the socket: its code; `TimeoutError` when it does not."""

        async def listen() -> int | None:
            while await self._socket.read_message() is not None:
                pass
            self.why = self._socket.close_reason
            return self._socket.close_code

        return self._loop.run_until_complete(asyncio.wait_for(listen(), within))

    def ping(self) -> None:
        """Show that the page is still there, as a browser does by itself."""

        async def send() -> None:
            self._socket.ping(b"still here")

        self._run(send())

    def close(self) -> None:
        """Close the page."""
        self._run(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        self._socket.close()  # within the loop: outside it, whether the thread has one depends on which tests ran before
        await asyncio.sleep(0.1)

    def _run(self, coroutine: Any) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(coroutine, 60))

    async def _message(self) -> Any:
        while True:
            message = await self._receiver.consume(await self._socket.read_message())
            if message is not None:
                return message

    async def _pull(self) -> None:
        assert (await self._message()).msgtype == "ACK"  # before it the server takes nothing
        await self._send(self._protocol.create("PULL-DOC-REQ"))
        while True:
            message = await self._message()
            if message.msgtype == "PULL-DOC-REPLY":
                message.push_to_document(self.document)
                return

    async def _send(self, message: Any) -> None:
        for fragment in (message.header_json, message.metadata_json, message.content_json):
            await self._socket.write_message(fragment)

    async def _send_and_settle(self, event: ModelChangedEvent, to: tuple[int, int]) -> None:
        await self._send(self._protocol.create("PATCH-DOC", [event]))
        waited = 20.0
        while True:
            try:
                message = await asyncio.wait_for(self._message(), waited)
            except TimeoutError:
                return
            if message.msgtype == "PATCH-DOC":
                message.apply_to_document(self.document)
                if self.settled == to:
                    return
            waited = 5.0  # where it settles on something else, as at an end of the scale: a busy machine pauses, too
