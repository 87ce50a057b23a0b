"""Months that are too old go while a server runs, on the first look of each day, and the log is whole before, meanwhile and afterwards."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from tests.access import logs

from process.access.audit import chain as chain_module
from process.access.audit import log, place
from process.access.audit.chain import Chain


class Calendar(datetime):
    """The day that the lines and the log believe it is."""

    day = datetime(2026, 1, 20, 12, tzinfo=UTC)

    @classmethod
    def now(cls, zone=None):
        return cls.day


@pytest.fixture
def calendar(monkeypatch):
    Calendar.day = datetime(2026, 1, 20, 12, tzinfo=UTC)
    monkeypatch.setattr(chain_module, "datetime", Calendar)
    monkeypatch.setattr(log, "datetime", Calendar)
    return Calendar


def until(found, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(found())


def files(folder) -> list[str]:
    return [path.name for path in place.months(folder / "log")]


def test_a_server_that_runs_for_months_removes_what_is_too_old_on_the_day_it_is(tmp_path, calendar):
    with logs.keeping(tmp_path, months=2):
        for day in (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, tzinfo=UTC)):
            calendar.day = day
            logs.add(tmp_path, 3)
        time.sleep(3 * log.EVERY)
        assert files(tmp_path) == ["2026-01.jsonl", "2026-02.jsonl", "2026-03.jsonl"], "January is two months ago on the last of March"

        calendar.day = datetime(2026, 4, 1, tzinfo=UTC)

        assert until(lambda: "2026-01.jsonl" not in files(tmp_path))
        assert logs.verified(tmp_path).fault == ""
        logs.add(tmp_path, 1)
    found = logs.verified(tmp_path)
    assert found.fault == "" and [line["file"] for line in logs.read(tmp_path) if line["kind"] == "pruned"] == ["2026-01.jsonl"]


def test_what_cannot_be_removed_today_is_tried_again_and_stops_nothing(tmp_path, calendar, monkeypatch):
    tried = []

    def stuck(self, months, today):
        tried.append(months)
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(log, "PRUNE_AGAIN", 0.0)
    with logs.keeping(tmp_path, months=2) as folder:
        monkeypatch.setattr(Chain, "prune", stuck)
        calendar.day = datetime(2026, 1, 21, tzinfo=UTC)
        assert until(lambda: tried.count(2) >= 2)  # a log of another test in this process may be trying, too
        log.note("signed_in", "dora", **logs.DIRECTOR_IN)
        log.require()
    assert folder.exists() and logs.verified(tmp_path).fault == ""
