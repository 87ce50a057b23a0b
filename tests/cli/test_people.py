"""`therapy-process people`: codes that the store knows, passwords that never stand on a command line, and a table that is right after every command."""

from __future__ import annotations

import sys

import pytest
from argon2 import PasswordHasher
from tests import clinics
from typer.testing import CliRunner

from process import errors
from process.cli import app, main
from process.measures.publishing import publish
from process.people import People, passwords, table

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    publish(folder, clinics.counted(("T01", 3, 3), ("T02", 2, 2), ("T11", 1, 1)))
    return folder


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "server.toml").write_text('audit = "audit"\naudit_key_file = "audit.key"\n')
    monkeypatch.setenv("THERAPY_PROCESS_SETTINGS", str(tmp_path / "server.toml"))
    monkeypatch.setenv("THERAPY_PROCESS_PEOPLE", str(tmp_path / "people.toml"))
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()
    yield tmp_path / "people.toml"
    passwords._nobodys.cache_clear()


@pytest.fixture
def run(file, monkeypatch, capsys):
    """Run a command as a person does: its exit code, and all that it says."""
    runner = CliRunner()

    def run(*words, given=""):
        try:
            result = runner.invoke(app, ["people", *map(str, words)], input=given, catch_exceptions=False)
        except errors.UserError as mistake:
            return mistake.exit_code, str(mistake)
        return result.exit_code, result.output

    return run


@pytest.fixture
def everybody(run, store):
    for words in (
        ("add", "dora", "--role", "director", "--name", "Dora Mint"),
        ("add", "tess", "--role", "therapist", "--therapist", "T01", "--store", store, "--name", "Tess O'Hara"),
        ("add", "sue", "--role", "supervisor", "--supervises", "T01", "--supervises", "T02", "--store", store),
    ):
        assert run(*words, given=PASSWORD + "\n")[0] == 0


def test_people_who_were_added_can_sign_in(everybody, file):
    people = People(file)

    assert [people.sign_in(user, PASSWORD).scope for user in ("dora", "tess", "sue")] == [None, ("T01",), ("T01", "T02")]


