"""The chain of the audit log: what is done to its files is noticed, and what processes do to each other leaves it whole."""

from __future__ import annotations

import hashlib
import hmac
import json
import multiprocessing
import os
import resource
import shutil
import signal
import stat
import time
from datetime import UTC, datetime

import pytest
from tests.access import logs

from process.access.audit import chain as chain_module
from process.access.audit import lines, place
from process.errors import KeyProblem, LogProblem, SettingWrong

FORKING = multiprocessing.get_context("fork")


def resealed(line: bytes, secret: bytes, **changes) -> bytes:
    """A line as an attacker would write it: changed, in canonical form, sealed with some key."""
    facts = json.loads(line) | changes
    del facts["mac"]
    content = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    mac = hmac.new(secret, b"therapy-process audit line\n" + content, hashlib.sha256).hexdigest()
    return json.dumps(facts | {"mac": mac}, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def chained(texts: list[bytes]) -> bool:
    """Whether the hashes alone fit, as a log without head and key would be checked."""
    before, good = lines.FIRST, True
    for text in texts:
        good &= json.loads(text)["previous"] == before
        before = lines.digest(text)
    return good


ATTACKS = {
    "a name changed": lambda t: [*t[:3], t[3].replace(b"dora", b"tess"), *t[4:]],
    "a name changed, sealed with another key": lambda t: [*t[:3], resealed(t[3], b"x" * 32, user="tess"), *t[4:]],
    "a line removed": lambda t: [*t[:3], *t[4:]],
    "two lines in another order": lambda t: [*t[:3], t[4], t[3], *t[5:]],
    "a line twice": lambda t: [*t[:4], t[3], *t[4:]],
    "a line written in": lambda t: [*t[:4], resealed(t[3], b"x" * 32, sequence=5, previous=lines.digest(t[3])), *t[4:]],
    "a line added at the end": lambda t: [*t, resealed(t[-1], b"x" * 32, sequence=11, previous=lines.digest(t[-1]))],
    "the last line cut off": lambda t: t[:-1],
    "all but the first cut off": lambda t: t[:1],
    "everything cut off": lambda t: [],
    "half a line cut off": lambda t: [*t[:-1], t[-1][:40]],
    "the first lines removed": lambda t: t[2:],
    "spaces put in": lambda t: [*t[:3], t[3].replace(b",", b", "), *t[4:]],
    "something that is no line": lambda t: [*t[:3], b"rubbish\n", *t[3:]],
    "bytes that are no text": lambda t: [*t[:3], b"\xff\xfe\x00\n", *t[3:]],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_done_to_the_lines_is_noticed(tmp_path, attack):
    logs.add(tmp_path, 10)
    assert logs.verified(tmp_path).fault == ""
    path = logs.file(tmp_path)
    texts = path.read_bytes().splitlines(keepends=True)

    path.write_bytes(b"".join(ATTACKS[attack](texts)))

    assert logs.verified(tmp_path).fault
    logs.add(tmp_path, 3)  # the server goes on, and does not heal over the place
    assert logs.verified(tmp_path).fault


def test_the_chain_alone_does_not_notice_that_its_end_was_cut_off_and_the_head_does(tmp_path):
    logs.add(tmp_path, 10)
    path = logs.file(tmp_path)
    texts = path.read_bytes().splitlines(keepends=True)[:7]

    path.write_bytes(b"".join(texts))

    assert chained(texts)
    assert "3 at the end were removed" in logs.verified(tmp_path).fault


@pytest.mark.parametrize("content", [None, b"{}", b"not json", b'{"file":"2026-01.jsonl","hash":"00","mac":"00","sequence":1,"size":1}'])
def test_a_head_that_is_missing_or_changed_is_noticed_and_the_next_line_says_so(tmp_path, content):
    logs.add(tmp_path, 5)
    head = tmp_path / "log" / place.HEAD
    head.unlink() if content is None else head.write_bytes(content)

    assert place.HEAD in logs.verified(tmp_path).fault

    logs.add(tmp_path, 1)
    found = logs.verified(tmp_path)
    assert found.fault == "" and found.lines == 7 and "head was missing or changed" in found.notes[0]


def test_a_whole_folder_put_back_to_an_earlier_state_is_noticed_only_against_an_end_written_down_elsewhere(tmp_path):
    logs.add(tmp_path, 5)
    shutil.copytree(tmp_path / "log", tmp_path / "earlier")
    logs.add(tmp_path, 5)
    anchor = logs.verified(tmp_path).anchor
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(tmp_path / "earlier", tmp_path / "log")

    assert logs.verified(tmp_path).fault == ""
    assert "Line 10 of the anchor is not in the log" in logs.verified(tmp_path, anchor).fault
    logs.add(tmp_path, 5, "tess")
    assert "Line 10 of the anchor is not in the log" in logs.verified(tmp_path, anchor).fault
    assert logs.verified(tmp_path, logs.verified(tmp_path).anchor).fault == ""
    with pytest.raises(SettingWrong, match="An anchor is"):
        logs.verified(tmp_path, "10")


def test_several_processes_write_to_one_chain(tmp_path):
    logs.add(tmp_path, 1)
    writers = [FORKING.Process(target=lambda: [logs.add(tmp_path, 1) for _ in range(15)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    found = logs.verified(tmp_path)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert (found.fault, found.notes, found.lines) == ("", (), 61)


def size(folder) -> int:
    """Bytes of the log's files."""
    return sum(path.stat().st_size for path in place.months(folder / "log"))


def test_a_process_killed_at_any_moment_leaves_a_chain_that_goes_on(tmp_path):
    logs.add(tmp_path, 1)
    for round_ in range(12):
        writer = FORKING.Process(target=lambda: [logs.add(tmp_path, 1) for _ in range(10_000)])
        before = size(tmp_path)
        writer.start()
        until = time.monotonic() + 60
        while size(tmp_path) == before and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(0.007 * round_)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(30)
        logs.add(tmp_path, 1)

    found = logs.verified(tmp_path)
    assert found.fault == "" and found.lines > 13


@pytest.mark.parametrize("cut", [b"", b'{"at":"2026-'])
def test_a_line_without_its_head_is_taken_over_and_half_a_line_is_cut_off_and_said(tmp_path, cut):
    logs.add(tmp_path, 4)
    head = (tmp_path / "log" / place.HEAD).read_bytes()
    logs.add(tmp_path, 2)
    (tmp_path / "log" / place.HEAD).write_bytes(head)  # as if the process had been killed before the head
    with open(logs.file(tmp_path), "ab") as file:
        file.write(cut)

    before = logs.verified(tmp_path)
    logs.add(tmp_path, 1)
    after = logs.verified(tmp_path)

    assert bool(before.fault) == bool(cut) and ("The last 2 lines fit" in "".join(before.notes)) == (not cut)
    assert after.fault == "" and after.lines == 7 + bool(cut) and bool(after.notes) == bool(cut)


def at(monkeypatch, year: int, month: int) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime(year, month, 5, tzinfo=zone or UTC)

    monkeypatch.setattr(chain_module, "datetime", Clock)


def test_a_month_begins_a_file_and_carries_the_chain_over_and_a_clock_set_back_does_not_break_it(tmp_path, monkeypatch):
    for month in (1, 2, 4, 3):
        at(monkeypatch, 2026, month)
        logs.add(tmp_path, 3)

    found = logs.verified(tmp_path)

    assert [path.name for path in place.months(tmp_path / "log")] == ["2026-01.jsonl", "2026-02.jsonl", "2026-04.jsonl"]
    assert (found.fault, found.lines, found.files) == ("", 12, 3)


def test_months_that_are_too_old_go_with_a_line_that_says_so_and_a_month_that_is_taken_away_is_noticed(tmp_path, monkeypatch):
    for month in (1, 2, 3, 4):
        at(monkeypatch, 2026, month)
        logs.add(tmp_path, 3)
    shutil.copytree(tmp_path / "log", tmp_path / "whole")

    assert logs.chain(tmp_path).prune(0) == [] and logs.chain(tmp_path).prune(2) == ["2026-01.jsonl"]

    found = logs.verified(tmp_path)
    assert found.fault == "" and found.lines == 10 and logs.read(tmp_path)[-1]["kind"] == "pruned"
    assert "is older than the log" in logs.verified(tmp_path, f"2:{'a' * 64}").fault
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(tmp_path / "whole", tmp_path / "log")
    (tmp_path / "log" / "2026-01.jsonl").unlink()
    assert "they were taken away" in logs.verified(tmp_path).fault
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(tmp_path / "whole", tmp_path / "log")
    (tmp_path / "log" / "2026-02.jsonl").unlink()
    assert "lines were removed" in logs.verified(tmp_path).fault


def test_a_disk_that_takes_no_more_leaves_the_chain_as_it_was_and_it_goes_on_when_there_is_room(tmp_path):
    logs.add(tmp_path, 5)
    chain = logs.chain(tmp_path)
    size = logs.file(tmp_path).stat().st_size

    def writer() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300, size + 300))  # one line fits, the second one in part
        try:
            chain.append([lines.composed("signed_in", "dora", logs.DIRECTOR_IN)] * 2)
        except OSError:
            os._exit(28)
        os._exit(0)

    process = FORKING.Process(target=writer)
    process.start()
    process.join(30)

    assert process.exitcode == 28
    assert logs.file(tmp_path).stat().st_size == size and logs.verified(tmp_path).fault == ""
    logs.add(tmp_path, 1)
    assert (logs.verified(tmp_path).fault, logs.verified(tmp_path).lines) == ("", 6)


def test_nobody_else_can_read_the_log_and_a_folder_that_is_not_its_own_is_refused(tmp_path):
    logs.add(tmp_path, 1)

    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "log").iterdir()} == {0o600}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "log")
    for place_ in ("other", "link", "other/thesis.txt"):
        with pytest.raises(LogProblem):
            chain_module.Chain.opened(tmp_path / place_, tmp_path / "audit.key")


def test_a_file_of_the_log_that_is_a_link_is_not_written_through(tmp_path):
    logs.add(tmp_path, 1)
    path, target = logs.file(tmp_path), tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)
    size = target.stat().st_size

    with pytest.raises(OSError):
        logs.add(tmp_path, 1)

    assert target.stat().st_size == size


def test_another_key_does_not_pass(tmp_path):
    logs.add(tmp_path, 3)
    other = tmp_path / "other"
    logs.add(other, 1)

    with pytest.raises(KeyProblem):
        place.key_of(tmp_path / "log", tmp_path / "log" / place.ABOUT)
    from process.access.audit import checking

    assert "seal does not fit" in checking.verify(tmp_path / "log", place.key_of(tmp_path / "log", other / "audit.key")).fault
