"""Key sheets: for each therapist one sealed file that says which of their courses a display code stands for, so that they recognise their own patients.

    one line of JSON    what this is, whose it is (by display code), and how the key comes from the passphrase (scrypt, RFC 7914)
    the rest            the caseload in a sealed box

The passphrase is random and kept in the clinic's sealed table; the steward hands file and passphrase over by two different ways. A sheet is written anew
only when what it says has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from process import sealed
from process.errors import FileRefused, KeyProblem, StoreProblem, UserError
from process.intake.codes.drawing import random_signs
from process.intake.codes.folder import SHEETS, CodesFolder
from process.intake.codes.table import Codes, SheetSeal
from process.sealed import Key
from process.sealed.box import read_box
from process.sealed.whole import put, settle_folder

PURPOSE = "sheet"
SUFFIX = ".sheet"
_FIRST = "therapy-process key sheet 1 "
_GROUPS, _SIGNS = 5, 4
"""A passphrase: 20 signs of 22, 89 bits; at a billion guesses a second it holds for ten billion years, whatever scrypt adds."""
_COST = {"n": 2**6, "r": 8, "p": 1}
"""64 KiB and 0.2 ms a guess. It need not be dear: a passphrase is never one that a person thought of, and hundreds of sheets are sealed in a first load.
`n` is that of new passphrases; those of earlier releases were made with more, which their seals and sheets say."""
WRITERS = 8
"""Sheets that are on their way to the disk at once."""
_DEAREST = {"n": 2**20, "r": 16, "p": 4}
_SALT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class KeySheet:
    """An opened key sheet. `rows`: course and patient as displayed, course and patient as the clinic knows them; sorted by the first."""

    therapist: str
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class Drafts:
    """What key sheets will say, by therapist: `rows`, `holds` (their hash), `seals` that are new, and `files`, whole, of those that say something new."""

    rows: dict[str, list[tuple[str, str, str, str]]] = field(repr=False)
    holds: dict[str, str]
    seals: dict[str, SheetSeal] = field(repr=False)
    files: dict[str, bytes] = field(repr=False)


def drafted(codes: Codes, anew: str | None = None) -> Drafts:
    """The key sheets that are to be written; changes nothing, so that they can be made ready while something else goes on. `anew` see `write_sheets`."""
    rows = {therapist: rows for therapist, rows in codes.caseloads().items() if rows}
    seals = _new_seals([therapist for therapist in rows if therapist not in codes.sheets or therapist == anew])
    holds = {therapist: _hash(own) for therapist, own in rows.items()}
    changed = [therapist for therapist in rows if therapist in seals or codes.sheets[therapist].holds != holds[therapist]]
    return Drafts(rows, holds, seals, {therapist: _file(therapist, seals.get(therapist) or codes.sheets[therapist], rows[therapist]) for therapist in changed})


def write_sheets(folder: CodesFolder, anew: str | None = None, drafts: Drafts | None = None) -> int:
    """Bring every therapist's key sheet up to date and give the number of those written; `anew`: a therapist who gets a new passphrase.

    Sheets of therapists without any course left are removed. The table, which remembers what each sheet says, is saved where anything was written.
    `drafts`: made of this table as it stands now (default: they are made here).
    """
    codes = folder.codes
    drafts = drafts or drafted(codes, anew)
    wanted, holds = drafts.rows, drafts.holds
    removed = [path for path in (folder.path / SHEETS).glob(f"*{SUFFIX}") if path.stem not in wanted]
    for path in removed:
        path.unlink()
    gone = [therapist for therapist in codes.sheets if therapist not in wanted]
    for therapist in gone:
        del codes.sheets[therapist]
    codes.sheets |= drafts.seals
    stale = [therapist for therapist in wanted if therapist in drafts.files or not file_of(folder, therapist).exists()]
    files = drafts.files | {therapist: _file(therapist, codes.sheets[therapist], wanted[therapist]) for therapist in stale if therapist not in drafts.files}
    with ThreadPoolExecutor(WRITERS) as writers:  # each waits for the disk, which takes many at once
        list(writers.map(lambda therapist: _write(file_of(folder, therapist), files[therapist]), stale))
    for therapist in stale:
        codes.sheets[therapist].holds = holds[therapist]
    if stale or removed or gone:
        settle_folder(folder.path / SHEETS)
        folder.save()
    return len(stale)


def out_of_date(folder: CodesFolder) -> list[str]:
    """Therapists whose key sheet is not there, cannot be opened or says other than the table, or who have one and no course any more; changes nothing."""
    codes = folder.codes
    wanted = {therapist: rows for therapist, rows in codes.caseloads().items() if rows}
    stale = [
        therapist
        for therapist, rows in wanted.items()
        if therapist not in codes.sheets or codes.sheets[therapist].holds != _hash(rows) or not _says(file_of(folder, therapist), codes.sheets[therapist], rows)
    ]
    return stale + [path.stem for path in (folder.path / SHEETS).glob(f"*{SUFFIX}") if path.stem not in wanted]


def _says(path: Path, seal: SheetSeal, rows: list[tuple[str, str, str, str]]) -> bool:
    """Whether a key sheet opens with what the table keeps of it, and holds these rows."""
    try:
        _, _, box = read_box(path).partition(b"\n")
        content = json.loads(sealed.unseal(box, Key(PURPOSE, bytes.fromhex(seal.key), "the table of codes"), PURPOSE))
        return content["courses"] == [list(row) for row in rows]
    except (UserError, ValueError, KeyError, TypeError):
        return False


def file_of(folder: CodesFolder, therapist: str) -> Path:
    """Where a therapist's key sheet lies, by their display code."""
    return folder.path / SHEETS / f"{therapist}{SUFFIX}"


