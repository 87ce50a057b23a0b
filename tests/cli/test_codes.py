"""Codes and keys from the command line: the steward finds a display code and hands out key sheets, a therapist opens one, keys are shown, copied, changed."""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests import clinics

from process import cli, demo, store
from process.cli.app import out
from process.errors import SettingWrong, StoreProblem
from process.intake.codes.folder import seen
from process.intake.codes.key_sheets import write_sheets
from process.intake.codes.surrogates import disguise
from process.loading.coded import codes_for, entry
from process.measures.publishing import publish
from process.sealed import find, keys

RECORDS = clinics.counted(("anna", 3, 2), ("ben", 2, 1))
WEEKS = SimpleNamespace(dates="week")


def load(folder: Path, **how) -> None:
    """A load as far as codes are part of it."""
    with codes_for(folder, **how) as table:
        records, _ = disguise(RECORDS, table.codes, WEEKS)
        table.save()
        publish(folder, records, about={"codes": entry(table)})
        write_sheets(table)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A store, its codes and its keys; to be copied."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        load(folder / "store")
    return folder


@pytest.fixture
def folder(begun, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return shutil.copytree(begun, tmp_path, dirs_exist_ok=True) / "store"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command with a line on standard input; give exit code, stdout and stderr."""

    def command(*arguments: object, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        monkeypatch.setattr(out, "_width", 200)  # however wide the terminal is
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, " ".join(said.err.split())

    return command


def displays(folder, kind):
    return seen(folder).codes.displays[kind]


def test_the_display_code_of_an_own_code_is_found_and_the_own_code_not_repeated(run, folder):
    code, out, err = run("codes", "find", folder, typed="P001\n")

    assert (code, out) == (0, f"patient {displays(folder, 'patient')['P001']}\n") and "P001" not in out + err


def test_an_own_code_that_is_not_in_the_table_is_a_mistake_and_not_repeated(run, folder):
    code, out, err = run("codes", "find", folder, typed="SECRET-1\n")

    assert code == 2 and "has no entry" in err and "SECRET" not in out + err


def test_that_a_patient_was_forgotten_is_said_without_a_display_code(run, folder):
    display = displays(folder, "patient")["P001"]
    with codes_for(folder) as table:
        table.codes.forget("patient", display)
        table.save()

    code, out, _ = run("codes", "find", folder, typed="P001\n")

    assert code == 0 and "patient was forgotten" in out and display not in out


def test_nothing_typed_is_a_mistake(run, folder):
    assert run("codes", "find", folder, typed="\n")[0] == 2


def test_a_therapist_opens_the_sheet_that_the_steward_hands_over(run, folder):
    display = displays(folder, "therapist")["anna"]
    code, out, _ = run("codes", "sheet", folder, typed="anna\n")
    path = out.split(f"therapist {display}: ")[1].splitlines()[0]
    passphrase = out.split("Passphrase: ")[1].splitlines()[0]

    opened, table, err = run("codes", "open", path, typed=f"{passphrase}\n")

    assert (code, opened, err) == (0, 0, "") and "anna" not in out
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    course, patient = displays(folder, "course"), displays(folder, "patient")
    assert sorted(rows) == sorted([course[f"C00{n}"], patient[f"P00{n}"], f"C00{n}", f"P00{n}"] for n in range(3))


def test_a_sheet_can_be_asked_for_by_display_code(run, folder):
    display = displays(folder, "therapist")["ben"]

    code, out, _ = run("codes", "sheet", folder, display)

    assert code == 0 and seen(folder).codes.sheets[display].passphrase in out


def test_a_new_passphrase_takes_the_old_ones_place(run, folder):
    display = displays(folder, "therapist")["ben"]
    old = seen(folder).codes.sheets[display].passphrase

    out = run("codes", "sheet", folder, display, "--new-passphrase")[1]

    assert old not in out and run("codes", "open", folder.with_name("store-codes") / "sheets" / f"{display}.sheet", typed=old)[0] == 9


def test_a_wrong_passphrase_is_not_repeated(run, folder):
    path = next((folder.with_name("store-codes") / "sheets").iterdir())

    code, out, err = run("codes", "open", path, typed="SECRET-WORDS\n")

    assert code == 9 and "does not open" in err and "SECRET" not in out + err


def test_therapists_are_listed_by_display_code_alone(run, folder):
    code, out, _ = run("codes", "list", folder)

    therapists = displays(folder, "therapist")
    assert code == 0 and [line.split("\t")[:2] for line in out.splitlines()[1:3]] == sorted([[therapists["anna"], "3"], [therapists["ben"], "2"]])
    assert "5 patients, 2 therapists, 5 courses" in out and "anna" not in out and "P001" not in out


def test_a_store_without_codes_is_told(run, tmp_path):
    for command in ("list", "find", "sheet", "rotate"):
        code, _, err = run("codes", command, tmp_path / "store", typed="x\n")
        assert code == 5 and "There is no table of codes" in err, command


def test_the_tables_key_is_changed_and_the_old_one_kept_unless_said_otherwise(run, folder):
    before, old = displays(folder, "patient"), seen(folder).key

    code, out, _ = run("codes", "rotate", folder)

    assert code == 0 and f"`{old.name}-2`" in out and "backups made until now need it" in out
    assert displays(folder, "patient") == before and find(old.name) == old
    second = seen(folder).key
    code, out, _ = run("codes", "rotate", folder, "--remove-old-key")
    assert code == 0 and "is removed" in out and find(second.name) is None and displays(folder, "patient") == before


def test_keys_are_shown_by_name_and_place_and_never_themselves(run, folder):
    key = seen(folder).key

    code, out, _ = run("key", "show", folder)

    assert code == 0 and "store: no key" in out and f"`{key.name}`, fingerprint {key.fingerprint}, in key file" in out
    assert keys.own_file(key.name).read_text().strip() not in out


def test_a_missing_key_is_shown_as_missing(run, folder):
    keys.own_file(seen(folder).key.name).unlink()

    code, out, _ = run("key", "show", folder)

    assert code == 0 and "which is not here" in out


def test_copies_of_keys_open_what_the_keys_open(run, folder, tmp_path):
    key = seen(folder).key

    code, out, _ = run("key", "export", folder, tmp_path / "safe")

    path = tmp_path / "safe" / f"{key.name}.key"
    assert code == 0 and key.fingerprint in out and stat.S_IMODE(path.stat().st_mode) == 0o600 and path.read_text().strip() not in out
    keys.own_file(key.name).unlink()
    assert run("codes", "list", folder)[0] == 9
    assert run("codes", "list", folder, "--codes-key", path)[0] == 0
    assert run("key", "export", folder, tmp_path / "safe", "--codes-key", path)[0] == 0, "the same copy again is no mistake"


def test_copies_of_keys_are_never_put_beside_what_they_open(run, folder):
    for place in (folder / "safe", folder.with_name("store-codes") / "safe"):
        assert run("key", "export", folder, place)[0] == 2 and not place.exists()


def test_an_encrypted_stores_key_is_changed_and_every_generation_opens_with_the_new_one_alone(run, folder, tmp_path):
    pytest.importorskip("duckdb_extension_httpfs")
    load(folder)
    before = store.DuckDBEngine.open(store.current(folder)).query("select * from course_facts order by course_id")
    assert run("key", "rotate", folder)[0] == 0
    first = find(store.current(folder).key().name)

    code, out, _ = run("key", "rotate", folder, "--remove-old-key")

    assert code == 0 and find(first.name) is None and "is removed" in out
    assert len(store.generations(folder)) == 2
    for path in (folder / "generations").iterdir():
        assert b"course_facts" not in path.read_bytes()
    script = "from process import store; print(store.DuckDBEngine.open(store.current(STORE)).query('select count(*) as n from course_facts')['n'][0])"
    anew = subprocess.run([sys.executable, "-c", script.replace("STORE", repr(str(folder)))], capture_output=True, text=True)
    assert anew.stdout == "5\n", anew.stderr
    after = store.DuckDBEngine.open(store.current(folder)).query("select * from course_facts order by course_id")
    assert before.equals(after)
    assert run("key", "rotate", folder, "--new-key", tmp_path / "ours")[0] == 0
    code, _, err = run("key", "rotate", folder, "--key", tmp_path / "ours")
    assert code == 2 and "--new-key FILE" in err
    assert run("key", "rotate", folder, "--key", tmp_path / "ours", "--unencrypted")[0] == 0
    assert store.current(folder).key() is None


def test_a_load_goes_on_with_the_codes_of_the_records_served(folder):
    before = store.DuckDBEngine.open(store.current(folder)).query("select course_id from courses order by 1")

    load(folder)

    assert before.equals(store.DuckDBEngine.open(store.current(folder)).query("select course_id from courses order by 1"))


def test_a_load_never_goes_on_with_another_table_or_none_or_an_older_one(folder, tmp_path):
    table = folder.with_name("store-codes") / "codes.sealed"
    older = table.read_bytes()
    with pytest.raises(StoreProblem, match="not in .*--new-codes"):
        load(folder, codes=tmp_path / "elsewhere")
    load(tmp_path / "second", codes=tmp_path / "second-clinic")
    with pytest.raises(StoreProblem, match="another one"):
        load(folder, codes=tmp_path / "second-clinic")
    with codes_for(folder) as found:
        found.codes.given("patient", ["new"])
        found.save()
        publish(folder, disguise(RECORDS, found.codes, WEEKS)[0], about={"codes": entry(found)})
    table.write_bytes(older)
    with pytest.raises(StoreProblem, match="is older"):
        load(folder)


def test_new_codes_for_everybody_are_given_only_when_said(folder, tmp_path):
    before = displays(folder, "course")

    load(folder, codes=tmp_path / "elsewhere", anew=True)

    served = store.DuckDBEngine.open(store.current(folder)).query("select course_id from courses")["course_id"]
    assert not set(served) & set(before.values())
    with pytest.raises(SettingWrong, match="--new-codes"):
        load(folder, codes=tmp_path / "elsewhere", anew=True, mode="add")


def test_records_under_the_clinics_own_codes_cannot_be_added_to(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    publish(tmp_path / "store", RECORDS)

    with pytest.raises(SettingWrong, match="the clinic's own codes"):
        load(tmp_path / "store", mode="add")
    load(tmp_path / "store")


def test_a_load_that_was_stopped_before_its_sheets_is_made_good_by_the_same_files(run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "delivery").mkdir()
    demo.write(demo.simulate(demo.Settings(courses=30, therapists=6)), tmp_path / "delivery")
    monkeypatch.setattr("process.loading.load.write_sheets", lambda table, **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("intake", tmp_path / "store", tmp_path / "delivery")
    served = store.current(tmp_path / "store")
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    code, out, _ = run("intake", tmp_path / "store", tmp_path / "delivery")

    assert code == 0 and "Nothing has changed" in out and store.current(tmp_path / "store") == served
    assert len(list((tmp_path / "store-codes" / "sheets").iterdir())) == len(displays(tmp_path / "store", "therapist"))
