"""A browser without a screen: cookies, forms, and a page's websocket, over TLS to nginx on loopback."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
from typing import Any
from urllib.parse import urlencode

from tests.deploy.installed import HOST, PASSWORD, Nginx
from tests.server.talking import AT_ONCE
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import OverrideResolver, Resolver
from tornado.websocket import websocket_connect

ORIGIN = f"https://{HOST}"


class Reply:
    """What came back; names of headers in small letters."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers = answer.status, {name.lower(): value for name, value in answer.getheaders()}
        self.set_cookies = answer.headers.get_all("Set-Cookie") or []
        self.content = answer.read()

    @property
    def body(self) -> str:
        return self.content.decode("utf-8", "replace")


class Browser:
    """One browser of one person; `port`: where nginx listens."""

    def __init__(self, front: Nginx) -> None:
        self.front, self.cookies = front, {}  # type: ignore[var-annotated]
        self.loop = asyncio.new_event_loop()

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        """One request; cookies are kept, redirections are not followed."""
        sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        connection = http.client.HTTPConnection(HOST, timeout=60)
        connection.sock = self.front.context.wrap_socket(socket.create_connection(("127.0.0.1", self.front.https), 60), server_hostname=HOST)
        connection.request(method, path, body, sent)
        reply = Reply(connection.getresponse())
        connection.close()
        for cookie in reply.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value.strip('"'):
                del self.cookies[name]
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        """One page."""
        return self.ask("GET", path, **headers)

    def sign_in(self, user: str, password: str = PASSWORD) -> Reply:
        """By the form of local accounts."""
        form = self.get("/sign-in").body
        token = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert token, form
        return self.ask("POST", "/sign-in", urlencode({"_xsrf": token[1], "user": user, "password": password, "next": "/caseload"}))

    def sign_out(self) -> Reply:
        """By the page's own form."""
        token = re.search(r"name=\"?'?token\"?'? value=\"?'?([0-9a-f]+)", self.get("/sign-out").body)
        assert token
        return self.ask("POST", "/sign-out", urlencode({"token": token[1]}))

    def open(self, page: str = "/caseload", **headers: str) -> OpenPage | None:
        """A page with its websocket; None where the websocket is refused."""
        reply = self.get(page)
        token = re.search(r'"token":\s*"([^"]+)"', reply.body)
        assert reply.status == 200 and token, (reply.status, reply.body[:500])
        return self.connect(page, token[1], **headers)

    def connect(self, page: str, token: str, **headers: str) -> OpenPage | None:
        """The websocket of a page that was served."""
        url = f"wss://{HOST}:{self.front.https}{page.partition('?')[0]}/ws"
        sent = {"Origin": ORIGIN, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        request = HTTPRequest(url, headers=sent | {name.replace("_", "-"): value for name, value in headers.items()}, ssl_options=self.front.context)

        async def connected() -> Any:
            resolver = OverrideResolver(resolver=Resolver(), mapping={HOST: "127.0.0.1"})
            opened = await websocket_connect(request, subprotocols=["bokeh", token], resolver=resolver)
            first = await asyncio.wait_for(opened.read_message(), 30)
            return opened if first is not None else None

        try:
            found = self.loop.run_until_complete(connected())
        except HTTPClientError:
            return None
        return OpenPage(found, self.loop) if found is not None else None


class OpenPage:
    """A websocket that is open."""

    def __init__(self, opened: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._opened, self._loop = opened, loop

    def ended(self, within: float = AT_ONCE) -> int | None:
        """The code that the server closes it with; None while it stays open."""

        async def listen() -> int | None:
            while (message := await self._opened.read_message()) is not None:
                assert message is not None
            return self._opened.close_code

        try:
            return self._loop.run_until_complete(asyncio.wait_for(listen(), within))
        except TimeoutError:
            return None

    def close(self) -> None:
        """Close it."""

        async def hang_up() -> None:
            self._opened.close()  # within the loop: outside it, whether the thread has one depends on which tests ran before
            await asyncio.sleep(0.05)

        self._loop.run_until_complete(hang_up())
