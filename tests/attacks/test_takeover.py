"""Getting into somebody else's session: every way that works on a stock server of the versions used here, and what the product answers to each."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import zlib

import pytest
from bokeh.util.token import generate_jwt_token, get_session_id, get_token_payload
from tests.attacks.stock import SECRETS
from tests.server.served import ADDRESS
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect


def pulled(server, token, cookie, page="page", origin="", **headers) -> str:
    """The whole document that a websocket with this token and cookie is given; empty where it is refused or closed."""

    async def ask() -> str:
        sent = {"Origin": origin or f"http://{ADDRESS}:{server.port}"} | ({"Cookie": cookie} if cookie else {})
        request = HTTPRequest(f"ws://{ADDRESS}:{server.port}/{page}/ws", headers=sent | {name.replace("_", "-"): value for name, value in headers.items()})
        try:
            socket = await websocket_connect(request, subprotocols=["bokeh", token])
        except HTTPClientError:
            return ""
        if await asyncio.wait_for(socket.read_message(), 20) is None:
            return ""
        for _ in range(2):  # the rest of the ACK: its metadata and content
            await asyncio.wait_for(socket.read_message(), 20)
        for part in ({"msgid": "1", "msgtype": "PULL-DOC-REQ"}, {}, {}):
            await socket.write_message(json.dumps(part))
        got = []
        while len(got) < 3:
            piece = await asyncio.wait_for(socket.read_message(), 20)
            if piece is None:
                break
            got.append(str(piece))
        socket.close()
        return "".join(got)

    return asyncio.run(ask())


def brought(server, page, cookie, session, how) -> str:
    """A page asked for with a session of one's own choice."""
    if how == "header":
        return server.get(f"/{page}", cookie, Bokeh_Session_Id=session).body
    return server.get(f"/{page}?bokeh-{'session-id' if how == 'argument' else 'token'}={session}", cookie).body


def test_stock_lets_a_link_put_somebody_into_a_session_of_the_attackers_choice(stock):
    bob, ann = stock.sign_in("bob"), stock.sign_in("ann")
    for how in ("argument", "header"):
        name = f"chosen-by-bob-{how}"
        assert brought(stock, "page", ann, name, how)
        # whoever knows the id makes a token for it, and gets what was opened under it
        token = generate_jwt_token(name, signed=False, extra_payload={"headers": {}, "cookies": {}, "arguments": {}})
        assert SECRETS["ann"] in pulled(stock, token, bob), how


def test_stock_signed_sessions_do_not_cure_it(stock_signed):
    bob, ann = stock_signed.sign_in("bob"), stock_signed.sign_in("ann")
    token = stock_signed.token(bob, "/page")  # bob's own, whose session is discarded when its page is never opened
    time.sleep(0.1)

    stock_signed.get(f"/page?bokeh-session-id={get_session_id(token)}", ann)

    assert pulled(stock_signed, token, ann) and pulled(stock_signed, token, bob), "two people in one session"


@pytest.mark.parametrize("how", ["argument", "header", "token"])
def test_a_session_of_somebodys_choice_is_refused_signed_or_not(served, how):
    tess = served.signed("tess")
    own = served.token(tess)
    for session in ("chosen", str(get_session_id(own)), own):
        body = brought(served, "caseload", tess, session, how)
        assert "token" not in body and "This did not work" in body
    for name in ("BOKEH-SESSION-ID", "Bokeh-Token", "bokeh%2Dsession%2Did", "bokeh-anything"):
        assert served.get(f"/caseload?{name}=x", tess).status == 403
    assert served.get("/caseload", tess, "POST", "bokeh-session-id=x").status == 403


def test_stock_gives_a_pages_document_to_anybody_signed_in_who_holds_its_token(stock):
    ann, bob = stock.sign_in("ann"), stock.sign_in("bob")

    assert SECRETS["ann"] in pulled(stock, stock.token(ann, "/page"), bob)


def test_a_pages_document_is_given_to_the_sign_in_that_it_was_served_to(served):
    tess = served.signed("tess")
    token, of_dora = served.token(tess), served.token(served.signed("dora"))
    for other in (served.signed("tariq"), served.signed("dora"), served.signed("tess"), ""):
        assert pulled(served, token, other, "caseload") == ""
    assert pulled(served, of_dora, tess, "caseload") == ""
    assert pulled(served, token, tess, "caseload")


def test_stock_takes_a_token_as_often_as_it_is_shown_and_on_any_page(stock):
    ann = stock.sign_in("ann")
    token = stock.token(ann, "/page")

    assert pulled(stock, token, ann) and pulled(stock, token, ann) and pulled(stock, token, ann, "show-html")


def test_a_token_opens_its_own_page_once_and_soon(served):
    tess = served.signed("tess")
    token = served.token(tess)
    assert pulled(served, token, tess, "goals") == ""
    assert "courses" in pulled(served, token, tess, "caseload")
    assert pulled(served, token, tess, "caseload") == ""

    late = served.token(tess)
    tickets = served.gate.tickets
    tickets._clock = lambda: time.monotonic() + 121
    try:
        assert pulled(served, late, tess, "caseload") == ""
    finally:
        tickets._clock = time.monotonic


def forged(session="forged", **payload):
    """A token without a signature, as anybody can write one."""
    return generate_jwt_token(session, signed=False, extra_payload={"headers": {}, "cookies": {}, "arguments": {}} | payload)


def test_stock_believes_whatever_header_a_token_without_signature_says(stock):
    bob = stock.sign_in("bob")

    assert SECRETS["ann"] in pulled(stock, forged(headers={"X-Remote-User": "ann"}), bob)


