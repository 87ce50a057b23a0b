"""A browser that its user has signed in with before: strangers' wrong passwords do not keep them out of it, and it opens nothing for anybody else."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from itertools import count
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from tests.server.accounts import HERE, PASSWORD
from tornado.web import create_signed_value, decode_signed_value

from process.errors import LogProblem
from process.people import Person, passwords, table
from process.people.person import now
from process.server.known_browsers import DAYS

LOCKED = "Too many attempts failed for this user name"
NUMBERS = count()


@pytest.fixture(scope="module")
def cheap():
    """What is tested is who is let in, not how long it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


@pytest.fixture(scope="module")
def local(cheap, served_by):
    with served_by(sign_in="local") as served:
        yield served


@pytest.fixture
def director(accounts, cheap):
    """A director of this test alone, whom nobody has locked out yet."""
    user = f"director{next(NUMBERS)}"
    with table.changing(accounts / "people.toml") as people:
        people[user] = table.with_password(Person(user, "director", "A director", since=now(), changed=now()), PASSWORD)
    return user


@pytest.fixture
def change(accounts):
    """Change a person as a command does."""

    def change(user, password=None, **values):
        with table.changing(accounts / "people.toml") as people:
            people[user] = replace(people[user], **{"changed": now(), **values})
            if password is not None:
                people[user] = table.with_password(people[user], password)

    return change


def tried(local, user, password, browser="", **headers):
    """Fill in the form in a browser that holds this cookie besides the form's own."""
    page = local.get("/sign-in", **headers)
    hidden = re.search(r'name="_xsrf" value="([^"]+)"', page.body)[1]
    cookies = f"{page.cookie}; {browser}" if browser else page.cookie
    return local.get("/sign-in", cookies, "POST", urlencode({"_xsrf": hidden, "user": user, "password": password}), **HERE, **headers)


def name_of(local):
    return f"{local.cookie_name}_browser"


def known(local, user, password=PASSWORD):
    """The cookie of a browser in which that user has just signed in."""
    reply = tried(local, user, password)
    assert reply.status == 303
    return reply.cookies[name_of(local)].split(";")[0]


def fail(local, user, browser="", times=5):
    for _ in range(times):
        assert LOCKED not in tried(local, user, "wrong", browser).body


def is_a_strangers(local, user, browser):
    """Whether this cookie counts for nothing once strangers are locked out of that name."""
    reply = tried(local, user, PASSWORD, browser)
    return reply.status == 401 and LOCKED in reply.body


def test_strangers_who_lock_a_name_lock_out_strangers_and_not_its_own_browser(local, director):
    own = known(local, director)

    fail(local, director)

    assert is_a_strangers(local, director, "")
    assert tried(local, director, PASSWORD, own).status == 303
    assert is_a_strangers(local, director, ""), "that its user signed in opens nothing for strangers"


def test_failures_in_the_own_browser_lock_that_browser_alone(local, director):
    own, other = known(local, director), known(local, director)

    fail(local, director, own)

    assert is_a_strangers(local, director, own), "five there are five, whatever is typed next"
    assert tried(local, director, PASSWORD, other).status == 303 and tried(local, director, PASSWORD).status == 303


def test_failures_in_the_own_browser_give_strangers_no_more_and_no_less(local, director):
    own = known(local, director)
    fail(local, director, own, 4)

    fail(local, director)

    assert LOCKED in tried(local, director, "wrong").body
    assert tried(local, director, PASSWORD, own).status == 303
    fail(local, director, own, 4)  # they began again


def test_the_cookie_of_another_user_gains_a_guesser_nothing(local, director):
    stolen = known(local, "tess")
    fail(local, director, stolen)

    assert is_a_strangers(local, director, stolen) and is_a_strangers(local, director, "")
    assert tried(local, "tess", PASSWORD, stolen).status == 303


def test_a_cookie_that_was_not_issued_to_this_user_by_this_server_lately_is_a_strangers(local, director):
    own, name = known(local, director), name_of(local)
    value = decode_signed_value(local.secret, name, own.split("=", 1)[1].strip('"')).decode()
    drawn, of_user, of_entry = value.split(".")
    old = lambda: time.time() - (DAYS + 1) * 86400  # noqa: E731
    fail(local, director)
    wrong = {
        "empty": f"{name}=",
        "not signed": f"{name}={value}",
        "another secret": f"{name}={create_signed_value('0' * 64, name, value).decode()}",
        "another cookie's name": f"{name}={create_signed_value(local.secret, local.cookie_name, value).decode()}",
        "as the cookie of a sign-in": f"{local.cookie_name}={own.split('=', 1)[1]}",
        "expired": f"{name}={create_signed_value(local.secret, name, value, clock=old).decode()}",
        "altered": own[:-3] + ("abc" if not own.endswith("abc") else "abd"),
        "no id": f"{name}={create_signed_value(local.secret, name, f'.{of_user}.{of_entry}').decode()}",
        "another id": f"{name}={create_signed_value(local.secret, name, f'{drawn}x.{of_user}.{of_entry}').decode()}",
        "no entry": f"{name}={create_signed_value(local.secret, name, f'{drawn}.{of_user}').decode()}",
        "tags in the other's place": f"{name}={create_signed_value(local.secret, name, f'{drawn}.{of_entry}.{of_user}').decode()}",
    }

    assert {what: is_a_strangers(local, director, cookie) for what, cookie in wrong.items()} == dict.fromkeys(wrong, True)
    assert tried(local, director, PASSWORD, own).status == 303


@pytest.mark.parametrize("how", ["a new password", "disabled and enabled", "another role"])
def test_whoever_was_changed_since_is_a_stranger_there(local, director, change, how):
    own = known(local, director)
    if how == "a new password":
        change(director, PASSWORD)
    elif how == "another role":
        change(director, role="therapist", therapist="T1")
    else:
        change(director, disabled=True)
        assert tried(local, director, PASSWORD, own).status == 401
        change(director, disabled=False)

    fail(local, director, times=4 if how == "disabled and enabled" else 5)

    assert is_a_strangers(local, director, own)


def test_the_cookie_names_nobody_and_no_script_reads_it(local, director):
    reply = tried(local, director, PASSWORD)
    said = reply.cookies[name_of(local)]
    value = decode_signed_value(local.secret, name_of(local), said.split(";")[0].split("=", 1)[1].strip('"')).decode()
    ends = parsedate_to_datetime(re.search(r"expires=([^;]+)", said, re.IGNORECASE)[1]).timestamp()

    assert "HttpOnly" in said and "SameSite=Lax" in said and "Path=/" in said and "Domain" not in said and director not in value
    assert abs(ends - time.time() - DAYS * 86400) < 120
    assert local.get("/session", said.split(";")[0]).status == 401, "it signs nobody in"
    assert tried(local, director, PASSWORD).cookies[name_of(local)] != said


def test_over_tls_the_cookie_is_for_tls_and_this_host_alone(cheap, served_by, director):
    with served_by(sign_in="local", origin="https://127.0.0.1", behind_proxy=True) as served:
        said = tried(served, director, PASSWORD, Host="127.0.0.1").cookies["__Host-therapy_process_browser"]

    assert "Secure" in said and "Domain" not in said and "Path=/" in said


def test_who_is_refused_gets_none_whatever_was_right(local, director, monkeypatch):
    def full(*_, **__):
        raise LogProblem("The audit log cannot be written.")

    assert name_of(local) not in tried(local, director, "wrong").cookies
    monkeypatch.setattr(local.gate, "note", full)
    assert name_of(local) not in tried(local, director, PASSWORD).cookies
