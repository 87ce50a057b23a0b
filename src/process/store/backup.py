"""A store in one file, and a store out of it: every member with its checksum, an encrypted generation as it lies there, the key never inside.

The file is a tar archive, uncompressed, which any system can list. First comes `contents.json`: what the archive is, and the SHA-256 of every member after it.
A member is taken out only if it is listed, is a plain file, has a name that a store has, and is what its checksum says.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from process import __version__
from process.errors import FileMissing, FileRefused, StoreProblem
from process.store import journal
from process.store.build import Progress
from process.store.folder import BUILDING, FILE_MODE, FORGOTTEN, INSTRUMENTS, JOURNAL, POLICY, private, settle_file, settle_folder
from process.store.generation import NAME, checksum, current, generations, named
from process.store.unlocking import IDENTITY

CONTENTS = "contents.json"
KIND = "therapy-process backup"
LARGEST_SMALL = 64_000_000
"""Bytes that a member other than a generation may have."""
_MEMBER = re.compile(
    rf"current|{re.escape(IDENTITY)}|{POLICY}|{JOURNAL}|{FORGOTTEN}|{INSTRUMENTS}/[A-Za-z0-9_-]+\.toml|generations/({NAME.pattern})\.(duckdb|json)"
)


@dataclass(frozen=True)
class Backup:
    """What an archive says of itself: when it was made, of which generation, and the size and checksum of every member."""

    made: str
    served: str
    members: dict[str, dict[str, Any]]

    @property
    def generations(self) -> list[str]:
        """The generations in it, oldest first."""
        return sorted(name.split("/")[1].removesuffix(".duckdb") for name in self.members if name.endswith(".duckdb"))


def back_up(store: Path, file: Path, every: bool = False, progress: Progress | None = None) -> Backup:
    """Write the store into one new file: the served generation, or with `every` all that are kept, and whatever else belongs to it.

    Every bit is checked on the way. Raises `StoreProblem` where a generation is damaged or the file cannot be written, `FileRefused` where it is there already.
    """
    store, file = Path(store), Path(file)
    say = progress or (lambda what, done, total: None)
    served = current(store).name
    if file.exists():
        raise FileRefused(f"{file} is there already; a backup never takes another's place. Name a new file.")
    kept = generations(store) if every else [served]
    with journal.noting(store, "backup", generation=served):
        with OpenMembers() as handles:
            members = handles.open(store, kept)
            found: dict[str, dict[str, Any]] = {}
            for done, (name, handle) in enumerate(members.items()):
                say(f"checking {name}", done, 2 * len(members))
                size = os.fstat(handle.fileno()).st_size  # the journal may grow meanwhile
                found[name] = {"bytes": size, "sha256": _sum(handle, size)}
            for name in kept:
                expected = named(store, name).manifest.get("sha256")
                if expected not in (None, found[f"generations/{name}.duckdb"]["sha256"]):
                    raise StoreProblem(f"Generation {name} in {store} is damaged; nothing was backed up. `therapy-process doctor {store}` says more.")
            backup = Backup(datetime.now(UTC).isoformat(timespec="seconds"), served, found)
            with _whole_file(file) as aside, tarfile.open(fileobj=aside, mode="w") as archive:
                contents = json.dumps({"kind": KIND, "product_version": __version__, "made": backup.made, "served": served, "members": found}, indent=2)
                _put(archive, CONTENTS, io.BytesIO(contents.encode()), len(contents.encode()))
                for done, (name, handle) in enumerate(members.items(), len(members)):
                    say(f"writing {name}", done, 2 * len(members))
                    handle.seek(0)
                    summed = Summed(handle)
                    _put(archive, name, summed, found[name]["bytes"])
                    if summed.hexdigest() != found[name]["sha256"]:  # a deletion overwrites the files that it takes away
                        raise StoreProblem(f"`{name}` was changed while the backup was written; nothing was backed up. Back up again.")
    return backup


def unpacked(file: Path, folder: Path, progress: Progress | None = None) -> Backup:
    """Take a backup's members out into an empty folder, each checked. Raises `FileMissing`, or `FileRefused` where the file is no backup or was changed."""
    file, folder = Path(file), Path(folder)
    say = progress or (lambda what, done, total: None)
    try:
        with private(), tarfile.open(file, "r:") as archive:
            backup = _contents(archive, file)
            seen = set()
            for done, member in enumerate(iter(archive.next, None)):
                expected = backup.members.get(member.name)
                if expected is None or not member.isreg() or member.size != expected["bytes"] or member.name in seen:
                    raise FileRefused(f"{file} holds what a backup does not hold (member {done + 2}). Take another copy of the backup.")
                say(f"restoring {member.name}", done, len(backup.members))
                seen.add(member.name)
                _take(archive.extractfile(member), folder / member.name, expected["sha256"], file)
    except FileNotFoundError:
        raise FileMissing(f"There is no file {file}.") from None
    except (tarfile.TarError, EOFError):
        raise FileRefused(f"{file} is not a backup of a store, or is cut short or damaged. Take another copy of it.") from None
    except OSError as error:
        raise StoreProblem(f"The backup could not be taken out: {error.strerror}. Nothing was restored.") from None
    if seen != set(backup.members):
        raise FileRefused(f"{file} is cut short: {len(set(backup.members) - seen)} members are missing. Take another copy of it.")
    return backup


