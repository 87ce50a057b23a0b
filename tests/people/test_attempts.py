"""The lock-out: five failures in fifteen minutes, for known and unknown users alike, over restarts and processes."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading

import pytest
from tests.people.conftest import PASSWORD

from process.errors import NotAllowed
from process.people import People
from process.people.attempts import FAILURES, MOST, WITHIN, Attempts
from process.people.people import WRONG


@pytest.fixture
def attempts(tmp_path, clock):
    return Attempts(tmp_path / "attempts.json", clock)


def fail(people, user, times=FAILURES):
    for _ in range(times):
        with pytest.raises(NotAllowed, match=WRONG):
            people.sign_in(user, "not the password")


@pytest.mark.parametrize("user", ["dora", "eve", "gone", "guest", "sue", ""])
def test_after_five_failures_a_user_name_is_refused_known_or_not(people, user):
    fail(people, user)

    for password in ("not the password", PASSWORD):
        with pytest.raises(NotAllowed, match="Too many attempts failed for this user name. Try again in 15 minutes."):
            people.sign_in(user, password)


def test_somebody_else_is_not_refused(people):
    fail(people, "eve")

    assert people.sign_in("dora", PASSWORD)


def test_a_success_before_the_fifth_failure_begins_the_count_again(people):
    for _ in range(3):
        fail(people, "dora", FAILURES - 1)
        assert people.sign_in("dora", PASSWORD)


def test_a_restart_or_a_second_process_begins_nothing_anew(people, file, lines):
    fail(people, "dora", 3)
    other = People(file, lines.append)
    fail(other, "dora", 2)

    for each in (people, other, People(file, lines.append)):
        with pytest.raises(NotAllowed, match="Too many"):
            each.sign_in("dora", PASSWORD)


def test_many_at_once_are_not_more_than_five(people):
    refused, wrong = [], []

    def attack():
        try:
            people.sign_in("dora", "not the password")
        except NotAllowed as refusal:
            (refused if "Too many" in str(refusal) else wrong).append(refusal)

    threads = [threading.Thread(target=attack) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(wrong) == FAILURES and len(refused) == 20 - FAILURES


def test_it_ends_after_fifteen_minutes_and_trying_on_prolongs_nothing(attempts, clock):
    for _ in range(FAILURES):
        attempts.begin("dora")
        clock.now += 60
    for _ in range(50):
        with pytest.raises(NotAllowed):
            attempts.begin("dora")

    clock.now += WITHIN - FAILURES * 60 - 1
    with pytest.raises(NotAllowed, match="in 1 minute."):
        attempts.begin("dora")
    clock.now += 1
    attempts.begin("dora")
    with pytest.raises(NotAllowed):
        attempts.begin("dora")


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer(attempts, clock):
    for _ in range(FAILURES):
        attempts.begin("dora")
    clock.now -= 90 * 86400
    with pytest.raises(NotAllowed):
        attempts.begin("dora")
    clock.now += WITHIN
    attempts.begin("dora")


def test_a_known_browser_is_counted_apart_from_strangers_and_from_other_browsers(attempts, clock):
    for browser in ("", "one"):
        for _ in range(FAILURES):
            attempts.begin("dora", browser)
        with pytest.raises(NotAllowed, match="in 15 minutes"):
            attempts.begin("dora", browser)

    attempts.begin("dora", "two")
    attempts.begin("eve", "one")
    attempts.forget("dora", "one")
    attempts.begin("dora", "one")
    with pytest.raises(NotAllowed):
        attempts.begin("dora")
    clock.now += WITHIN
    attempts.begin("dora")


@pytest.mark.parametrize("typed", ["doraone", "dora one", "dora\0one", "dora.one", "one"])
def test_no_name_that_is_typed_is_counted_as_a_known_browser(attempts, typed):
    for _ in range(FAILURES):
        attempts.begin(typed)

    attempts.begin("dora", "one")


def test_strangers_keep_nobody_out_of_a_known_browser_and_its_failures_are_five(people):
    fail(people, "dora")

    viewer, _ = people.verified("dora", PASSWORD, "one")
    assert viewer.user == "dora"
    for _ in range(FAILURES):
        with pytest.raises(NotAllowed, match=WRONG):
            people.verified("dora", "not the password", "one")
    for browser in ("one", ""):
        with pytest.raises(NotAllowed, match="Too many"):
            people.verified("dora", PASSWORD, browser)


def test_the_file_holds_no_user_name_and_is_the_owners_alone(attempts, tmp_path):
    attempts.begin("a password typed into the wrong field")
    file = tmp_path / "attempts.json"

    assert "wrong field" not in file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"counted": 5}', b'{"counted": {"a": 1}}', b'{"counted": {"a": ["x"]}, "salt": 3}', b"\xff\xfe"], ids=repr
)
def test_a_damaged_file_begins_the_count_again_and_refuses_nobody(attempts, tmp_path, content):
    (tmp_path / "attempts.json").write_bytes(content)

    for _ in range(FAILURES):
        attempts.begin("dora")
    with pytest.raises(NotAllowed):
        attempts.begin("dora")


def test_where_the_file_cannot_be_written_memory_counts_on(tmp_path, clock):
    attempts = Attempts(tmp_path / "no such folder" / "attempts.json", clock)
    for _ in range(FAILURES):
        attempts.begin("dora")
    with pytest.raises(NotAllowed):
        attempts.begin("dora")


def test_a_link_in_the_files_place_is_not_followed(tmp_path, clock):
    target = tmp_path / "target"
    target.write_text("mine")
    os.symlink(target, tmp_path / "attempts.json")
    Attempts(tmp_path / "attempts.json", clock).begin("dora")

    assert target.read_text() == "mine"


def test_many_invented_names_lift_nobodys_lock_and_fill_no_disk(attempts, clock, tmp_path):
    for _ in range(FAILURES):
        attempts.begin("dora")
    file = tmp_path / "attempts.json"
    kept = json.loads(file.read_text())
    kept["counted"] |= {f"{n:032x}": [clock.now] for n in range(MOST + 500)}
    file.write_text(json.dumps(kept))

    attempts.begin("eve")

    with pytest.raises(NotAllowed):
        attempts.begin("dora")
    assert len(json.loads(file.read_text())["counted"]) == MOST


def test_a_full_disk_lifts_nobodys_lock(attempts, clock, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    for _ in range(FAILURES):
        attempts.begin("dora")
    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        attempts.begin("eve")

    for each in (attempts, Attempts(tmp_path / "attempts.json", clock)):
        with pytest.raises(NotAllowed):
            each.begin("dora")


def test_a_file_that_was_emptied_is_made_up_for_by_memory(attempts, tmp_path):
    for _ in range(FAILURES):
        attempts.begin("dora")
    (tmp_path / "attempts.json").write_bytes(b"")

    with pytest.raises(NotAllowed):
        attempts.begin("dora")


def test_less_is_written_whole(attempts, tmp_path):
    for user in ("dora", "eve", "dirk"):
        attempts.begin(user)
    attempts.forget("eve")

    assert len(json.loads((tmp_path / "attempts.json").read_text())["counted"]) == 2
