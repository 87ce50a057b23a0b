"""A load is published whole or not at all, and whatever is wrong with a store is said in one sentence with what to do."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path

import duckdb
import pytest

from process.contract.tables import TABLES
from process.errors import StoreProblem
from process.store import DuckDBEngine, build, current, folder, generations, loadable, publish
from process.store.types import stored_type


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def count(store: Path, table: str = "courses") -> int:
    with DuckDBEngine.open(current(store)) as engine:
        return int(engine.query(f"select count(*) as n from {table}")["n"].iloc[0])


def test_a_published_generation_holds_every_table_with_every_column_in_its_type(store, records):
    generation = publish(store, records())

    assert generation == current(store)
    with DuckDBEngine.open(generation) as engine:
        columns = engine.query("select table_name, column_name, data_type from information_schema.columns where table_catalog = 'generation'")
        for name, table in TABLES.items():
            found = columns[columns["table_name"] == name]
            assert dict(zip(found["column_name"], found["data_type"], strict=True)) == {column.name: stored_type(column) for column in table.columns}
        rows = engine.query("select course_id, session_number, week, day from sessions order by course_id, session_number")
        assert {"instruments", "courses", "goals"} <= set(engine.tables())
    assert rows["day"].fillna(-1).tolist() == [0, 7, -1] * 2
    assert rows["week"].dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2026-01-05", "2026-01-12", ""] * 2


def test_every_summary_on_disk_becomes_a_table(store, records):
    generation = publish(store, records())

    names = {name for name, _ in build.summaries()}
    assert names and names <= set(generation.manifest["counts"])
    assert generation.manifest["counts"]["attended"] == 6


def test_summaries_are_built_in_order_from_whatever_files_are_there(store, records, tmp_path, monkeypatch):
    (tmp_path / "summaries").mkdir()
    (tmp_path / "summaries" / "02_twice.sql").write_text("select 2 * held as held from held;\n")
    (tmp_path / "summaries" / "01_held.sql").write_text("select count(*) as held from sessions")
    monkeypatch.setattr(build, "SUMMARIES", tmp_path / "summaries")

    publish(store, records())

    with DuckDBEngine.open(current(store)) as engine:
        assert engine.query("select held from twice")["held"].tolist() == [12]


def test_the_manifest_says_what_is_in_the_generation(store, records):
    manifest = publish(store, records(), about={"intake": {"tables": []}}).manifest

    assert manifest["counts"]["sessions"] == 6 and manifest["counts"]["scores"] == 0
    assert (manifest["clinic"], manifest["origin"], manifest["as_of"]) == ("Clinic A", "simulated", "2026-03-31")
    assert manifest["contract_version"] == 1 and manifest["product_version"] and manifest["created"]
    assert manifest["about"] == {"intake": {"tables": []}}
    assert manifest["bytes"] == current(store).path.stat().st_size


def test_nobody_but_the_owner_can_read_any_of_it(store, records):
    publish(store, records())

    for path in [store, *store.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_last_three_generations_stay_and_names_only_grow(store, records):
    names = [publish(store, records(n)).name for n in (1, 2, 3, 4, 5)]

    assert generations(store) == names[2:] == sorted(names[2:])
    assert current(store).name == names[-1] and count(store) == 5
    assert {path.stem for path in (store / "generations").iterdir()} == set(names[2:])


def test_an_open_generation_answers_on_while_new_ones_are_published(store, records):
    publish(store, records(1))
    with DuckDBEngine.open(current(store)) as old:
        for n in (2, 3, 4, 5):
            publish(store, records(n))
        assert old.query("select count(*) as n from courses")["n"].tolist() == [1]
        assert count(store) == 5


def test_progress_is_told_for_every_table_and_summary(store, records):
    told = []

    publish(store, records(), lambda what, done, total: told.append((what, done, total)))

    assert [what for what, _, _ in told] == [f"storing {name}" for name in TABLES] + [f"summary {name}" for name, _ in build.summaries()] + ["checking"]
    assert all(done <= total for _, done, total in told)


INTERRUPTIONS = ["build", "check", "settle_file", "settle_folder", "write_whole"]


@pytest.mark.parametrize("step", INTERRUPTIONS)
def test_a_load_that_dies_at_any_step_leaves_the_old_generation_served_and_the_next_load_succeeds(store, records, monkeypatch, step):
    publish(store, records(1))

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(f"process.store.publishing.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            publish(store, records(2))
    assert count(store) == 1

    assert count_after(store, records(3)) == 3
    assert len(list((store / "generations").iterdir())) == 2 * len(generations(store))


def count_after(store: Path, records) -> int:
    publish(store, records)
    return count(store)


def test_what_a_killed_load_left_is_swept_by_the_next(store, records):
    first = publish(store, records(1)).name
    inside = store / "generations"
    left = [
        inside / ".building-g000002-aaaaaa.duckdb",
        inside / ".building-g000002-aaaaaa.duckdb.wal",
        inside / "g000009-aaaaaa.duckdb",
        store / ".building-current",
    ]
    left.append(inside / "g000008-aaaaaa.json")
    for path in left:
        path.write_bytes(b"cut")
    (inside / ".building-g000002-aaaaaa.duckdb.tmp").mkdir()
    (inside / ".building-g000002-aaaaaa.duckdb.tmp" / "spilled").write_bytes(b"cut")

    second = publish(store, records(2)).name

    assert generations(store) == [first, second]
    assert len(list(inside.iterdir())) == 4 and not (store / ".building-current").exists()


def test_a_full_disk_is_said_and_the_old_generation_stays(store, records, monkeypatch):
    publish(store, records(1))

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("process.store.publishing.settle_file", full)
    with pytest.raises(StoreProblem, match="No space left on device.*served still"):
        publish(store, records(2))

    assert count(store) == 1 and len(list((store / "generations").iterdir())) == 2


def test_a_generation_that_lost_a_row_is_not_published(store, records, monkeypatch):
    publish(store, records(1))
    monkeypatch.setattr(
        "process.store.publishing.build", lambda path, records, *rest: build.build(path, records | {"sessions": records["sessions"][:-1]}, *rest)
    )

    with pytest.raises(StoreProblem, match="does not hold what was loaded \\(table sessions\\)"):
        publish(store, records(2))

    assert count(store) == 1


def test_two_loads_at_once_the_second_is_refused(store, records):
    publish(store, records(1))
    handle = os.open(store / "lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(StoreProblem, match="Another load into store .* is running"):
            publish(store, records(2))
    finally:
        os.close(handle)

    assert count_after(store, records(2)) == 2


def test_a_folder_with_other_things_in_it_is_never_written_to(tmp_path, records):
    (tmp_path / "letters.txt").write_text("dear")

    with pytest.raises(StoreProblem, match="is not a store: it holds `letters.txt`"):
        publish(tmp_path, records())

    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
    loadable(tmp_path / "not-there-yet")


def damage(store: Path, how: str) -> None:
    generation = current(store)
    if how == "pointer":
        (store / "current").write_text("g000042-aaaaaa\n")
    elif how == "pointer outside":
        (store / "current").write_text("../../elsewhere\n")
    elif how == "manifest":
        generation.path.with_suffix(".json").write_text("{")
    elif how == "cut":
        os.truncate(generation.path, generation.path.stat().st_size // 2)
    elif how == "header":
        with generation.path.open("r+b") as file:
            file.write(b"\xff" * 4096)


DAMAGE = [
    ("pointer", "points to a generation that is not there"),
    ("pointer outside", "points to a generation that is not there"),
    ("manifest", "manifest of generation .* cannot be read"),
    ("cut", "is damaged and cannot be opened"),
    ("header", "is damaged and cannot be opened"),
]


@pytest.mark.parametrize(("how", "said"), DAMAGE)
def test_a_damaged_store_is_told_in_words_and_the_next_load_mends_it(store, records, how, said):
    publish(store, records(1))
    damage(store, how)

    with pytest.raises(StoreProblem, match=said) as problem:
        DuckDBEngine.open(current(store))
    assert "therapy-process intake" in str(problem.value)

    assert count_after(store, records(2)) == 2


def test_what_is_not_a_store_is_told_apart(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun" / "generations").mkdir(parents=True)

    for name, said in [
        ("nowhere", "There is no store"),
        ("file", "is a file; a store is a folder"),
        ("empty", "is not a store"),
        ("begun", "Nothing is published"),
    ]:
        with pytest.raises(StoreProblem, match=said):
            current(tmp_path / name)


def test_a_table_outside_the_contract_is_a_defect_and_not_published(store, records):
    with pytest.raises(ValueError, match="not tables of the contract"):
        publish(store, records() | {"letters": records()["courses"]})

    assert generations(store) == [] and not (store / "current").exists()


def test_a_summary_that_fails_leaves_nothing_behind(store, records, tmp_path, monkeypatch):
    (tmp_path / "summaries").mkdir()
    (tmp_path / "summaries" / "01_wrong.sql").write_text("select nothing from nowhere")
    monkeypatch.setattr(build, "SUMMARIES", tmp_path / "summaries")

    with pytest.raises(duckdb.CatalogException):
        publish(store, records())

    assert list((store / "generations").iterdir()) == []


def test_a_small_file_is_replaced_whole(tmp_path):
    folder.write_whole(tmp_path / "current", "one\n")
    folder.write_whole(tmp_path / "current", json.dumps({"two": 2}))

    assert json.loads((tmp_path / "current").read_text()) == {"two": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


@pytest.mark.parametrize("name", ["x" * 252, "x" * 300, "loop"])
def test_a_place_that_no_file_system_has_is_refused_in_words(tmp_path, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises(StoreProblem, match="its name is too long, or it is a link to itself"):
        loadable(tmp_path / name)