class Summed:
    """A file that is summed up while it is read."""

    def __init__(self, handle: Any) -> None:
        self._handle, self._digest = handle, hashlib.sha256()

    def read(self, size: int) -> bytes:
        """The next bytes."""
        chunk = self._handle.read(size)
        self._digest.update(chunk)
        return chunk

    def hexdigest(self) -> str:
        """The SHA-256 of what has been read."""
        return self._digest.hexdigest()


class OpenMembers:
    """Open files that stay what they are while a load prunes the store: a file that is removed can be read as long as it is open."""

    def __init__(self) -> None:
        self._open: list[Any] = []

    def __enter__(self) -> OpenMembers:
        return self

    def __exit__(self, *problem: object) -> None:
        for handle in self._open:
            handle.close()

    def open(self, store: Path, kept: list[str]) -> dict[str, Any]:
        """Every member by its name in the archive; those of a generation that is gone by now are an error in words."""
        names = [name for name in (IDENTITY, POLICY, JOURNAL, FORGOTTEN) if (store / name).is_file()]
        names += [f"{INSTRUMENTS}/{path.name}" for path in sorted((store / INSTRUMENTS).glob("*.toml"))]
        names += [f"generations/{name}{suffix}" for name in kept for suffix in (".json", ".duckdb")]
        found = {}
        for name in names:
            try:
                found[name] = (store / name).open("rb")
            except FileNotFoundError:
                raise StoreProblem(f"`{name}` went away while the backup began: a load was published. Back up again.") from None
            self._open.append(found[name])
        return found


def _contents(archive: tarfile.TarFile, file: Path) -> Backup:
    first = archive.next()
    refused = FileRefused(f"{file} is not a backup of a store. Name a file that `therapy-process backup` wrote.")
    if first is None or first.name != CONTENTS or not first.isreg() or first.size > LARGEST_SMALL:
        raise refused
    try:
        content = json.loads(archive.extractfile(first).read())
        members = {str(name): {"bytes": int(entry["bytes"]), "sha256": str(entry["sha256"])} for name, entry in content["members"].items()}
        backup = Backup(str(content["made"]), str(content["served"]), members)
        kind = content["kind"]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise refused from None
    wrong = [name for name, entry in members.items() if not _MEMBER.fullmatch(name) or (entry["bytes"] > LARGEST_SMALL and not name.endswith(".duckdb"))]
    if kind != KIND or wrong or backup.served not in backup.generations:
        raise refused
    return backup


def _take(source: Any, to: Path, expected: str, file: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with to.open("xb") as out:
        to.chmod(FILE_MODE)
        shutil.copyfileobj(source, out, 1 << 20)
    settle_file(to)
    if checksum(to) != expected:
        raise FileRefused(f"{file} is damaged: a member is not what its checksum says. Take another copy of it.")


def _put(archive: tarfile.TarFile, name: str, content: Any, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, FILE_MODE
    archive.addfile(entry, content)


def _sum(handle: Any, size: int) -> str:
    digest = hashlib.sha256()
    while size > 0 and (chunk := handle.read(min(size, 1 << 20))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


@contextmanager
def _whole_file(path: Path) -> Iterator[Any]:
    """A new file that is there whole or not at all."""
    aside = path.with_name(f"{BUILDING}{path.name}")
    try:
        with private(), aside.open("wb") as out:
            aside.chmod(FILE_MODE)
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, path)
        settle_folder(path.parent)
    except OSError as error:
        raise StoreProblem(f"The backup {path} could not be written: {error.strerror}. Nothing was changed.") from None
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


__all__ = ["Backup", "back_up", "unpacked"]
