"""Open pages end with their sign-in, also those that only listen: signing out, revocation, another role, time-outs, and from another process."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests import clinics
from tests.ports import free_port
from tests.server.served import serving
from tests.server.talking import AT_ONCE, OpenPage

from process.access import Viewer
from process.people import TableUnreadable
from process.server import People, ServerSettings
from process.server.ending import SIGNED_OUT, OpenPages
from process.server.sessions import SignIns


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server of a small clinic, with a folder of sessions that another process may share."""
    folder = tmp_path_factory.mktemp("ending")
    records = clinics.opened(folder / "store", clinics.counted(("T1", 10, 4), ("T2", 10, 6)))
    people = People({user: Viewer(user, "director", name=user.title()) for user in ("dora", "dirk", "dina", "dana")})
    settings = ServerSettings(port=free_port(), sessions=folder / "sessions")
    with serving(records, people, settings) as served:
        yield served
    records.engine.close()


@pytest.fixture
def later(small):
    """Set the clock of the table of sign-ins on: `later(minutes)`."""
    yield lambda minutes: setattr(small.gate.table, "_clock", lambda: time.time() + 60 * minutes)
    small.gate.table._clock = time.time


def documents(served) -> int:
    """How many documents the server holds."""
    return len(served.running.server.get_sessions("/caseload"))


def test_signing_out_closes_a_page_that_only_listens_and_lets_go_of_its_document(small):
    cookie = small.signed("dora")
    page, other = OpenPage.open(small, "dora", cookie=cookie), OpenPage.open(small, "dirk")
    before = documents(small)

    assert small.sign_out(cookie).status == 200

    code = page.ended()
    assert code == SIGNED_OUT
    end = time.monotonic() + AT_ONCE
    while documents(small) >= before and time.monotonic() < end:
        time.sleep(0.05)
    assert documents(small) < before
    other.move(1, 5)  # nobody else's page is touched
    other.close()


@pytest.mark.parametrize("change", ["removed", "another role"])
def test_what_changes_in_the_table_of_people_closes_the_pages_of_that_person(small, change):
    small.people.viewers["temp"] = Viewer("temp", "director", name="Temp")
    page = OpenPage.open(small, "temp")

    if change == "removed":
        del small.people.viewers["temp"]
    else:
        small.people.viewers["temp"] = replace(small.people.viewers["temp"], role="therapist", therapist_id="T1")

    code = page.ended()
    assert code == SIGNED_OUT


def test_a_moved_slider_keeps_a_person_signed_in_and_neither_asking_nor_a_socket_that_answers_pings_does(small, later):
    cookie = small.signed("dana")
    page = OpenPage.open(small, "dana", cookie=cookie)
    key = small.key(cookie)
    seen = small.gate.table.look(key).seen
    later(25)
    page.ping()

    assert json.loads(small.get("/session", cookie).body)["idle"] < 6 * 60
    assert small.gate.table.look(key).seen == seen
    page.move(1, 5)

    assert small.gate.table.look(key).seen > seen + 24 * 60
    later(56)
    code = page.ended()
    assert code == SIGNED_OUT and small.gate.table.why(key) == "idle"


def test_a_shift_ends_though_the_page_is_used_all_the_time(small, later):
    cookie = small.signed("dina")
    for minutes in range(20, 12 * 60, 20):
        later(minutes)
        small.gate.table.touch(small.key(cookie))
    assert small.get("/session", cookie).status == 200

    later(12 * 60 + 1)

    assert small.get("/session", cookie).status == 401 and small.gate.table.why(small.key(cookie)) == "shift"


def test_an_interaction_is_believed_from_our_own_page_only(small, later):
    cookie, other = small.signed("dana"), small.signed("dirk")
    key = small.key(cookie)
    began = small.gate.table.look(key).seen
    later(20)

    for wrong in ({}, {"X_Signed_In": "x"}, {"X_Signed_In": small.gate.form_token(small.key(other))}):
        assert small.get("/session", cookie, "POST", **wrong).status == 403
    assert small.get("/session", cookie, "POST", X_Signed_In=small.gate.form_token(key), Origin="http://evil.example").status == 403
    assert small.gate.table.look(key).seen == began
    assert small.get("/session", cookie, "POST", X_Signed_In=small.gate.form_token(key)).status == 200
    assert small.gate.table.look(key).seen > began


