"""The commands that look after a store, as a person gives them: what they say, their exit codes, and that no mistake is a traceback."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from tests import clinics

from process import cli
from process.intake.codes import folder as codes_folder
from process.store import current, generations, journal

FILES = {
    "manifest": "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,real\n",
    "courses": "course_id,patient_id,therapist_id,ending\nqzxmarkerc1,qzxmarkerp1,qzxmarkert1,unknown\nqzxmarkerc2,qzxmarkerp2,qzxmarkert1,planned\n",
    "sessions": "course_id,session_number,attendance\nqzxmarkerc1,1,attended\nqzxmarkerc1,2,missed\nqzxmarkerc2,1,attended\n",
}


pytestmark = pytest.mark.usefixtures("own_keys")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process; give exit code and what it said, in one line."""

    def command(*arguments: object) -> tuple[int, str]:
        clinics.put_down_keys()  # each command is a process of its own
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return ended.value.code or 0, " ".join((said.out + said.err).split())

    return command


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "delivery"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def healthy(run, store: Path) -> bool:
    """Whether the doctor finds nothing but that these stores, made without estimates, want migrating."""
    code, said = run("doctor", store)
    faults = re.findall(r"Wrong: (.*?)(?= Wrong:| Note:|$)", said)
    return code == (5 if faults else 0) and all("earlier release" in fault for fault in faults)


def test_the_doctor_ends_with_0_for_a_healthy_store_and_5_for_another_and_mends_it(run, store):
    run("migrate", store)
    code, said = run("doctor", store)
    assert code == 0 and f"{current(store).name} is served" in said and "is healthy" in said

    served = current(store).name
    (store / "current").unlink()
    code, said = run("doctor", store)
    assert code == 5 and "pointer `current` is missing" in said and "--mend" in said

    code, said = run("doctor", store, "--mend")
    assert code == 0 and f"Mended: Generation {served} is served now." in said


def test_rollback_says_what_is_served_now(run, store):
    first, second = generations(store)

    code, said = run("rollback", store)
    assert code == 0 and f"Generation {first} is served now, with data as of 2026-03-31" in said and current(store).name == first
    assert run("rollback", store)[0] == 5
    assert run("rollback", store, "g000099-aaaaaa")[0] == 2
    assert run("rollback", store, second)[0] == 0 and current(store).name == second


def test_a_backup_and_its_restore_say_what_they_did(run, store, tmp_path):
    code, said = run("backup", store, tmp_path / "copy.tar")
    assert code == 0 and "It is not encrypted" in said and "table of codes" in said
    assert run("backup", store, tmp_path / "copy.tar")[0] == 4

    code, said = run("restore", tmp_path / "copy.tar", tmp_path / "new")
    assert code == 0 and "with data as of 2026-03-31" in said and healthy(run, tmp_path / "new")
    assert run("restore", tmp_path / "nowhere.tar", tmp_path / "other")[0] == 3
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").touch()
    assert run("restore", tmp_path / "copy.tar", tmp_path / "letters")[0] == 5
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


@pytest.mark.encryption
def test_an_encrypted_store_is_looked_after_with_its_key_in_a_file(run, delivery, tmp_path):
    key, store = tmp_path / "safe" / "store.key", tmp_path / "store"
    key.parent.mkdir()
    code, said = run("intake", store, delivery, "--key", key)
    assert code == 0 and key.is_file() and str(key) in said

    assert run("info", store)[0] == 9  # KeyProblem: the key is in no usual place
    assert run("info", store, "--key", key)[0] == 0
    assert run("doctor", store)[0] == 5
    assert run("doctor", store, "--key", key)[0] == 0
    assert run("backup", store, tmp_path / "copy.tar", "--key", key)[0] == 0
    assert run("restore", tmp_path / "copy.tar", tmp_path / "new")[0] == 9
    code, said = run("restore", tmp_path / "copy.tar", tmp_path / "new", "--key", key)
    assert code == 5 and "--nobody-deleted" in said
    code, said = run("restore", tmp_path / "copy.tar", tmp_path / "new", "--key", key, "--forgotten", tmp_path / "nowhere" / "forgotten.jsonl")
    assert code == 3 and "There is no list of deletions" in said and not (tmp_path / "new" / "current").exists()
    assert run("restore", tmp_path / "copy.tar", tmp_path / "new", "--key", key, "--nobody-deleted")[0] == 0
    assert run("restore", tmp_path / "copy.tar", store, "--key", key)[0] == 0
    assert run("rollback", store, "--key", key)[0] == 0
    assert run("migrate", store, "--key", key) == (0, f"Store {store} is up to date: nothing was changed.")
    content = b"".join(path.read_bytes() for path in [tmp_path / "copy.tar", *store.rglob("*")] if path.is_file())
    assert not any(word in content for word in (b"qzxmarker", b"Clinic A", b"export 1"))


