"""`therapy-process people …`: who may sign in and whose courses they see, for whoever administers the server. A running server sees a change at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from process.cli.app import app, out, say
from process.cli.keys import StoreKey
from process.errors import FileMissing, SettingWrong, did_you_mean
from process.people import Person, passwords, people_file, table
from process.people.person import now, refuse_user, shown
from process.store import DuckDBEngine, current
from process.store.unlocking import hand_in_file

User = Annotated[str, typer.Argument(metavar="USER", help="The user name, exactly as the sign-in gives it.")]
PeopleFile = Annotated[Path | None, typer.Option("--people", metavar="FILE", help="The table of people (default: THERAPY_PROCESS_PEOPLE, or your own).")]
Store = Annotated[Path | None, typer.Option("--store", metavar="STORE", help="The store in which the therapists' codes are looked up.")]
Own = Annotated[str | None, typer.Option("--therapist", metavar="CODE", help="The display code under which the store has their own courses.")]
Supervises = Annotated[list[str] | None, typer.Option("--supervises", metavar="CODE", help="A supervisee's display code; once for each.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", metavar="FILE", help="A file whose first line is the password.")]
NoPassword = Annotated[bool, typer.Option("--no-password", help="No local account: they sign in by OIDC or a trusted proxy.")]
Role = Annotated[str, typer.Option("--role", help="director, supervisor or therapist.")]
Name = Annotated[str, typer.Option("--name", help="The name to be shown on pages.")]

people = typer.Typer(no_args_is_help=True, help="Who may sign in, and whose courses they see.")
app.add_typer(people, name="people")


@people.command("add")
def add_command(
    user: User,
    role: Role,
    name: Name = "",
    therapist: Own = None,
    supervises: Supervises = None,
    store: Store = None,
    no_password: NoPassword = False,
    password_file: PasswordFile = None,
    file: PeopleFile = None,
    key: StoreKey = None,
) -> None:
    """Add a person; the password is asked for twice, or read from standard input or a file, never from the command line."""
    person = Person(user, role, name, therapist or "", tuple(supervises or ()), since=now(), changed=now())
    _refuse_unknown(person, store, key)
    if people_file(file).exists():  # whoever cannot be added is told before a password is asked for
        found = table.read(people_file(file))
        _refuse_taken(user, found)
        _refuse_shared(person, found)
    if not no_password:
        person = replace(person, password=_new_password(user, password_file))
    with table.changing(people_file(file)) as found:
        _refuse_taken(user, found)
        _refuse_shared(person, found)
        found[user] = person
    say(f"Added {user}, {_what(person)}{'' if person.password else ', without a password'}, to {people_file(file)}")


@people.command("list")
def list_command(file: PeopleFile = None) -> None:
    """List everybody in the table: role, whose courses they see, whether they may sign in and how."""
    found = table.read(people_file(file))
    rows = Table("user", "name", "role", "own courses", "supervises", "may sign in", "since", box=None, pad_edge=False)
    for person in found.values():
        signs_in = "no: disabled" if person.disabled else "by password" if person.password else "by OIDC or proxy"
        cells = (person.user, person.name, person.role, person.therapist, ", ".join(person.supervises), signs_in, person.since[:10])
        rows.add_row(*(escape(cell) for cell in cells))
    out.print(rows)
    say(f"{len(found)} {'person' if len(found) == 1 else 'people'} in {people_file(file)}")


@people.command("role")
def role_command(
    user: User,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="director, supervisor or therapist.")],
    therapist: Own = None,
    supervises: Supervises = None,
    store: Store = None,
    file: PeopleFile = None,
    key: StoreKey = None,
) -> None:
    """Give a person another role or other courses; what is not said again is gone. Their open pages end at once."""
    _refuse_unknown(Person(user, role, "", therapist or "", tuple(supervises or ())), store, key)
    with table.changing(people_file(file)) as found:
        before = _known(user, found)
        found[user] = person = replace(before, role=role, therapist=therapist or "", supervises=tuple(supervises or ()), changed=now())
        _refuse_shared(person, found)
    say(f"{user} is now {_what(person)}; before: {_what(before)}")


@people.command("name")
def name_command(
    user: User, name: Annotated[str, typer.Argument(metavar="NAME", help="The name to be shown on pages; empty = none.")], file: PeopleFile = None
) -> None:
    """Set the name that pages show for a person, and for their code where they are a therapist."""
    with table.changing(people_file(file)) as found:
        found[user] = replace(_known(user, found), name=name)
    say(f"Pages show the new name of {user} from now on.")


@people.command("password")
def password_command(user: User, no_password: NoPassword = False, password_file: PasswordFile = None, file: PeopleFile = None) -> None:
    """Set another password, or take it away; their open pages end at once."""
    _known(user, table.read(people_file(file)))
    password = "" if no_password else _new_password(user, password_file)
    with table.changing(people_file(file)) as found:
        found[user] = replace(_known(user, found), password=password, changed=now())
    say(f"{user} has {'no password any more' if no_password else 'a new password'}. Whoever was signed in as {user} is not any more.")


@people.command("disable")
def disable_command(user: User, file: PeopleFile = None) -> None:
    """Let a person in no more; the name stays, and their open pages end at once."""
    _allow(user, file, disabled=True)
    say(f"{user} is not let in any more. To take it back: `therapy-process people enable {user}`.")


@people.command("enable")
def enable_command(user: User, file: PeopleFile = None) -> None:
    """Let a person in again; they have to sign in anew."""
    _allow(user, file, disabled=False)
    say(f"{user} is let in again, and has to sign in.")


@people.command("remove")
def remove_command(user: User, file: PeopleFile = None) -> None:
    """Take a person out of the table, with their name and password."""
    with table.changing(people_file(file)) as found:
        _known(user, found)
        del found[user]
    say(f"{user} is not in the table of people any more.")


def _allow(user: str, file: Path | None, disabled: bool) -> None:
    with table.changing(people_file(file)) as found:
        before = _known(user, found)
        if before.disabled != disabled:
            found[user] = replace(before, disabled=disabled, changed=now())


def _known(user: str, found: dict[str, Person]) -> Person:
    if user not in found:
        hint = did_you_mean(shown(user), found) if found else "The table is empty."
        raise SettingWrong(f"`{shown(user)}` is not in the table of people. {hint}")
    return found[user]


def _refuse_taken(user: str, found: dict[str, Person]) -> None:
    refuse_user(user)
    same = next((other for other in found if other.casefold() == user.casefold()), None)
    if same is not None:
        raise SettingWrong(f"`{same}` is in the table of people already. To change them: `people role`, `people name`, `people password`.")


def _refuse_shared(person: Person, found: dict[str, Person]) -> None:
    """One caseload is one person's: whoever stands in for a therapist supervises them."""
    for other in found.values():
        if person.therapist and other.therapist == person.therapist and other.user != person.user:
            raise SettingWrong(f"These courses are `{other.user}`'s already. Who stands in is a supervisor: `--role supervisor --supervises CODE`.")


