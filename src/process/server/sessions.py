"""Who is signed in: a small table in a file that every process of a server shares, so that signing out, revocation and time-outs hold in all of them.

A browser holds a random id; the file holds its SHA-256 alone, so that whoever reads the file can take over nothing.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from process.errors import SettingWrong
from process.server.bounded_table import BoundedTable, NotNow

FILE = "sessions.sqlite"
SET_BACK = 60.0
"""Seconds that a clock may be set back while somebody is signed in; further back, nobody knows any more how long they did nothing, and the sign-in ends."""
FINER = 0.1
"""Share of the idle time after which an interaction is written down again; a table that is written at every click would help nobody."""
TABLE = """
create table if not exists signed_in (
  key text primary key, user text not null, epoch text not null, way text not null, subject text not null, elsewhere text not null,
  began real not null, seen real not null, ended real, why text not null default ''
) without rowid
"""


@dataclass(frozen=True)
class SignIn:
    """One person in one browser. `key`: the SHA-256 of the browser's id; `began` and `seen` in seconds since 1970; `subject` and `elsewhere` are
    the OIDC provider's names of the person and of its session."""

    key: str
    user: str
    epoch: str
    way: str
    began: float
    seen: float


def key_of(secret_id: str) -> str:
    """What stands for the browser's id everywhere but in the browser."""
    return hashlib.sha256(secret_id.encode()).hexdigest()


class SignIns:
    """The table. `idle` and `shift`: seconds after which a sign-in ends without an interaction, and in any case.

    `told(sign_in, why)` is called once for each sign-in that ends, by the process that ended it; why: sign-out, idle, shift, revoked, too many.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        idle: float,
        shift: float,
        most: int,
        told: Callable[[SignIn, str], None] = lambda sign_in, why: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.idle, self.shift, self._most, self._told, self._clock = idle, shift, most, told, clock
        self._own = tempfile.TemporaryDirectory(prefix="therapy-process-") if folder is None else None
        path = private_folder(Path(self._own.name) if self._own else Path(folder)) / FILE
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._unwritten: dict[str, str] = {}
        try:
            self._table = BoundedTable(path, ("pragma journal_mode=wal", "pragma synchronous=normal", "pragma secure_delete=on", TABLE))
        except sqlite3.Error as problem:
            why = getattr(problem, "sqlite_errorname", type(problem).__name__)
            raise SettingWrong(f"The table of sign-ins {path} cannot be opened ({why}). Find out what holds it; if nothing does, move it away.") from None

    def begin(self, user: str, epoch: str, way: str, *, subject: str = "", elsewhere: str = "") -> str:
        """Sign a person in; the id for their browser, of 256 random bits. Whoever is signed in in too many browsers loses the one used longest ago."""
        now, drawn = self._clock(), secrets.token_urlsafe(32)
        self._ask("delete from signed_in where began < ?", now - 2 * self.shift)
        self._ask("insert into signed_in values (?, ?, ?, ?, ?, ?, ?, ?, null, '')", key_of(drawn), user, epoch, way, subject, elsewhere, now, now)
        newest = "select key from signed_in where user = ? and ended is null order by seen desc, began desc limit -1 offset ?"
        for (key,) in self._ask(newest, user, self._most):
            self.end(key, "too many")
        return drawn

    def look(self, key: str) -> SignIn | None:
        """The sign-in of that key while it lasts; one whose time is over is ended here. `NotNow` while the table cannot be read."""
        if key in self._unwritten:
            self._try_again(key)
            return None
        rows = self._ask("select key, user, epoch, way, began, seen from signed_in where key = ? and ended is null", key)
        if not rows:
            return None
        found, now = SignIn(*rows[0]), self._clock()
        if now >= found.began + self.shift or now >= found.seen + self.idle or now < found.seen - SET_BACK:
            self.end(key, "shift" if now >= found.began + self.shift else "idle")
            return None
        return found

    def left(self, found: SignIn) -> tuple[float, float]:
        """Seconds until this sign-in ends without an interaction, and in any case."""
        now = self._clock()
        return found.seen + self.idle - now, found.began + self.shift - now

    def touch(self, key: str) -> None:
        """The person did something."""
        now = self._clock()
        with suppress(NotNow):  # the log has it; the sign-in ends a little early for that
            self._ask("update signed_in set seen = ? where key = ? and ended is null and seen < ?", now, key, now - FINER * self.idle)

    def end(self, key: str, why: str) -> bool:
        """End a sign-in; False where it has ended already or never was. Where the file cannot be written it ends in this process, and is written later."""
        ending = "update signed_in set ended = ?, why = ? where key = ? and ended is null returning key, user, epoch, way, began, seen"
        if key in self._unwritten:
            return False
        try:
            rows = self._ask(ending, self._clock(), why, key)
        except NotNow:
            self._unwritten[key] = why
            rows = self._readable("select key, user, epoch, way, began, seen from signed_in where key = ? and ended is null", key)
        for row in rows:
            self._told(SignIn(*row), why)
        return bool(rows)

    def end_elsewhere(self, subject: str, elsewhere: str, why: str) -> int:
        """End what the OIDC provider has ended: that session of its and those of the person that it named no session for, or all of the person. How many."""
        named = "select key from signed_in where way = 'oidc' and ended is null and "
        named += "((? <> '' and elsewhere = ?) or (? <> '' and subject = ? and (? = '' or elsewhere = '')))"
        keys = self._ask(named, elsewhere, elsewhere, subject, subject, elsewhere)
        return sum(self.end(key, why) for (key,) in keys)

    def why(self, key: str) -> str:
        """Why a sign-in ended; empty while it lasts, `gone` where nobody remembers it, `not now` while the table cannot be read."""
        if key in self._unwritten:
            return self._unwritten[key]
        try:
            rows = self._ask("select why from signed_in where key = ?", key)
        except NotNow:
            return "not now"
        return rows[0][0] if rows else "gone"

    def require(self) -> None:
        """Raise `NotNow` while nobody can be signed in."""
        self._table.require_writing()

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()
        if self._own:
            self._own.cleanup()

    def _try_again(self, key: str) -> None:
        """Write an end that could not be written, so that the other processes know of it, too."""
        try:
            self._ask("update signed_in set ended = ?, why = ? where key = ? and ended is null", self._clock(), self._unwritten[key], key)
        except NotNow:
            return
        self._unwritten.pop(key, None)

    def _readable(self, statement: str, *values: object) -> list[tuple]:
        try:
            return self._ask(statement, *values)
        except NotNow:
            return []

    def _ask(self, statement: str, *values: object) -> list[tuple]:
        return self._table.ask(statement, *values)


def private_folder(folder: Path) -> Path:
    """The folder, made if need be, that nobody else can look into; `SettingWrong` where others can."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        raise SettingWrong(f"Others can look into the folder of sessions {folder}. Take that away: `chmod 700 {folder}`.")
    return folder
