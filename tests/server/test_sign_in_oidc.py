"""Signing in at an identity provider, over real HTTP: what it says is believed by its signature alone, and as whom, the table of people says."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.ports import free_port
from tests.server.provider import CLIENT, SECRET, providing


@pytest.fixture(scope="module")
def provider():
    with providing(free_port()) as provider:
        yield provider


@pytest.fixture(scope="module")
def oidc(served_by, accounts, provider):
    (accounts / "client").write_text(SECRET)
    (accounts / "client").chmod(0o600)
    told = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret_file": accounts / "client", "claim": "preferred_username"}
    with served_by(sign_in="oidc", oidc=told) as served:
        yield served


@pytest.fixture(autouse=True)
def unaltered(provider):
    provider.user, provider.alter, provider.signs_with = "dora", None, None


def at_provider(served, provider, change=lambda query: query, cookie=None):
    """Sign in at the provider, with whatever a browser brings back changed."""
    out = served.get("/sign-in?next=%2Fcaseload")
    assert out.status == 302 and out.headers["location"].startswith(provider.issuer + "/auth?")
    query = change(provider.answer_to(out.headers["location"]))
    return served.get(f"/sign-in/back?{query}", out.cookie if cookie is None else cookie)


def cookie_in(served, reply):
    found = re.match(rf"{served.cookie_name}=[^;]+", reply.cookies.get(served.cookie_name, ""))
    return found[0] if found else ""


def test_the_identity_provider_signs_in_and_the_table_says_as_whom(oidc, provider):
    provider.user = "tess"  # whose token says that her role is director

    reply = at_provider(oidc, provider)

    assert reply.status == 302 and reply.headers["location"] == "/caseload"
    page = oidc.get("/caseload", cookie_in(oidc, reply))
    assert page.status == 200 and "Tess, therapist" in page.body and "own courses" in page.body


def test_whom_the_table_does_not_know_has_no_access_whatever_the_provider_says(oidc, provider):
    for user in ("eve", "dirk", "guest"):
        provider.user = user
        reply = at_provider(oidc, provider)
        assert reply.status == 403 and "no access" in reply.body and not cookie_in(oidc, reply)


FORGED = {
    "signed with another key": lambda provider: setattr(provider, "signs_with", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "not signed": lambda provider: setattr(provider, "alter", lambda claims, header: header.update(alg="none")),
    "signed with the client's secret": lambda provider: setattr(provider, "alter", lambda claims, header: header.update(alg="HS256")),
    "another key's name": lambda provider: setattr(provider, "alter", lambda claims, header: header.update(kid="2")),
    "another issuer": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(iss="http://127.0.0.1:1")),
    "another client": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(aud="another")),
    "for two clients, asked for by the other": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(aud=[CLIENT, "b"], azp="b")),
    "out of date": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(exp=claims["iat"] - 120)),
    "made long ago": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(iat=claims["iat"] - 7200)),
    "another nonce": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(nonce="x")),
    "no nonce": lambda provider: setattr(provider, "alter", lambda claims, header: claims.pop("nonce")),
    "no expiry": lambda provider: setattr(provider, "alter", lambda claims, header: claims.pop("exp")),
    "no name": lambda provider: setattr(provider, "alter", lambda claims, header: claims.pop("preferred_username")),
    "a name that is no text": lambda provider: setattr(provider, "alter", lambda claims, header: claims.update(preferred_username=["dora"])),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_token_that_is_not_the_providers_word_about_this_sign_in_is_not_believed(oidc, provider, what):
    FORGED[what](provider)

    reply = at_provider(oidc, provider)

    assert reply.status == 403 and not cookie_in(oidc, reply)


def test_what_comes_back_belongs_to_the_browser_that_asked_and_is_worth_one_sign_in(oidc, provider):
    assert at_provider(oidc, provider, cookie="").status == 403
    assert at_provider(oidc, provider, lambda query: query.replace("state=", "state=x")).status == 403
    assert at_provider(oidc, provider, lambda query: query.replace("code=", "code=x")).status == 403
    assert at_provider(oidc, provider, lambda query: query.replace("iss=", "iss=x")).status == 403
    assert at_provider(oidc, provider, lambda query: "error=access_denied").status == 403
    kept = []
    assert at_provider(oidc, provider, lambda query: kept.append(query) or query).status == 302
    assert oidc.get(f"/sign-in/back?{kept[0]}", "").status == 403


def test_the_provider_ends_its_sign_ins_from_its_side_with_a_token_of_its_own_only(oidc, provider):
    cookie = cookie_in(oidc, at_provider(oidc, provider))
    wrong = ("x", "", provider.logout_token(aud="another"), provider.logout_token(events={}), provider.logout_token(nonce="x"), provider.logout_token(sid=None))
    for token in wrong:
        assert oidc.get("/sign-out/from-provider", "", "POST", urlencode({"logout_token": token})).status == 400
    assert oidc.get("/session", cookie).status == 200

    assert oidc.get("/sign-out/from-provider", "", "POST", urlencode({"logout_token": provider.logout_token()})).status == 200

    assert oidc.get("/session", cookie).status == 401


def test_a_logout_token_is_taken_once(oidc, provider):
    body = urlencode({"logout_token": provider.logout_token()})

    assert [oidc.get("/sign-out/from-provider", "", "POST", body).status for _ in range(2)] == [200, 400]


def test_signing_out_offers_the_providers_own_sign_out(oidc, provider):
    reply = oidc.sign_out(cookie_in(oidc, at_provider(oidc, provider)))

    assert "/sign-out/provider" in reply.body
    assert oidc.get("/sign-out/provider").headers["location"].startswith(f"{provider.issuer}/end?client_id={CLIENT}")
