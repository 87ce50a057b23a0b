"""The command: what each part does, and that a user's mistake is one clear message with its own exit code and no traceback."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from process import cli, store
from process.cli import demo as demo_command
from process.cli.app import out

FILES = {
    "manifest": "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,real\n",
    "courses": "course_id,patient_id,therapist_id,ending\nc1,p1,t1,unknown\n",
    "sessions": "course_id,session_number,attendance\nc1,1,attended\nc1,2,missed\nc9,1,attended\n",
}


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "delivery"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; give exit code, stdout and stderr (in one line)."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setattr(out, "_width", 200)  # however wide the terminal is
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, " ".join(said.err.split())

    return command


def test_intake_loads_reports_and_says_the_next_step(run, delivery, tmp_path):
    code, out, _ = run("intake", tmp_path / "store", delivery)

    assert code == 0
    assert "refused: its course is not there" in out and "therapy-process serve" in out
    manifest = store.current(tmp_path / "store").manifest
    assert manifest["counts"]["sessions"] == 2
    assert manifest["about"]["intake"]["tables"][2]["refused"] == {"its course is not there": 1}


def test_check_reports_the_same_and_writes_nothing(run, delivery, tmp_path):
    code, out, _ = run("intake", tmp_path / "store", delivery, "--check")

    assert code == 0
    assert "refused: its course is not there" in out and "nothing was loaded" in out
    assert not (tmp_path / "store").exists()


def test_info_says_what_a_store_holds(run, delivery, tmp_path):
    run("intake", tmp_path / "store", delivery)

    code, out, _ = run("info", tmp_path / "store")

    assert code == 0
    assert "Clinic A" in out and "2026-03-31" in out and re.search(r"sessions\W+2\b", out)


def test_version_names_product_and_contract(run):
    code, out, _ = run("--version")

    assert code == 0 and re.fullmatch(r"therapy-process \d+\.\d+\.\d+ \(contract \d+\)", out.strip())


def test_the_survey_loads_through_its_mapping(run, shared_data, tmp_path):
    code, out, _ = run("intake", tmp_path / "store", shared_data / "SessionSurvey.csv", "--mapping", "session_survey")

    assert code == 0 and "11,638" in out and "ignored:" in out
    assert store.current(tmp_path / "store").manifest["counts"]["goals"] == 0


def spoilt(delivery: Path, name: str, text: str) -> Path:
    (delivery / f"{name}.csv").write_text(text)
    return delivery


MISTAKES = [
    # what is typed ({d} the delivery, {t} an empty folder), the exit code, what is said
    (("intake", "{t}/store", "{t}/nowhere.csv"), 3, "There is no file"),
    (("intake", "{t}/store", "{d}/courses.csv"), 3, "manifest.csv, sessions.csv are missing"),
    (("intake", "{t}/store", "{d}", "--mapping", "session_surve"), 2, "Did you mean `session_survey`?"),
    (("intake", "{d}", "{d}"), 5, "is not a store: it holds"),
    (("intake", "{d}/courses.csv", "{d}"), 5, "is a file; a store is a folder"),
    (("info", "{t}/nowhere"), 5, "There is no store"),
    (("info", "{d}"), 5, "is not a store"),
    (("info", "{d}/courses.csv"), 5, "is a file; a store is a folder"),
    (("serve", "{t}/nowhere"), 5, "There is no store"),
    (("serve", "{d}"), 5, "is not a store"),
    (("demo", "--courses", "0", "--build-only", "--store", "{t}/demo"), 2, "`courses` of the demo clinic is 0"),
    (("demo", "--build-only", "--store", "{d}"), 5, "is not a store"),
    (("demo", "--port", "70000"), 2, "less than or equal to 65535"),
    (("intake",), 2, "Missing argument"),
    (("intak",), 2, "No such command"),
]


@pytest.mark.parametrize(("typed", "code", "said"), MISTAKES)
def test_a_mistake_is_one_message_with_its_own_exit_code(run, delivery, tmp_path, typed, code, said):
    (tmp_path / "t").mkdir()

    ended, out, err = run(*[word.format(d=delivery, t=tmp_path / "t") for word in typed])

    assert (ended, said in err) == (code, True), err
    assert "Traceback" not in err and out == ""
    assert list((tmp_path / "t").iterdir()) == []


def test_a_refused_file_leaves_the_store_as_it_was(run, delivery, tmp_path):
    run("intake", tmp_path / "store", delivery)
    before = store.current(tmp_path / "store")

    code, _, err = run("intake", tmp_path / "store", spoilt(delivery, "sessions", "course_id,session_number,attendance\nc1,SECRET,attended\n"))

    assert code == 4 and "column `session_number`, line 2: not a whole number" in err and "SECRET" not in err
    assert store.current(tmp_path / "store") == before


def test_a_port_in_use_is_told_before_anything_is_built(run, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, _, err = run("demo", "--port", port, "--store", tmp_path / "demo", "--no-browser")

    assert code == 6 and f"Port {port} on 127.0.0.1" in err and f"--port {port + 1}" in err
    assert not (tmp_path / "demo").exists()


def test_the_demo_store_is_made_once_and_again_when_its_settings_change(run, tmp_path):
    folder = tmp_path / "demo"
    made = []
    for settings in (("--courses", 40, "--seed", 3), ("--courses", 40, "--seed", 3), ("--courses", 41, "--seed", 3)):
        code, _, err = run("demo", "--build-only", "--store", folder, *settings)
        assert code == 0, err
        made.append(store.current(folder))

    assert made[0] == made[1] and made[1].name != made[2].name
    assert [generation.manifest["counts"]["courses"] for generation in made] == [40, 40, 41]
    assert made[0].manifest["origin"] == "simulated"
    assert not any(entry["refused"] for entry in made[0].manifest["about"]["intake"]["tables"])


def test_the_demo_store_is_made_again_when_the_code_that_makes_it_changes(tmp_path, monkeypatch):
    settings = demo_command.demo.Settings(courses=40)
    before = demo_command._demo_key(settings)
    (tmp_path / "data" / "demo").mkdir(parents=True)
    (tmp_path / "data" / "demo" / "clinic.toml").write_text("changed = true")
    monkeypatch.setattr(demo_command.shipped, "folder", lambda *parts: tmp_path.joinpath(*parts))

    assert demo_command._demo_key(settings) != before


def test_the_demo_can_lie_where_the_environment_says(run, tmp_path, monkeypatch):
    monkeypatch.setenv(demo_command.DEMO_STORE, str(tmp_path / "elsewhere"))

    assert run("demo", "--build-only", "--courses", 30)[0] == 0
    assert store.current(tmp_path / "elsewhere").manifest["counts"]["courses"] == 30


def test_the_demo_never_replaces_a_clinics_own_records(run, delivery, tmp_path):
    run("intake", tmp_path / "store", delivery)

    code, _, err = run("demo", "--build-only", "--courses", 30, "--store", tmp_path / "store")

    assert code == 5 and "holds a clinic's own records" in err
    assert store.current(tmp_path / "store").manifest["clinic"] == "Clinic A"


def test_an_unfinished_demo_store_is_finished_at_the_next_start(run, tmp_path):
    (tmp_path / "demo" / "generations").mkdir(parents=True)
    (tmp_path / "demo" / "lock").touch()
    (tmp_path / "demo" / "generations" / ".building-g000001-aaaaaa.duckdb").write_bytes(b"cut")

    assert run("demo", "--build-only", "--courses", 30, "--store", tmp_path / "demo")[0] == 0
    assert len(list((tmp_path / "demo" / "generations").iterdir())) == 2


def test_an_unexpected_error_keeps_its_traceback(run, delivery, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["therapy-process", "info", str(tmp_path)])
    monkeypatch.setattr(cli.stores.store, "current", lambda folder: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_the_module_is_the_command_too(tmp_path):
    source = str(Path(cli.__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-m", "process", "info", str(tmp_path / "nowhere")], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": source}
    )

    assert ended.returncode == 5
    assert "There is no store" in ended.stderr and "Traceback" not in ended.stderr and ended.stdout == ""


def test_a_generations_manifest_is_plain_json(run, delivery, tmp_path):
    run("intake", tmp_path / "store", delivery)

    path = store.current(tmp_path / "store").path.with_suffix(".json")
    assert json.loads(path.read_text())["name"] == path.stem