def _refuse_unknown(person: Person, store: Path | None, key: Path | None) -> None:
    """Refuse a code that the store does not have: a slip would show nothing, or another therapist's courses."""
    codes = [*([person.therapist] if person.therapist else []), *person.supervises]
    if not codes:
        return
    folder = store or (Path(named) if (named := os.environ.get("THERAPY_PROCESS_STORE")) else None)
    if folder is None:
        raise SettingWrong("The therapists' codes are looked up in the store. Say which: `--store STORE`.")
    hand_in_file(key)
    with DuckDBEngine.open(current(folder)) as engine:
        known = engine.query("select distinct therapist_id from courses order by therapist_id")["therapist_id"].tolist()
    for code in codes:
        if code not in known:
            hint = did_you_mean(code, known) if known else "It has no courses."
            raise SettingWrong(f"Store {folder} has no courses of a therapist `{code}`. {hint} All of them: `therapy-process codes list {folder}`.")


def _new_password(user: str, file: Path | None) -> str:
    """The hash of a password that was typed twice, or read from a file or standard input."""
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise FileMissing(f"The file {file} of the password cannot be read as text.") from None
        return passwords.hashed(lines[0] if lines else "", user)
    if not sys.stdin.isatty():
        return passwords.hashed(sys.stdin.readline().rstrip("\r\n"), user)
    while True:
        typed = typer.prompt("Password", hide_input=True, err=True)
        try:
            passwords.refuse(typed, user)
        except SettingWrong as wrong:
            typer.echo(str(wrong), err=True)
            continue
        if typer.prompt("The same again", hide_input=True, err=True) == typed:
            return passwords.hashed(typed, user)
        typer.echo("The two are not the same.", err=True)


def _what(person: Person) -> str:
    courses: Sequence[str] = [*(["own courses"] if person.therapist else []), *([f"{len(person.supervises)} supervisees"] if person.supervises else [])]
    return f"a {person.role}{' with ' + ' and '.join(courses) if courses else ''}{', disabled' if person.disabled else ''}"
