"""Small private files written whole: whenever the machine stops, a name stands for the old bytes or for the new ones, and only the owner can read them."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
ASIDE = ".writing-"
"""How a file begins while it is written; one that an interrupted command left means nothing."""


def make_folder(folder: Path) -> None:
    """Make a folder, and what it lies in, that only its owner can enter."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)


def refuse_unmakeable(folder: Path) -> None:
    """Raise the `OSError` that `make_folder`, or writing into the folder then, would raise; nothing is written."""
    if not folder.exists():
        above = folder.parent
        while not above.exists():
            above = above.parent
        if not above.is_dir():
            raise _refusal(errno.ENOTDIR, above)
        refuse_unwritable(above)
    elif not folder.is_dir():
        raise _refusal(errno.EEXIST, folder)
    elif os.geteuid() not in (0, folder.stat().st_uid):  # only its owner gives a folder its rights
        raise _refusal(errno.EPERM, folder)
    elif os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise _refusal(errno.EROFS, folder)


def refuse_unwritable(place: Path) -> None:
    """Raise the `OSError` that writing a file, or into a folder, that is there would raise; nothing is written."""
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        raise _refusal(errno.EROFS, place)
    wanted = os.W_OK | (os.X_OK if place.is_dir() else os.R_OK)
    if not os.access(place, wanted, effective_ids=os.access in os.supports_effective_ids):
        raise _refusal(errno.EACCES, place)


def _refusal(code: int, place: Path) -> OSError:
    return OSError(code, os.strerror(code), str(place))


def put(path: Path, content: bytes, settled: bool = True) -> None:
    """Write `content` under that name, in place of what was there. Not `settled`: who writes many files brings their folder to the disk at the end."""
    aside = _aside(path, content)
    try:
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    if settled:
        settle_folder(path.parent)


def put_new(path: Path, content: bytes) -> None:
    """Write `content` under a name that is not taken; `FileExistsError` where it is. Of two at once, one wins and its file is whole."""
    aside = _aside(path, content)
    try:
        os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    settle_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what interrupted writing left."""
    for path in folder.glob(f"{ASIDE}*"):
        path.unlink(missing_ok=True)


def _aside(path: Path, content: bytes) -> Path:
    aside = path.with_name(f"{ASIDE}{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside


def settle_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
