"""Signing in through a trusted proxy, over real HTTP: nobody but the proxy names anybody, and a cookie is worth something for whom it names now."""

from __future__ import annotations

import pytest

PROXY_SECRET = "what the proxy alone knows: 0123456789"


@pytest.fixture(scope="module")
def proxied(served_by, accounts):
    (accounts / "proxy").write_text(PROXY_SECRET)
    (accounts / "proxy").chmod(0o600)
    told = {"secret_file": accounts / "proxy", "sign_out_url": "https://clinic.example/out"}
    with served_by(sign_in="proxy", origin="http://127.0.0.1", proxy=told) as served:
        yield served


def through_proxy(served, path, cookie="", user="dora", secret=PROXY_SECRET, **headers):
    sent = {"X_Remote_User": user, "X_Proxy_Secret": secret, "X_Forwarded_For": "10.0.0.7", "Host": "127.0.0.1"} | headers
    return served.get(path, cookie, **{name: value for name, value in sent.items() if value is not None})


def test_the_trusted_proxy_signs_in_whom_it_names(proxied):
    reply = through_proxy(proxied, "/sign-in?next=/caseload", user="dora")

    assert reply.status == 302 and reply.headers["location"] == "/caseload"
    assert "Dora, director" in through_proxy(proxied, "/caseload", reply.cookie).body


def test_nobody_but_the_proxy_names_anybody(proxied):
    good = through_proxy(proxied, "/sign-in", user="dora").cookie
    for secret in (None, "", "x", PROXY_SECRET[:-1], PROXY_SECRET + "x"):
        assert through_proxy(proxied, "/sign-in", secret=secret).status == 401
        assert through_proxy(proxied, "/session", good, secret=secret).status == 401
    for user in (None, "", "dora,tess", " "):
        assert through_proxy(proxied, "/sign-in", user=user).status == 401
    for user in ("eve", "dirk", "guest", "Dora"):
        assert through_proxy(proxied, "/sign-in", user=user).status == 403


def test_a_cookie_is_worth_nothing_for_anybody_but_whom_the_proxy_names_now(proxied):
    dora = through_proxy(proxied, "/sign-in", user="dora").cookie

    assert through_proxy(proxied, "/session", dora, user="dora").status == 200
    for user in ("dirk", "eve", None):
        assert through_proxy(proxied, "/session", dora, user=user).status == 401


def test_whoever_the_proxy_names_next_ends_the_sign_in_before(proxied):
    dora = through_proxy(proxied, "/sign-in", user="dora").cookie
    assert through_proxy(proxied, "/session", dora, user=None).status == 401
    assert through_proxy(proxied, "/session", dora, user="tess", secret="x").status == 401
    assert through_proxy(proxied, "/session", dora, user="dora").status == 200, "nobody else was vouched for"

    assert through_proxy(proxied, "/session", dora, user="tess").status == 401

    assert through_proxy(proxied, "/session", dora, user="dora").status == 401 and proxied.gate.table.why(proxied.key(dora)) == "sign-out"
