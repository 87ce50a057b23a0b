"""A backup put back: into a new store as it was, or into one that is there as its next generation, so that nothing that is served is lost.

What was deleted from the store since the backup was made is on the list `forgotten.jsonl`; the lists of both are put together, and the layers above delete
those patients again in the folder aside that the backup is taken out into: whenever a restore is cut short, no generation of the store holds them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.errors import StoreProblem
from process.store import deletions, journal
from process.store.apart import made_its_own
from process.store.backup import Backup, unpacked
from process.store.build import Progress
from process.store.encryption import fitting
from process.store.folder import BUILDING, FORGOTTEN, INSTRUMENTS, JOURNAL, POLICY, discard, loading, next_name, prepare, prune, remove, sweep, write_whole
from process.store.generation import Generation, generations, named, pointed_to, verify
from process.store.publishing import disk_refusals_told, finish, kept_by_policy, withdraw, write_identity
from process.store.rewriting import encrypted_anew
from process.store.rolling_back import whole
from process.store.taken_back import no_folder_left, nothing_else_left
from process.store.unlocking import IDENTITY, described, identity

NOBODY = "nobody"
SAVES_OF_A_LOAD = 1
"""A load saves its table of codes once more after its generation names the revision, for the key sheets: a table that is no further knows of nothing since."""
_KEPT_OF_MANIFEST = ("name", "bytes", "sha256", "encryption", "replaces")


@dataclass(frozen=True)
class Restored:
    """What a restore did: the generation that is served now, whether the store is new, how many deletions the lists hold together, and how many
    generations were built anew because they held somebody who was deleted."""

    generation: Generation
    new: bool
    forgotten: int
    rebuilt: int


def restore(
    file: Path,
    store: Path,
    forgotten: Path | None = None,
    replay: Callable[[Path], int] | None = None,
    progress: Progress | None = None,
    known: tuple[str, int] | str | None = None,
) -> Restored:
    """Put a backup into `store`. Nothing is pointed to before every bit has been checked, the generation has been opened, and `replay` has been through it.

    A folder that is new or empty becomes a store as the one that was backed up, with all its generations, under an id of its own. In a store that is there,
    the backup's served generation becomes the next one, in the store's own encryption. `forgotten` is a list of deletions to be added (of a store that was
    lost since); `replay` deletes again whoever is on the lists, in the folder it is given, and gives how many generations it built anew. `known`: id and
    revision of the table of codes whose deletions `replay` knows, or `NOBODY` where the person says that nobody was deleted since. Raises `FileMissing` and
    `FileRefused` for the backup, `StoreProblem` for the store, `KeyProblem` where the key of either is missing.
    """
    store = Path(store)
    say = progress or (lambda what, done, total: None)
    more = deletions.lines(forgotten) if forgotten is not None else []
    with no_folder_left(store), _begun(store) as facts, nothing_else_left(store):
        if swept := sweep(store):
            journal.note(store, "sweep", "done", files=swept)
        new = not (store / "current").exists() and not generations(store)
        with _aside(store) as aside:
            backup = unpacked(file, aside, say)
            for name in backup.generations:
                verify(named(aside, name))
            found = named(aside, backup.served)
            if forgotten is None and known != NOBODY and not _own_list(store, aside, new):
                _refuse_unknown_deletions(found, known)
            if not new:
                _refuse_other_clinic(store, found)
            write_whole(aside / "current", backup.served + "\n")
            rebuilt = _deleted_again(store, aside, backup, new, more, replay)
            found = whole(aside, str(pointed_to(aside)))
            with disk_refusals_told(store):
                if gone := deletions.lines(aside / FORGOTTEN):
                    deletions.write(store, gone)
                name = _as_it_was(store, aside, found) if new else _as_the_next(store, aside, found)
                facts["generation"] = name
                if not new:
                    withdraw(store, name)
                write_whole(store / "current", name + "\n")
        prune(store, kept_by_policy(store))
        return Restored(named(store, name), new, len(deletions.listed(store)), rebuilt)


@contextmanager
def _begun(store: Path) -> Iterator[dict[str, Any]]:
    prepare(store)
    with journal.noting(store, "restore") as facts, loading(store):
        yield facts


@contextmanager
def _aside(store: Path) -> Iterator[Path]:
    """A folder for a backup that is taken out: a store by itself. What stays in it is overwritten, as what was deleted is."""
    place = Path(tempfile.mkdtemp(prefix=BUILDING, dir=store))
    try:
        yield place
    finally:
        with suppress(OSError):
            remove(place, shred=True)


def _deleted_again(store: Path, aside: Path, backup: Backup, new: bool, more: list[str], replay: Callable[[Path], int] | None) -> int:
    """Put the lists of deletions together, beside the backup's generations, and have those patients deleted there."""
    for name in () if new else backup.generations:
        discard(aside, name, shred=True)  # all but the one that is served: no other is needed
    lists = [line for place in (aside, store) for line in deletions.lines(place / FORGOTTEN)] + more
    if lists:
        deletions.write(aside, lists)
    return replay(aside) if replay is not None else 0


