"""Too much of something: headers, bodies, frames, pieces of a message, pages, browsers. And documents that a page would put in place of the server's."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from tests.attacks.test_takeover import pulled
from tests.server.served import ADDRESS
from tests.server.talking import OpenPage
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from process.server.building import HTTP
from process.server.websocket import LARGEST


def raw(server, *parts: bytes, wait: float = 60.0) -> bytes:
    """What comes back to bytes that no browser would send."""
    with socket.create_connection((ADDRESS, server.port), timeout=wait) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return connection.recv(4096)
        except (TimeoutError, ConnectionError):
            return b""


def test_headers_and_bodies_have_a_size(served, stock):
    head = f"GET /health HTTP/1.1\r\nHost: {ADDRESS}\r\nX: ".encode()
    large = b"x" * (HTTP["max_header_size"] + 1)
    assert b"200" in raw(stock, head.replace(b"/health", b"/enter") + large[:20_000] + b"\r\n\r\n").split(b"\r\n")[0]
    assert b"200" not in raw(served, head + large + b"\r\n\r\n").split(b"\r\n")[0]

    body = f"POST /sign-in HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: {HTTP['max_body_size'] + 1}\r\n\r\n".encode()
    assert raw(served, body).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    assert served.get("/health").status == 200


def test_lines_that_smuggle_a_second_request_are_refused(served):
    for wrong in (
        f"POST /health HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /caseload HTTP/1.1\r\n\r\n",
        f"POST /health HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "GET /caseload HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
    ):
        assert b" 200 " not in raw(served, wrong.encode()).split(b"\r\n")[0]


async def connected(server, cookie, token, page):
    request = HTTPRequest(f"ws://{ADDRESS}:{server.port}/{page}/ws", headers={"Origin": f"http://{ADDRESS}:{server.port}", "Cookie": cookie})
    opened = await websocket_connect(request, subprotocols=["bokeh", token])
    for _ in range(3):
        await asyncio.wait_for(opened.read_message(), 20)
    return opened


async def closed(opened) -> bool:
    """Whether the server closes the socket."""
    try:
        while await asyncio.wait_for(opened.read_message(), 60) is not None:
            pass
        return True
    except TimeoutError:
        return False


def test_a_frame_has_a_size_and_so_has_a_message_in_many_pieces(served, stock):
    head = json.dumps({"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": 100})
    pieces = [head, "{}", "{}"] + [json.dumps({"id": "b"}), b"0" * 500_000] * 3

    async def send(server, cookie, token, page, *parts) -> bool:
        opened = await connected(server, cookie, token, page)
        try:
            for part in parts:
                await opened.write_message(part, binary=isinstance(part, bytes))
        except Exception:  # closed while it was sent
            return True
        return await asyncio.wait_for(closed(opened), 90) if server is served else False

    ann, tess = stock.sign_in("ann"), served.signed("tess")
    assert not asyncio.run(send(stock, ann, stock.token(ann, "/page"), "page", "x" * 0 + head, "{}", "{}"))
    assert asyncio.run(send(served, tess, served.token(tess), "caseload", "x" * (LARGEST + 1)))
    assert asyncio.run(send(served, tess, served.token(tess), "caseload", *pieces))
    assert served.get("/health").status == 200


def pushed(server, cookie, token, page) -> str:
    """Put a document of one's own in the page's place; what is pulled afterwards."""
    document = json.loads(serialize_json(Document(title="forged").to_json()))

    async def push() -> str:
        opened = await connected(server, cookie, token, page)
        for part in ({"msgid": "1", "msgtype": "PUSH-DOC"}, {}, {"doc": document}):
            await opened.write_message(json.dumps(part))
        got = []
        try:
            for part in ({"msgid": "2", "msgtype": "PULL-DOC-REQ"}, {}, {}):
                await opened.write_message(json.dumps(part))
            while len(got) < 6 and (piece := await asyncio.wait_for(opened.read_message(), 5)) is not None:
                got.append(str(piece))
        except Exception:  # closed
            pass
        return "".join(got)

    return asyncio.run(push())


def test_a_page_replaces_no_document_of_the_servers(served, stock):
    ann, tess = stock.sign_in("ann"), served.signed("tess")

    assert "RootRemoved" in pushed(stock, ann, stock.token(ann, "/page"), "page"), "the page that the server made is gone"
    assert pushed(served, tess, served.token(tess), "caseload") == ""


def wrong_patch(server, cookie, token, page) -> str:
    """What comes back to a change of something that is not there."""

    async def patch() -> str:
        opened = await connected(server, cookie, token, page)
        event = {"kind": "ModelChanged", "model": {"id": "p9999999"}, "attr": "value", "new": 1}
        for part in ({"msgid": "1", "msgtype": "PATCH-DOC"}, {}, {"events": [event]}):
            await opened.write_message(json.dumps(part))
        return "".join([str(await asyncio.wait_for(opened.read_message(), 20)) for _ in range(3)])

    return asyncio.run(patch())


def test_an_error_says_nothing_of_the_code(served, stock):
    ann, tess = stock.sign_in("ann"), served.signed("tess")
    assert "Traceback" in wrong_patch(stock, ann, stock.token(ann, "/page"), "page")

    said = wrong_patch(served, tess, served.token(tess), "caseload")

    assert "ERROR" in said and "This did not work" in said and "Traceback" not in said and ".py" not in said


def test_a_page_that_cannot_be_made_says_so_and_the_next_one_can(served, monkeypatch):
    tess = served.signed("tess")
    with monkeypatch.context() as broken:
        broken.setattr("process.pages.session.query", lambda: 1 / 0)
        reply = served.get("/caseload", tess)
    assert reply.status == 500 and "This did not work" in reply.body and "Zero" not in reply.body and "token" not in reply.body
    assert served.get("/caseload", tess).status == 200


@pytest.fixture
def few(served):
    """Two pages at once for one person."""
    tickets = served.gate.tickets
    for left in [name for name, ticket in list(tickets._tickets.items()) if ticket.user == "sue"]:  # an earlier test's, some just closing
        tickets.drop(left)
    before, tickets._most = tickets._most, 2
    yield
    tickets._most = before


def test_one_person_has_so_many_pages_open_and_no_more(served, few):
    sue, other = served.signed("sue"), served.signed("tariq")
    first = served.token(sue)
    served.token(sue)

    reply = served.get("/caseload", sue)

    assert reply.status == 429 and "Too many pages are open" in reply.body
    page = OpenPage.open(served, "tariq", cookie=other)  # nobody else is kept out
    page.close()
    assert pulled(served, first, sue, "caseload")  # opened and closed again: there is room for one, as soon as the server has seen it
    until = time.monotonic() + 20
    while (status := served.get("/caseload", sue).status) == 429 and time.monotonic() < until:
        time.sleep(0.05)
    assert status == 200


def test_one_person_is_signed_in_in_so_many_browsers_and_no_more(served):
    table = served.gate.table
    before, table._most = table._most, 2
    try:
        cookies = [served.signed("sue") for _ in range(3)]
        assert [served.get("/session", cookie).status for cookie in cookies] == [401, 200, 200]
        assert table.why(served.key(cookies[0])) == "too many"
    finally:
        table._most = before


NOWHERE = {"kind": "ModelChanged", "model": {"id": "p9999999"}, "attr": "value", "new": 1}


@pytest.mark.parametrize(("events", "code"), [(["x"], 1007), ([NOWHERE], 1008)])
def test_the_first_message_that_fails_ends_the_page(served, events, code):
    tess = served.signed("tess")

    async def send() -> int | None:
        opened = await connected(served, tess, served.token(tess), "caseload")
        for part in ({"msgid": "1", "msgtype": "PATCH-DOC"}, {}, {"events": events}):
            await opened.write_message(json.dumps(part))
        return opened.close_code if await closed(opened) else None

    assert asyncio.run(send()) == code
