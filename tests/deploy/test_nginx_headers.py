"""What nginx passes on, seen from behind it: a process that only says which headers it was sent. With nginx as the one that signs people in, too."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.deploy import installed, trusting
from tests.deploy.browsing import Browser
from tests.deploy.installed import DEPLOY, HOST
from tests.ports import free_ports

PASSED = {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "Cookie", "Origin", "Content-Type", "Content-Length", "Accept", "Sec-Fetch-Site", "X-Signed-In"}
SENT = (
    "X-Remote-User",
    "X-Proxy-Secret",
    "Authorization",
    "Forwarded",
    "Bokeh-Session-Id",
    "Bokeh-Token",
    "X-Forwarded-Host",
    "User-Agent",
    "Referer",
    "Anything",
)
SECRET = "of the proxy and the server alone, 0123456789"


class Saying(BaseHTTPRequestHandler):
    """Answers with the headers of the request."""

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        content = json.dumps(dict(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def behind(with_nginx):
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Saying) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_address[1] for server in servers]
    for server in servers:
        server.shutdown()


def passed(front, path: str = "/caseload", method: str = "GET", **headers: str) -> dict[str, str]:
    browser = Browser(front)
    browser.cookies["a"] = "b"
    reply = browser.ask(method, path, "x=1" if method == "POST" else None, **{name.replace("-", "_"): "forged" for name in SENT} | headers)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


@pytest.mark.parametrize(
    ("path", "method"),
    [("/caseload", "GET"), ("/caseload/ws", "GET"), ("/sign-in", "GET"), ("/sign-in", "POST"), ("/sign-in/back", "GET"), ("/static/js/a.js", "GET")],
)
def test_only_listed_headers_are_passed_on(behind, tmp_path, path, method):
    with installed.nginx(tmp_path, behind) as front:
        found = passed(front, path, method, Upgrade="websocket", Connection="upgrade", Sec_WebSocket_Key="k", X_Signed_In="t", Accept_Encoding="gzip")

    assert set(found) <= PASSED | ({"Upgrade", "Connection", "Sec-WebSocket-Key"} if path.endswith("/ws") else set())
    assert (found["Host"], found["X-Forwarded-For"], found["X-Forwarded-Proto"]) == (HOST, "127.0.0.1", "https")
    assert ("Cookie" in found) == (not path.startswith("/static/")) and ("X-Signed-In" in found) == (path in ("/caseload", "/sign-in", "/sign-in/back"))


def test_without_the_list_the_name_of_another_person_would_get_through(behind, tmp_path):
    with installed.nginx(tmp_path, behind, ("    proxy_pass_request_headers off;\n", "")) as front:
        assert passed(front)["X-Remote-User"] == "forged"


def test_sign_ins_and_the_way_back_from_the_provider_are_limited_together_and_pages_are_not(behind, tmp_path):
    with installed.nginx(tmp_path, behind, ("burst=200 nodelay", "burst=2 nodelay"), ("rate=5r/s", "rate=1r/m")) as front:
        browser = Browser(front)
        statuses = [browser.get(path).status for path in ("/sign-in", "/sign-in/back", "/sign-in", "/sign-in/back", "/sign-in", "/caseload", "/caseload")]

    assert statuses == [200, 200, 200, 429, 429, 200, 200]


def test_one_address_has_room_and_cannot_take_every_connection(behind, tmp_path):
    limit = "limit_conn therapy_process_address "
    assert f"{limit}500;" in (DEPLOY / "nginx" / "therapy-process.conf").read_text()

    with installed.nginx(tmp_path, behind, (f"{limit}500;", f"{limit}2;")) as front:
        held = [front.context.wrap_socket(socket.create_connection(("127.0.0.1", front.https), 60), server_hostname=HOST) for _ in range(2)]
        for one in held:
            one.sendall(f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 10\r\n\r\n".encode())  # and never what was announced
        while_held = until(front, 429)
        for one in held:
            one.close()

        assert while_held == 429 and until(front, 200) == 200


def until(front, status: int) -> int:
    """The status of a page once it is that, or what it still is after half a minute."""
    end = time.monotonic() + 30
    while (found := Browser(front).get("/caseload").status) != status and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_no_log_of_nginx_holds_a_query_also_when_no_process_answers(with_nginx, tmp_path):
    with installed.nginx(tmp_path, free_ports(2)) as front:
        assert Browser(front).get("/caseload?length=9-30").status == 502
        assert Browser(front).get("/sign-in/back?code=verysecret").status == 502
        assert front.asked("/caseload", 1)

    logs = "".join(path.read_text() for path in (tmp_path / "log").iterdir())
    assert "9-30" not in logs and "verysecret" not in logs


def test_containers_are_reached_over_tls_as_the_containerfile_says_and_no_other_certificate_passes(with_nginx, tmp_path):
    told = re.findall(r"(?m)^#     (proxy_ssl_.*;)$", (DEPLOY / "Containerfile").read_text())
    name = re.search(r"proxy_ssl_name (\S+);", "\n".join(told))[1]
    for folder, whose in (("right", name), ("other", "elsewhere.internal")):
        installed.certificate(tmp_path / folder, whose)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Saying)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "right" / "fullchain.pem", tmp_path / "right" / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    statuses = []
    for folder in ("right", "other"):
        lines = "\n".join(told).replace("/etc/ssl/therapy-process/internal.pem", str(tmp_path / folder / "fullchain.pem"))
        changes = ("proxy_pass http://", "proxy_pass https://"), ("    proxy_http_version 1.1;\n", f"    proxy_http_version 1.1;\n{lines}\n")
        with installed.nginx(tmp_path / f"nginx-{folder}", [server.server_address[1]] * 2, *changes) as front:
            statuses.append(Browser(front).get("/caseload").status)
    server.shutdown()

    assert statuses == [200, 502]


def test_where_nginx_signs_people_in_its_own_word_replaces_what_a_client_says(behind, tmp_path):
    changes = trusting.as_the_guide_says(tmp_path, SECRET, *trusting.by_password(tmp_path, "dora"), user="$remote_user")
    with installed.nginx(tmp_path / "nginx", behind, *changes) as front:
        for path in ("/caseload", "/caseload/ws", "/sign-in"):
            found = passed(front, path, Authorization=trusting.as_user("dora"))
            assert (found["X-Remote-User"], found["X-Proxy-Secret"]) == ("dora", SECRET) and "Authorization" not in found
        assert Browser(front).get("/caseload", X_Remote_User="dora", X_Proxy_Secret=SECRET).status == 401


def test_nobody_is_told_to_copy_the_name_before_anybody_has_signed_in():
    told = (DEPLOY / "nginx" / "signed-in-by-nginx.conf").read_text()

    assert not re.search(r"set \$therapy_process_user +\$remote_user", told) and "write $remote_user in the line below" in told


def test_nginx_does_not_start_while_nobody_has_said_whom_to_believe(behind, tmp_path):
    changes = trusting.as_the_guide_says(tmp_path, SECRET)
    with pytest.raises(AssertionError, match="therapy_process_user"), installed.nginx(tmp_path / "nginx", behind, *changes):
        pass