def test_another_process_that_shares_the_folder_ends_a_page_of_this_one(small):
    cookie = small.signed("dora")
    page = OpenPage.open(small, "dora", cookie=cookie)
    settings = small.gate.table
    another = SignIns(small.running.settings.sessions, idle=settings.idle, shift=settings.shift, most=10)

    assert another.end(small.key(cookie), "sign-out")

    code = page.ended()
    assert code == SIGNED_OUT
    another.close()


def test_no_other_site_signs_somebody_out(small):
    cookie = small.signed("dora")
    token = f"token={small.gate.form_token(small.key(cookie))}"

    assert small.get("/sign-out", cookie).status == 200
    for method, body, headers in (
        ("POST", "", {}),
        ("POST", "token=x", {}),
        ("POST", token, {"Origin": "http://evil.example"}),
        ("POST", token, {"Sec_Fetch_Site": "cross-site"}),
        ("PUT", token, {}),
    ):
        assert small.get("/sign-out", cookie, method, body, **headers).status in (403, 405), (method, body, headers)
    assert small.get("/session", cookie).status == 200
    assert small.get("/sign-out", cookie, "POST", token).status == 200
    assert small.get("/session", cookie).status == 401


def test_pages_end_though_the_table_of_sign_ins_cannot_be_written(small):
    cookie = small.signed("dora")
    page, other = OpenPage.open(small, "dora", cookie=cookie), OpenPage.open(small, "dirk")
    small.gate.table._table.connection.execute("pragma query_only=on")
    try:
        assert small.sign_out(cookie).status == 200
        code = page.ended()
        assert code == SIGNED_OUT and small.get("/session", cookie).status == 401
    finally:
        small.gate.table._table.connection.execute("pragma query_only=off")
    other.ping()
    other.close()


class Shown:
    """A page as the watch sees it, of a browser that never reads what it is sent."""

    def __init__(self, key, closed):
        self.signed_in, self.page, self.connection, self.closed = SimpleNamespace(key=key), key, object(), closed
        self.application = self.application_context = self

    def client_lost(self, connection):
        pass

    def close(self, code, why):
        self.closed.append(self.page)


def watched(open_, closed):
    """A watch over two pages, with a gate that answers like `open_`."""
    gate = SimpleNamespace(open=open_, table=SimpleNamespace(why=lambda key: ""), tickets=SimpleNamespace(drop=lambda page: None))
    pages = OpenPages(gate)
    for key in ("a", "b"):
        pages.add(Shown(key, closed))
    return pages


def test_a_sign_in_that_cannot_be_looked_up_closes_its_own_pages_and_keeps_nobody_elses_open():
    def open_(key):
        if key == "a":
            raise sqlite3.OperationalError
        return None

    closed = []
    asyncio.run(watched(open_, closed).look())
    assert sorted(closed) == ["a", "b"]


def test_a_browser_that_reads_nothing_keeps_no_other_page_open(monkeypatch):
    closed = []

    async def look():
        async def for_ever(*_):
            await asyncio.sleep(60)

        pages = watched(lambda key: None, closed)
        monkeypatch.setattr(OpenPages, "_let_go", for_ever)
        await asyncio.wait_for(pages.look(), 30)

    asyncio.run(look())
    assert sorted(closed) == ["a", "b"]


def test_a_table_of_people_that_cannot_be_read_for_a_moment_lets_nobody_in_and_ends_no_sign_in(small, monkeypatch):
    cookie = small.signed("dora")

    def unreadable(user):
        raise TableUnreadable("not now")

    with monkeypatch.context() as broken:
        broken.setattr(small.people, "epoch", unreadable, raising=False)
        assert small.get("/session", cookie).status == 401
    assert small.get("/session", cookie).status == 200
