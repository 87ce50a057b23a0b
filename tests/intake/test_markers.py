"""Nothing that points to a person stays on this machine: after a load, after one that was killed, and after one that spilled to the disk.

A delivery is made whose every patient, therapist, course, goal and rupture code holds a marker, and an export whose every date is known. It is loaded by the
real command, in a process of its own with folders of its own. Then every file that the command could have written is read as bytes (markers as UTF-8 and
UTF-16), what it said is read, and every value of every table of every generation is looked at, because a compressed column shows no text to a search.
"""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from tests.intake.machine import Forking, Machine

from process import demo, store
from process.intake.codes.surrogates import HASHED, IDS

MARK = "QXMARK"
MONDAY = date(2026, 1, 5)
MAPPING = """
[mapping]
title = "appointments"
version = 1
file = "export.csv"
[manifest]
clinic = "Clinic A"
source = "export"
origin = "real"
as_of = { latest = "held_on" }
[courses]
course_id = { from = ["clinician", "client"] }
patient_id = { from = "client" }
therapist_id = { from = "clinician" }
start_week = { from = "held_on", as = "week", format = "%d.%m.%Y" }
ending = { always = "unknown" }
[sessions]
session_number = { from = "number" }
week = { from = "held_on", as = "week", format = "%d.%m.%Y" }
day = { from = "held_on", as = "day", format = "%d.%m.%Y" }
attendance = { always = "attended" }
"""


@pytest.fixture(scope="module")
def forking():
    parent = Forking()
    yield parent
    parent.close()


@pytest.fixture
def machine(tmp_path, forking):
    return Machine(tmp_path, forking)