def _own_list(store: Path, aside: Path, new: bool) -> bool:
    """Whether the store is the one that was backed up, by its id, and is there with its list; one where nobody was ever deleted has none."""
    if new and not (store / FORGOTTEN).exists():
        return False
    here, there = identity(store), identity(aside)
    return here is not None and there is not None and here.id == there.id


def _refuse_unknown_deletions(found: Generation, known: tuple[str, int] | str | None) -> None:
    """A backup does not know who was deleted after it was made; the table of codes does if it was written since, and so does the list of the store."""
    codes = found.manifest.get("about", {}).get("codes")
    if not codes:
        return
    same = isinstance(known, tuple) and known[0] == codes["table"]
    if same and known[1] > codes["revision"] + SAVES_OF_A_LOAD:
        return
    why = "the table of codes at hand is as old as the backup, and knows of nothing since: name " if same else "what tells who is not at hand: "
    raise StoreProblem(
        f"Patients may have been deleted since this backup was made, and {why}the table of codes of the store that was backed up{', as it is now' * same} "
        "(`--codes FOLDER`) or its list of deletions (`--forgotten FILE`). If nobody was deleted since, say `--nobody-deleted`. Nothing was restored."
    )


def _refuse_other_clinic(store: Path, found: Generation) -> None:
    """Never put one clinic's records in the place of another's."""
    served = pointed_to(store)
    if served not in generations(store):
        return
    here, there = named(store, served).manifest, found.manifest
    other = [entry for entry in ("clinic", "source", "origin") if here[entry] != there[entry]]
    tables = [manifest.get("about", {}).get("codes", {}).get("table") for manifest in (here, there)]
    if other or (all(tables) and tables[0] != tables[1]):
        what = " and ".join(other) if other else "table of codes"
        raise StoreProblem(f"The backup is of another {what} than store {store}. Restore it into a new folder. Nothing was changed.")


def _as_it_was(store: Path, aside: Path, found: Generation) -> str:
    """Move everything into its place, as a store of its own; nothing points to it yet."""
    made_its_own(aside)
    small = [entry for entry in (IDENTITY, POLICY) if (aside / entry).exists()]
    instruments = [f"{INSTRUMENTS}/{path.name}" for path in (aside / INSTRUMENTS).glob("*.toml")]
    if instruments:
        (store / INSTRUMENTS).mkdir(mode=0o700, exist_ok=True)
    for entry in (*small, *instruments, *(f"generations/{name}{suffix}" for name in generations(aside) for suffix in (".duckdb", ".json"))):
        os.replace(aside / entry, store / entry)
    with suppress(OSError):
        earlier = (aside / JOURNAL).read_text("utf-8", errors="replace")
        here = (store / JOURNAL).read_text("utf-8", errors="replace") if (store / JOURNAL).exists() else ""
        write_whole(store / JOURNAL, earlier + here)
    if identity(store) is None:
        write_identity(store, None)  # a backup of the first release, which encrypted nothing
    return found.name


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


__all__ = ["Restored", "restore"]
