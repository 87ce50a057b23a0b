"""`therapy-process people …`: who may sign in and whose courses they see, for whoever administers the server. A running server sees a change at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from process.cli.app import app, out, say
from process.cli.keys import StoreKey
from process.cli.new_password import new_password
from process.cli.refusing_people import known, refuse_shared, refuse_taken, refuse_unknown
from process.cli.who_changed import STORE, Administered, SettingsFile, administered
from process.people import Person, people_file, table
from process.people.person import now
from process.server.settings import read

User = Annotated[str, typer.Argument(metavar="USER", help="The user name, exactly as the sign-in gives it.")]
PeopleFile = Annotated[Path | None, typer.Option("--people", metavar="FILE", help="The table of people (default: THERAPY_PROCESS_PEOPLE, or your own).")]
Store = Annotated[
    Path | None, typer.Option("--store", metavar="STORE", envvar=STORE, show_envvar=False, help="The store in which the therapists' codes are looked up.")
]
BesideStore = Annotated[
    Path | None,
    typer.Option("--store", metavar="STORE", envvar=STORE, show_envvar=False, help="The store beside which the audit log lies, where the settings name none."),
]
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
    settings: SettingsFile = None,
    key: StoreKey = None,
) -> None:
    """Add a person; the password is asked for twice, or read from standard input or a file, never from the command line."""
    person = Person(user, role, name, therapist or "", tuple(supervises or ()), since=now(), changed=now())
    where = administered(file, settings, store)
    refuse_unknown(person, store, key)
    if where.file.exists():  # whoever cannot be added is told before a password is asked for
        found = table.read(where.file)
        refuse_taken(user, found)
        refuse_shared(person, found)
    if not no_password:
        person = replace(person, password=new_password(user, password_file))
    with where.changing("added") as found:
        refuse_taken(user, found)
        refuse_shared(person, found)
        found[user] = person
    say(f"Added {user}, {_what(person)}{'' if person.password else ', without a password'}, to {where.file}")


@people.command("list")
def list_command(file: PeopleFile = None, settings: SettingsFile = None) -> None:
    """List everybody in the table: role, whose courses they see, whether they may sign in and how."""
    place = people_file(file or (read(settings).people if settings is not None else None))
    found = table.read(place)
    rows = Table("user", "name", "role", "own courses", "supervises", "may sign in", "since", box=None, pad_edge=False)
    for person in found.values():
        signs_in = "no: disabled" if person.disabled else "by password" if person.password else "by OIDC or proxy"
        cells = (person.user, person.name, person.role, person.therapist, ", ".join(person.supervises), signs_in, person.since[:10])
        rows.add_row(*(escape(cell) for cell in cells))
    out.print(rows)
    say(f"{len(found)} {'person' if len(found) == 1 else 'people'} in {place}")


@people.command("role")
def role_command(
    user: User,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="director, supervisor or therapist.")],
    therapist: Own = None,
    supervises: Supervises = None,
    store: Store = None,
    file: PeopleFile = None,
    settings: SettingsFile = None,
    key: StoreKey = None,
) -> None:
    """Give a person another role or other courses; what is not said again is gone. Their open pages end at once."""
    where = administered(file, settings, store)
    refuse_unknown(Person(user, role, "", therapist or "", tuple(supervises or ())), store, key)
    with where.changing("another role or other courses") as found:
        before = known(user, found)
        found[user] = person = replace(before, role=role, therapist=therapist or "", supervises=tuple(supervises or ()), changed=now())
        refuse_shared(person, found)
    say(f"{user} is now {_what(person)}; before: {_what(before)}")


@people.command("name")
def name_command(
    user: User,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to be shown on pages; empty = none.")],
    store: BesideStore = None,
    file: PeopleFile = None,
    settings: SettingsFile = None,
) -> None:
    """Set the name that pages show for a person, and for their code where they are a therapist."""
    with administered(file, settings, store).changing("another name") as found:
        found[user] = replace(known(user, found), name=name)
    say(f"Pages show the new name of {user} from now on.")


@people.command("password")
def password_command(
    user: User,
    no_password: NoPassword = False,
    password_file: PasswordFile = None,
    store: BesideStore = None,
    file: PeopleFile = None,
    settings: SettingsFile = None,
) -> None:
    """Set another password, or take it away; their open pages end at once."""
    where = administered(file, settings, store)
    known(user, table.read(where.file))
    password = "" if no_password else new_password(user, password_file)
    with where.changing("password taken away" if no_password else "another password") as found:
        found[user] = replace(known(user, found), password=password, changed=now())
    say(f"{user} has {'no password any more' if no_password else 'a new password'}. Whoever was signed in as {user} is not any more.")


@people.command("disable")
def disable_command(user: User, store: BesideStore = None, file: PeopleFile = None, settings: SettingsFile = None) -> None:
    """Let a person in no more; the name stays, and their open pages end at once."""
    _allow(user, administered(file, settings, store), disabled=True)
    say(f"{user} is not let in any more. To take it back: `therapy-process people enable {user}`.")


@people.command("enable")
def enable_command(user: User, store: BesideStore = None, file: PeopleFile = None, settings: SettingsFile = None) -> None:
    """Let a person in again; they have to sign in anew."""
    _allow(user, administered(file, settings, store), disabled=False)
    say(f"{user} is let in again, and has to sign in.")


@people.command("remove")
def remove_command(user: User, store: BesideStore = None, file: PeopleFile = None, settings: SettingsFile = None) -> None:
    """Take a person out of the table, with their name and password."""
    with administered(file, settings, store).changing("removed") as found:
        known(user, found)
        del found[user]
    say(f"{user} is not in the table of people any more.")


def _allow(user: str, where: Administered, disabled: bool) -> None:
    with where.changing("disabled" if disabled else "enabled") as found:
        before = known(user, found)
        if before.disabled != disabled:
            found[user] = replace(before, disabled=disabled, changed=now())


def _what(person: Person) -> str:
    courses: Sequence[str] = [*(["own courses"] if person.therapist else []), *([f"{len(person.supervises)} supervisees"] if person.supervises else [])]
    return f"a {person.role}{' with ' + ' and '.join(courses) if courses else ''}{', disabled' if person.disabled else ''}"
