"""Through the command: a clinic's files added to, corrected, handed over twice and forgotten, with exit codes and what a person reads."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from process import cli, store
from process.cli.app import out
from process.intake.codes import folder as codes_folder

MANIFEST = "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,simulated\n"
FILES = {
    "manifest": MANIFEST,
    "courses": "course_id,patient_id,therapist_id,team,ending\nc1,p1,t1,North,unknown\nc2,p2,t1,South,unknown\n",
    "sessions": "course_id,session_number,attendance\nc1,1,attended\nc1,2,missed\nc2,1,attended\n",
    "goals": "goal_id,course_id,scale,set_by,area,agreed_session,fate\ng1,c1,gas,both,work,1,open\n",
}


def delivery(folder: Path, **tables: str) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; give exit code, stdout and stderr, each in one line."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setattr(out, "_width", 200)  # however wide the terminal is
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, " ".join(said.out.split()), " ".join(said.err.split())

    return command


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    """A folder with the files, and a store that the command loaded them into; to be copied."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as asked, pytest.raises(SystemExit) as ended:
        asked.setattr(sys, "argv", ["therapy-process", "intake", str(folder / "store"), str(delivery(folder / "first", **FILES))])
        cli.main()
    assert not ended.value.code
    return folder


@pytest.fixture
def loaded(begun, tmp_path) -> Path:
    """A store that holds the files."""
    return shutil.copytree(begun, tmp_path, dirs_exist_ok=True) / "store"


def rows(folder: Path, table: str) -> int:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return int(engine.query(f"select count(*) as n from {table}")["n"].iloc[0])


def test_the_same_files_twice_make_no_generation_and_say_so(run, loaded, tmp_path):
    before = store.generations(loaded)

    code, out, _ = run("intake", loaded, tmp_path / "first")

    assert code == 0 and "Nothing has changed" in out
    assert store.generations(loaded) == before


def test_a_week_is_added_to_what_is_there_and_a_rating_finds_its_goal(run, loaded, tmp_path):
    week = delivery(
        tmp_path / "week",
        manifest=MANIFEST.replace("03-31", "04-07"),
        sessions="course_id,session_number,attendance\nc1,3,attended\nc9,1,attended\n",
        goal_ratings="goal_id,session_number,rater,level\ng1,3,patient,1\n",
    )

    code, out, err = run("intake", loaded, week, "--add")

    assert code == 0, err
    assert "refused: its course is not there" in out
    assert rows(loaded, "sessions") == 4 and rows(loaded, "goal_ratings") == 1 and rows(loaded, "goals") == 1
    assert store.current(loaded).manifest["as_of"] == "2026-04-07"


def test_adding_what_is_there_with_other_content_is_refused_and_correcting_it_is_not(run, loaded, tmp_path):
    changed = delivery(tmp_path / "changed", manifest=MANIFEST, sessions="course_id,session_number,attendance\nc1,2,attended\n")
    before = store.current(loaded).name

    code, _, err = run("intake", loaded, changed, "--add")
    assert code == 4 and "1 of table `sessions` (column attendance)" in err and "--correct" in err
    assert store.current(loaded).name == before

    code, _, err = run("intake", loaded, changed, "--correct")
    assert code == 0, err
    assert rows(loaded, "attended") == 3 and rows(loaded, "sessions") == 3


def test_a_manifest_alone_adds_nothing(run, loaded, tmp_path):
    code, _, err = run("intake", loaded, delivery(tmp_path / "alone", manifest=MANIFEST), "--add")

    assert code == 3 and "one other table at least" in err


@pytest.mark.parametrize("mapping", ["session_survey"])
def test_a_mapping_that_counts_from_the_first_appointment_in_the_file_is_not_added(run, loaded, tmp_path, mapping):
    (tmp_path / "export.csv").write_text("x\n1\n")

    code, _, err = run("intake", loaded, tmp_path / "export.csv", "--mapping", mapping, "--add")

    assert code == 2 and "Load the whole export" in err


def test_forget_asks_first_and_then_leaves_nothing_of_the_patient(run, loaded, tmp_path, monkeypatch):
    patient = codes_folder.seen(loaded).codes.displays["patient"]["p1"]
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("n\n"))
    code, _, _ = run("forget", loaded, patient)
    assert code == 1 and rows(loaded, "courses") == 2

    code, out, err = run("forget", loaded, patient, "--yes")

    assert code == 0, err
    assert "1 course left the newest generation; 1 generation was built anew" in out and "know the patient no more" in out
    assert rows(loaded, "courses") == 1 and rows(loaded, "goals") == 0
    code, out, _ = run("intake", loaded, tmp_path / "first")
    assert code == 0 and "its patient was forgotten" in out and "Nothing has changed" in out


def test_forgetting_a_code_that_nobody_has_ends_with_the_code_of_a_store_problem(run, loaded):
    code, out, err = run("forget", loaded, "Miller", "--yes")

    assert code == 5 and "A patient's display code is" in err and "Miller" not in out + err


def _log_of_a_copy(generation: store.Generation, aside: Path) -> bytes:
    """DuckDB's log of a copy of the generation in which somebody deleted every session: it would be played into the generation, whose file it fits."""
    copy = Path(shutil.copy(generation.path, aside / "copy.duckdb"))
    with duckdb.connect(copy) as connection:
        connection.execute("set checkpoint_threshold = '1GB'")
        connection.execute("delete from sessions")
        return copy.with_name("copy.duckdb.wal").read_bytes()


@pytest.mark.parametrize("words", [(), ("--add",), ("--correct",)])
def test_a_stale_log_beside_what_is_served_is_removed_by_any_load_and_played_into_nothing(run, loaded, tmp_path, words):
    served = store.current(loaded)
    beside = served.path.with_name(f"{served.path.name}.wal")
    beside.write_bytes(_log_of_a_copy(served, tmp_path))
    tables = FILES | {"courses": FILES["courses"] + "c3,p3,t1,North,unknown\n", "sessions": FILES["sessions"] + "c3,1,attended\n"}

    code, _, said = run("intake", loaded, delivery(tmp_path / "looked", **tables), "--check", *words)
    assert code == 5 and "a log that does not belong to it" in said and "the next load" in said and beside.exists(), "a look writes nothing, nor does it guess"

    code, said, _ = run("intake", loaded, delivery(tmp_path / "next", **tables), *words)
    assert code == 0 and "Loaded into" in said and not beside.exists()
    now = store.current(loaded)
    assert now.name != served.name and now.manifest["counts"]["sessions"] == 4 and now.manifest["counts"]["courses"] == 3
    assert [entry["files"] for entry in store.journal.entries(loaded) if entry["what"] == "sweep"] == [1], "and it is noted"
