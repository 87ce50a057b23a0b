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
from process.store.generation import Generation, generations, in_the_clear, named, pointed_to, verify
from process.store.publishing import begin, disk_refusals_told, finish, kept_by_policy, withdraw
from process.store.rewriting import encrypted_anew
from process.store.rolling_back import whole
from process.store.unlocking import IDENTITY, described

NOBODY = "nobody"
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
    deletions: str | None = None,
) -> Restored:
    """Put a backup into `store`. Nothing is pointed to before every bit has been checked, the generation has been opened, and `replay` has been through it.

    A folder that is new or empty becomes the store that was backed up, with all its generations. In a store that is there, the backup's served generation
    becomes the next one, in the store's own encryption. `forgotten` is a list of deletions to be added (of a store that was lost since); `replay` deletes
    again whoever is on the lists, and gives how many generations it built anew. `deletions`: the id of the table of codes whose deletions `replay` knows,
    or `NOBODY` where the person says that nobody was deleted since. Raises `FileMissing` and `FileRefused` for the backup, `StoreProblem` for the
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
                _refuse_unknown_deletions(found, deletions, forgotten)
                if not new:
                    _refuse_other_clinic(store, found)
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


def _refuse_unknown_deletions(found: Generation, deletions: str | None, forgotten: Path | None) -> None:
    """A backup does not know who was deleted after it was made; the table of codes does, and so does the list of the store."""
    codes = found.manifest.get("about", {}).get("codes")
    if codes and forgotten is None and deletions not in (codes["table"], NOBODY):
        raise StoreProblem(
            "Patients may have been deleted since this backup was made, and what tells who is not at hand: the table of codes of the store that was backed up "
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
    """The lines of a list of deletions. One that cannot be read refuses the restore: it names somebody who must not come back."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        if path.name == FORGOTTEN:
            return []
        raise FileMissing(f"There is no list of deletions {path}.") from None
    except (OSError, UnicodeDecodeError):
        raise StoreProblem(f"The list of deletions {path} cannot be read. Nothing was restored: a restore must not bring back what was deleted.") from None
    try:
        named_patients = [json.loads(line)["patient"] for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError):
        raise StoreProblem(
            f"The list of deletions {path} is damaged: a line of it cannot be read. Nothing was restored, because somebody who was deleted would come back. "
            "Take the list from a backup."
        ) from None
    return [line for line in lines if line.strip()] if all(isinstance(patient, str) for patient in named_patients) else []


__all__ = ["Restored", "restore"]
