"""The table of sign-ins by itself: what its file holds, how long a sign-in lasts, and that several processes agree."""

from __future__ import annotations

import sqlite3

import pytest

from process.errors import SettingWrong
from process.server.sessions import FILE, SignIns, key_of
from process.server.tickets import LIFE, Tickets, TooManyPages


@pytest.fixture
def table(tmp_path, clock):
    ended = []
    table = SignIns(tmp_path / "sessions", idle=1800, shift=43200, most=3, told=lambda sign_in, why: ended.append((sign_in.user, why)), clock=clock)
    table.ended = ended
    yield table
    table.close()


def test_the_file_is_nobody_elses_and_holds_no_id(table, tmp_path):
    drawn = table.begin("dora", "e", "local")

    assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "sessions").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600 and drawn.encode() not in path.read_bytes()
    assert table.look(key_of(drawn)).user == "dora" and table.look(drawn) is None


def test_a_folder_that_others_can_look_into_is_refused(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(SettingWrong, match="chmod 700"):
        SignIns(tmp_path / "open", idle=1, shift=1, most=1)


def test_ids_are_long_and_never_the_same(table):
    drawn = {table.begin(f"user-{number}", "e", "local") for number in range(200)}

    assert len(drawn) == 200 and min(map(len, drawn)) >= 43


def test_a_sign_in_lasts_while_it_is_used_and_no_longer_than_a_shift(table, clock):
    key = key_of(table.begin("dora", "e", "local"))
    for _ in range(23):
        clock.now += 1799
        assert table.look(key) is not None
        table.touch(key)
    clock.now += 1799 * 2

    assert table.look(key) is None and table.look(key) is None and table.ended == [("dora", "shift")]
    idle = key_of(table.begin("dirk", "e", "local"))
    clock.now += 1800
    assert table.look(idle) is None and table.ended[1:] == [("dirk", "idle")]
    table.touch(idle)
    assert table.look(idle) is None, "nobody comes back from an end"


def test_two_processes_agree_and_only_one_of_them_says_so(table, tmp_path, clock):
    said = []
    other = SignIns(tmp_path / "sessions", idle=1800, shift=43200, most=3, told=lambda sign_in, why: said.append(why), clock=clock)
    key = key_of(table.begin("dora", "e", "local"))

    assert other.look(key) == table.look(key)
    assert other.end(key, "sign-out") and not table.end(key, "sign-out")
    assert table.look(key) is None and table.why(key) == "sign-out" and (said, table.ended) == (["sign-out"], [])
    other.close()


def test_whoever_is_signed_in_too_often_loses_what_was_used_longest_ago(table, clock):
    keys = []
    for _ in range(4):
        clock.now += 1
        keys.append(key_of(table.begin("dora", "e", "local")))
    other = key_of(table.begin("dirk", "e", "local"))

    assert [table.look(key) is not None for key in (*keys, other)] == [False, True, True, True, True]


def test_the_provider_ends_its_own_sign_ins_only(table):
    one = key_of(table.begin("dora", "e", "oidc", subject="p1", elsewhere="s1"))
    two = key_of(table.begin("dora", "e", "oidc", subject="p1", elsewhere="s2"))
    local = key_of(table.begin("dirk", "e", "local"))

    assert table.end_elsewhere("", "", "revoked") == 0 and table.end_elsewhere("p2", "", "revoked") == 0
    assert table.end_elsewhere("p1", "s1", "revoked") == 1 and table.look(one) is None and table.look(two) is not None
    assert table.end_elsewhere("p1", "", "revoked") == 1 and table.look(two) is None and table.look(local) is not None


def test_a_sign_in_that_the_provider_named_no_session_for_ends_with_its_person(table):
    key = key_of(table.begin("dora", "e", "oidc", subject="p1"))
    other = key_of(table.begin("dirk", "e", "oidc", subject="p2"))

    assert table.end_elsewhere("p1", "s1", "revoked") == 1
    assert table.look(key) is None and table.look(other) is not None


def test_where_the_file_cannot_be_written_a_sign_in_ends_all_the_same_and_is_written_later(table, tmp_path, clock):
    out, idle = (key_of(table.begin(user, "e", "local")) for user in ("dora", "dirk"))
    table._table.connection.execute("pragma query_only=on")

    assert table.end(out, "sign-out") and not table.end(out, "sign-out") and table.look(out) is None and table.why(out) == "sign-out"
    clock.now += 1801
    assert table.look(idle) is None and table.why(idle) == "idle" and table.ended == [("dora", "sign-out"), ("dirk", "idle")]

    table._table.connection.execute("pragma query_only=off")
    assert table.look(out) is None and table.why(out) == "sign-out" and len(table.ended) == 2
    other = SignIns(tmp_path / "sessions", idle=1800, shift=43200, most=3, clock=clock)
    assert other.why(out) == "sign-out"
    other.close()


def test_old_rows_are_forgotten(table, tmp_path, clock):
    table.end(key_of(table.begin("dora", "e", "local")), "sign-out")
    clock.now += 3 * 43200
    table.begin("dirk", "e", "local")

    assert sqlite3.connect(tmp_path / "sessions" / FILE).execute("select user from signed_in").fetchall() == [("dirk",)]


def test_a_ticket_is_for_one_sign_in_one_page_once_and_soon(clock):
    tickets = Tickets(3, clock)
    tickets.issue("s", "dora's", "dora", "/goals", "team=A")

    assert not tickets.take("s", "dirk's", "/goals") and not tickets.take("s", "dora's", "/alliance") and not tickets.take("t", "dora's", "/goals")
    assert tickets.take("s", "dora's", "/goals") and not tickets.take("s", "dora's", "/goals")
    tickets.issue("late", "dora's", "dora", "/goals", "")
    clock.now += LIFE + 1
    assert not tickets.take("late", "dora's", "/goals")
    for name in ("a", "b"):
        tickets.issue(name, "dora's", "dora", "/goals", "")
    with pytest.raises(TooManyPages):
        tickets.issue("c", "dora's", "dora", "/goals", "")
    tickets.issue("c", "dirk's", "dirk", "/goals", "")
    tickets.drop_unused("dora's")
    assert tickets.of("a") is None and tickets.of("s") is not None and tickets.of("c") is not None
