"""Folders that cannot be entered and files that cannot be read, in every place of every command that takes one: a sentence and an exit code, no traceback."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.unprivileged import ordinary

from process import cli, store
from process.cli.app import err
from process.loading import forgetting

FILES = {
    "manifest": "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,simulated\n",
    "courses": "course_id,patient_id,therapist_id,team,ending\nc1,p1,t1,North,unknown\nc2,p2,t1,South,unknown\n",
    "sessions": "course_id,session_number,attendance\nc1,1,attended\nc1,2,missed\nc2,1,attended\n",
}
STORES = (
    "intake {0} {good}",
    "intake {0} {good} --check",
    "intake {0} {good} --add",
    "info {0}",
    "doctor {0}",
    "doctor {0} --mend",
    "rollback {0}",
    "migrate {0}",
    "backup {0} {new}",
    "restore {backup} {0} --nobody-deleted",
    "export {0} {new}",
    "forget {0} PXXXXX --yes",
    "codes list {0}",
    "key export {0} {new}",
    "key rotate {0} --unencrypted",
    "serve {0} --check",
    "demo --build-only --courses 30 --store {0}",
)
"""Commands with the store that they are about."""
PLACES = (
    "intake {new} {0}",
    "intake {new} {0} --mapping session_survey",
    "intake {new} {good} --mapping {0}.toml",
    "intake {new} {good} --policy {0}",
    "intake {new} {good} --instruments {0}",
    "intake {new} {good} --codes {0}",
    "intake {new} {good} --codes-key {0}",
    "intake {new} {good} --key {0}",
    "backup {store} {0}",
    "backup {store} {new} --key {0}",
    "restore {0} {new} --nobody-deleted",
    "restore {backup} {new} --forgotten {0}",
    "restore {backup} {new} --codes {0}",
    "export {store} {0}",
    "doctor {store} --codes {0}",
    "doctor {store} --settings {0}",
    "codes open {0}",
    "codes rotate {store} --new-key {0}",
    "key export {store} {0}",
    "mapping new {0}",
    "mapping new {good}/courses.csv --out {0}.toml",
    "mapping check session_survey {0}",
    "mapping check {0}.toml",
    "secret {0}",
    "audit verify {0}",
)
"""Commands with another file or folder that they are told of."""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with files, a store that holds them and its backup; to be copied."""
    place = tmp_path_factory.mktemp("rights")
    (place / "good").mkdir()
    for name, text in FILES.items():
        (place / "good" / f"{name}.csv").write_text(text)
    for words in ("intake {0}/store {0}/good", "backup {0}/store {0}/backup.tar"):
        with pytest.MonkeyPatch.context() as asked, pytest.raises(SystemExit) as ended:
            asked.setattr(sys, "argv", ["therapy-process", *words.format(place).split()])
            cli.main()
        assert not ended.value.code
    return place


@pytest.fixture
def here(made, tmp_path):
    """The same, to be changed; and opened again at the end, so that it can be removed."""
    place = Path(shutil.copytree(made, tmp_path / "here"))
    yield place
    for folder, folders, files in os.walk(place, onerror=lambda refused: Path(refused.filename).chmod(0o700)):
        for name in (*folders, *files):
            Path(folder, name).chmod(0o700)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command as an ordinary account would; give its exit code and what it says. Anything but an exit is a traceback, and fails the test."""

    def command(words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("what is asked for\n"))
        monkeypatch.setattr(sys, "argv", ["therapy-process", *words.split()])
        monkeypatch.setattr(err, "_width", 300)
        with ordinary(), pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, " ".join((said.out + said.err).split())

    return command


def filled(words: str, here: Path, place: Path) -> str:
    return words.format(place, good=here / "good", new=here / "new", store=here / "store", backup=here / "backup.tar")


@pytest.mark.parametrize("words", STORES)
def test_a_store_that_cannot_be_entered_is_said(here, run, words):
    (here / "store").chmod(0)
    code, said = run(filled(words, here, here / "store"))
    assert code in (3, 5) and "Permission denied" in said
    (here / "store").chmod(0o700)
    assert store.current(here / "store").manifest["counts"]["courses"] == 2


@pytest.mark.parametrize("words", [words for words in STORES if words.split()[0] in ("intake", "doctor", "restore", "key")])
def test_a_store_in_a_folder_that_cannot_be_entered_is_said(here, run, words):
    (here / "locked").mkdir()
    shutil.move(here / "store", here / "locked" / "store")
    (here / "locked").chmod(0)
    code, said = run(filled(words, here, here / "locked" / "store"))
    assert code in (3, 5) and "Permission denied" in said


@pytest.mark.parametrize("words", PLACES)
def test_another_place_that_cannot_be_entered_is_said(here, run, words):
    (here / "locked").mkdir()
    (here / "locked" / "in").mkdir()
    (here / "locked").chmod(0)
    code, said = run(filled(words, here, here / "locked" / "in"))
    assert code in (2, 3, 5, 9) and ("Permission denied" in said or "cannot be read" in said)


@pytest.mark.parametrize("words", PLACES)
def test_a_file_that_cannot_be_read_is_said(here, run, words):
    for name in ("some", "some.toml"):
        (here / name).write_text("x")
        (here / name).chmod(0)
    code, said = run(filled(words, here, here / "some"))
    assert code, "nobody takes it for a file that is in order"
    assert "rror" in said or "rong" in said


def test_a_folder_of_files_that_cannot_be_looked_into_is_not_taken_for_an_empty_one(here, run):
    (here / "good").chmod(0)
    for words in ("intake {new} {good}", "intake {new} {good} --check", "mapping new {good}"):
        code, said = run(filled(words, here, here))
        assert code == 3 and "Permission denied" in said and "holds no" not in said
    assert not (here / "new").exists(), "no store is begun for files that cannot be read"


def test_one_file_of_a_folder_that_cannot_be_read_is_named(here, run):
    (here / "good" / "courses.csv").chmod(0)
    code, said = run(filled("intake {new} {good}", here, here))
    assert code == 3 and "courses.csv cannot be read: Permission denied" in said


def test_a_pipe_is_refused_and_not_waited_for(here, run):
    os.mkfifo(here / "courses.csv")
    for words in (f"intake {{new}} {here}/courses.csv", f"mapping new {here}/courses.csv"):
        code, said = run(filled(words, here, here))
        assert code == 3 and "a pipe or a device is not read" in said


@pytest.mark.parametrize("part", ["generations", "lock", "journal.jsonl", "generation"])
def test_the_doctor_names_what_it_may_not_read_and_takes_it_for_nothing_else(here, run, part):
    place = here / "store" / part if part != "generation" else store.current(here / "store").path
    place.chmod(0)
    code, said = run(f"doctor {here}/store --mend")
    assert code == 5 and place.name in said and "cannot be read by this account" in said and "damaged" not in said


def test_a_generation_that_cannot_be_read_is_not_taken_for_a_damaged_one_which_a_deletion_destroys(here):
    store.current(here / "store").path.chmod(0)
    with ordinary(), pytest.raises(PermissionError):
        forgetting._told_apart(here / "store")
