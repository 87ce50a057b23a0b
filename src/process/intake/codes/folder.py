"""The folder of a clinic's codes, beside the store and never in it: the sealed table, and the key sheets of its therapists.

    <store>-codes/codes.sealed       one line that names the table's key, then the table in a sealed box
    <store>-codes/sheets/T4XK.sheet  a therapist's key sheet (process.intake.sources.sheets)
    <store>-codes/lock               held while a load or a command changes the table
    <store>/codes.json               in the store: the id of its table, the folder where it was last found, and the store's own; never a code

The folder is named once with a load; after that the store remembers it.

A load holds the lock from its first look at the table to its end, so that two loads never draw different codes for the same patient. New codes are saved
*before* the generation that shows them is published: codes that nothing shows do no harm, but a generation whose codes nobody knows would.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from process import sealed
from process.errors import KeyProblem, SettingWrong, StoreProblem
from process.intake.codes.table import Codes
from process.sealed import Key, whole
from process.sealed.box import read_box
from process.sealed.keys import made
from process.sealed.whole import make_folder, put, sweep

TABLE, SHEETS, LOCK = "codes.sealed", "sheets", "lock"
PURPOSE = "codes"
REMEMBERED = "codes.json"
_OWN = {TABLE, SHEETS, LOCK}
_FIRST = "therapy-process codes 1 "


@dataclass
class CodesFolder:
    """A folder of codes at hand. `key`: what the table is sealed with, None as long as there is none; `saved`: the table as it stands in its file."""

    path: Path
    codes: Codes
    key: Key | None = field(default=None, repr=False)
    key_file: Path | None = None
    saved: bytes = field(default=b"", repr=False)

    def save(self, as_of: str = "", named: Callable[[str], None] | None = None) -> None:
        """Seal the table into its file if it has changed, with a key found or made; the file is the old one or the new one whenever the machine stops.

        `as_of`: the day of the records that are published with it (YYYY-MM-DD), which is a change; `named` is told the save's token before it is written.
        """
        content = self.codes.as_bytes()
        if content == self.saved and not as_of:
            return
        _make(self.path)
        if self.key is None:
            self.key = sealed.find_or_make(f"codes-{self.codes.table}", self.key_file)
        self.codes.renew(as_of)
        if named is not None:
            named(self.codes.tokens[-1])
        self.saved = self.codes.as_bytes()
        _write(self.path / TABLE, self.saved, self.key)

    def rotate(self, new_file: Path | None = None) -> Key:
        """Seal the table with a new key and give that. One file changes at one moment, and the old key stays where it is: one of the two always fits."""
        old = self.key
        if old is None:
            raise StoreProblem(f"There is no table of codes in {self.path} yet.")
        if new_file is None and old.where.startswith("key file ") and old.where != f"key file {sealed.keys.own_file(old.name)}":
            raise SettingWrong(f"The table's key lies in a file of your own ({old.where}). Say where the new one is to be made: `--new-key FILE`.")
        new = made(_next_name(old.name), new_file)
        if new.secret == old.secret:
            raise KeyProblem(f"{new_file} holds the key that the table is sealed with already. Name a file that is not there yet.")
        _write(self.path / TABLE, self.codes.as_bytes(), new)
        self.key = new
        return new


def place(store: Path, folder: Path | None = None) -> Path:
    """Where a store's codes lie: `folder`, else where they were last, else `<store>-codes` beside the store.

    `SettingWrong` for a folder in the store, or one that the store lies in.
    """
    try:
        store = Path(store).resolve()
        path = (Path(folder) if folder is not None else _remembered(store) or store.with_name(f"{store.name}-codes")).resolve()
    except RuntimeError:  # what Python says of a link that leads to itself
        raise SettingWrong(f"{folder or store} cannot be looked at: it is a link to itself. Name another place.") from None
    except PermissionError as error:
        raise _refused(folder or store.with_name(f"{store.name}-codes"), "looked at", error) from None
    if path.is_relative_to(store):
        raise SettingWrong(f"The table of codes must not lie in the store: {path} does. Name a folder elsewhere, best on another disk: `--codes FOLDER`.")
    if store.is_relative_to(path):
        raise SettingWrong(
            f"Store {store} lies in the folder of codes, {path}: whoever has the one would have the other. Name another place for the store, or for the codes: "
            "`--codes FOLDER`."
        )
    return path


def remember(store: Path, found: CodesFolder) -> None:
    """Write into a store which table of codes its records are under and where that lies; nothing of what is in it."""
    path = Path(store) / REMEMBERED
    content = (json.dumps({"table": found.codes.table, "path": str(found.path), "store": str(Path(store).resolve())}) + "\n").encode()
    try:
        if not path.exists() or path.read_bytes() != content:
            put(path, content)
    except OSError as error:
        raise StoreProblem(f"{path} cannot be written: {error.strerror}. Check who owns the folder and whether the disk is full.") from None


def remembered(store: Path) -> dict[str, str]:
    """What a store remembers of its table of codes, `table` and `path`, and where it lay itself; empty where it remembers nothing that can be read."""
    try:
        found = json.loads((Path(store) / REMEMBERED).read_text("utf-8"))
        return {name: str(found[name]) for name in ("table", "path", "store")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remembered(store: Path) -> Path | None:
    """Where the codes were last. A store that was moved or copied goes on with the table that came along beside it, if one did."""
    found, beside = remembered(store), store.with_name(f"{store.name}-codes")
    if not found or (found["store"] != str(store) and (beside / TABLE).exists()):
        return None
    return Path(found["path"])


@contextmanager
def held(store: Path, folder: Path | None = None, key_file: Path | None = None) -> Iterator[CodesFolder]:
    """The codes of a store, locked until the end of the block; nothing is written but by `save`. An empty table where there is none yet.

    Raises `SettingWrong` for a folder that cannot be it, `KeyProblem` and `StoreProblem` where the table cannot be opened or is in use.
    """
    path = place(store, folder)
    refuse_foreign(path)
    _make(path)
    try:
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _refused(path, "written", error) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreProblem(f"The table of codes in {path} is in use by another load or command. Wait until it has ended; nothing was changed.") from None
        for inside in (path, path / SHEETS):
            sweep(inside)
        yield seen(store, folder, key_file)
    finally:
        os.close(handle)


def seen(store: Path, folder: Path | None = None, key_file: Path | None = None) -> CodesFolder:
    """The codes of a store, to look at: writes nothing, makes no key, and waits for nobody. An empty table where there is none yet."""
    path = place(store, folder)
    refuse_foreign(path)
    if not (path / TABLE).exists():
        if any((path / SHEETS).glob("*.sheet")):
            raise StoreProblem(f"The table of codes in {path} is gone: key sheets are there, {TABLE} is not. Take it from a backup.")
        return CodesFolder(path, Codes.new(), None, key_file)
    first, box = _parts(path / TABLE)
    key = sealed.find(first["key"], key_file)
    if key is None:
        raise KeyProblem(
            f"The table of codes in {path} is sealed with the key `{first['key']}`, which is not here. Name the file that holds it: `--codes-key FILE`, "
            f"or the environment variable {sealed.keys.CODES_KEY_FILE}."
        )
    content = sealed.unseal(box, key, PURPOSE, str(path / TABLE))
    return CodesFolder(path, Codes.from_bytes(content), key, key_file, content)


def refuse_unwritable(found: CodesFolder) -> None:
    """Refuse as `held` and `save` would where the folder, or a key that the table has not got yet, cannot be written; nothing is written."""
    try:
        for inside in (found.path, found.path / SHEETS):
            whole.refuse_unmakeable(inside)
        if (found.path / LOCK).exists():
            whole.refuse_unwritable(found.path / LOCK)
    except OSError as error:
        raise _refused(found.path, "written", error) from None
    if found.key is None:
        sealed.keys.refuse_unmakeable(f"codes-{found.codes.table}", found.key_file)


def refuse_foreign(path: Path) -> None:
    """Refuse a file, a folder that holds something else, before its rights are changed, and one that this account may not look into."""
    try:
        if path.exists() and not path.is_dir():
            raise SettingWrong(f"{path} is a file; codes lie in a folder. Name one that does not exist yet, or that of earlier loads.")
        foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _OWN and not entry.name.startswith(".")) if path.is_dir() else []
        table = (path / TABLE).exists()
    except OSError as error:
        raise _refused(path, "looked at", error) from None
    if foreign and not table:
        raise SettingWrong(f"{path} is no folder of codes: it holds `{foreign[0]}`. Name an empty folder, or one that does not exist yet.")


def _make(path: Path) -> None:
    try:
        make_folder(path)
        make_folder(path / SHEETS)
    except OSError as error:
        raise _refused(path, "written", error) from None


def _refused(path: Path, what: str, error: OSError) -> StoreProblem:
    full = " and whether the disk is full" if what == "written" else ""
    return StoreProblem(f"The folder of codes {path} cannot be {what}: {error.strerror}. Check who owns it{full}.")


def _write(path: Path, content: bytes, key: Key) -> None:
    head = _FIRST + json.dumps({"key": key.name}) + "\n"
    try:
        put(path, head.encode() + sealed.seal(content, key, PURPOSE))
    except OSError as error:
        raise StoreProblem(f"{path} cannot be written: {error.strerror}. Nothing was loaded. Check who owns it and whether the disk is full.") from None


def _parts(path: Path) -> tuple[dict, bytes]:
    line, _, box = read_box(path).partition(b"\n")
    try:
        if not line.startswith(_FIRST.encode()):
            raise ValueError
        first = json.loads(line[len(_FIRST) :])
        sealed.keys.refuse_odd(first["key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreProblem(f"{path} is not a table of codes, or its beginning is damaged. Take it from a backup.") from None
    return first, box


def _next_name(name: str) -> str:
    parts = name.split("-")
    return "-".join(parts[:2] + [str(int(parts[2]) + 1 if len(parts) > 2 else 2)])
