"""Is the log as it was written? Every line is read again: its form, its seal, its place, the hash of the line before it, and the end against the sealed head.

What is noticed, as long as nobody else has the key: a line that was changed, added, removed, moved or copied; lines cut off the end (by the head; the chain
alone does not notice that); a month removed other than by `prune`. What is not: a copy of the whole folder, head included, put back in the place of a later
one (compare with an end that was written down elsewhere, `anchor`), and anything by somebody who has the key, such as the account that the server runs under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.access.audit import lines, place
from process.access.audit.place import Head
from process.errors import SettingWrong
from process.sealed import Key

ANCHOR = re.compile(r"([0-9]{1,12}):([0-9a-f]{64})")


@dataclass
class Checked:
    """What was found: `fault` is the first thing that is wrong, in words, empty where nothing is; `notes` what is odd and explained."""

    lines: int = 0
    files: int = 0
    begins: str = ""
    end: Head = place.NOTHING
    fault: str = ""
    notes: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The end of the chain as one word, to be written down where nobody who writes the log can change it."""
        return f"{self.end.sequence}:{self.end.hash}"


def verify(folder: Path, key: Key, anchor: str = "") -> Checked:
    """Read the whole log again. `anchor`: the end of the chain as an earlier `verify` said it; the line must still be there.

    Servers may add lines meanwhile: what is read is the log as it was when this began. Where the folder cannot be locked (a copy that is read-only) nobody
    writes to it either.
    """
    wanted = ANCHOR.fullmatch(anchor)
    if anchor and not wanted:
        raise SettingWrong("An anchor is the number of a line, a colon and 64 hexadecimal digits, as `therapy-process audit verify` printed them.")
    folder = Path(folder)
    try:
        with place.locked(folder):
            sizes, head = _now(folder, key.secret)
    except OSError:
        sizes, head = _now(folder, key.secret)
    return _walked(folder, sizes, head, key.secret, (int(wanted[1]), wanted[2]) if wanted else None)


def _now(folder: Path, secret: bytes) -> tuple[dict[Path, int], Head | None]:
    """The files with their sizes, and the end that the head names, as of one moment."""
    return {path: path.stat().st_size for path in place.months(folder)}, place.head(folder, secret)


def _walked(folder: Path, sizes: dict[Path, int], head: Head | None, secret: bytes, anchor: tuple[int, str] | None) -> Checked:
    checked = Checked()
    pruned: set[tuple[int, str]] = set()
    before, start = lines.FIRST, (0, lines.FIRST)
    seen_anchor = anchor is None or anchor == (0, lines.FIRST)
    for path, size in sizes.items():
        checked.files += 1
        place_in_file = 0
        for number, text in enumerate(_lines(path, size), 1):
            place_in_file += len(text)
            facts = lines.read(text)
            where = f"{path.name}, line {number}"
            if checked.end.sequence == 0 and facts is not None and isinstance(facts.get("sequence"), int) and isinstance(facts.get("previous"), str):
                start = (facts["sequence"] - 1, facts["previous"])
                before, checked.begins = start[1], str(facts.get("at"))
                checked.end = Head(path.name, 0, start[0], before)
            checked.fault = _wrong(text, facts, checked.end.sequence, before, secret)
            if facts is None or checked.fault:
                checked.fault = f"{where}: {checked.fault}"
                return checked
            before = lines.digest(text)
            checked.lines += 1
            checked.end = Head(path.name, place_in_file, facts["sequence"], before)
            if facts["kind"] == "pruned":
                pruned.add((facts.get("through"), facts.get("hash")))  # type: ignore[arg-type]
            if facts["kind"] == "mended":
                checked.notes += (f"{where}: {facts.get('why')}, noticed when the line after it was written.",)
            seen_anchor = seen_anchor or anchor == (facts["sequence"], before)
    if start != (0, lines.FIRST) and start not in pruned:
        checked.fault = f"The log begins with line {start[0] + 1}, and no line says that those before it were removed for their age: they were taken away."
    return _ended(checked, head, (folder / place.HEAD).exists(), seen_anchor, anchor)


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """The lines of a file as far as it went; a piece without an end is one, too."""
    with open(path, "rb") as file:
        while size > 0 and (line := file.readline(size)):
            size -= len(line)
            yield line


def _wrong(text: bytes, facts: dict[str, Any] | None, sequence: int, before: str, secret: bytes) -> str:
    """What is wrong with a line in its place; empty where nothing is."""
    if facts is None:
        return (
            "it is no line of this log, or was cut off."
            if text.endswith(b"\n")
            else "it is cut off; a process was killed while it wrote, or somebody cut the file."
        )
    if not lines.fits(facts, "line", secret):
        return "its seal does not fit: it was changed, or written by somebody without the key."
    if facts.get("sequence") != sequence + 1:
        return f"it is number {facts.get('sequence')} where number {sequence + 1} belongs: lines were removed, moved or copied."
    if facts.get("previous") != before:
        return "the line before it is not the one that it follows: that line was replaced."
    return ""


def _ended(checked: Checked, head: Head | None, exists: bool, seen_anchor: bool, anchor: tuple[int, str] | None) -> Checked:
    end = checked.end
    if checked.fault:
        return checked
    if head is None:
        if end.sequence or exists:
            checked.fault = f"{place.HEAD} is {'changed' if exists else 'missing'}: whether lines were cut off the end cannot be said."
    elif head.sequence > end.sequence:
        gone = head.sequence - end.sequence
        checked.fault = f"The log ends with line {end.sequence}, and {place.HEAD} says that it ends with {head.sequence}: {gone} at the end were removed."
    elif head.sequence < end.sequence:
        checked.notes += (
            f"The last {end.sequence - head.sequence} lines fit, and {place.HEAD} does not count them yet: a process was killed as it wrote them.",
        )
    elif head.hash != end.hash:
        checked.fault = f"The last line is not the one that {place.HEAD} names."
    if not checked.fault and not seen_anchor and anchor is not None:
        pruned_away = anchor[0] <= end.sequence - checked.lines
        checked.fault = (
            f"The anchor's line {anchor[0]} is older than the log, whose first lines were removed because of their age. Use a later anchor."
            if pruned_away
            else f"Line {anchor[0]} of the anchor is not in the log: the whole log was put back to an earlier state, or written anew."
        )
    return checked
