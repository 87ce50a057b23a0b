"""Who a verified user is, looked up at every question: the table is read again whenever it changed, and one that cannot be read denies everybody."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from process.access import Viewer
from process.errors import NotAllowed, UserError
from process.people import passwords, table
from process.people.attempts import Attempts
from process.people.person import NOBODY, Person

NOT_SIGNED_IN = "You are not signed in, or your access has ended. Sign in again."
WRONG = "This user name and password do not fit. Check both, or ask whoever runs the server."
CLOSED = "Nobody can be signed in now. Ask whoever runs the server to look at its log."
AT_ONCE = 2
"""Passwords that are verified at once: each takes 64 MiB and most of a tenth of a second."""


class TableUnreadable(NotAllowed):
    """The table of people cannot be read now: nobody is let in, and nothing is known to have changed."""


class Directory(Protocol):
    """What a server needs of a table of people; `NotAllowed` is raised for anyone who is not in it."""

    def viewer(self, user: str) -> Viewer:
        """The viewer of that verified user, as of now."""

    def epoch(self, user: str) -> str:
        """A short text that changes whenever role, scope, access or password of that user changed."""

    def sign_in(self, user: str, password: str) -> Viewer:
        """The viewer whose local account this user name and password are."""

    def verified(self, user: str, password: str, browser: str = "") -> tuple[Viewer, str]:
        """The same, and the epoch of the entry that the password was verified against. `browser`: the id of one known to be this user's, counted apart."""


class People:
    """The table in a file. `log` gets a line when the table cannot be read, and another when it can again; it never holds a name or a password."""

    def __init__(self, file: Path, log: Callable[[str], None] | None = None) -> None:
        self.file = Path(file)
        self._log = log if log is not None else _to_stderr
        self._attempts = Attempts(self.file.with_name(f"{self.file.stem}-attempts.json"))
        self._lock = threading.Lock()
        self._verifying = threading.Semaphore(AT_ONCE)
        self._seen: tuple[int, ...] = ()
        self._people: Mapping[str, Person] | None = None
        self._names: Mapping[str, str] = {}
        self._said = ""
        passwords.prepare()

    def viewer(self, user: str) -> Viewer:
        """The viewer of that verified user, as of now; `NotAllowed` for unknown, disabled, `guest`, nobody, and for everybody while the table is broken."""
        return self._person(user).viewer(self._names)

    def epoch(self, user: str) -> str:
        """Changes whenever role, scope, access or password of this user changed; `NotAllowed` as `viewer`."""
        return self._person(user).epoch

    def sign_in(self, user: str, password: str) -> Viewer:
        """The viewer whose local account this is. Takes most of a tenth of a second, so: in a thread.

        `NotAllowed` with one sentence, after the same time, for an unknown user, a disabled one, one without a password and a wrong password; with another
        after 5 failures within 15 minutes, known user or not, until these are over. A hash made with earlier parameters is made anew.
        """
        return self.verified(user, password)[0]

    def verified(self, user: str, password: str, browser: str = "") -> tuple[Viewer, str]:
        """As `sign_in`, and the epoch of the entry that the password was verified against: whoever was changed while that took is not signed in.

        `browser`: the id of one in which this very user has signed in before; its failures and those of everybody else are counted apart.
        """
        self._attempts.begin(user, browser)
        with self._verifying:
            person = self._found(user)
            fits = passwords.fits(person.password if person is not None else "", password)
            if person is None or not fits or person.disabled:
                raise NotAllowed(WRONG)
            self._attempts.forget(user, browser)
            if passwords.outdated(person.password):
                person = self._renew(person, password)
        return person.viewer(self._names), person.epoch

    def count(self) -> int:
        """How many people may sign in now; 0 where the table is missing, empty or broken. For whoever starts a server."""
        return sum(not person.disabled for person in (self._read() or {}).values())

    def counts_on_disk(self) -> bool:
        """Whether failed sign-ins can be written down, so that the lock-out holds over restarts and in every process."""
        return self._attempts.writable()

    def problem(self) -> str:
        """What is wrong with the table, in words; empty where nothing is."""
        self._read()
        return self._said

    def with_passwords(self) -> int:
        """How many people who may sign in have a local account."""
        return sum(bool(person.password) and not person.disabled for person in (self._read() or {}).values())

    def _person(self, user: str) -> Person:
        found = self._found(user)
        if found is None or found.disabled:
            raise TableUnreadable(CLOSED) if self._people is None else NotAllowed(NOT_SIGNED_IN)
        return found

    def _found(self, user: str) -> Person | None:
        if not isinstance(user, str) or not user or user.casefold() in NOBODY:
            self._read()
            return None
        return (self._read() or {}).get(user)

    def _read(self) -> Mapping[str, Person] | None:
        """The people of the table as of now; None = it cannot be read."""
        with self._lock:
            try:
                now = _mark(self.file)
            except OSError as error:
                self._broken(f"The table of people {self.file} cannot be read: {error.strerror}.")
                return None
            if now != self._seen:
                self._take(now)
            return self._people

    def _take(self, now: tuple[int, ...]) -> None:
        try:
            people = table.read(self.file)
        except UserError as wrong:
            self._broken(str(wrong))
        else:
            self._people, self._names = people, table.names(people)
            if self._said:
                self._said = ""
                self._log(f"The table of people {self.file} can be read again; {len(people)} people are in it.")
        self._seen = now

    def _broken(self, why: str) -> None:
        self._people, self._names, self._seen = None, {}, ()
        if why != self._said:
            self._said = why
            self._log(f"{why} Nobody is let in until it is mended.")

    def _renew(self, person: Person, password: str) -> Person:
        """The person with a new hash of the same password; as they were, where anything was changed meanwhile or the table cannot be written."""
        try:
            with table.changing(self.file) as people:
                if people.get(person.user) == person:
                    people[person.user] = renewed = table.with_password(person, password)
                else:
                    return person
        except (UserError, OSError):
            return person
        return renewed


def _mark(file: Path) -> tuple[int, ...]:
    found = os.stat(file)
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev, found.st_size, found.st_mode, found.st_uid)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
