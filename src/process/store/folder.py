"""The folder that a store is: where its generations, their manifests, the pointer and the lock lie, and how each is written so that a crash harms none.

    store/current                     the name of the generation that is served
    store/lock                        held while a load runs
    store/generations/<name>.duckdb   the records and their summaries; never changed once it has its name
    store/instruments/<id>.toml       the clinic's own instruments, as the last load had them
    store/generations/<name>.json     its manifest: counts, versions, when it was made

A name is `g`, a number that only grows, and six random characters, so that no name ever stands for two files.
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

from process.errors import StoreProblem

FOLDER_MODE, FILE_MODE = 0o700, 0o600
BUILDING = ".building-"
_NAME = re.compile(r"g(\d{6})-[0-9a-f]{6}")
INSTRUMENTS = "instruments"
_OWN = {"current", "lock", "generations", INSTRUMENTS}


@dataclass(frozen=True)
class Generation:
    """One published state of a store. `manifest`: counts by table, contract and product version, created, as_of, clinic, source, origin, bytes, about."""

    name: str
    path: Path
    manifest: dict[str, Any]


def generations(store: Path) -> list[str]:
    """The names of every whole generation, oldest first."""
    folder = store / "generations"
    return sorted(path.stem for path in folder.glob("g*.duckdb") if _NAME.fullmatch(path.stem) and path.with_suffix(".json").exists())


def next_name(store: Path) -> str:
    """A name that no generation of this store has or had."""
    numbers = [int(_NAME.fullmatch(name)[1]) for name in generations(store)]
    return f"g{max(numbers, default=0) + 1:06d}-{secrets.token_hex(3)}"


def current(store: Path) -> Generation:
    """The generation that is to be served. Raises `StoreProblem` where the folder is not a store, or its pointer or generation is damaged."""
    store = Path(store)
    _refuse_non_store(store)
    pointer = store / "current"
    if not (store / "generations").is_dir():
        raise StoreProblem(f"{store} is not a store: it has no generations. Load records into a new folder with `therapy-process intake`.")
    if not pointer.is_file():
        raise StoreProblem(f"Nothing is published in store {store} yet. Load records with `therapy-process intake {store} FILES…`.")
    name = pointer.read_text("ascii", errors="replace").strip()
    path = store / "generations" / f"{name}.duckdb"
    if not _NAME.fullmatch(name) or not path.is_file():
        others = ", ".join(generations(store)) or "none"
        raise StoreProblem(
            f"Store {store} points to a generation that is not there (whole ones: {others}). Load the records again with `therapy-process intake`."
        )
    try:
        manifest = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        raise StoreProblem(f"The manifest of generation {name} in {store} cannot be read. Load the records again with `therapy-process intake`.") from None
    return Generation(name, path, manifest)


def _refuse_non_store(store: Path) -> None:
    if not store.exists():
        raise StoreProblem(f"There is no store {store}. Check the path, or make one with `therapy-process intake {store} FILES…` or `therapy-process demo`.")
    if not store.is_dir():
        raise StoreProblem(f"{store} is a file; a store is a folder. Name the folder that `therapy-process intake` filled.")


def loadable(store: Path) -> None:
    """Refuse a place that a load must not write to: a file, or a folder that is no store and holds something already."""
    store = Path(store)
    if store.exists():
        _refuse_non_store(store)
        begun = (store / "lock").is_file() and (store / "generations").is_dir()
        foreign = sorted(entry.name for entry in store.iterdir() if entry.name not in _OWN)
        if foreign and not begun:
            raise StoreProblem(f"{store} is not a store: it holds `{foreign[0]}`. Name a store, an empty folder, or one that does not exist yet.")


def prepare(store: Path) -> None:
    """Make the store's folders, readable by their owner alone."""
    loadable(store)
    try:
        for folder in (store, store / "generations"):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise StoreProblem(f"Store {store} cannot be written: {error.strerror}. Check who owns the folder and whether the disk is full.") from None


@contextmanager
def loading(store: Path) -> Iterator[None]:
    """Hold the store's lock; a second load at once is refused instead of waiting."""
    handle = os.open(store / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreProblem(f"Another load into store {store} is running. Wait until it has ended, then load again; nothing was changed.") from None
        yield
    finally:
        os.close(handle)


def sweep(store: Path) -> None:
    """Remove what an interrupted build left: files aside, generations without a manifest, manifests without a generation. Only under the lock."""
    folder = store / "generations"
    whole = set(generations(store))
    for path in [*folder.iterdir(), *store.glob(f"{BUILDING}*")]:
        if path.name.startswith(BUILDING) or path.name.split(".")[0] not in whole:
            _remove(path)


def prune(store: Path, keep: int) -> None:
    """Remove all but the last `keep` generations; the one that is served stays whatever its age."""
    served = current(store).name
    for name in generations(store)[:-keep]:
        if name != served:
            for suffix in (".json", ".duckdb"):  # without its manifest a generation is a left-over: a crash in between is swept
                (store / "generations" / f"{name}{suffix}").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        for inside in path.iterdir():
            _remove(inside)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is either the old one or the new one, on disk, whenever the machine stops."""
    aside = path.with_name(f"{BUILDING}{path.name}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    settle_folder(path.parent)


def settle_file(path: Path) -> None:
    """Bring a file's bytes to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    settle_file(folder)
