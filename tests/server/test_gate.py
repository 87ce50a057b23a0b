"""The one place every request passes, over real HTTP and real websockets."""

from __future__ import annotations

import json
import sys
from urllib.parse import urljoin

import pytest
from bokeh.util.token import get_token_payload

from process.access import Viewer
from process.server.building import PAGES
from process.server.headers import CONTENT_SECURITY_POLICY

WORDS = "There is no such page"


def test_health_answers_without_sign_in_and_says_nothing_about_the_records(served):
    reply = served.get("/health")

    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok"})


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_cookie_goes_to_the_sign_in(served, page):
    for address in (f"/{page}", f"/{page}?length=4-9"):
        reply = served.get(address)
        assert reply.status == 302 and urljoin(address, reply.headers["location"]).startswith("/sign-in?") and "token" not in reply.body


@pytest.mark.parametrize("page", PAGES)
def test_an_address_with_a_slash_too_many_leads_to_the_page(served, page):
    assert served.get(f"/{page}/").headers["location"] == f"/{page}"
    assert served.get(f"/{page}/?length=4-9", served.signed("dora")).headers["location"] == f"/{page}?length=4-9"


def test_no_address_makes_the_server_import_a_module(served):
    assert "antigravity" not in sys.modules

    reply = served.get("/components/antigravity/x/_esm/y.js", served.signed("dora"))

    assert reply.status == 404 and WORDS in reply.body and "antigravity" not in sys.modules


def test_the_sign_in_page_says_how_to_get_in(served):
    reply = served.get("/sign-in")

    assert reply.status == 401 and "personal link" in reply.body


@pytest.mark.parametrize("user", ["dora", "tess", "tariq"])
def test_a_personal_link_signs_in(served, user):
    reply = served.get(f"/enter/{served.links.keys[user]}")

    assert reply.status == 302 and reply.headers["location"] == "/"
    assert "HttpOnly" in reply.headers["set-cookie"] and "SameSite=Lax" in reply.headers["set-cookie"]
    assert served.get("/", reply.cookie).headers["location"] == "/alliance"
    page = served.get("/caseload", reply.cookie)
    assert page.status == 200 and served.people.viewers[user].name in page.body
    assert ("own courses" in page.body) == (user != "dora")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_served(served, page):
    reply = served.get(f"/{page}", served.signed("dora"))

    assert reply.status == 200 and "<h1>" in reply.body and "http://" not in reply.body.replace("http://www.w3.org", "").split("<script", 1)[0]


@pytest.mark.parametrize("key", ["x", "", "a" * 24, "../dora", "dora"])
def test_any_other_link_signs_nobody_in(served, key):
    reply = served.get(f"/enter/{key}")

    assert reply.status in (403, 404) and "set-cookie" not in reply.headers


def test_signing_out_takes_the_cookie_away_and_makes_it_worthless(served):
    cookie = served.signed("dora")

    reply = served.sign_out(cookie)

    assert reply.status == 200 and reply.headers["set-cookie"].startswith(f'{served.cookie_name}="";')
    assert served.get("/caseload", cookie).status == 302 and served.get("/session", cookie).status == 401


def test_a_cookie_that_this_server_did_not_sign_for_a_person_it_knows_signs_nobody_in(served):
    good = served.signed("tess")
    forged = {
        "plain name": f"{served.cookie_name}=dora",
        "empty": f"{served.cookie_name}=",
        "another secret": served.signed("dora", secret="0" * 64),
        "signed, but never drawn": served.cookie_of("x" * 43),
        "a key of the table in place of the id": served.cookie_of(served.key(good)),
        "a user name in place of the id": served.cookie_of("dora"),
        "unknown person": served.signed("eve"),
        "guest": served.signed("guest"),
        "altered, own signature": good.replace("|10:", "|11:"),
        "cut signature": good[:-1],
        "another name": good.replace(served.cookie_name, "user", 1),
    }

    assert served.get("/caseload", good).status == 200
    assert {name: served.get("/caseload", cookie).status for name, cookie in forged.items()} == dict.fromkeys(forged, 302)


def test_somebody_who_is_removed_is_out_at_the_next_request(served):
    served.people.viewers["temp"] = Viewer("temp", "director")
    cookie = served.signed("temp")
    token = served.token(cookie)
    assert served.get("/caseload", cookie).status == 200

    del served.people.viewers["temp"]

    assert served.get("/caseload", cookie).status == 302
    assert served.socket(token, cookie) is None


