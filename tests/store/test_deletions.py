"""Whoever was deleted is never shown again: not by a restore that was cut short, an older copy put in place, a list that was lost, or a load on top."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import clinics

from process import cli
from process.access import open_records
from process.errors import FileMissing, StoreProblem
from process.intake.codes import folder as codes_folder
from process.loading import forgetting
from process.store import deletions, folder, generations, journal, restoring
from process.store.generation import named, pointed_to

pytestmark = pytest.mark.usefixtures("own_keys")
COURSES = [(f"c{n}", f"p{n // 2}", f"t{n % 3}", "planned" if n % 2 else "unknown") for n in range(12)]
FILES = {
    "manifest": "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,{origin}\n",
    "courses": "course_id,patient_id,therapist_id,ending\n" + "".join(",".join(row) + "\n" for row in COURSES),
    "sessions": "course_id,session_number,attendance\n" + "".join(f"{row[0]},{n},attended\n" for row in COURSES for n in (1, 2, 3)),
}


@dataclass
class Clinic:
    """A store that was loaded twice, its codes beside it, a backup of all of it, and a patient of it by display code."""

    place: Path
    patient: str

    @property
    def store(self) -> Path:
        return self.place / "store"

    @property
    def backup(self) -> Path:
        return self.place / "copy.tar"


def files(place: Path, origin: str = "simulated", **changed: str) -> Path:
    place.mkdir(exist_ok=True)
    for name, text in (FILES | changed).items():
        (place / f"{name}.csv").write_text(text.replace("{origin}", origin))
    return place


def command(monkeypatch, capsys, *arguments: object) -> tuple[int, str]:
    """Run a command in this process; give exit code and what it said, in one line."""
    clinics.put_down_keys()  # each command is a process of its own
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        patched.setenv("COLUMNS", "300")
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split())


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command; give exit code and what it said."""
    return lambda *arguments: command(monkeypatch, capsys, *arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The clinic; not to be changed."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", sys.__stderr__)
        for number, text in enumerate((FILES["sessions"], FILES["sessions"] + "c0,4,missed\n")):
            patched.setattr(sys, "argv", ["therapy-process", "intake", str(place / "store"), str(files(place / f"load{number}", sessions=text))])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert not ended.value.code
        patched.setattr(sys, "argv", ["therapy-process", "backup", str(place / "store"), str(place / "copy.tar"), "--all"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
    return place


@pytest.fixture
def clinic(made, tmp_path, own_keys) -> Clinic:
    """A copy of it, to be changed, with the key of the codes where the test looks for it."""
    place = Path(shutil.copytree(made, tmp_path / "clinic"))
    remembered = place / "store" / "codes.json"
    if remembered.exists():
        remembered.write_text(remembered.read_text().replace(str(made), str(place)))
    shutil.copytree(clinics.keys_of_tests_folder(), own_keys, dirs_exist_ok=True)
    return Clinic(place, codes_folder.seen(place / "store").codes.displays["patient"]["p1"])


def holding(store: Path, patient: str) -> list[str]:
    """The generations that hold the patient."""
    return [name for name in generations(store) if deletions.courses_of(named(store, name), [patient])]


def in_files(place: Path, text: str) -> set[str]:
    """The files under a folder that hold a text."""
    return {path.name for path in place.rglob("*") if path.is_file() and text.encode() in path.read_bytes()}


def not_ended(clinic: Clinic, table: bool = True) -> None:
    """A deletion that was written down (and with `table` entered into the table of codes) and came no further; or older generations put back since."""
    deletions.add(clinic.store, [clinic.patient])
    if table:
        with codes_folder.held(clinic.store) as held:
            assert held.codes.forget("patient", clinic.patient)
            held.save()


@pytest.mark.parametrize(("step", "new"), [("os.replace", True), ("prune", True), ("withdraw", False)])
def test_a_restore_killed_while_it_moves_in_never_leaves_a_deleted_patient_in_a_generation(clinic, run, tmp_path, monkeypatch, step, new):
    deletions.add(clinic.store, [clinic.patient])
    target = tmp_path / "new" if new else clinic.store
    before, real = generations(clinic.store), os.replace

    def die(*arguments, **named):
        if step == "os.replace" and Path(arguments[1]).parent != target / "generations":
            return real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        for taken_back in ("no_folder_left", "nothing_else_left"):  # a process that is killed takes nothing back
            patched.setattr(restoring, taken_back, lambda store: nullcontext())
        patched.setattr("os.replace" if step == "os.replace" else f"process.store.restoring.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            restoring.restore(clinic.backup, target, clinic.store / "forgotten.jsonl", forgetting.replay)

    assert [name for name in holding(target, clinic.patient) if new or name not in before] == []
    assert deletions.listed(target) == [clinic.patient] and not list(target.glob(".building-*"))
    assert (pointed_to(target) is None) == (step == "os.replace")


def test_a_generation_that_holds_a_deleted_patient_is_shown_by_no_command_and_the_doctor_ends_the_deletion(clinic, run):
    not_ended(clinic)
    before = generations(clinic.store)
    assert len(holding(clinic.store, clinic.patient)) == 2

    with pytest.raises(StoreProblem, match="deleted from this store.*doctor .* --mend"):
        open_records(clinic.store)
    for word in ("info", "rollback", "export"):
        code, said = run(word, clinic.store, *([clinic.place / "rows"] if word == "export" else []))
        assert code == 5 and "--mend" in said, word
    assert run("intake", clinic.store, clinic.place / "load1", "--check")[0] == 5
    assert generations(clinic.store) == before

    code, said = run("doctor", clinic.store)
    assert code == 5 and "2 generations hold courses of patients who were deleted" in said and clinic.patient not in said
    code, said = run("doctor", clinic.store, "--mend")
    assert code == 0 and "2 generations were built anew" in said
    assert holding(clinic.store, clinic.patient) == [] and in_files(clinic.store, clinic.patient) == {"forgotten.jsonl"}
    open_records(clinic.store).engine.close()


@pytest.mark.parametrize("pointer", ["kept", "lost"])
@pytest.mark.parametrize("words", [(), ("--add",)])
def test_a_load_ends_a_deletion_that_was_cut_short_before_it_adds_to_what_is_there(clinic, run, words, pointer):
    not_ended(clinic)
    if pointer == "lost":
        (clinic.store / "current").unlink()
    more = files(clinic.place / "more", sessions="course_id,session_number,attendance\nc10,4,attended\n") if words else clinic.place / "load0"
    if words:
        (more / "courses.csv").unlink()

    code, said = run("intake", clinic.store, more, *words)

    assert code == (2 if words and pointer == "lost" else 0), said
    assert holding(clinic.store, clinic.patient) == []


def test_the_doctor_points_to_a_generation_only_after_the_deleted_have_been_deleted_from_it(clinic, run):
    not_ended(clinic)
    (clinic.store / "current").unlink()

    code, said = run("doctor", clinic.store, "--mend")

    assert code == 0, said
    assert holding(clinic.store, clinic.patient) == [] and pointed_to(clinic.store) == generations(clinic.store)[-1]


def test_a_list_whose_last_line_was_torn_is_said_and_mended_and_forget_goes_on(clinic, run):
    deletions.add(clinic.store, ["P222222"])
    path = clinic.store / "forgotten.jsonl"
    whole = path.read_text()
    path.write_text(whole + '{"patient": "P2')

    assert run("forget", clinic.store, clinic.patient, "--yes")[0] == 5
    code, said = run("doctor", clinic.store)
    assert code == 5 and "a line of it cannot be read" in said and "give it again" in said
    assert run("doctor", clinic.store, "--mend")[0] == 0 and path.read_text() == whole
    shutil.rmtree(clinic.place / "store-codes")
    path.write_text(whole + '{"patient": "P2')
    code, said = run("doctor", clinic.store, "--mend")
    assert code == 0 and "from its whole lines" in said and path.read_text() == whole
    path.write_text('{"patient": "P2\n' + whole)
    assert run("doctor", clinic.store, "--mend")[0] == 5 and path.read_text() == '{"patient": "P2\n' + whole


def test_a_list_that_was_lost_is_written_anew_from_the_table_of_codes(clinic, run):
    not_ended(clinic)
    (clinic.store / "forgotten.jsonl").unlink()

    code, said = run("doctor", clinic.store)
    assert code == 5 and "1 patients were deleted by what the table of codes says" in said
    assert run("doctor", clinic.store, "--mend")[0] == 0
    assert deletions.listed(clinic.store) == [clinic.patient] and holding(clinic.store, clinic.patient) == []


@pytest.mark.parametrize("step", ["deletions.add", "rewrite", "_unlearn", "write_sheets"])
def test_a_forget_that_was_cut_short_is_named_by_the_doctor_and_ended(clinic, run, monkeypatch, step):
    def stop(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"process.loading.forgetting.{step}", stop)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(clinic.store, clinic.patient)
    began = step != "deletions.add"

    code, said = run("doctor", clinic.store)
    assert code == (5 if began else 0) and (not began or "`forget` again" in said or "`--mend` writes them" in said), said

    assert run("doctor", clinic.store, "--mend")[0] == 0
    assert (holding(clinic.store, clinic.patient) == []) == began
    assert run("forget", clinic.store, clinic.patient, "--yes")[0] == 0 and run("doctor", clinic.store)[0] == 0
    assert clinic.patient not in codes_folder.seen(clinic.store).codes.displays["patient"].values()


def test_what_an_interrupted_forget_leaves_in_the_clear_is_overwritten_by_whoever_sweeps_it(clinic, run, monkeypatch):
    handles = {name: (clinic.store / "generations" / f"{name}.duckdb").open("rb") for name in generations(clinic.store)}
    first = generations(clinic.store)[0]

    def stop(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("process.store.rewriting.write_identity", stop)  # both copies are made, nothing points to them
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(clinic.store, clinic.patient)
    with folder.loading(clinic.store):
        assert folder.sweep(clinic.store)
    assert not (clinic.store / "generations" / f"{first}.duckdb").exists()
    assert clinic.patient.encode() not in handles[first].read()
    assert run("forget", clinic.store, clinic.patient, "--yes")[0] == 0

    for handle in handles.values():
        handle.seek(0)
        assert clinic.patient.encode() not in handle.read()
        handle.close()


def test_a_code_is_known_in_small_letters_too(clinic, run):
    code, said = run("forget", clinic.store, clinic.patient.lower(), "--yes")

    assert code == 0 and "2 courses left" in said and holding(clinic.store, clinic.patient) == [] and deletions.listed(clinic.store) == [clinic.patient]


def test_a_damaged_generation_that_is_not_served_does_not_keep_a_patient(clinic, run):
    first = clinic.store / "generations" / f"{generations(clinic.store)[0]}.duckdb"
    with first.open("r+b") as file:
        file.seek(first.stat().st_size // 2)
        file.write(b"\xff" * 64)

    code, said = run("forget", clinic.store, clinic.patient, "--yes")

    assert code == 0 and "1 damaged generation was destroyed" in said and not first.exists()
    assert len(generations(clinic.store)) == 1 and run("doctor", clinic.store)[0] == 0


def test_after_a_restore_into_a_new_folder_it_is_said_that_the_table_of_codes_is_not_there_and_how_to_go_on(clinic, run, tmp_path):
    code, said = run("restore", clinic.backup, tmp_path / "new" / "store", "--nobody-deleted")
    assert code == 0 and f"not in {tmp_path / 'new' / 'store-codes'}" in said and "--codes FOLDER" in said
    code, said = run("doctor", tmp_path / "new" / "store")
    assert code == 0 and "Note: The table of codes that the records served are under is not in" in said

    shutil.copytree(clinic.place / "store-codes", tmp_path / "new" / "store-codes")
    assert "Note" not in run("doctor", tmp_path / "new" / "store")[1]


def test_lists_that_are_no_lists_are_refused(tmp_path):
    for content in (b"[]\n", b'"P1"\n', b'{"patient": 1}\n', b"\xff\n", b"[" * 100_000 + b"\n"):
        (tmp_path / "forgotten.jsonl").write_bytes(content)
        with pytest.raises(StoreProblem, match="list of deletions"):
            deletions.listed(tmp_path)
    with pytest.raises(FileMissing):
        deletions.lines(tmp_path / "nowhere.jsonl")
    assert json.loads("[]") == [] and journal.entries(tmp_path) == []


def test_a_table_of_codes_as_old_as_the_backup_does_not_say_that_nobody_was_deleted(clinic, run, tmp_path):
    old = shutil.copytree(clinic.place / "store-codes", tmp_path / "old")
    assert run("forget", clinic.store, clinic.patient, "--yes")[0] == 0

    code, said = run("restore", clinic.backup, tmp_path / "new", "--codes", old)

    assert code == 5 and "as old as the backup" in said and "`--forgotten FILE`" in said and "`--nobody-deleted`" in said
    assert not (tmp_path / "new" / "current").exists()
    assert run("restore", clinic.backup, tmp_path / "new", "--codes", clinic.place / "store-codes")[0] == 0
    assert holding(tmp_path / "new", clinic.patient) == []
    assert run("restore", clinic.backup, clinic.store, "--codes", old)[0] == 0, "the store that was backed up has its own list"
    assert holding(clinic.store, clinic.patient) == []


@pytest.mark.parametrize("words", [(), ("--check",), ("--add",)])
def test_no_load_goes_on_with_a_table_of_codes_that_does_not_know_somebody_who_was_deleted(clinic, run, words):
    deletions.add(clinic.store, ["P222222"])
    table = (clinic.place / "store-codes" / "codes.sealed").read_bytes()

    for _ in range(2):
        code, said = run("intake", clinic.store, clinic.place / "load0", *words)
        assert code == 2 and "1 patient of store" in said and "Take a later copy of the table from a backup" in said and "P222222" not in said
    assert (clinic.place / "store-codes" / "codes.sealed").read_bytes() == table
