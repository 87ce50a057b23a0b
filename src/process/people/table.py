"""The table of people as a file: TOML that a person can read, the owner's alone, written whole under a lock.

    [people.tess]
    name = "Tess Marlow"
    role = "therapist"
    therapist = "T-7KQ4"
    password = "$argon2id$…"
    since = "2026-11-23T09:12:44.120934+00:00"
    changed = "2026-11-23T09:12:44.120934+00:00"

A file that others may read or write, with an entry that the table cannot hold or with a key it does not know is refused as a whole: half a table would let
somebody see what was just taken from them.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from process.errors import FileMissing, FileRefused, SettingWrong, UserError
from process.people import passwords
from process.people.person import Person, now, shown
from process.sealed.whole import FILE_MODE, make_folder, put

LARGEST = 4 * 2**20
_HEAD = "# Who may sign in, and what they see. Change it with `therapy-process people …`; a running server sees a change at once.\n"
_KEYS = tuple(entry.name for entry in fields(Person) if entry.name != "user")
_KINDS = {"disabled": bool, "supervises": list}


def read(file: Path) -> dict[str, Person]:
    """The people of the file by user. `FileMissing` where it is not there, `FileRefused` for one that is not in order, `SettingWrong` for an entry."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(LARGEST + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise FileMissing(f"The table of people {file} cannot be read: {error.strerror}. `therapy-process people add` makes one.") from None
    if not stat.S_ISREG(mode) or len(content) > LARGEST:
        raise FileRefused(f"The table of people {file} is no file, or larger than {LARGEST // 2**20} MiB.")
    if mode & 0o077:
        raise FileRefused(f"The table of people {file} can be read or written by others than its owner. If nobody did: `chmod 600 {file}`.")
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise FileRefused(f"The table of people {file} is not TOML. Take the last copy of it back, or make it anew with `therapy-process people`.") from None
    entries = found.pop("people", {})
    if found or not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise FileRefused(f"The table of people {file} holds something else than `[people.<user>]`.")
    people = {user: _person(user, entry, file) for user, entry in entries.items()}
    if len({user.casefold() for user in people}) != len(people):
        raise FileRefused(f"The table of people {file} has two users whose names differ in small and capital letters only.")
    return people


@contextmanager
def changing(file: Path) -> Iterator[dict[str, Person]]:
    """The people of the file, empty where there is none yet, to be changed in the block; written when it ends well. One change at a time, others wait."""
    file = Path(file)
    try:
        if not file.parent.exists():
            make_folder(file.parent)
        handle = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise SettingWrong(f"The table of people {file} cannot be written: {error.strerror}. Name another place with `--people`.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if file.exists() and file.stat().st_uid != os.geteuid():
            raise SettingWrong(f"The table of people {file} belongs to another user of this machine. Run the command as that user, with `sudo -u`.")
        before = read(file) if file.exists() else {}
        people = dict(before)
        yield people
        if people != before or not file.exists():
            put(file, written(people.values()).encode())
    except OSError as error:
        raise SettingWrong(f"The table of people {file} cannot be written: {error.strerror}.") from None
    finally:
        os.close(handle)


def written(people: Iterable[Person]) -> str:
    """The table as the file holds it, in the order of the users."""
    return _HEAD + "".join(_entry(person) for person in sorted(people, key=lambda person: person.user))


def with_password(person: Person, password: str) -> Person:
    """The person with the hash of another password; `SettingWrong` where it cannot be one."""
    return replace(person, password=passwords.hashed(password, person.user), changed=now())


def names(people: Mapping[str, Person]) -> dict[str, str]:
    """The names of staff to be shown for the codes of therapists: of everybody in the table with courses and a name, disabled or not.

    Where two have the same name, their codes stand behind it.
    """
    named = {person.therapist: person.name for person in people.values() if person.therapist and person.name}
    times = Counter(named.values())
    return {code: name if times[name] == 1 else f"{name} ({code})" for code, name in named.items()}


def _entry(person: Person) -> str:
    lines = [f"\n[people.{_text(person.user)}]"]
    for name in _KEYS:
        value = getattr(person, name)
        if value or name == "role":
            lines.append(f"{name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"[{', '.join(_text(each) for each in value)}]" if isinstance(value, tuple) else _text(str(value))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _person(user: str, entry: Mapping[str, object], file: Path) -> Person:
    where = f"The table of people {file}, entry `{shown(user)}`: "
    for name, value in entry.items():
        if name not in _KEYS:
            raise FileRefused(f"{where}`{shown(name)}` is nothing that the table knows.")
        kind = _KINDS.get(name, str)
        if type(value) is not kind or (kind is list and not all(type(each) is str for each in value)):  # type: ignore[union-attr]
            raise FileRefused(f"{where}`{name}` is not {'true or false' if kind is bool else 'a list of texts' if kind is list else 'a text'}.")
    if "role" not in entry:
        raise FileRefused(f"{where}`role` is missing.")
    if entry.get("password") and not str(entry["password"]).startswith(passwords.ARGON2ID):
        raise FileRefused(f"{where}`password` is no hash of argon2id. Set it with `therapy-process people password`, never by hand.")
    try:
        return Person(user, **{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})  # type: ignore[arg-type]
    except UserError as wrong:
        raise FileRefused(f"{where}{wrong}") from None