def test_no_session_can_be_brought_along(served):
    cookie = served.signed("dora")
    token = served.token(cookie)

    assert served.get("/caseload?bokeh-session-id=abc", cookie).status == 403
    assert served.get(f"/caseload?bokeh-token={token}", cookie).status == 403
    assert served.get("/caseload", cookie, Bokeh_Session_Id="abc").status == 403
    assert served.get("/caseload?bokeh-session-id=abc").status == 403
    assert served.socket(token, cookie, query="?bokeh-session-id=abc") is None
    assert served.socket(token, cookie, query=f"?bokeh-token={token}") is None
    assert served.socket(token, cookie, Bokeh_Session_Id="abc") is None


def test_every_page_gets_a_session_of_its_own(served):
    cookie = served.signed("dora")
    payloads = [served.token(cookie).split(".")[0] for _ in range(2)]

    assert payloads[0] != payloads[1]


def test_a_websocket_is_opened_with_ones_own_token_only(served):
    tess, tariq, dora = (served.signed(user) for user in ("tess", "tariq", "dora"))
    elsewhere = served.signed("tess")  # the same person in another browser

    token = served.token(tess)
    for other in (tariq, dora, elsewhere, ""):
        assert served.socket(token, other) is None
    assert "ACK" in (served.socket(token, tess) or "")
    assert served.socket(served.token(dora), tess) is None


def test_a_websocket_with_a_forged_token_is_refused(served):
    tess = served.signed("tess")
    head, signature = served.token(tess).rsplit(".", 1)
    other, _ = served.token(tess).rsplit(".", 1)

    for token in (f"{other}.{signature}", head, f"{head}.", "", "x", "x.y"):
        assert served.socket(token, tess) is None, token


def test_a_websocket_from_another_site_is_refused(served):
    tess = served.signed("tess")

    assert served.socket(served.token(tess), tess, origin="http://evil.example") is None


def test_a_pages_token_names_its_session_and_nothing_else(served):
    cookie = served.signed("dora")

    token = served.token(f"{cookie}; other=secret", "/caseload?team=Team+A", Authorization="Bearer secret", X_Remote_User="eve")

    payload = get_token_payload(token)
    assert {name: value for name, value in payload.items() if name not in ("session_id", "session_expiry")} == {"headers": {}, "cookies": {}, "arguments": {}}


@pytest.mark.parametrize("header", ["X_Remote_User", "X_Forwarded_User", "Authorization"])
def test_no_header_says_who_somebody_is(served, header):
    assert served.get("/caseload", **{header: "dora"}).status == 302
    assert "Tess" in served.get("/caseload", served.signed("tess"), **{header: "dora"}).body


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("path", ["autoload.js", "metadata", "autoload.js?bokeh-autoload-element=1&bokeh-app-path=/", "ws/../autoload.js"])
def test_a_page_has_no_back_entrance(served, page, path):
    for cookie in ("", served.signed("dora")):
        reply = served.get(f"/{page}/{path}", cookie)
        assert reply.status == 404 and WORDS in reply.body and "token" not in reply.body


@pytest.mark.parametrize(
    "path", ["/admin", "/rest", "/rest/session_info", "/login", "/logout", "/caseloads", "/index.html", "/caseload/x", "/.git/config", "/liveness"]
)
def test_any_other_address_is_not_found_in_words(served, path):
    for cookie in ("", served.signed("dora")):
        reply = served.get(path, cookie)
        assert reply.status == 404 and WORDS in reply.body and "href='/goals'" in reply.body


@pytest.mark.parametrize("path", ["/goals", "/alliance", "/caseload", "/health", "/sign-in", "/sign-out", "/enter/x", "/nowhere", "/caseload/autoload.js", "/"])
def test_every_answer_says_what_a_browser_may_do(served, path):
    for cookie in ("", served.signed("dora")):
        headers = served.get(path, cookie).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"


def test_no_inline_handler_of_an_attribute_can_run():
    assert "script-src-attr 'none'" in CONTENT_SECURITY_POLICY and "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY and "connect-src 'self'" in CONTENT_SECURITY_POLICY


def test_what_bokeh_draws_with_comes_from_this_server(served):
    body = served.get("/caseload", served.signed("dora")).body
    scripts = [part.split('"', 1)[0] for part in body.split('src="')[1:]]

    assert scripts and all(script.startswith(("/", "static/", "./")) and not script.startswith("//") for script in scripts)
    assert served.get(f"/{scripts[0].lstrip('./')}").status == 200