def test_no_token_is_believed_but_one_of_this_server_for_a_page_just_served(served):
    tess, secret = served.signed("tess"), served.running.server._tornado.secret_key
    own = served.token(tess)
    head, signature = own.rsplit(".", 1)
    other = json.dumps({"session_id": str(get_session_id(own)), "session_expiry": time.time() + 9999})
    never_served = generate_jwt_token("drawn-by-nobody.x", secret_key=secret, signed=True, extra_payload={"headers": {}, "cookies": {}, "arguments": {}})
    bomb = base64.urlsafe_b64encode(json.dumps({"session_id": "x", "__bk__zlib_": base64.b64encode(zlib.compress(b"0" * 10_000_000)).decode()}).encode())
    tokens = (
        forged(),
        forged(headers={"X-Remote-User": "dora"}),
        head,
        f"{head}.{'A' * len(signature)}",
        f"{base64.urlsafe_b64encode(other.encode()).decode().rstrip('=')}.{signature}",
        never_served,
        bomb.decode().rstrip("="),
        "",
        "x",
        ".",
        "x.y.z",
    )
    for token in tokens:
        assert pulled(served, token, tess, "caseload") == "", token[:60]
    assert pulled(served, own, tess, "caseload")  # the attempts have not cost the page its websocket


def test_stock_delivers_a_document_through_autoload_and_lists_sessions_to_anybody(stock):
    ann = stock.sign_in("ann")
    script = stock.get("/page/autoload.js?bokeh-autoload-element=1&bokeh-app-path=/page", ann)

    assert script.status == 200 and "token" in script.body and script.headers["access-control-allow-origin"] == "*"
    assert "sessions" in stock.get("/rest/session_info").body
    assert stock.get("/admin", stock.sign_in("bob")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/caseload/autoload.js?bokeh-autoload-element=1",
        "/caseload/metadata",
        "/admin",
        "/admin/ws",
        "/rest/session_info",
        "/liveness",
        "/components/os/x/_esm/y.js",
    ],
)
def test_there_is_no_autoload_no_admin_and_no_list_of_sessions(served, path):
    for cookie in ("", served.signed("dora")):
        for method in ("GET", "POST", "OPTIONS", "HEAD"):
            reply = served.get(path, cookie, method, Origin="http://evil.example")
            assert reply.status == 404 and "token" not in reply.body and "access-control-allow-origin" not in reply.headers


def test_stock_takes_a_websocket_that_names_no_origin(stock):
    ann = stock.sign_in("ann")

    async def connect():
        request = HTTPRequest(f"ws://{ADDRESS}:{stock.port}/page/ws", headers={"Cookie": ann})
        return await (await websocket_connect(request, subprotocols=["bokeh", stock.token(ann, "/page")])).read_message()

    assert asyncio.run(connect())


def test_a_websocket_says_that_it_comes_from_our_own_page(served):
    tess = served.signed("tess")
    token = served.token(tess)

    async def connect(origin):
        request = HTTPRequest(f"ws://{ADDRESS}:{served.port}/caseload/ws", headers={"Cookie": tess} | ({"Origin": origin} if origin else {}))
        return await websocket_connect(request, subprotocols=["bokeh", token])

    own = f"http://127.0.0.1:{served.port}"
    for origin in ("", "null", "http://evil.example", own.replace("http", "https"), "http://127.0.0.1", f"{own}.evil.example", f"{own}/x"):
        with pytest.raises(HTTPClientError) as refused:
            asyncio.run(connect(origin))
        assert refused.value.code == 403, origin
    assert pulled(served, token, tess, "caseload", origin=own)


def test_stock_hands_one_persons_cached_figures_to_the_next_and_puts_every_cookie_into_the_page(stock):
    ann, bob = stock.sign_in("ann"), stock.sign_in("bob")
    first = pulled(stock, stock.token(ann, "/page"), ann)
    second = pulled(stock, stock.token(bob, "/page"), bob)
    whose = next(secret for secret in SECRETS.values() if f"cached {secret}" in first)

    assert f"cached {whose}" in second
    payload = get_token_payload(stock.token(f"{ann}; other=secret", "/page", Authorization="Bearer secret"))
    assert payload["cookies"]["other"] == "secret" and payload["headers"]["Authorization"] == "Bearer secret"


def test_a_page_holds_nothing_of_cookies_headers_and_the_person_but_their_name(served):
    tess = served.signed("tess")
    body = served.get("/caseload?team=x", f"{tess}; other=secret-cookie", Authorization="Bearer secret-header", User_Agent="secret-agent").body

    assert "secret-" not in body and tess.split("=", 1)[1] not in body and served.key(tess) not in body


def test_after_signing_out_neither_cookie_nor_page_nor_token_is_worth_anything(served):
    tess = served.signed("tess")
    waiting = served.token(tess)

    served.sign_out(tess)

    assert served.get("/caseload", tess).status == 302 and pulled(served, waiting, tess, "caseload") == ""
    again = served.signed("tess")
    assert pulled(served, waiting, again, "caseload") == ""


def test_a_page_of_another_name_that_leads_here_and_a_proxy_that_nobody_declared_get_nothing(served):
    tess = served.signed("tess")

    assert served.get("/caseload", tess, Host="evil.example").status == 421
    for header in ("X_Forwarded_For", "Forwarded", "X_Real_IP"):
        assert served.get("/caseload", tess, **{header: "10.0.0.1"}).status == 403