@pytest.mark.encryption
def test_a_restore_deletes_again_whoever_was_deleted_since_by_any_of_the_lists(run, delivery, tmp_path):
    store = tmp_path / "store"
    assert run("intake", store, delivery)[0] == 0
    from process.store import DuckDBEngine

    def patients(folder: Path) -> list[str]:
        with DuckDBEngine.open(current(folder)) as engine:
            return engine.query("select patient_id from courses order by 1")["patient_id"].tolist()

    gone, stays = patients(store)
    assert run("backup", store, tmp_path / "copy.tar")[0] == 0
    assert run("forget", store, gone, "--yes")[0] == 0 and patients(store) == [stays]
    saved = tmp_path / "saved.jsonl"
    saved.write_bytes((store / "forgotten.jsonl").read_bytes())

    for folder, more in ((store, ()), (tmp_path / "new", ("--forgotten", saved)), (tmp_path / "other", ("--codes", tmp_path / "store-codes"))):
        code, said = run("restore", tmp_path / "copy.tar", folder, *more)
        assert code == 0 and "deletions were looked through" in said and gone not in said
        assert patients(folder) == [stays], folder


def test_the_journal_tells_what_was_done_and_never_a_value(run, delivery, tmp_path):
    store = tmp_path / "store"
    run("intake", store, delivery, "--unencrypted")
    (delivery / "sessions.csv").write_text("course_id,session_number,attendance\nqzxmarkerc1,SECRET,attended\n")
    assert run("intake", store, delivery)[0] == 4
    run("backup", store, tmp_path / "copy.tar")
    run("restore", tmp_path / "copy.tar", store)
    run("rollback", store)

    lines = [(line["what"], line["outcome"], line.get("kind")) for line in journal.entries(store) if line["outcome"] != "begun"]
    assert ("load", "refused", "FileRefused") in lines
    assert {(what, outcome) for what, outcome, _ in lines} >= {
        ("publish", "done"),
        ("load", "done"),
        ("backup", "done"),
        ("restore", "done"),
        ("rollback", "done"),
    }
    text = (store / "journal.jsonl").read_text()
    assert not any(word in text for word in ("SECRET", "qzxmarker", "Clinic A", "export 1", "2026-03-31"))


def test_a_name_that_no_disk_takes_and_a_link_to_itself_are_refused_in_words(run, store, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (tmp_path / ("x" * 252), tmp_path / ("x" * 300), tmp_path / "loop"):
        for words in (("doctor",), ("info",), ("rollback",), ("forget", "--yes"), ("key", "rotate"), ("codes", "list")):
            code, said = run(*words, place, *(["P22222"] if words[0] == "forget" else []))
            assert code in (2, 5) and len(said) < 900, words
        assert run("restore", tmp_path / "nowhere.tar", place)[0] == 5
        assert run("key", "export", place, tmp_path / "copies")[0] in (2, 5)
    assert run("doctor", store, "--codes", tmp_path / "loop")[0] in (2, 5)


@pytest.mark.encryption
def test_a_key_that_does_not_fit_is_named_by_its_file(run, delivery, tmp_path):
    assert run("intake", tmp_path / "store", delivery, "--key", tmp_path / "store.key")[0] == 0
    (tmp_path / "other.key").write_text("A" * 43 + "=\n")
    (tmp_path / "other.key").chmod(0o600)

    code, said = run("info", tmp_path / "store", "--key", tmp_path / "other.key")

    assert code == 9 and f"the one in key file {tmp_path / 'other.key'} is another" in said


@pytest.mark.encryption
def test_a_store_that_was_restored_elsewhere_outlives_a_change_of_the_others_key(run, delivery, tmp_path):
    store, new = tmp_path / "store", tmp_path / "new"
    run("intake", store, delivery)
    run("backup", store, tmp_path / "copy.tar")
    code, said = run("restore", tmp_path / "copy.tar", new, "--nobody-deleted")
    one, other = (json.loads((folder / "store.json").read_text()) for folder in (store, new))

    assert code == 0 and f"Its key is called `{other['key']['name']}`" in said
    assert one["id"] != other["id"] and one["key"]["name"] != other["key"]["name"] and one["key"]["fingerprint"] == other["key"]["fingerprint"]
    assert run("key", "rotate", store, "--remove-old-key")[0] == 0
    assert run("info", new)[0] == 0 == run("info", store)[0]
    assert run("key", "rotate", new, "--remove-old-key")[0] == 0 == run("info", new)[0]


@pytest.mark.encryption
def test_a_key_named_in_a_file_keeps_the_name_that_the_store_knows_it_by(run, delivery, tmp_path):
    run("intake", tmp_path / "store", delivery, "--key", tmp_path / "store.key")
    before = json.loads((tmp_path / "store" / "store.json").read_text())
    patient = codes_folder.seen(tmp_path / "store").codes.displays["patient"]["qzxmarkerp1"]

    assert run("forget", tmp_path / "store", patient, "--yes", "--key", tmp_path / "store.key")[0] == 0

    assert json.loads((tmp_path / "store" / "store.json").read_text()) == before


@pytest.mark.parametrize("content", [b"[" * 100_000, b"[]", b"null", b'{"id": 5, "key": {"name": [], "fingerprint": 5}}', b'{"bytes": "x", "encryption": 7}'])
def test_small_files_that_are_not_what_they_should_be_are_said_in_words(run, store, content):
    for name in ("store.json", f"generations/{generations(store)[0]}.json", "journal.jsonl", "codes.json", f"generations/{generations(store)[1]}.json"):
        (store / name).write_bytes(content)
        for words in (("doctor",), ("info",), ("key", "show")):
            assert run(*words, store)[0] in (0, 5), (name, words)
