"""Signing in through nginx that vouches for people, with the real server behind it: by a shared secret, and over a unix socket that nginx alone reaches."""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import contextmanager, suppress

import pytest
from tests import clinics
from tests.deploy import installed, trusting
from tests.deploy.browsing import Browser
from tests.deploy.installed import HOST
from tests.ports import free_ports

from process.measures.publishing import publish

pytestmark = pytest.mark.timeout(600)  # a process starts before the first of them
PEOPLE = ("dora", "tess", "tariq")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic") / "store"
    publish(folder, clinics.counted(("T1", 12, 4), ("T2", 11, 6)))
    return folder


@pytest.fixture(scope="module")
def known():
    """Who is in the table of people; nginx knows one more, and none of them has a password of the server's."""
    return {"dora": installed.person("dora", "director"), "tess": installed.person("tess", "therapist", "T1")}


@contextmanager
def running(folder, clinic, settings, upstream: str, answers, secret: str):
    """One process behind nginx, which asks for passwords itself."""
    one = installed.process(clinic, settings, free_ports(1)[0], folder)
    try:
        end = time.monotonic() + installed.STARTING
        while not answers(one):
            assert one.running.poll() is None and time.monotonic() < end, one.log.read_text()[-3000:]
            time.sleep(0.1)
        with in_front(folder, upstream.format(port=one.port), secret) as front:
            front.process = one
            yield front
    finally:
        one.stop()


@contextmanager
def in_front(folder, upstream: str, secret: str, name: str = "nginx"):
    """nginx with the shipped files, in front of that."""
    place = folder / name
    place.mkdir()
    changes = trusting.as_the_guide_says(place, secret, *trusting.by_password(place, *PEOPLE), user="$remote_user")
    changes += [(f"    server 127.0.0.1:{port};\n", f"    server {upstream};\n" if port == 1 else "") for port in (1, 2)]
    with installed.nginx(place, [1, 2], *changes) as front:
        yield front


def over_port(one) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", one.port), 1).close()
        return True
    return False


@pytest.fixture(scope="module")
def by_secret(with_nginx, tmp_path_factory, clinic, known):
    """Over a port: nginx is known by the secret."""
    folder = tmp_path_factory.mktemp("by-secret")
    settings = installed.etc(folder, "proxy", known)
    secret = (folder / "etc" / "proxy.secret").read_text().strip()
    with running(folder, clinic, settings, "127.0.0.1:{port}", over_port, secret) as front:
        front.home, front.secret = folder, secret
        yield front


@pytest.fixture(scope="module")
def by_socket(with_nginx, tmp_path_factory, clinic, known):
    """Over a unix socket in a folder of its own; no secret."""
    folder = tmp_path_factory.mktemp("by-socket")
    (folder / "run").mkdir(mode=0o750)
    place = folder / "run" / "server.sock"
    listening = ('address = "127.0.0.1"  ', f'unix_socket = "{place}"  ')
    no_secret = f'secret_file = "{folder}/etc/proxy.secret"\n', ""
    settings = installed.etc(folder, "proxy", known, listening=listening, secret=no_secret)

    def answers(one) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(place))
            return True
        return False

    with running(folder, clinic, settings, f"unix:{place}", answers, "") as front:
        front.home, front.socket = folder, place
        yield front


@pytest.fixture(params=["by_secret", "by_socket"])
def front(request):
    return request.getfixturevalue(request.param)


def signed_in(front, user: str) -> Browser:
    browser = Browser(front)
    reply = browser.get("/sign-in?next=/caseload", Authorization=trusting.as_user(user))
    assert (reply.status, reply.headers.get("location")) == (302, "/caseload"), reply.body
    return browser


def test_whoever_nginx_vouches_for_is_signed_in_with_the_role_of_the_table_and_a_websocket(front):
    for user, says in (("dora", "whole clinic"), ("tess", "own courses")):
        browser, name = signed_in(front, user), trusting.as_user(user)
        page = browser.get("/caseload", Authorization=name)
        assert page.status == 200 and says in page.body
        opened = browser.connect("/caseload", token(browser, user), Authorization=name)
        assert opened is not None
        opened.close()
    assert [line["how"] for line in installed.audited(front.home) if line["kind"] == "signed_in"][-2:] == ["proxy", "proxy"]


