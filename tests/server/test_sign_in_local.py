"""Signing in with a local account, over real HTTP: a user name and a password, and as whom, the table of people says alone."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from tests.server.accounts import HERE, PASSWORD, form

from process.errors import LogProblem
from process.people import Person, table
from process.server.pace import Pace


@pytest.fixture(scope="module")
def local(served_by):
    with served_by(sign_in="local") as served:
        yield served


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


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(local, accounts):
    cookie = form(local, "tess", PASSWORD).cookie
    assert local.get("/session", cookie).status == 200

    with table.changing(accounts / "people.toml") as people:
        people["tess"] = table.with_password(people["tess"], PASSWORD + "!")

    assert local.get("/session", cookie).status == 401


def test_a_password_that_is_changed_while_it_is_verified_signs_nobody_in(local, accounts, monkeypatch):
    verified = local.people.verified

    def slow(user, password, browser=""):
        found = verified(user, password, browser)
        with table.changing(accounts / "people.toml") as people:
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
        assert go_on.wait(60)

    monkeypatch.setattr(local.gate, "note", slow)
    try:
        assert form(local, "nina", "wrong").status == 401 and written.wait(60)
    finally:
        go_on.set()


def test_one_address_tries_so_often_a_minute():
    now = [0.0]
    pace = Pace(3, 60.0, lambda: now[0])

    assert [pace.allows("a") for _ in range(5)] == [True] * 3 + [False] * 2 and pace.allows("b")
    now[0] = 60.0
    assert pace.allows("a")


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


def test_people_of_a_table_are_replaced_while_it_serves(local, accounts):
    with table.changing(accounts / "people.toml") as people:
        people["nora"] = table.with_password(Person("nora", "director", "Nora"), PASSWORD)
    cookie = form(local, "nora", PASSWORD).cookie
    assert local.get("/session", cookie).status == 200

    with table.changing(accounts / "people.toml") as people:
        people["nora"] = replace(people["nora"], disabled=True)

    assert local.get("/session", cookie).status == 401 and form(local, "nora", PASSWORD).status == 401
