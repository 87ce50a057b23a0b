"""The folder that a store is: what lies in it, who may write to it, and how each file is written so that a crash harms none.

    store/store.json                  which store this is, and which key its generations are encrypted with (never the key)
    store/current                     the name of the generation that is served
    store/lock                        held while a load runs
    store/generations/<name>.duckdb   the records and their summaries; never changed once it has its name
    store/generations/<name>.json     its manifest
    store/instruments/<id>.toml       the clinic's own instruments, as the last load had them
    store/policy.toml                 the clinic's policy, as the last load that named one had it
    store/journal.jsonl               what was done to the store and when
    store/forgotten.jsonl             the display codes of patients whose records were deleted
    store/codes.json                  which table of codes the records are under, and where that lies (process.intake.codes.folder)

A generation's name is `g`, a number that only grows, and six random characters, so that no name ever stands for two files.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from process.errors import StoreProblem
from process.sealed import whole
from process.store.generation import Generation, current, generations, in_the_clear, number, pointed_to, refuse_non_store
from process.store.unlocking import IDENTITY, identity

FOLDER_MODE, FILE_MODE = 0o700, 0o600
BUILDING = ".building-"
ASIDE = (BUILDING, ".writing-")
"""How the names of files begin that are being written; what an interrupted command left of them means nothing."""
INSTRUMENTS, POLICY, JOURNAL, FORGOTTEN = "instruments", "policy.toml", "journal.jsonl", "forgotten.jsonl"
OWN = {"current", "lock", "generations", INSTRUMENTS, IDENTITY, POLICY, JOURNAL, FORGOTTEN, "codes.json"}

__all__ = ["Generation", "current", "generations", "loadable", "loading", "next_name", "prepare", "private", "prune", "sweep", "write_whole"]


def next_name(store: Path) -> str:
    """A name that no generation of this store has or had."""
    return name_with(max(map(number, generations(store)), default=0) + 1)


def name_with(number: int) -> str:
    """A new name with that number: for a generation that takes the place of another."""
    return f"g{number:06d}-{secrets.token_hex(3)}"


def loadable(store: Path) -> None:
    """Refuse a place that a load must not write to: a file, or a folder that is no store and holds something already."""
    store = Path(store)
    try:
        resolved = store.resolve()
        there = resolved.exists()
        (resolved.parent / f"{resolved.name}-codes").exists()  # what lies beside it needs a name, too
    except PermissionError as error:
        raise StoreProblem(f"A store at {store} cannot be looked at: {error.strerror}. Check who owns its folder, or name another one.") from None
    except (OSError, RuntimeError):
        raise StoreProblem(f"A store cannot be at {str(store)[:80]}: its name is too long, or it is a link to itself. Name another folder.") from None
    if there:
        refuse_non_store(store)
        begun = (store / "lock").is_file() and (store / "generations").is_dir()
        foreign = sorted(entry.name for entry in store.iterdir() if entry.name not in OWN and not entry.name.startswith(ASIDE))
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
        raise unwritable(store, error) from None


def refuse_unwritable(store: Path) -> None:
    """Refuse as `prepare` and `loading` would where the store cannot be written; nothing is written."""
    loadable(store)
    try:
        for folder in (store, store / "generations"):
            whole.refuse_unmakeable(folder)
        if (store / "lock").exists():
            whole.refuse_unwritable(store / "lock")
    except OSError as error:
        raise unwritable(store, error) from None


def unwritable(store: Path, error: OSError) -> StoreProblem:
    """What to say of a store that the disk does not let this account write to."""
    return StoreProblem(f"Store {store} cannot be written: {error.strerror}. Check who owns the folder and whether the disk is full.")


@contextmanager
def loading(store: Path) -> Iterator[None]:
    """Hold the store's lock; a second load at once is refused instead of waiting. Whatever is written meanwhile, only its owner can read."""
    try:
        handle = os.open(store / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise unwritable(store, error) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreProblem(f"Another load into store {store} is running. Wait until it has ended, then load again; nothing was changed.") from None
        with private():
            yield
    finally:
        os.close(handle)


def being_loaded(store: Path) -> bool:
    """Whether a load holds the store's lock now."""
    if not (store / "lock").exists():
        return False
    try:
        with loading(store):
            return False
    except StoreProblem:
        return True


@contextmanager
def private() -> Iterator[None]:
    """New files of this process are their owner's alone, those that DuckDB makes on its own account (log, temporary files) included."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def leftovers(store: Path) -> list[Path]:
    """What an interrupted command left: files aside, generations without a manifest and manifests without one, logs beside a finished generation, and
    of a generation that is there twice, because a change of keys was cut short, the copy that the store's own key does not open."""
    store = Path(store)
    folder = store / "generations"
    whole = set(generations(store)) - _doubled(store)
    places = [path for path in (store, folder, store / INSTRUMENTS) if path.is_dir()]
    aside = [path for place in places for path in place.iterdir() if path.name.startswith(ASIDE)]
    own = {f"{name}{suffix}" for name in whole for suffix in (".duckdb", ".json")}
    return aside + [path for path in folder.iterdir() if path.name not in own and path not in aside]


def sweep(store: Path) -> int:
    """Remove what interrupted commands left, and say how many files that were. Only under the lock.

    What is in the clear is overwritten: it may be what an interrupted deletion had not come to.
    """
    found = leftovers(store)
    for path in found:
        remove(path, shred=True)
    return len(found)


def _doubled(store: Path) -> set[str]:
    """Of generations that are there under two keys, the names of those to go; never the one that is served."""
    clear = {}
    for name in generations(store):
        with suppress(StoreProblem):  # a manifest that cannot be read says nothing of what it replaces
            clear[name] = in_the_clear(store, name)
    pairs = [(name, entry["replaces"]) for name, entry in clear.items() if entry.get("replaces") in clear]
    if not pairs:
        return set()
    own, served = identity(store), pointed_to(store)
    fits = {name: (clear[name].get("encryption") or {}).get("fingerprint") == (own.fingerprint if own else None) for pair in pairs for name in pair}
    return {old if fits[new] or new == served else new for new, old in pairs} - {served}


def prune(store: Path, keep: int) -> None:
    """Remove all but the last `keep` generations; the one that is served stays whatever its age."""
    for name in generations(store)[:-keep]:
        discard(store, name)


def discard(store: Path, name: str, shred: bool | None = None) -> None:
    """Remove a generation unless it is the one that is served. `shred`: overwrite it first (default: where patients were deleted from this store, because
    one of them may be in it still)."""
    if name != pointed_to(store):
        folder = store / "generations"
        (folder / f"{name}.json").unlink(missing_ok=True)  # without its manifest a generation is a left-over: a crash in between is swept
        remove(folder / f"{name}.duckdb", (store / FORGOTTEN).exists() if shred is None else shred)


def destroy(path: Path) -> None:
    """Overwrite a file with random bytes before it is removed. A disk that writes elsewhere (a flash disk, a file system that copies on write) may keep
    the old bytes all the same; only an encrypted store or disk makes sure of them.

    Left as they are: a link, an encrypted generation, and a file that has a second name, because somebody keeps it as a copy of their own.
    """
    with suppress(OSError):  # a disk that refuses to overwrite must not keep the file from being removed
        if path.is_symlink() or path.stat().st_nlink > 1 or _encrypted(path):
            return
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(secrets.token_bytes(min(left, 1 << 20)))
            file.flush()
            os.fsync(file.fileno())


def remove(path: Path, shred: bool = False) -> None:
    """Remove a file, or a folder with what is in it; with `shred` files are overwritten before."""
    if path.is_dir() and not path.is_symlink():
        for inside in path.iterdir():
            remove(inside, shred)
        path.rmdir()
        return
    if shred:
        destroy(path)
    path.unlink(missing_ok=True)


def _encrypted(path: Path) -> bool:
    """Whether a file says that it is an encrypted database: the first flag of DuckDB's main header (storage/storage_info.hpp, `MainHeader`)."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[8:12] == b"DUCK" and len(head) == 21 and bool(head[20] & 1)


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
