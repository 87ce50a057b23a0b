"""Nothing that points to a person stays on this machine: after a load, after one that was killed, and after one that spilled to the disk.

A delivery is made whose every patient, therapist, course, goal and rupture code holds a marker, and an export whose every date is known. It is loaded by the
real command, in a process of its own with folders of its own. Then every file that the command could have written is read as bytes (markers as UTF-8 and
UTF-16), what it said is read, and every value of every table of every generation is looked at, because a compressed column shows no text to a search.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from process import demo, store
from process.intake.codes.surrogates import HASHED, IDS
from process.store.encryption import reading

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


class Machine:
    """Folders of a machine on which nothing but one clinic's command runs."""

    def __init__(self, root: Path, compiled: Path):
        self.root, self.written, self.delivery = root, root / "written", root / "delivery"
        for folder in (self.written / "tmp", self.written / "home", self.delivery):
            folder.mkdir(parents=True)
        self.store = self.written / "store"
        home = self.written / "home"
        self.environment = os.environ | {"TMPDIR": str(self.written / "tmp"), "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
        self.environment = {name: value for name, value in self.environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment |= {"PYTHONPYCACHEPREFIX": str(compiled), "COLUMNS": "200"}  # one compilation for all the processes
        self.said = b""

    def start(self, *words: object, before: str = "") -> subprocess.Popen:
        code = f"import sys; {before or 'pass'}; sys.argv[0] = 'therapy-process'; from process.__main__ import main; main()"
        line = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.Popen(line, env=self.environment, cwd=self.written / "tmp", stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words: object, before: str = "") -> int:
        return self.ended(self.start(*words, before=before))

    def ended(self, process: subprocess.Popen) -> int:
        out, err = process.communicate(timeout=120)
        self.said += out + err
        return process.returncode

    def files(self) -> list[Path]:
        return [path for path in self.written.rglob("*") if path.is_file()]

    def told(self, *markers: str) -> list[str]:
        """Where a marker can be read."""
        sought = [marker.encode(kind) for marker in markers for kind in ("utf-8", "utf-16-le", "utf-16-be")]
        places = {str(path): path.read_bytes() for path in self.files()} | {path.name: os.fsencode(path.name) for path in self.written.rglob("*")}
        places["what the command said"] = self.said
        return [place for place, content in places.items() if any(one in content for one in sought)]

    def values(self, monkeypatch) -> tuple[set[str], set[date]]:
        """Every text and every date in every table of every generation."""
        monkeypatch.setenv("XDG_CONFIG_HOME", self.environment["XDG_CONFIG_HOME"])
        texts, dates = set(), set()
        for name in store.generations(self.store):
            generation = store.generation.named(self.store, name)
            connection = reading(generation.path, generation.key())
            for (table,) in connection.execute("select table_name from information_schema.tables where table_catalog = 'generation'").fetchall():
                frame = connection.execute(f'select * from "{table}"').df()
                for column in frame:
                    if pd.api.types.is_datetime64_any_dtype(frame[column]):
                        dates |= {day.date() for day in frame[column].dropna().unique()} if (table, column) != ("manifest", "as_of") else set()
                    elif not pd.api.types.is_numeric_dtype(frame[column]):
                        texts |= set(map(str, frame[column].dropna().unique()))
            connection.close()
        return texts, dates


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def machine(tmp_path, compiled):
    return Machine(tmp_path, compiled)


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
    for _ in range(4):
        process = machine.start("intake", machine.store, machine.delivery, "--unencrypted")
        begun = time.monotonic()
        while process.poll() is None and not any(machine.store.glob("generations/.building-*")) and time.monotonic() - begun < 60:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        seen += machine.ended(process) == -signal.SIGKILL
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
    machine.ended(process)

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
