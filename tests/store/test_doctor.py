"""Whatever is wrong with a store is said in words with the next step; what can be mended without loss is; the figures afterwards are those of before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import clinics
from tests.store.damage import WAYS, cut, flip

from process.errors import StoreProblem
from process.store import DuckDBEngine, choose, current, doctor, encryption, generation, generations, journal, publish
from process.store.build import summaries

pytestmark = pytest.mark.usefixtures("own_keys")


def figures(store: Path) -> str:
    with DuckDBEngine.open(current(store)) as engine:
        return asked(engine)


def asked(engine: DuckDBEngine) -> str:
    return "\n".join(engine.query(f'select * from "{name}" order by all').to_csv() for name in ("courses", "sessions", "attended"))


@pytest.fixture(scope="module")
def reference(published) -> dict[int, str]:
    """The figures of a store that nothing ever happened to, by its number of courses."""
    found = {}
    for courses, name in enumerate(generations(published), 1):
        with DuckDBEngine.open(generation.named(published, name)) as engine:
            found[courses] = asked(engine)
    return found


def faults(store: Path) -> list[str]:
    return [finding.what for finding in doctor.examine(store) if finding.fault]


def test_a_whole_store_is_healthy_and_nothing_is_said_of_it(store):
    assert doctor.examine(store) == []


# what is done, what is said of it, how many courses are served after mending (None = not mended by itself)
SAID = [
    ("pointer missing", "pointer `current` is missing", 2),
    ("pointer empty", "holds no name of a generation", 2),
    ("pointer stale", "names g000042-aaaaaa, which is not there", 2),
    ("pointer outside", "holds no name of a generation", 2),
    ("generation gone", "which is not there", 1),
    ("manifest gone", "which is not there or has no manifest", 1),
    ("manifest cut", "is damaged", 1),
    ("bit flipped", "is damaged: its file is not as it was published", 1),
    ("cut short", "is damaged", 1),
    ("header overwritten", "is damaged", 1),
    ("stale log", "left over, `g000002", 2),
    ("left-overs", "1 files are left over, `.building-g000009-aaaaaa.duckdb` among them", 2),
    ("readable by others", "can be read by others", 2),
    ("identity gone", "`store.json`.* is missing or cannot be read", 2),
    ("identity cut", "`store.json`.* is missing or cannot be read", 2),
    ("clock moved", "made at 2199-01-01 00:00 UTC, which has not come yet", None),
]


def test_every_way_to_come_to_harm_is_in_the_table():
    assert [way for way, _, _ in SAID] == list(WAYS)


@pytest.mark.parametrize(("way", "said", "courses"), SAID)
def test_what_is_wrong_is_said_and_mended_and_the_figures_are_those_of_a_whole_generation(store, reference, way, said, courses):
    WAYS[way](store)

    found = doctor.examine(store)
    assert any(finding.fault and __import__("re").search(said, finding.what) and finding.step for finding in found), found
    done = doctor.mend(store, found)

    if courses is None:
        assert done == [] and faults(store)
    else:
        assert done and faults(store) == [], doctor.examine(store)
        assert journal.entries(store)[-1]["what"] in ("mend", "sweep")
    assert figures(store) == reference[courses or 2]


@pytest.mark.parametrize("way", WAYS)
def test_the_next_load_mends_what_there_is_to_mend_by_itself(store, records, way):
    WAYS[way](store)
    if way in ("identity cut",):  # whether to encrypt must not be guessed
        with pytest.raises(StoreProblem, match="doctor .* --mend"):
            publish(store, records(3))
        doctor.mend(store, doctor.examine(store))

    doctor.make_ready(store)
    publish(store, records(3))

    assert len(current(store).manifest["counts"]) > 10 and figures(store).count("unknown") == 3


def test_where_no_generation_is_whole_it_says_so_and_a_load_begins_anew(store, records):
    for name in generations(store):
        cut(store / "generations" / f"{name}.duckdb")

    assert any("no kept generation is whole" in what for what in faults(store))
    assert doctor.mend(store, doctor.examine(store)) == []
    assert doctor.make_ready(store) == ["No kept generation is whole; the load begins anew."]
    assert publish(store, records(3)).manifest["counts"]["courses"] == 3


def test_a_damaged_generation_that_is_not_served_is_a_note(store):
    flip(store / "generations" / f"{generations(store)[0]}.duckdb")

    (found,) = doctor.examine(store)
    assert not found.fault and "It is not served" in found.what


def test_a_running_load_is_a_note_and_what_it_has_aside_is_no_left_over(store):
    (store / "generations" / ".building-g000009-aaaaaa.duckdb").write_bytes(b"at work")
    holding = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDWR), 2); print(flush=True); input()", store / "lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holding.stdout.readline()
    try:
        found = doctor.examine(store)
        assert [(finding.what, finding.fault) for finding in found] == [("A load is running now.", False)]
    finally:
        holding.communicate(b"\n")
    assert faults(store)


def test_a_command_that_never_ended_is_named_with_its_time(store):
    journal.note(store, "load", "begun")
    (found,) = doctor.examine(store)
    assert not found.fault and "`load` begun at" in found.what and "never ended" in found.what

    publish_line = len(journal.entries(store))
    journal.note(store, "load", "done")
    assert doctor.examine(store) == [] and len(journal.entries(store)) == publish_line + 1


def test_a_load_that_was_killed_is_not_named_any_more_once_another_one_has_ended(store, records):
    for what in ("load", "publish"):
        with (store / "journal.jsonl").open("a") as file:
            file.write(json.dumps({"when": "2026-01-01T00:00:00", "what": what, "outcome": "begun", "process": 1}) + "\n")
    assert "`load` begun" in doctor.examine(store)[0].what and "`publish` begun" in doctor.examine(store)[0].what

    publish(store, records(3))

    assert doctor.examine(store) == []


@pytest.mark.encryption
def test_a_key_that_is_missing_and_one_that_does_not_fit_are_told_apart(tmp_path, records, monkeypatch):
    store = tmp_path / "store"
    publish(store, records(1), key=choose(store, "real").key)
    assert doctor.examine(store) == []
    clinics.put_down_keys()
    place = next((tmp_path / "config").rglob("*.key"))
    kept = place.read_text()

    place.unlink()
    assert any("is not here" in what for what in faults(store))
    place.write_text("A" * 43 + "=\n")
    place.chmod(0o600)
    assert any("is another" in what for what in faults(store))
    place.write_text(kept)
    assert doctor.examine(store) == []

    monkeypatch.setattr(encryption, "EXTENSION", "no_such_package_here")
    assert ["can read it but not write it" in what for what in faults(store)] == [True]
    flip(current(store).path)
    clinics.put_down_keys()
    assert any("is damaged" in what for what in faults(store))


def test_a_disk_that_is_nearly_full_is_said(store, monkeypatch):
    monkeypatch.setattr("process.store.findings.shutil.disk_usage", lambda path: type("Usage", (), {"free": 10_000_000})())

    (what,) = faults(store)
    assert "10 MB are free, and a load needs up to 200 MB" in what


def test_a_generation_of_an_earlier_release_is_said(store):
    found = doctor.examine(store, derived=["tables_of_a_later_day"])

    assert ["is of an earlier release: it lacks 1 tables" in finding.what and "migrate" in finding.step for finding in found] == [True]
    assert summaries()


def test_nothing_but_a_store_is_examined(tmp_path):
    (tmp_path / "letters").mkdir()
    for place in (tmp_path / "nowhere", tmp_path / "letters"):
        with pytest.raises(StoreProblem):
            doctor.examine(place)
    assert list((tmp_path / "letters").iterdir()) == []


def test_a_manifest_of_the_first_release_has_no_checksum_and_is_still_compared_by_its_size(store):
    path = current(store).path.with_suffix(".json")
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({name: entry for name, entry in manifest.items() if name not in ("sha256", "format", "encryption")}))
    generation.verify(current(store))

    os.truncate(current(store).path, 4096)
    with pytest.raises(StoreProblem, match="is damaged"):
        generation.verify(current(store))