def open_sheet(path: Path, passphrase: str) -> KeySheet:
    """What a key sheet says. `KeyProblem` for another passphrase, `FileRefused` for another file, `StoreProblem` for a damaged one."""
    path = Path(path)
    line, _, box = read_box(path).partition(b"\n")
    try:
        if not line.startswith(_FIRST.encode()):
            raise ValueError
        head = json.loads(line[len(_FIRST) :])
        cost = {name: int(head[name]) for name in _COST}
        if not _SALT.fullmatch(head["salt"]) or any(cost[name] > most for name, most in _DEAREST.items()):
            raise ValueError
        key = _key(passphrase, head["salt"], cost)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise FileRefused(f"{path} is not a key sheet, or its first line is damaged. Ask for it again.") from None
    try:
        content = json.loads(sealed.unseal(box, key, PURPOSE, str(path)))
    except KeyProblem:
        raise KeyProblem(f"This passphrase does not open {path}. Check it sign by sign; a sheet that was written anew may have a new one.") from None
    if content["therapist"] != head.get("therapist"):
        raise StoreProblem(f"The first line of {path} is damaged. Ask for it again.")
    return KeySheet(content["therapist"], tuple(tuple(row) for row in content["courses"]))


def _new_seals(therapists: list[str]) -> dict[str, SheetSeal]:
    """A random passphrase for each, and the key that comes of it; every core at work where there are many."""
    drawn = []
    for _ in therapists:
        signs = random_signs(_GROUPS * _SIGNS)
        drawn.append(("-".join(signs[at : at + _SIGNS] for at in range(0, len(signs), _SIGNS)), secrets.token_hex(16)))
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        keys = list(cores.map(lambda one: _key(one[0], one[1], _COST), drawn))
    return {
        therapist: SheetSeal(passphrase, salt, key.secret.hex(), n=_COST["n"])
        for therapist, (passphrase, salt), key in zip(therapists, drawn, keys, strict=True)
    }


def _file(therapist: str, seal: SheetSeal, rows: list[tuple[str, str, str, str]]) -> bytes:
    head = _FIRST + json.dumps({"therapist": therapist, "salt": seal.salt, **_COST, "n": seal.n}) + "\n"
    content = json.dumps({"therapist": therapist, "courses": rows}).encode()
    return head.encode() + sealed.seal(content, Key(PURPOSE, bytes.fromhex(seal.key), "a passphrase"), PURPOSE)


def _write(path: Path, content: bytes) -> None:
    try:
        put(path, content, settled=False)
    except OSError as error:
        raise StoreProblem(f"{path} cannot be written: {error.strerror}. The load itself stands; load the same files again for the sheets.") from None


def _key(passphrase: str, salt: str, cost: dict[str, int]) -> Key:
    spoken = "".join(sign for sign in passphrase.upper() if sign.isalnum())
    secret = hashlib.scrypt(spoken.encode(), salt=bytes.fromhex(salt), **cost, maxmem=2 * 128 * cost["n"] * cost["r"], dklen=32)
    return Key(PURPOSE, secret, "this passphrase")


def _hash(rows: list[tuple[str, str, str, str]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
