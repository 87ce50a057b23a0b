"""A real server on a free port in a thread of its own, and the few ways to talk to it."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bokeh.settings import settings as bokeh_settings
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.web import create_signed_value
from tornado.websocket import websocket_connect

from process.access import Latest, Records
from process.pages import session
from process.server.gate import COOKIE
from process.server.people import People, PersonalLinks
from process.server.serve import build

ADDRESS = "127.0.0.1"


@dataclass
class Reply:
    """What came back; names of headers in small letters."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def cookie(self) -> str:
        """The cookie that was set, as a browser sends it back."""
        return self.headers.get("set-cookie", "").split(";")[0]


@dataclass
class Served:
    """The running server: its port, its people and their links, and the secret of this start."""

    port: int
    people: People
    links: PersonalLinks
    secret: str
    loop: Any = field(repr=False, default=None)
    server: Any = field(repr=False, default=None)

    def get(self, path: str, cookie: str = "", method: str = "GET", **headers: str) -> Reply:
        """One request, redirections not followed."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Cookie": cookie} if cookie else {})
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=60)
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        reply = Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode("utf-8", "replace"))
        connection.close()
        return reply

    def sign_in(self, user: str) -> str:
        """The cookie of that person, by the personal link."""
        return self.get(f"/enter/{self.links.keys[user]}").cookie

    def signed(self, user: str, secret: str = "", days_ago: float = 0.0) -> str:
        """A cookie made here: with this server's secret or another, now or some days ago."""
        import time

        clock = (lambda: time.time() - days_ago * 86400) if days_ago else None
        return f"{COOKIE}={create_signed_value(secret or self.secret, COOKIE, user, clock=clock).decode()}"

    def token(self, cookie: str, page: str = "/caseload", **headers: str) -> str:
        """The token in a page made for the holder of this cookie."""
        return re.search(r'"token":\s*"([^"]+)"', self.get(page, cookie, **headers).body)[1]

    def socket(self, token: str, cookie: str, page: str = "caseload", query: str = "", origin: str = "", **headers: str) -> str | None:
        """The first message that a websocket gets which shows this token and cookie; None when it is refused or closed at once."""

        async def ask() -> str | None:
            sent = {"Origin": origin or f"http://{ADDRESS}:{self.port}", **({"Cookie": cookie} if cookie else {})}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            request = HTTPRequest(f"ws://{ADDRESS}:{self.port}/{page}/ws{query}", headers=sent)
            try:
                open_socket = await websocket_connect(request, subprotocols=["bokeh", token])
            except HTTPClientError:
                return None
            message = await asyncio.wait_for(open_socket.read_message(), 30)
            open_socket.close()
            return message

        return asyncio.run(ask())


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


@contextmanager
def serving(records: Records, people: People) -> Iterator[Served]:
    """The server over these records, for as long as the block lasts."""
    with serving_latest(Latest(records), people) as served:
        yield served


@contextmanager
def serving_latest(latest: Latest, people: People) -> Iterator[Served]:
    """The same over whatever `latest` shows; the test itself looks whether there is anything new."""
    port, links = free_port(), PersonalLinks(people)
    started: dict[str, Any] = {}
    ready = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            started["server"] = build(latest, people, links, port=port, address=ADDRESS)
            started["server"].start()
            started["loop"] = IOLoop.current()
            ready.set()
            started["loop"].start()
        finally:
            ready.set()

    before = list(session._served)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60) and "loop" in started
    try:
        yield Served(port, people, links, bokeh_settings.secret_key(), started["loop"], started["server"])
    finally:
        started["loop"].add_callback(started["server"].stop)
        started["loop"].add_callback(started["loop"].stop)
        thread.join(30)
        session._served[:] = before
        for setting in (bokeh_settings.secret_key, bokeh_settings.sign_sessions, bokeh_settings.resources):
            if hasattr(setting, "unset_value"):
                setting.unset_value()
