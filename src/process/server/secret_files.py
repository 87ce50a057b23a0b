"""Secrets that lie in files: made by a command, long enough, and nobody else's to read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from process.errors import FileMissing, SettingWrong

SHORTEST = 32
"""Bytes of a secret that signs cookies: as many as its HMAC-SHA-256 gives (RFC 2104, section 3)."""
DIFFERENT = 12
"""Different signs that a secret has at least; fewer are typed, not drawn."""


def make(file: Path) -> None:
    """Draw a secret into a new file that only its owner can read. Raises `SettingWrong` where the file is there already or cannot be made."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingWrong(f"{file} is there already. A new secret signs everybody out; take the old file away first if that is what you want.") from None
    except OSError as problem:
        raise SettingWrong(f"{file} cannot be made: {problem.strerror}.") from None
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(48) + "\n")


def refuse_written_by_others(handle: int, file: Path, what: str) -> None:
    """Raise `SettingWrong` where group or others can write an opened file, and so decide what it says; everybody may read one that holds no secret."""
    if os.fstat(handle).st_mode & 0o022:
        raise SettingWrong(f"Others can write the {what} {file}, and so say who is let in. Take that away: `chmod go-w {file}`.")


def read(file: Path, what: str, *, shortest: int = SHORTEST) -> str:
    """The secret in a file; `what` names it in a message. Raises `FileMissing` or `SettingWrong` with what mends it."""
    try:
        mode, secret = file.stat().st_mode, file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise FileMissing(f"The {what} {file} is not there or cannot be read. Make one: `therapy-process secret {file}`.") from None
    if mode & 0o077:
        raise SettingWrong(f"Others can read the {what} {file}. Take that away: `chmod 600 {file}`.")
    if len(secret.encode()) < shortest or len(set(secret)) < min(DIFFERENT, shortest):
        raise SettingWrong(f"The {what} {file} is too weak: it needs {shortest} bytes that nobody chose. Make a new one: `therapy-process secret NEWFILE`.")
    return secret
