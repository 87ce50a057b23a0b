"""The three ways to sign in, over real HTTP: local accounts, an identity provider, a trusted proxy. As whom, the table of people says alone."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests import clinics
from tests.server.provider import CLIENT, SECRET, providing
from tests.server.served import free_port, serving

from process.errors import LogProblem
from process.people import People, Person, table
from process.server import ServerSettings
from process.server.pace import Pace

PASSWORD = "correct horse battery staple"
PROXY_SECRET = "what the proxy alone knows: 0123456789"
HERE = {"Origin": "null", "Sec_Fetch_Site": "same-origin"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of people and the secrets that settings name."""
    folder = tmp_path_factory.mktemp("sign-in")
    with table.changing(folder / "people.toml") as people:
        people["dora"] = table.with_password(Person("dora", "director", "Dora, director"), PASSWORD)
        people["tess"] = table.with_password(Person("tess", "therapist", "Tess, therapist", "T1"), PASSWORD)
        people["nina"] = table.with_password(Person("nina", "director", "Nina"), PASSWORD)
        people["dirk"] = table.with_password(Person("dirk", "director", "Dirk", disabled=True), PASSWORD)
    for name, secret in (("client", SECRET), ("proxy", PROXY_SECRET)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def records(folder):
    records = clinics.opened(folder / "store", clinics.counted(("T1", 10, 4), ("T2", 10, 6)))
    yield records
    records.engine.close()


@pytest.fixture(scope="module")
def served_by(folder, records):
    """A server with these settings, for as long as a block lasts."""
    return lambda **settings: serving(records, People(folder / "people.toml", lambda line: None), ServerSettings(port=free_port(), **settings))


@pytest.fixture(scope="module")
def local(served_by):
    with served_by(sign_in="local") as served:
        yield served


@pytest.fixture(scope="module")
def provider():
    with providing(free_port()) as provider:
        yield provider


@pytest.fixture(scope="module")
def oidc(served_by, folder, provider):
    told = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret_file": folder / "client", "claim": "preferred_username"}
    with served_by(sign_in="oidc", oidc=told) as served:
        yield served


@pytest.fixture(scope="module")
def proxied(served_by, folder):
    with served_by(sign_in="proxy", origin="http://127.0.0.1", proxy={"secret_file": folder / "proxy", "sign_out_url": "https://clinic.example/out"}) as served:
        yield served


@pytest.fixture(autouse=True)
def unaltered(provider):
    provider.user, provider.alter, provider.signs_with = "dora", None, None


def form(served, user, password, path="/", headers=HERE, cookie=None):
    """Sign in as the form does."""
    page = served.get("/sign-in?" + urlencode({"next": path}))
    hidden = re.search(r'name="_xsrf" value="([^"]+)"', page.body)[1]
    back = re.search(r"name=next value='([^']*)'", page.body)[1]
    body = urlencode({"_xsrf": hidden, "user": user, "password": password, "next": back})
    return served.get("/sign-in", page.cookie if cookie is None else cookie, "POST", body, **headers)


def test_a_local_account_signs_in_and_leads_back_to_the_page_that_was_asked_for(local):
    reply = form(local, "dora", PASSWORD, "/caseload?team=Team+A")

    assert reply.status == 303 and reply.headers["location"] == "/caseload?team=Team+A"
    said = reply.headers["set-cookie"]
    assert "HttpOnly" in said and "SameSite=Lax" in said and "dora" not in said and "expires" not in said.lower()
    page = local.get("/caseload", reply.cookie)
    assert page.status == 200 and "Dora, director" in page.body and "whole clinic" in page.body


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example/", "/\\evil.example", "/nowhere", "javascript:alert(1)", "/caseload\r\nX: y"])
def test_nobody_is_led_anywhere_else(local, path):
    assert form(local, "dora", PASSWORD, path).headers["location"] == "/"


def test_whatever_is_wrong_the_answer_is_the_same(local):
    replies = [form(local, user, password) for user, password in (("dora", "wrong"), ("eve", "wrong"), ("dirk", PASSWORD), ("guest", ""), ("", PASSWORD))]

    said = {re.sub(r'value="[^"]+"', "", reply.body) for reply in replies}
    assert {reply.status for reply in replies} == {401} and len(said) == 1
    assert not any(local.cookie_name + "=" in reply.headers.get("set-cookie", "") for reply in replies)


def test_another_site_signs_no_browser_in(local):
    assert form(local, "dora", PASSWORD, headers={"Origin": "http://evil.example"}).status == 403
    assert form(local, "dora", PASSWORD, headers={"Sec_Fetch_Site": "cross-site"}).status == 403
    assert form(local, "dora", PASSWORD, cookie="").status == 403
    assert form(local, "dora", PASSWORD, cookie=f"{local.cookie_name}_form=x").status == 403


def test_signing_in_gives_a_new_id_each_time_and_ends_what_this_browser_was_before(local):
    first = form(local, "dora", PASSWORD).cookie
    page = local.get("/sign-in", first)
    hidden = re.search(r'name="_xsrf" value="([^"]+)"', page.body)[1]
    both = f"{first}; {page.cookie}"

    second = local.get("/sign-in", both, "POST", urlencode({"_xsrf": hidden, "user": "tess", "password": PASSWORD}), **HERE).cookie

    assert local.key(first) != local.key(second)
    assert local.get("/session", first).status == 401 and local.get("/session", second).status == 200


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(local, folder):
    cookie = form(local, "tess", PASSWORD).cookie
    assert local.get("/session", cookie).status == 200

    with table.changing(folder / "people.toml") as people:
        people["tess"] = table.with_password(people["tess"], PASSWORD + "!")

    assert local.get("/session", cookie).status == 401


def test_a_password_that_is_changed_while_it_is_verified_signs_nobody_in(local, folder, monkeypatch):
    verified = local.people.verified

    def slow(user, password):
        found = verified(user, password)
        with table.changing(folder / "people.toml") as people:
            people["dora"] = table.with_password(people["dora"], PASSWORD)
        return found

    monkeypatch.setattr(local.people, "verified", slow)
    reply = form(local, "dora", PASSWORD)

    assert reply.status == 401 and f"{local.cookie_name}=" not in reply.headers.get("set-cookie", "")


@pytest.mark.parametrize("found", ["before", "only then"])
def test_while_the_log_cannot_be_written_right_and_wrong_passwords_are_answered_alike(local, monkeypatch, found):
    def full(*_, **__):
        raise LogProblem("The audit log cannot be written.")

    monkeypatch.setattr(local.gate, "note", full)
    if found == "before":
        monkeypatch.setattr(local.gate, "require_log", full)
    replies = [form(local, "nina", password) for password in (PASSWORD, "wrong")]

    assert len({(reply.status, re.sub(r'value="[^"]+"', "", reply.body)) for reply in replies}) == 1


def test_a_refusal_is_answered_before_it_is_written_down(local, monkeypatch):
    written, go_on = threading.Event(), threading.Event()

    def slow(kind, viewer, **about):
        written.set()
        assert go_on.wait(5)

    monkeypatch.setattr(local.gate, "note", slow)
    try:
        assert form(local, "nina", "wrong").status == 401 and written.wait(5)
    finally:
        go_on.set()


def test_one_address_tries_so_often_a_minute():
    now = [0.0]
    pace = Pace(3, 60.0, lambda: now[0])

    assert [pace.allows("a") for _ in range(5)] == [True] * 3 + [False] * 2 and pace.allows("b")
    now[0] = 60.0
    assert pace.allows("a")


def at_provider(served, provider, change=lambda query: query, cookie=None):
    """Sign in at the provider, with whatever a browser brings back changed."""
    out = served.get("/sign-in?next=%2Fcaseload")
    assert out.status == 302 and out.headers["location"].startswith(provider.issuer + "/auth?")
    query = change(provider.answer_to(out.headers["location"]))
    return served.get(f"/sign-in/back?{query}", out.cookie if cookie is None else cookie)


def cookie_in(served, reply):
    found = re.search(rf"\b{served.cookie_name}=[^;]+", reply.headers.get("set-cookie", ""))
    return found[0] if found else ""


def test_the_identity_provider_signs_in_and_the_table_says_as_whom(oidc, provider, folder):
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


def test_over_tls_the_cookie_is_for_tls_and_this_host_alone(served_by):
    with served_by(sign_in="local", origin="https://127.0.0.1", behind_proxy=True) as served:
        page = served.get("/sign-in", Host="127.0.0.1")
        assert page.headers["set-cookie"].startswith("__Host-therapy_process_form=") and "Secure" in page.headers["set-cookie"]
        hidden = re.search(r'name="_xsrf" value="([^"]+)"', page.body)[1]
        body = urlencode({"_xsrf": hidden, "user": "dora", "password": PASSWORD})
        reply = served.get("/sign-in", page.cookie, "POST", body, Host="127.0.0.1", **HERE)
        said = reply.headers["set-cookie"]
        assert reply.status == 303 and said.startswith("__Host-therapy_process=") and "Secure" in said and "Domain" not in said and "Path=/" in said


def test_five_wrong_passwords_lock_a_user_name_whether_or_not_it_is_anybodys(local):
    for user in ("tariq", "dora"):
        for _ in range(5):
            assert form(local, user, "wrong").status == 401
    locked = {re.sub(r'value="[^"]+"', "", form(local, user, PASSWORD).body) for user in ("tariq", "dora")}

    assert len(locked) == 1 and not re.search("do not fit", locked.pop())


def test_people_of_a_table_are_replaced_while_it_serves(local, folder):
    with table.changing(folder / "people.toml") as people:
        people["nora"] = table.with_password(Person("nora", "director", "Nora"), PASSWORD)
    cookie = form(local, "nora", PASSWORD).cookie
    assert local.get("/session", cookie).status == 200

    with table.changing(folder / "people.toml") as people:
        people["nora"] = replace(people["nora"], disabled=True)

    assert local.get("/session", cookie).status == 401 and form(local, "nora", PASSWORD).status == 401
