"""Every change of who may see what is in the audit log before it is made: who made it and what it was; never a password and never a display code."""

from __future__ import annotations

import getpass
import json
import re

import pytest
from argon2 import PasswordHasher
from tests import clinics
from typer.testing import CliRunner

from process.access.audit import checking, place
from process.access.audit.chain import Chain
from process.cli import app
from process.errors import LogProblem, SettingWrong, UserError
from process.measures.publishing import publish
from process.pages import log_days
from process.people import passwords, table

PASSWORD = "correct horse battery"
ME = getpass.getuser()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic") / "store"
    publish(folder, clinics.counted(("TCODE1", 3, 3), ("TCODE2", 2, 2), ("TCODE3", 1, 1)))
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A server's settings, with the table of people and the log beside them."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("THERAPY_PROCESS_STORE", raising=False)
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    (tmp_path / "server.toml").write_text('people = "people.toml"\naudit = "audit"\naudit_key_file = "audit.key"\n')
    monkeypatch.setenv("THERAPY_PROCESS_SETTINGS", str(tmp_path / "server.toml"))
    return tmp_path


def run(*words, given=PASSWORD + "\n") -> str:
    result = CliRunner().invoke(app, [*map(str, words)], input=given, catch_exceptions=False, env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    return result.output


def written(home) -> list[dict]:
    return [json.loads(line) for path in place.months(home / "audit") for line in path.read_text().splitlines()]


def everything(home, store) -> None:
    """Each command that changes the table, once at least."""
    run("people", "add", "dora", "--role", "director", "--name", "Dora Mint")
    run("people", "add", "tess", "--role", "therapist", "--therapist", "TCODE1", "--store", store)
    run("people", "add", "sue", "--role", "supervisor", "--supervises", "TCODE1", "--supervises", "TCODE3", "--store", store, "--no-password")
    run("people", "role", "tess", "therapist", "--therapist", "TCODE2", "--store", store)
    run("people", "role", "sue", "supervisor", "--supervises", "TCODE2", "--store", store)
    run("people", "name", "tess", "Tess Marlow")
    run("people", "password", "tess", given="another horse battery\n")
    run("people", "password", "tess", "--no-password")
    run("people", "disable", "tess")
    run("people", "disable", "tess")  # no change, and no line
    run("people", "enable", "tess")
    run("people", "remove", "sue")


def test_every_change_is_a_line_with_who_made_it_and_what_is_seen_before_and_after(home, store):
    everything(home, store)

    found = written(home)
    assert [(line["whom"], line["change"]) for line in found] == [
        ("dora", "added"),
        ("tess", "added"),
        ("sue", "added"),
        ("tess", "another role or other courses"),
        ("sue", "another role or other courses"),
        ("tess", "another name"),
        ("tess", "another password"),
        ("tess", "password taken away"),
        ("tess", "disabled"),
        ("tess", "enabled"),
        ("sue", "removed"),
    ]
    assert {line["by"] for line in found} == {ME} and {line["kind"] for line in found} == {"people"} and not any("sudo" in line for line in found)
    assert [found[number].get("sees") for number in (0, 1, 2, 3, 4, 10)] == [
        ["the clinic"],
        ["their own"],
        ["tess", "1 not in the table"],
        ["their own"],
        ["tess"],
        None,
    ]
    assert found[3]["why"] == "other courses are their own" and found[4]["saw"] == ["2 not in the table"] and found[10]["before"] == "supervisor"
    assert checking.verify(home / "audit", place.key_of(home / "audit", home / "audit.key")).fault == ""


def test_no_password_no_hash_no_name_and_no_display_code_is_in_it(home, store):
    everything(home, store)

    text = "".join(path.read_text() for path in place.months(home / "audit"))
    assert not re.search(r"horse|battery|argon2|Marlow|Mint|TCODE", text)


def test_who_became_the_servers_account_by_sudo_is_named_too_and_nothing_else_that_the_variable_holds(home, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "anna")
    run("people", "add", "dora", "--role", "director")
    monkeypatch.setenv("SUDO_USER", "x\n{}<script>")
    run("people", "disable", "dora")

    assert [line.get("sudo") for line in written(home)] == ["anna", None]


def test_the_log_says_it_in_words(home, store):
    everything(home, store)

    said = " ".join(run("audit", "show", home / "audit", "--user", "sue", "--kind", "people").split())  # a narrow terminal breaks lines

    assert f"sue: added; now a supervisor, sees the courses of tess, 1 not in the table; by {ME}" in said and "dora" not in said and "3 lines" in said
    assert f"sue: removed; before a supervisor, saw the courses of tess; by {ME}" in said
    (day,) = log_days.days(written(home), {})
    assert (day.user, day.role, len(day.changes)) == (ME, log_days.ADMINISTRATOR, 11) and day.changes[0].startswith(
        "dora: added; now a director, sees the clinic"
    )


CHANGES = {
    "add": ("add", "eve", "--role", "director"),
    "role": ("role", "dora", "supervisor"),
    "name": ("name", "dora", "Dora M"),
    "password": ("password", "dora"),
    "disable": ("disable", "dora"),
    "enable": ("enable", "gone"),
    "remove": ("remove", "dora"),
}


def given(home) -> None:
    run("people", "add", "dora", "--role", "director")
    run("people", "add", "gone", "--role", "director")
    run("people", "disable", "gone")


def refused(*words) -> UserError:
    with pytest.raises(UserError) as refusal:
        run("people", *words)
    return refusal.value


@pytest.mark.parametrize("command", CHANGES)
def test_what_cannot_be_noted_is_not_changed(home, monkeypatch, command):
    given(home)
    before = (home / "people.toml").read_bytes()

    def full(chain, new):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Chain, "append", full)
    problem = refused(*CHANGES[command])

    assert isinstance(problem, LogProblem) and "Nothing was changed" in str(problem) and "No space left" in str(problem)
    assert (home / "people.toml").read_bytes() == before


@pytest.mark.parametrize("command", CHANGES)
def test_without_the_servers_settings_nothing_is_changed(home, monkeypatch, command):
    given(home)
    before = (home / "people.toml").read_bytes()
    monkeypatch.delenv("THERAPY_PROCESS_SETTINGS")

    problem = refused(*CHANGES[command], "--people", home / "people.toml")

    assert isinstance(problem, SettingWrong) and "--settings FILE" in str(problem)
    assert (home / "people.toml").read_bytes() == before


def test_where_the_settings_name_no_folder_the_log_lies_beside_the_store(home, tmp_path):
    (home / "server.toml").write_text('people = "people.toml"\naudit_key_file = "audit.key"\n')
    assert "--store STORE" in str(refused("add", "dora", "--role", "director"))

    run("people", "add", "dora", "--role", "director", "--store", tmp_path / "clinic")

    assert (tmp_path / "clinic-audit" / "head.json").exists() and "dora" in table.read(home / "people.toml")


def test_a_table_that_cannot_be_written_after_all_is_said_in_the_log(home, monkeypatch):
    given(home)

    def broken(file, content):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("process.people.table.put", broken)
    assert "cannot be written" in str(refused("remove", "dora"))

    assert [line.get("why") for line in written(home)[-2:]] == [None, "the table could not be written"]
    assert "dora" in table.read(home / "people.toml")
