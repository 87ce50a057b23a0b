"""The log's folder: its files, their modes, its lock, the key they are sealed with, and the head that says where the chain ends.

    2026-11.jsonl    the lines of a month, only ever added to
    head.json        how many lines there are, the last one's hash, and a seal of its own: so that lines cut off the end are noticed
    log.json         the name of the key
    lock             held by the process that adds lines

Folder 0700, files 0600. The key lies outside: `process.sealed.keys` says where.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.access.audit import lines
from process.errors import FileMissing, KeyProblem, LogProblem
from process.sealed import Key, find, find_or_make
from process.sealed.whole import ASIDE, FILE_MODE, FOLDER_MODE, put, sweep

HEAD, ABOUT, LOCK = "head.json", "log.json", "lock"
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}\.jsonl")


@dataclass(frozen=True)
class Head:
    """Where the chain ends: the file and its size in bytes, the number of the last line and its hash."""

    file: str
    size: int
    sequence: int
    hash: str


NOTHING = Head("", 0, 0, lines.FIRST)
"""The head of a log without a line."""


def beside(store: Path) -> Path:
    """Where the log of a store's server lies when nothing else is said: `<store>-audit`, outside the store and its generations."""
    store = Path(store).absolute()
    return store.with_name(store.name + "-audit")


def months(folder: Path) -> list[Path]:
    """The files of the log, oldest first."""
    return sorted(path for path in Path(folder).iterdir() if MONTH.fullmatch(path.name))


def made(folder: Path, file: Path | None) -> Key:
    """The key of the log in that folder; both are made where there are none."""
    folder = Path(folder)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LogProblem(f"{folder} is no folder. Name the folder of the audit log, or one that does not exist yet.")
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    known = (HEAD, ABOUT, LOCK)
    strangers = [path.name for path in folder.iterdir() if not (MONTH.fullmatch(path.name) or path.name.startswith(ASIDE) or path.name in known)]
    if strangers and not (folder / ABOUT).exists():
        raise LogProblem(f"{folder} holds other files. The audit log needs a folder of its own: name one that is empty or does not exist yet.")
    os.chmod(folder, FOLDER_MODE)
    with locked(folder):
        sweep(folder)
        if not (folder / ABOUT).exists():
            if months(folder):
                raise LogProblem(f"{folder / ABOUT} is missing, though there are lines. Put it back from a backup, or name another folder and keep this one.")
            put(folder / ABOUT, lines.canonical({"key": f"audit-{secrets.token_hex(4)}"}) + b"\n")
        return find_or_make(key_name(folder), file)


def key_of(folder: Path, file: Path | None) -> Key:
    """The key of a log that is there."""
    if not (Path(folder) / ABOUT).is_file():
        raise FileMissing(f"{folder} holds no audit log. Name the folder of the server's log: `<STORE>-audit` unless the settings say otherwise.")
    name = key_name(folder)
    key = find(name, file)
    if key is None:
        raise KeyProblem(f"The key `{name}` of the audit log in {folder} is not here. Name the file that holds it: `--key FILE`.")
    return key


def key_name(folder: Path) -> str:
    """The name of the key."""
    name = _object(Path(folder) / ABOUT).get("key")
    if not isinstance(name, str) or not re.fullmatch(r"audit-[0-9a-f]{8}", name):
        raise LogProblem(f"{Path(folder) / ABOUT} does not say which key the audit log is sealed with. Put it back from a backup.")
    return name


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the log: no other process adds a line meanwhile."""
    handle = os.open(Path(folder) / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def head(folder: Path, secret: bytes) -> Head | None:
    """Where the chain ends, as its seal confirms; None where that is missing or was changed."""
    facts = _object(Path(folder) / HEAD)
    if not lines.fits(facts, "head", secret):
        return None
    try:
        return Head(str(facts["file"]), int(facts["size"]), int(facts["sequence"]), str(facts["hash"]))
    except (KeyError, TypeError, ValueError):
        return None


def put_head(folder: Path, now: Head, secret: bytes) -> None:
    """Say where the chain ends now."""
    facts = {"file": now.file, "size": now.size, "sequence": now.sequence, "hash": now.hash}
    put(Path(folder) / HEAD, lines.canonical({**facts, "mac": lines.seal(facts, "head", secret)}) + b"\n", settled=False)


def whole(handle: int, content: bytes) -> None:
    """Write all of it, however often the system takes only a part; `OSError` where it takes no more."""
    done = 0
    while done < len(content):
        done += os.write(handle, content[done:])


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
