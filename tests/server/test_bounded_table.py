"""The table of sign-ins while something else holds it, or it cannot be written: the server goes on, lets nobody in, says so, and comes back by itself."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest
from tests.server.talking import OpenPage

from process.access import audit
from process.errors import LogProblem, NotAllowed, SettingWrong
from process.pages import session
from process.server import bounded_table
from process.server.bounded_table import NOT_NOW, WAITS, NotNow
from process.server.ending import SIGNED_OUT
from process.server.sessions import FILE, SignIns, key_of

ENOUGH = 4 * WAITS
"""Seconds: a reading and a writing wait of their own, and some more."""


@pytest.fixture
def said():
    """What the server's log is told."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger("therapy_process").addHandler(handler)
    yield lines
    logging.getLogger("therapy_process").removeHandler(handler)


@pytest.fixture
def table(tmp_path):
    table = SignIns(tmp_path / "sessions", idle=1800, shift=43200, most=3)
    yield table
    table.close()


@contextmanager
def held(path, how: str = "exclusive"):
    """Another program has the file: to itself, or to write."""
    other = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    if how == "exclusive":
        other.execute("pragma locking_mode=exclusive")
        other.execute("pragma journal_mode=delete")  # a file in WAL mode is read whoever writes; out of it, it is not
    other.execute("begin exclusive")
    try:
        yield
    finally:
        other.execute("rollback")
        other.close()


def test_sqlites_own_way_waits_as_long_as_it_is_told(tmp_path):
    sqlite3.connect(tmp_path / FILE).execute("create table signed_in (key)")
    slow = sqlite3.connect(tmp_path / FILE, timeout=1.5)
    with held(tmp_path / FILE):
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            slow.execute("select * from signed_in")
        assert time.monotonic() - began > 1.4


def test_a_writer_that_does_not_end_holds_nobody_up_and_nobody_is_signed_in_meanwhile(table, said, tmp_path):
    drawn = table.begin("dora", "e", "local")
    with held(tmp_path / "sessions" / FILE, "writing"):
        began = time.monotonic()
        assert table.look(key_of(drawn)) is not None
        table.touch(key_of(drawn))
        table._clock = lambda: time.time() + 1000
        for _ in range(50):
            table.touch(key_of(drawn))
        with pytest.raises(NotNow, match="Try again"):
            table.begin("dirk", "e", "local")
        with pytest.raises(NotNow):
            table.require()
        assert time.monotonic() - began < 25 * WAITS  # half of what those who touch it would wait for, one after the other
    table.require()
    assert table.look(key_of(table.begin("dirk", "e", "local"))) is not None
    assert [line.split(FILE)[1][:40] for line in said] == [" cannot be written (SQLITE_BUSY). Nobody", " can be written again."]


def test_a_table_that_cannot_be_written_at_all_breaks_no_page_of_those_who_are_signed_in(table, said):
    key = key_of(table.begin("dora", "e", "local"))
    table._table.connection.execute("pragma query_only=on")
    table._clock = lambda: time.time() + 1000

    table.touch(key)
    assert table.look(key) is not None and "SQLITE_READONLY" in said[0]

    table._table.connection.execute("pragma query_only=off")
    table.touch(key)
    assert len(said) == 2


def test_a_server_does_not_start_on_a_table_that_something_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_table, "OPENING", 0.1)
    SignIns(tmp_path / "sessions", idle=1, shift=1, most=1).close()
    with held(tmp_path / "sessions" / FILE), pytest.raises(SettingWrong, match="Find out what holds it"):
        SignIns(tmp_path / "sessions", idle=1, shift=1, most=1)


@pytest.fixture
def locked(little, monkeypatch):
    """The running server's table cannot be read for as long as a block lasts."""

    @contextmanager
    def locked():
        connection = little.gate.table._table.connection

        class Held:
            """A connection on which every statement waits as SQLite does, and fails."""

            waits = WAITS

            waited = 0.0

            def execute(self, statement, *values):
                if "busy_timeout" in statement:
                    Held.waits = int(statement.split("=")[1]) / 1000
                    return connection.execute(statement)
                time.sleep(Held.waits)
                Held.waited += Held.waits
                raise sqlite3.OperationalError("database is locked")

        with monkeypatch.context() as broken:
            broken.setattr(little.gate.table._table, "connection", Held())
            yield Held

    return locked


def test_while_it_is_locked_everybody_is_told_to_try_again_and_then_it_goes_on(little, locked, said):
    cookie = little.signed("dora")
    longest = [0.0]

    with locked() as table:

        def heartbeat(since):  # by what was waited for the table, so that a busy machine is no reason
            longest[0] = max(longest[0], table.waited - since)

        stop = threading.Event()

        def beat():
            while not stop.wait(0.05):
                little.loop.add_callback(heartbeat, table.waited)

        beating = threading.Thread(target=beat)
        beating.start()
        replies = {path: little.get(path, cookie) for path in ("/caseload", "/session", "/methods", "/log")}
        entered = little.get(f"/enter/{little.links.keys['tess']}")
        stop.set()
        beating.join()
        assert little.get("/health").status == 200

    assert {path: reply.status for path, reply in replies.items()} == dict.fromkeys(replies, 503) and entered.status == 503
    assert all("Try again" in reply.body and "locked" not in reply.body for reply in replies.values()) and not entered.cookie
    assert 0 < longest[0] < ENOUGH
    assert [little.get(path, cookie).status for path in replies] == [200] * 4
    assert "cannot be read (OperationalError). Nobody is let in until it can." in said[0] and any("can be read again" in line for line in said)


def test_an_open_page_ends_when_it_cannot_be_looked_up_whose_it_is_and_its_reader_may_come_back(little, locked):
    cookie = little.signed("tess")
    page = OpenPage.open(little, "tess", cookie=cookie)
    with locked():
        code = page.ended()
    page.close()
    assert (code, page.why) == (SIGNED_OUT, "not now")
    assert little.get("/caseload", cookie).status == 200


def test_a_question_of_a_page_is_refused_meanwhile(little, locked):
    key = little.key(little.signed("tess"))
    with locked(), pytest.raises(NotAllowed, match="Try again") as refused:
        little.gate.viewer(key)
    assert str(refused.value) == NOT_NOW and little.gate.viewer(key).user == "tess"


def test_no_page_is_served_where_no_log_is_kept(little, monkeypatch):
    cookie = little.signed("dora")
    monkeypatch.setattr("process.access.audit.log._kept", [])

    assert little.get("/caseload", cookie).status == 500 and little.get("/methods", cookie).status == 503
    with pytest.raises(LogProblem, match="no audit log is kept"):
        audit.require()
    monkeypatch.undo()
    assert little.get("/caseload", cookie).status == 200 and not session.served()