def test_the_list_says_who_sees_what_and_no_hash(everybody, run):
    run("disable", "tess")
    code, said = run("list")

    rows = [line.split() for line in said.splitlines()]
    assert code == 0 and rows[1][:4] == ["dora", "Dora", "Mint", "director"] and "T01, T02" in said and "argon2" not in said
    assert "no: disabled" in said and "3 people in" in said.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "tom", "--role", "therapist", "--therapist", "T1", "--store", "STORE"), "no courses of a therapist `T1`. Did you mean `T11`?"),
        (("add", "tom", "--role", "supervisor", "--supervises", "T01", "--supervises", "X", "--store", "STORE"), "no courses of a therapist `X`."),
        (("add", "tom", "--role", "therapist", "--therapist", "T02"), "Say which: `--store STORE`"),
        (("add", "tom", "--role", "therapist"), "needs the display code"),
        (("add", "tom", "--role", "director", "--therapist", "T02", "--store", "STORE"), "A director sees the whole clinic"),
        (("add", "tom", "--role", "therapist", "--therapist", "T02", "--supervises", "T01", "--store", "STORE"), "Only a supervisor"),
        (("add", "tom", "--role", "therapist", "--therapist", "T01", "--store", "STORE"), "These courses are `tess`'s already"),
        (("add", "tom", "--role", "analyst"), "`analyst` is not a role. Known are: `director`, `supervisor`, `therapist`."),
        (("add", "tom", "--role", "directer"), "Did you mean `director`?"),
        (("add", "Dora", "--role", "director"), "`dora` is in the table of people already"),
        (("add", "guest", "--role", "director"), "somebody who is not signed in"),
        (("add", "NOBODY", "--role", "director"), "somebody who is not signed in"),
        (("add", "tom mint", "--role", "director"), "A user name begins"),
        (("add", "tom", "--role", "director", "--name", "<b>Tom</b>"), "no < > & or quotation marks"),
        (("add", "tom", "--role", "director", "--password-file", "nowhere"), "cannot be read as text"),
        (("role", "tess", "therapist", "--therapist", "T03", "--store", "STORE"), "no courses of a therapist `T03`"),
        (("role", "dora", "therapist", "--therapist", "T01", "--store", "STORE"), "These courses are `tess`'s already"),
        (("role", "tes", "director"), "`tes` is not in the table of people. Did you mean `tess`?"),
        (("disable", "eve"), "`eve` is not in the table of people"),
        (("password", "eve"), "`eve` is not in the table of people"),
        (("remove", "eve"), "`eve` is not in the table of people"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_mistake_is_refused_in_words_and_changes_nothing(everybody, run, store, file, words, why):
    before = file.read_bytes()

    code, said = run(*[store if word == "STORE" else word for word in words], given=PASSWORD + "\n")

    assert code in (2, 3) and why in said and file.read_bytes() == before


@pytest.mark.parametrize("given", ["", "\n", "short\n", "x" * 300 + "\n", "tom tom tom tom\n"])
def test_a_password_that_cannot_be_one_adds_nobody(run, file, given):
    code, said = run("add", "tom", "--role", "director", given=given)

    assert code == 2 and not file.exists() and (len(given) < 3 or given.strip() not in said)


def test_a_password_is_read_from_a_file_and_stands_nowhere(run, file, tmp_path):
    (tmp_path / "password").write_text("  grüne Ameisen tanzen  \nsecond line\n", encoding="utf-8")

    code, said = run("add", "dora", "--role", "director", "--password-file", tmp_path / "password")

    assert code == 0 and "Ameisen" not in said + file.read_text("utf-8") and People(file).sign_in("dora", "  grüne Ameisen tanzen  ")


def test_no_option_takes_a_password():
    import typer.main

    group = typer.main.get_command(app).commands["people"]
    options = {option for command in group.commands.values() for parameter in command.params for option in parameter.opts}

    assert {option for option in options if "pass" in option} == {"--password-file", "--no-password"}


def test_a_role_is_changed_with_all_that_it_brings(everybody, run, store, file):
    assert run("role", "sue", "therapist", "--therapist", "T02", "--store", store)[0] == 0
    assert run("role", "tess", "supervisor", "--supervises", "T02", "--store", store)[0] == 0
    assert run("role", "dora", "supervisor")[0] == 0

    people = People(file)
    assert [people.viewer(user).scope for user in ("sue", "tess", "dora")] == [("T02",), ("T02",), ()]
    assert people.sign_in("sue", PASSWORD).role == "therapist"


def test_disabled_enabled_another_password_and_removed(everybody, run, file):
    people, epochs = People(file), set()

    def changed(*words, given=""):
        epochs.add(people.epoch("tess"))
        assert run(*words, given=given)[0] == 0

    changed("disable", "tess")
    with pytest.raises(errors.NotAllowed):
        people.sign_in("tess", PASSWORD)
    assert run("enable", "tess")[0] == 0
    changed("password", "tess", given="another horse battery\n")
    assert people.sign_in("tess", "another horse battery")
    changed("password", "tess", "--no-password")
    with pytest.raises(errors.NotAllowed):
        people.sign_in("tess", "another horse battery")
    epochs.add(people.epoch("tess"))
    assert len(epochs) == 4
    assert run("name", "tess", "Tess Marlow")[0] == 0 and people.viewer("tess").name == "Tess Marlow"
    assert run("remove", "tess")[0] == 0 and "tess" not in table.read(file)


def test_somebody_who_signs_in_elsewhere_needs_no_password(run, file):
    assert run("add", "a1b2c3-keycloak@clinic.example", "--role", "director", "--no-password")[0] == 0

    assert People(file).viewer("a1b2c3-keycloak@clinic.example").role == "director"


def test_a_table_that_is_not_there_is_named_with_the_next_step(run, file, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["therapy-process", "people", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == errors.FileMissing.exit_code


def test_the_table_of_another_user_of_the_machine_is_left_alone(everybody, run, file, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 12345)

    code, said = run("disable", "tess")

    assert code == 2 and "sudo -u" in said


def test_a_table_in_another_place_is_named(run, file, tmp_path):
    other = tmp_path / "elsewhere" / "people.toml"

    assert run("add", "dora", "--role", "director", "--no-password", "--people", other)[0] == 0
    assert "1 person in" in run("list", "--people", other)[1].replace("\n", " ") and not file.exists()
