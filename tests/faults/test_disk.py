"""A disk that is full, or files that come to harm: what was served is served, with the same figures, or nothing is; it is said, and the next load mends it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.faults.figures import figures
from tests.store.damage import WAYS

from process.errors import UserError
from process.store import current, doctor, journal

CANNOT_MOUNT = "this account may not mount a tmpfs; the same is tried with a limit on the size of files"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", place], capture_output=True).returncode:
        pytest.skip(CANNOT_MOUNT)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def refusals(store: Path) -> list[str]:
    return [line["kind"] for line in journal.entries(store) if line["what"] == "load" and line["outcome"] == "refused"]


@pytest.mark.parametrize("room", [(1_500_000, 20_000), pytest.param((4_000_000, 300_000), marks=pytest.mark.soak)])
def test_a_load_onto_a_full_disk_changes_nothing_and_the_next_one_succeeds(small_disk, a_store, forking, deliveries, reference, tmp_path, room):
    store = a_store("once", small_disk)
    name = current(store).name
    seen = set()
    for left in room:
        filler = small_disk / "filler"
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(b"x" * max(0, free - left))
        log = tmp_path / f"log{left}"

        code = forking.run("load", store, deliveries["after"], log=log)

        filler.unlink()
        seen.add(code)
        assert "Traceback" not in log.read_text(), log.read_text()
        if code == 0:
            pytest.fail(f"a load fitted into {left} bytes; the disk is not small enough")
        assert "was served before is served still" in " ".join(log.read_text().split()) or "disk is full" in log.read_text()
        assert current(store).name == name and figures(store) == reference["before"]
    assert seen == {5}
    assert forking.run("load", store, deliveries["after"]) == 0
    assert figures(store) == reference["after"] and [finding.what for finding in doctor.examine(store) if finding.fault and "disk" not in finding.what] == []


@pytest.mark.parametrize("most", [300_000, *(pytest.param(most, marks=pytest.mark.soak) for most in (4096, 1_000_000))])
def test_a_file_that_cannot_grow_any_more_changes_nothing_either(tmp_path, a_store, forking, deliveries, reference, most):
    store, log = a_store("once"), tmp_path / "log"
    name = current(store).name

    assert forking.run("small_files", store, deliveries["after"], most, log=log) == 5, log.read_text()

    assert "Traceback" not in log.read_text() and current(store).name == name and figures(store) == reference["before"]
    assert refusals(store) == ["StoreProblem"]
    assert forking.run("load", store, deliveries["after"]) == 0 and figures(store) == reference["after"]


def test_of_two_loads_at_once_one_is_refused_and_the_other_is_whole(tmp_path, a_store, forking, deliveries, reference):
    store = a_store("once")
    logs = [tmp_path / f"log{number}" for number in range(3)]

    children = [forking.begin("load", store, deliveries["after"], log=log) for log in logs]
    codes = [forking.end(child) for child in children]

    assert sorted(codes)[0] == 0 and set(codes) <= {0, 5}, [log.read_text() for log in logs]
    for code, log in zip(codes, logs, strict=True):
        assert code == 0 or "in use by another load" in log.read_text() or "Another load" in log.read_text()
    assert figures(store) == reference["after"] and doctor.examine(store) == []


OFTEN = ("pointer missing", "manifest gone", "bit flipped", "stale log", "identity gone")
"""Ways that are tried with every run; `tests/store/test_doctor.py` tries all of them without the whole of a load."""
HARM = [pytest.param(way, marks=() if way in OFTEN else pytest.mark.soak) for way in WAYS if way not in ("left-overs", "readable by others")]


@pytest.mark.parametrize("way", HARM)
def test_a_harmed_store_never_gives_a_wrong_figure_and_the_next_load_mends_it(tmp_path, a_store, forking, deliveries, reference, way):
    store, log = a_store("twice"), tmp_path / "log"
    WAYS[way](store)

    try:
        assert figures(store) == reference["after"]
    except UserError as said:
        assert "therapy-process" in str(said)
    code = forking.run("load", store, deliveries["after"], log=log)

    assert code == 0, log.read_text()
    assert figures(store) == reference["after"]
    assert [finding.what for finding in doctor.examine(store) if finding.fault and "clock" not in finding.what] == []
