"""The shipped nginx configuration in front of two processes: a page and its websocket meet, nothing forged gets through, and what ends ends in both."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import ssl
from dataclasses import replace

import pytest
from tests.deploy.browsing import ORIGIN, Browser
from tests.deploy.installed import HOST, PASSWORD, audited, nginx

from process.people import table

pytestmark = pytest.mark.timeout(600)  # two processes start before the first of them


@pytest.fixture
def browser(running):
    return Browser(running)


def signed_in(running, user: str) -> Browser:
    browser = Browser(running)
    reply = browser.sign_in(user)
    assert (reply.status, reply.headers.get("location")) == (303, "/caseload"), reply.body
    return browser


def on_both(running, user: str) -> dict[int, Browser]:
    """Browsers of that person, until each process serves one: by port."""
    found: dict[int, Browser] = {}
    for _ in range(16):
        browser = signed_in(running, user)
        before = len(running.upstream("/session"))
        browser.get("/session")
        found.setdefault(running.upstream("/session", before + 1)[-1], browser)
        if len(found) == 2:
            return found
    raise AssertionError("every sign-in went to the same process")


def test_a_page_and_its_websocket_reach_the_same_process_and_people_are_spread_over_both(running):
    for port, browser in on_both(running, "tess").items():
        pages, sockets = (len(running.upstream(path)) for path in ("/caseload", "/caseload/ws"))
        for _ in range(2):
            page = browser.open()
            assert page is not None
            page.close()
        assert running.upstream("/caseload", pages + 2)[-2:] == [port, port] and running.upstream("/caseload/ws", sockets + 2)[-2:] == [port, port]


def test_without_the_hash_a_websocket_reaches_the_other_process_and_is_refused(running, tmp_path):
    ports = [one.port for one in running.processes]

    with nginx(tmp_path, ports, ("    hash $therapy_process_browser consistent;\n", "")) as front:
        browser = signed_in(front, "tess")
        opened = [browser.open() for _ in range(5)]

    assert None in opened


def test_two_roles_see_their_own(running):
    pages = {user: signed_in(running, user).get("/caseload").body for user in ("dora", "tess")}

    assert "whole clinic" in pages["dora"] and "whole clinic" not in pages["tess"]
    assert signed_in(running, "dora").get("/log").status == 200 and signed_in(running, "tess").get("/log").status == 403


def test_a_wrong_password_and_somebody_unknown_get_the_same_page(browser):
    replies = [browser.sign_in(user, "not the right one") for user in ("tess", "nobody-here")]

    assert [reply.status for reply in replies] == [401, 401] and replies[0].headers.keys() == replies[1].headers.keys()
    assert browser.get("/caseload").status == 302


FORGED = (
    {"X_Remote_User": "dora", "X_Proxy_Secret": "x" * 40},
    {"Bokeh_Session_Id": "mine"},
    {"X_Forwarded_For": "10.0.0.1", "X_Real_IP": "10.0.0.1", "Forwarded": "for=10.0.0.1;host=evil.example"},
    {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http", "X_Original_URL": "/log", "X_HTTP_Method_Override": "POST"},
)


def test_headers_that_nobody_may_bring_along_do_not_get_through(running):
    tess = signed_in(running, "tess")
    for forged in FORGED:
        assert Browser(running).get("/caseload", **forged).status == 302
        assert tess.get("/session", **forged).status == 200 and tess.get("/log", **forged).status == 403
    page = tess.open("/caseload", **{name: value for forged in FORGED for name, value in forged.items()})
    assert page is not None
    page.close()


def test_a_header_that_the_server_would_refuse_reaches_it_without_nginx(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.processes[0].port, timeout=30)
    connection.request("GET", "/sign-in", headers={"Host": HOST, "Bokeh-Session-Id": "mine"})

    assert connection.getresponse().status == 403


def test_another_persons_page_token_opens_nothing(running):
    tess, dora = signed_in(running, "tess"), signed_in(running, "dora")
    token = re.search(r'"token":\s*"([^"]+)"', dora.get("/caseload").body)[1]

    assert tess.connect("/caseload", token) is None


def test_only_tls_of_today_is_spoken_and_the_plain_address_leads_to_the_encrypted_one(running, browser):
    for version, spoken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        context = running.context
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        try:
            context.wrap_socket(socket.create_connection(("127.0.0.1", running.https), 10), server_hostname=HOST).close()
            assert spoken, version
        except (ssl.SSLError, OSError):
            assert not spoken, version
    plain = http.client.HTTPConnection("127.0.0.1", running.http, timeout=10)
    plain.request("GET", "/caseload?team=a", headers={"Host": "evil.example"})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"{ORIGIN}/caseload?team=a")
    for path in ("/sign-in", "/nowhere", "/static/js/nothing.js"):
        assert browser.get(path).headers["strict-transport-security"] == "max-age=63072000"


def test_a_name_that_is_not_ours_gets_nothing(running):
    connection = http.client.HTTPConnection(HOST, timeout=10)
    connection.sock = running.context.wrap_socket(socket.create_connection(("127.0.0.1", running.https), 10), server_hostname=HOST)
    connection.request("GET", "/sign-in", headers={"Host": "evil.example"})

    assert connection.getresponse().status == 421


def test_large_headers_and_bodies_are_refused_before_the_server_sees_them(running, browser):
    before = len(running.upstream("/sign-in"))

    assert browser.get("/sign-in", Cookie="a=" + "x" * 40_000).status in (400, 431, 494)
    assert browser.ask("POST", "/sign-in", "user=" + "x" * 100_000).status == 413

    assert len(running.upstream("/sign-in")) == before


def test_pages_are_compressed_and_static_files_come_from_the_cache(running):
    browser = signed_in(running, "tess")
    page = browser.get("/caseload", Accept_Encoding="gzip")
    address = re.search(r'src="(/?static/js/bokeh\.min\.js[^"]*)"', gzip.decompress(page.content).decode())[1]
    address = "/" + address.lstrip("/")
    path = address.partition("?")[0]

    first, second = (browser.get(address, Accept_Encoding="gzip") for _ in range(2))

    assert page.headers["content-encoding"] == "gzip" and page.headers["cache-control"] == "no-store" and "server" in page.headers
    assert first.status == second.status == 200 and first.content == second.content and first.headers["content-encoding"] == "gzip"
    assert "max-age" in second.headers["cache-control"] and not second.set_cookies
    asked = running.asked(path, 2)
    assert len(asked) >= 2 and asked[-1].endswith(" -")


def test_the_access_log_holds_no_query_and_no_cookie(running):
    browser = signed_in(running, "tess")
    browser.get("/caseload?length=9-30")

    log = "\n".join(running.lines())

    assert "9-30" not in log and "/caseload" in log and not any(value in log for value in browser.cookies.values())


def test_signing_out_closes_the_open_page_and_the_cookie_is_worth_nothing(running):
    browser = signed_in(running, "tess")
    page, kept = browser.open(), dict(browser.cookies)

    assert browser.sign_out().status == 200

    assert page.ended() == 4401
    browser.cookies = kept
    assert browser.get("/caseload").status == 302


def test_a_person_who_is_disabled_loses_the_open_pages_of_both_processes_at_once(running):
    browsers = on_both(running, "tariq")
    pages = [browser.open() for browser in browsers.values()]
    file = running.home / "lib" / "people.toml"

    with table.changing(file) as found:
        before, found["tariq"] = found["tariq"], replace(found["tariq"], disabled=True)

    try:
        assert [page.ended() for page in pages] == [4401, 4401]
        assert all(browser.get("/caseload").status == 302 for browser in browsers.values())
        assert Browser(running).sign_in("tariq").status == 401
    finally:
        with table.changing(file) as found:
            found["tariq"] = before


def test_both_processes_write_one_audit_log_and_it_is_whole(running):
    from process.access.audit import checking, place

    for browser in on_both(running, "dora").values():
        browser.get("/caseload")
    assert Browser(running).sign_in("dora", "wrong").status == 401

    log = running.home / "log" / "audit"
    found = checking.verify(log, place.key_of(log, running.home / "etc" / "audit.key"))

    assert found.fault == "" and {"signed_in", "sign_in_refused", "signed_out", "ended"} <= {line["kind"] for line in audited(running.home)}
    assert PASSWORD not in str(audited(running.home))
