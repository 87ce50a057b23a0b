"""A real server on a free port in a thread of its own, and the few ways to talk to it."""

from __future__ import annotations

import asyncio
import http.client
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bokeh.settings import settings as bokeh_settings
from tests.ports import free_port
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.web import create_signed_value, decode_signed_value
from tornado.websocket import websocket_connect

from process.access import Latest, Records, audit
from process.errors import NotAllowed
from process.pages import session
from process.server import ServerSettings
from process.server.building import Running, build
from process.server.people import PersonalLinks
from process.server.sessions import key_of

ADDRESS = "127.0.0.1"


@dataclass
class Reply:
    """What came back; names of headers in small letters."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: dict[str, str] = field(default_factory=dict)
    """All that were set, with what was said of each, by name."""

    @property
    def cookie(self) -> str:
        """The first cookie that was set, as a browser sends it back; that of a sign-in goes before that of its browser."""
        return self.headers.get("set-cookie", "").split(";")[0]


@dataclass
class Served:
    """The running server: its port, its people and their links, and what its parts know."""

    port: int
    people: Any
    links: PersonalLinks | None
    running: Running
    loop: Any = field(repr=False, default=None)

    @property
    def secret(self) -> str:
        """What its cookies are signed with."""
        return self.running.secret

    @property
    def gate(self) -> Any:
        """Its gate."""
        return self.running.gate

    @property
    def cookie_name(self) -> str:
        """The name of its cookie."""
        return self.gate.cookie.name

    def get(self, path: str, cookie: str = "", method: str = "GET", body: str | None = None, **headers: str) -> Reply:
        """One request, redirections not followed; a body is a form's."""
        headers = ({"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}) | headers
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Cookie": cookie} if cookie else {})
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=60)
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        said = answer.headers.get_all("Set-Cookie") or []
        back = {name.lower(): value for name, value in answer.getheaders()} | ({"set-cookie": said[0]} if said else {})
        reply = Reply(answer.status, back, answer.read().decode("utf-8", "replace"), {cookie.partition("=")[0]: cookie for cookie in said})
        connection.close()
        return reply

    def sign_in(self, user: str) -> str:
        """The cookie of that person, by the personal link."""
        return self.get(f"/enter/{self.links.keys[user]}").cookie

    def signed(self, user: str, secret: str = "") -> str:
        """The cookie of somebody who has just signed in, signed here: with this server's secret or another."""
        try:
            epoch = self.people.epoch(user)
        except NotAllowed:
            epoch = ""
        return self.cookie_of(self.gate.table.begin(user, epoch, "local"), secret)

    def cookie_of(self, drawn: str, secret: str = "") -> str:
        """The cookie of that id."""
        return f"{self.cookie_name}={create_signed_value(secret or self.secret, self.cookie_name, drawn).decode()}"

    def key(self, cookie: str) -> str:
        """What the server calls the sign-in of this cookie."""
        return key_of(decode_signed_value(self.secret, self.cookie_name, cookie.split("=", 1)[1].strip('"')).decode())

    def sign_out(self, cookie: str) -> Reply:
        """Sign out as the page's own form does."""
        return self.get("/sign-out", cookie, "POST", f"token={self.gate.form_token(self.key(cookie))}")

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


_serving: list[None] = []
_logs = ExitStack()


@contextmanager
def a_log() -> Iterator[None]:
    """No page is served without a log: one for all servers of these tests, for as long as any of them runs; a test that keeps its own goes before it."""
    if not _serving and audit.kept() is None:
        folder = Path(_logs.enter_context(tempfile.TemporaryDirectory(prefix="therapy-process-log-")))
        audit.keep(folder / "log", folder / "audit.key")
        _logs.callback(audit.close)
    _serving.append(None)
    try:
        yield
    finally:
        _serving.pop()
        if not _serving:
            _logs.close()


@contextmanager
def serving(records: Records, people: Any, settings: ServerSettings | None = None) -> Iterator[Served]:
    """The server over these records, for as long as the block lasts."""
    with serving_latest(Latest(records), people, settings) as served:
        yield served


@contextmanager
def serving_latest(latest: Latest, people: Any, settings: ServerSettings | None = None) -> Iterator[Served]:
    """The same over whatever `latest` shows; the test itself looks whether there is anything new."""
    settings = settings if settings is not None else ServerSettings(port=free_port())
    with a_log():
        yield from _running(latest, people, settings)


def _running(latest: Latest, people: Any, settings: ServerSettings) -> Iterator[Served]:
    links = PersonalLinks(people) if settings.sign_in == "links" else None
    started: dict[str, Any] = {}
    ready = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            running = started["running"] = build(latest, people, settings, links=links)
            running.server.start()
            started["loop"] = IOLoop.current()
            started["loop"].add_callback(running.pages.watch, print)
            ready.set()
            started["loop"].start()
        finally:
            ready.set()

    before = list(session._served)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60) and "loop" in started
    running = started["running"]
    try:
        yield Served(settings.port, people, links, running, started["loop"])
    finally:
        started["loop"].add_callback(running.server.stop)
        started["loop"].add_callback(started["loop"].stop)
        thread.join(30)
        running.gate.table.close()
        session._served[:] = before
        for setting in (bokeh_settings.secret_key, bokeh_settings.sign_sessions, bokeh_settings.resources):
            if hasattr(setting, "unset_value"):
                setting.unset_value()
