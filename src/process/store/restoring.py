"""A backup put back: into a new store as it was, or into one that is there as its next generation, so that nothing that is served is lost.

What was deleted from the store since the backup was made is on the list `forgotten.jsonl`; the lists of both are put together, and whoever restores has
the layers above delete those patients again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from process.errors import FileMissing, StoreProblem
from process.store import journal
from process.store.backup import unpacked
from process.store.build import Progress
from process.store.encryption import fitting
from process.store.folder import BUILDING, FORGOTTEN, INSTRUMENTS, JOURNAL, POLICY, loading, next_name, prepare, prune, sweep, write_whole
from process.store.generation import Generation, generations, in_the_clear, named, verify
from process.store.publishing import begin, disk_refusals_told, finish, kept_by_policy, withdraw
from process.store.rewriting import encrypted_anew
from process.store.rolling_back import whole
from process.store.unlocking import IDENTITY, described

_KEPT_OF_MANIFEST = ("name", "bytes", "sha256", "encryption", "replaces")


@dataclass(frozen=True)
class Restored:
    """What a restore did: the generation that is served now, whether the store is new, how many deletions the lists hold together, and how many
    generations were built anew because they held somebody who was deleted."""

    generation: Generation
    new: bool
    forgotten: int
    rebuilt: int


def restore(file: Path, store: Path, forgotten: Path | None = None, replay: Callable[[Path], int] | None = None, progress: Progress | None = None) -> Restored:
    """Put a backup into `store`. Nothing is pointed to before every bit has been checked, the generation has been opened, and `replay` has been through it.

    A folder that is new or empty becomes the store that was backed up, with all its generations. In a store that is there, the backup's served generation
    becomes the next one, in the store's own encryption. `forgotten` is a list of deletions to be added (of a store that was lost since); `replay` deletes
    again whoever is on the lists, and gives how many generations it built anew. Raises `FileMissing` and `FileRefused` for the backup, `StoreProblem` for the
    store, `KeyProblem` where the key of either is missing.
    """
    store = Path(store)
    say = progress or (lambda what, done, total: None)
    more = _lines(forgotten) if forgotten is not None else []
    prepare(store)
    with journal.noting(store, "restore") as facts:
        with loading(store):
            if swept := sweep(store):
                journal.note(store, "sweep", "done", files=swept)
            new = not (store / "current").exists() and not generations(store)
            with tempfile.TemporaryDirectory(prefix=BUILDING, dir=store) as place:
                aside = Path(place)
                backup = unpacked(file, aside, say)
                found = whole(aside, backup.served)
                for name in backup.generations:
                    verify(named(aside, name))
                lists = [*_lines(aside / FORGOTTEN), *_lines(store / FORGOTTEN), *more]
                with disk_refusals_told(store):
                    _keep_forgotten(store, lists)
                    name = _as_it_was(store, aside, backup.served, backup.generations) if new else _as_the_next(store, aside, found)
        rebuilt = replay(store) if replay is not None else 0
        with loading(store), disk_refusals_told(store):
            name = facts["generation"] = _now_called(store, name)
            if not new:
                withdraw(store, name)
            write_whole(store / "current", name + "\n")
            prune(store, kept_by_policy(store))
        return Restored(named(store, name), new, len(set(lists)), rebuilt)


def _as_it_was(store: Path, aside: Path, served: str, names: list[str]) -> str:
    """Move everything into its place; nothing points to it yet."""
    small = [entry for entry in (IDENTITY, POLICY) if (aside / entry).exists()]
    instruments = [f"{INSTRUMENTS}/{path.name}" for path in (aside / INSTRUMENTS).glob("*.toml")]
    if instruments:
        (store / INSTRUMENTS).mkdir(mode=0o700, exist_ok=True)
    for entry in (*small, *instruments, *(f"generations/{name}{suffix}" for name in names for suffix in (".duckdb", ".json"))):
        os.replace(aside / entry, store / entry)
    with suppress(OSError):
        earlier = (aside / JOURNAL).read_text("utf-8", errors="replace")
        here = (store / JOURNAL).read_text("utf-8", errors="replace") if (store / JOURNAL).exists() else ""
        write_whole(store / JOURNAL, earlier + here)
    begin(store)
    return served


def _as_the_next(store: Path, aside: Path, found: Generation) -> str:
    """Make the backup's generation a whole one of this store; nothing points to it yet."""
    key = fitting(store, None)
    name = next_name(store)
    place = store / "generations" / f"{BUILDING}{name}.duckdb"
    if found.manifest.get("encryption") == described(key):
        os.replace(found.path, place)
    else:
        encrypted_anew(found, place, key)
    manifest = {entry: value for entry, value in found.manifest.items() if entry not in _KEPT_OF_MANIFEST}
    about = {**manifest.get("about", {}), "restored_from": found.name}
    finish(store, name, place, {**manifest, "about": about}, key)
    return name


def _now_called(store: Path, name: str) -> str:
    """The generation's name, or that of the copy without deleted patients that took its place."""
    names = generations(store)
    return name if name in names else next(other for other in names if in_the_clear(store, other).get("replaces") == name)


def _keep_forgotten(store: Path, lines: list[str]) -> None:
    if lines:
        write_whole(store / FORGOTTEN, "".join(f"{line}\n" for line in dict.fromkeys(lines)))


def _lines(path: Path) -> list[str]:
    """The lines of a list of deletions; a line that is no JSON object is left out where the list is a store's own and cut short."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        if path.name == FORGOTTEN:
            return []
        raise FileMissing(f"There is no list of deletions {path}.") from None
    except (OSError, UnicodeDecodeError):
        raise StoreProblem(f"The list of deletions {path} cannot be read. Nothing was restored: a restore must not bring back what was deleted.") from None
    found = []
    for line in lines:
        with suppress(ValueError):
            if isinstance(json.loads(line), dict):
                found.append(line)
    return found


__all__ = ["Restored", "restore"]