def token(browser: Browser, user: str) -> str:
    """The token of a page that this browser has been given."""
    body = browser.get("/caseload", Authorization=trusting.as_user(user)).body
    return body.partition('"token":')[2].split('"')[1]


def test_a_name_that_a_browser_brings_along_is_dropped_whatever_secret_it_knows(front):
    forged = {"X_Remote_User": "dora", "X_Proxy_Secret": getattr(front, "secret", "")}
    tess = Browser(front)

    assert Browser(front).get("/sign-in", **forged).status == 401, "nginx lets nobody in without its own password"
    assert tess.get("/sign-in?next=/caseload", Authorization=trusting.as_user("tess"), **forged).status == 302
    assert "own courses" in tess.get("/caseload", Authorization=trusting.as_user("tess"), **forged).body
    assert tess.get("/log", Authorization=trusting.as_user("tess"), **forged).status == 403
    opened = tess.connect("/caseload", token(tess, "tess"), Authorization=trusting.as_user("tess"), **forged)
    assert opened is not None
    opened.close()


def test_a_cookie_in_the_browser_of_somebody_else_opens_nothing_and_is_worth_nothing_afterwards(front):
    dora = signed_in(front, "dora")
    page = token(dora, "dora")

    assert dora.connect("/caseload", page, Authorization=trusting.as_user("tess")) is None
    assert dora.get("/caseload", Authorization=trusting.as_user("tess")).status == 302
    assert dora.get("/caseload", Authorization=trusting.as_user("dora")).status == 302, "who sat there before has been signed out"


def test_whom_nginx_knows_and_the_table_does_not_gets_nothing(front):
    reply = Browser(front).get("/sign-in", Authorization=trusting.as_user("tariq"))

    assert reply.status == 403 and "You have no access here" in reply.body and not reply.set_cookies


def test_nginx_with_another_secret_is_nobody_the_server_believes(by_secret):
    dora, name = signed_in(by_secret, "dora"), trusting.as_user("dora")
    page = token(dora, "dora")
    with in_front(by_secret.home, f"127.0.0.1:{by_secret.process.port}", "another" * 8, "another-nginx") as other:
        stranger = Browser(other)
        stranger.cookies = dict(dora.cookies)
        assert Browser(other).get("/sign-in", Authorization=name).status == 401
        assert stranger.get("/caseload", Authorization=name).status == 302
        assert stranger.connect("/caseload", page, Authorization=name) is None
    assert dora.get("/caseload", Authorization=name).status == 200


def straight(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}})
    return connection.getresponse().status


def test_past_nginx_a_name_is_believed_with_the_secret_alone(by_secret):
    port = by_secret.process.port

    assert straight(port, "/sign-in", X_Remote_User="dora") == 401
    assert straight(port, "/sign-in", X_Remote_User="dora", X_Proxy_Secret="wrong" * 8) == 401
    assert straight(port, "/sign-in", X_Remote_User="dora", X_Proxy_Secret=by_secret.secret) == 302, "which is why it is in a file of root's"


def test_the_socket_is_reached_by_the_owner_and_its_group_alone_and_no_port_is_open(by_socket):
    assert by_socket.socket.stat().st_mode & 0o777 == 0o660 and by_socket.socket.parent.stat().st_mode & 0o007 == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", by_socket.process.port), 1)


def test_signing_out_ends_it_and_says_where_else_to_sign_out(front):
    dora, name = signed_in(front, "dora"), trusting.as_user("dora")
    opened = dora.connect("/caseload", token(dora, "dora"), Authorization=name)
    form = dora.get("/sign-out", Authorization=name).body.partition("value='")[2].partition("'")[0]

    reply = dora.ask("POST", "/sign-out", f"token={form}", Authorization=name)

    assert reply.status == 200 and "https://id.clinic.example/sign-out" in reply.body
    assert opened is not None and opened.ended() == 4401
    assert dora.get("/session", Authorization=name).status == 401