def mark(records: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The records with a marker in every code."""
    kinds = {**IDS, **HASHED}
    return {
        name: frame.assign(
            **{column: frame[column].map(lambda code, kind=kinds[column]: f"{MARK}{kind}-{code}", na_action="ignore") for column in frame if column in kinds}
        )
        for name, frame in records.items()
    }


def deliver(machine: Machine, courses: int = 40) -> None:
    records = demo.simulate(demo.Settings(courses=courses, therapists=6))
    records["manifest"] = records["manifest"].assign(origin="real")
    demo.write(mark(records), machine.delivery)


def export(machine: Machine) -> list[date]:
    """An export of appointments, none of them on a Monday, and its mapping; gives their dates."""
    days, lines = [], ["client,clinician,number,held_on"]
    for client in range(30):
        for number in range(1, 7):
            day = MONDAY + timedelta(1 + client % 4 + 7 * number + client)
            day += timedelta(day.weekday() == 0)
            days.append(day)
            lines.append(f"{MARK}patient-{client},{MARK}therapist-{client % 3},{number},{day:%d.%m.%Y}")
    (machine.delivery / "export.csv").write_text("\n".join(lines) + "\n")
    (machine.delivery / "ours.toml").write_text(MAPPING)
    return days


def spellings(day: date) -> list[str]:
    return [f"{day:{form}}" for form in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%m/%d/%Y", "%d %B %Y")]


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "unencrypted"])
def test_no_code_of_the_clinics_own_is_left_after_loads_of_its_tables(machine, monkeypatch, encrypted):
    if encrypted:
        pytest.importorskip("duckdb_extension_httpfs")
    deliver(machine)

    assert machine.run("intake", machine.store, machine.delivery, "--check") == 0
    assert machine.run("intake", machine.store, machine.delivery, *([] if encrypted else ["--unencrypted"])) == 0, machine.said.decode()
    deliver(machine, courses=41)
    assert machine.run("intake", machine.store, machine.delivery) == 0, machine.said.decode()

    assert machine.told(MARK) == []
    texts, dates = machine.values(monkeypatch)
    assert len(store.generations(machine.store)) == 2 and len(texts) > 200 and not any(MARK in text for text in texts)
    assert dates and {day.weekday() for day in dates} == {0}


def test_no_date_of_an_appointment_is_left_after_a_load_of_an_export(machine, monkeypatch):
    days = export(machine)

    ended = machine.run("intake", machine.store, machine.delivery / "export.csv", "--mapping", machine.delivery / "ours.toml", "--unencrypted")

    assert ended == 0, machine.said.decode()
    today = date.today()
    assert machine.told(MARK, *(form for day in set(days) if day != today for form in spellings(day))) == []
    texts, dates = machine.values(monkeypatch)
    assert not any(MARK in text for text in texts) and dates and not dates & set(days)
    as_of = date.fromisoformat(store.current(machine.store).manifest["as_of"])
    assert as_of.weekday() == 6 and as_of not in days and 0 <= (as_of - max(days)).days < 7


def test_a_refused_load_tells_nothing_either(machine):
    deliver(machine)
    path = machine.delivery / "sessions.csv"
    path.write_text(path.read_text().replace(",attended", f",{MARK}attended", 5))

    assert machine.run("intake", machine.store, machine.delivery) == 4
    assert machine.told(MARK) == []


def test_the_commands_for_codes_tell_only_what_they_are_for(machine):
    deliver(machine)
    assert machine.run("intake", machine.store, machine.delivery, "--unencrypted") == 0
    therapist = next((machine.written / "store-codes" / "sheets").iterdir()).stem

    for words in (
        ("codes", "list", machine.store),
        ("codes", "sheet", machine.store, therapist),
        ("codes", "rotate", machine.store),
        ("key", "show", machine.store),
    ):
        assert machine.run(*words) == 0, machine.said.decode()
    assert machine.run("key", "export", machine.store, machine.written / "safe") == 0

    assert machine.told(MARK) == []


def test_nothing_is_left_where_a_load_is_killed(machine, monkeypatch):
    deliver(machine)
    moments = random.Random(4)
    seen = 0
    for _ in range(3):
        process = machine.start("intake", machine.store, machine.delivery, "--unencrypted")
        begun = time.monotonic()
        while process.poll() is None and not any(machine.store.glob("generations/.building-*")) and time.monotonic() - begun < 60:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        seen += process.wait() == -signal.SIGKILL
        assert machine.told(MARK) == []
        if (machine.store / "current").exists():
            break  # the next load of the same files would have nothing to do

    assert seen, "every load was quicker than its killer"
    before = (machine.written / "store-codes" / "codes.sealed").exists()
    assert before, "codes are saved before anything is built"
    assert machine.run("intake", machine.store, machine.delivery, "--unencrypted") == 0, machine.said.decode()
    texts, _ = machine.values(monkeypatch)
    assert machine.told(MARK) == [] and not any(MARK in text for text in texts)


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "unencrypted"])
def test_nothing_is_left_of_a_load_that_spills_to_the_disk_and_is_killed_then(machine, encrypted):
    if encrypted:
        pytest.importorskip("duckdb_extension_httpfs")
    deliver(machine, courses=1200)
    little = "from process.store import build; build.MEMORY_MB = 24 * bool(build.MEMORY_MB)"  # an error should it be called something else

    process = machine.start("intake", machine.store, machine.delivery, *([] if encrypted else ["--unencrypted"]), before=little)
    spilled: list[Path] = []
    while process.poll() is None:
        with suppress(FileNotFoundError):  # gone between being listed and being looked at
            spilled = [path for path in machine.store.glob("generations/*.tmp/*") if path.stat().st_size]
        if spilled:
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.01)
            if any(path.exists() for path in spilled):
                break
            process.send_signal(signal.SIGCONT)
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert any(path.exists() for path in spilled), machine.said.decode()[-2000:]
    assert machine.told(MARK) == []
    assert machine.run("intake", machine.store, machine.delivery) == 0, machine.said.decode()
    assert machine.told(MARK) == [] and not list(machine.store.glob("generations/*.tmp"))


def test_the_search_finds_what_it_looks_for(machine, monkeypatch):
    """The other tests here would pass with a search that finds nothing."""
    from process.measures.publishing import publish

    publish(machine.store, mark(demo.simulate(demo.Settings(courses=30, therapists=6))))
    (machine.written / "tmp" / "note").write_text(f"about {MARK}x", encoding="utf-16-le")

    told = machine.told(MARK)

    assert any(place.endswith("note") for place in told) and any(place.endswith(".duckdb") for place in told)
    texts, dates = machine.values(monkeypatch)
    assert any(MARK in text for text in texts) and dates
