"""Adding lines to the chain, from several processes: under a lock, from where the sealed head says that the chain ends, on the disk before it is said to be.

A process may be killed at any point. Between a line and the head, the next process finds lines that fit and takes them over; in the middle of a line, it
cuts the piece off, which never was a line, and says so in a line of its own (`mended`). Lines that are missing or do not fit are left as they are: the
chain goes on from the head, so that `verify` finds the place whenever it is asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from process.access.audit import lines, place
from process.access.audit.place import Head
from process.sealed import Key
from process.sealed.whole import ASIDE, FILE_MODE

ROOM = 8192
"""Bytes: more than the longest line and the head take together."""


@dataclass
class Chain:
    """The lines in a folder, sealed with a key."""

    folder: Path
    key: Key
    _synced: set[str] = field(default_factory=set)

    @classmethod
    def opened(cls, folder: Path, file: Path | None = None) -> Chain:
        """The chain in that folder, made where there is none; `file` holds its key, or will hold it."""
        return cls(Path(folder), place.made(folder, file))

    def append(self, new: Sequence[Mapping[str, Any]]) -> None:
        """Add these lines, all of them on the disk when this returns, or raise `OSError` and none is."""
        with place.locked(self.folder):
            now, mended = self._end()
            self._add([*mended, *new], now)

    def prune(self, months: int, today: datetime | None = None) -> list[str]:
        """Remove files of months that are older than so many, each after a line that says where the chain begins then; 0 = none."""
        today = today or datetime.now(UTC)
        before = today.year * 12 + today.month - 1 - months
        oldest = f"{before // 12:04d}-{before % 12 + 1:02d}.jsonl"
        gone = []
        for path in place.months(self.folder)[:-1] if months > 0 else ():
            try:
                last = _last(path)
            except FileNotFoundError:
                continue  # another process of the same server removed it a moment ago
            if path.name >= oldest or last is None:
                break  # where its last line is no line, removing the file would hide it
            facts = lines.read(last) or {}
            self.append([lines.composed("pruned", None, {"file": path.name, "through": facts.get("sequence"), "hash": lines.digest(last)})])
            path.unlink(missing_ok=True)
            gone.append(path.name)
        return gone

    def _end(self) -> tuple[Head, list[dict[str, Any]]]:
        """Where the chain ends now, and the lines that say what had to be mended to know it."""
        now = place.head(self.folder, self.key.secret)
        mended: list[dict[str, Any]] = []
        if now is None:
            now, lost = self._from_files()
            mended += [lines.composed("mended", None, {"why": "the head was missing or changed"})] if lost else []
        path = self.folder / now.file if now.file else None
        if path is None or not path.exists() or path.stat().st_size == now.size:
            return now, mended
        with open(path, "rb") as file:
            file.seek(now.size)
            *complete, cut = file.read().split(b"\n")
        for line in complete:
            facts = lines.read(line)
            if facts is None or not self._next(facts, now):
                return now, mended  # what was put there is left for `verify`
            now = Head(now.file, now.size + len(line) + 1, now.sequence + 1, lines.digest(line))
        if cut:
            os.truncate(path, now.size)
            mended.append(lines.composed("mended", None, {"why": "a line that was cut off", "file": now.file, "bytes": len(cut)}))
        return now, mended

    def _from_files(self) -> tuple[Head, bool]:
        """The end as the newest file has it, where there is no head to say so; and whether there is any line."""
        for path in reversed(place.months(self.folder)):
            end = 0
            found = place.NOTHING
            for line in path.read_bytes().splitlines(keepends=True):
                facts = lines.read(line)
                end += len(line)
                if facts is not None and line.endswith(b"\n") and lines.fits(facts, "line", self.key.secret):
                    found = Head(path.name, end, int(facts["sequence"]), lines.digest(line))
            if found.sequence:
                return found, True
        return place.NOTHING, any(path.stat().st_size for path in place.months(self.folder))

    def _next(self, facts: Mapping[str, Any], now: Head) -> bool:
        return facts.get("sequence") == now.sequence + 1 and facts.get("previous") == now.hash and lines.fits(facts, "line", self.key.secret)

    def _add(self, new: Sequence[Mapping[str, Any]], now: Head) -> None:
        if not new:
            return self._try()
        name = max(now.file, f"{datetime.now(UTC):%Y-%m}.jsonl")  # a clock that was set back does not lead back into a month that is over
        content, sequence, previous = b"", now.sequence, now.hash
        for line in new:
            sequence += 1
            text = lines.sealed(line, sequence, previous, self.key.secret)
            content, previous = content + text, lines.digest(text)
        handle = os.open(self.folder / name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                content = b"\n" + content
            try:
                place.whole(handle, content)
                os.fdatasync(handle)
                place.put_head(self.folder, Head(name, size + len(content), sequence, previous), self.key.secret)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if name not in self._synced:
            _sync_folder(self.folder)
            self._synced.add(name)
        return None

    def _try(self) -> None:
        """Whether a line could be written: as much room as one takes, given back at once."""
        path = self.folder / f"{ASIDE}room"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
            try:
                place.whole(handle, b" " * ROOM)
                os.fdatasync(handle)
            finally:
                os.close(handle)
        finally:
            path.unlink(missing_ok=True)


def _last(path: Path) -> bytes | None:
    found = path.read_bytes().splitlines()
    return found[-1] if found and lines.read(found[-1]) is not None else None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
