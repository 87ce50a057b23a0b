"""Every kept generation written anew: under another key, or without what is to be forgotten. Names change with the files, and one step makes it count.

The new files are made beside the old ones. Then `store.json` names the key, the pointer moves to the new copy of the served generation, and the old files go.
Whenever this is cut short, `folder.sweep` removes one copy of each generation, by what `store.json` says, and the same command begins where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from process.errors import StoreProblem
from process.sealed import Key
from process.store import journal
from process.store.build import Progress
from process.store.encryption import attach, writing
from process.store.folder import BUILDING, discard, loading, name_with, sweep, write_whole
from process.store.generation import Generation, generations, in_the_clear, named, number, pointed_to, refuse_non_store, verify
from process.store.publishing import disk_refusals_told, finish, write_identity
from process.store.unlocking import described, hand_in

Copy = Callable[[Generation, Path], dict[str, Any] | None]
"""Writes a generation anew to a path, in the key it knows of, and gives what changes in its manifest; None = leave this generation as it is."""
_MADE_BY_FINISH = ("name", "bytes", "sha256", "encryption", "replaces")


def rewrite(
    store: Path, copy: Copy, key: Key | None, progress: Progress | None = None, shred: bool = False, names: Collection[str] | None = None
) -> dict[str, str]:
    """Write every kept generation, or those of `names`, anew with `copy`, and give new names by old ones. Only under the lock.

    `key` is the one that `copy` writes with; the store's later generations will be encrypted with it, too. With `shred` the old files are overwritten
    before they are removed. Raises `StoreProblem` where the disk refuses; what is served is then the old generation still.
    """
    store = Path(store)
    say = progress or (lambda what, done, total: None)
    sweep(store)
    _discard_second_copies(store)
    names = [name for name in generations(store) if names is None or name in names]
    renamed: dict[str, str] = {}
    try:
        with disk_refusals_told(store):
            for done, name in enumerate(names):
                say(f"writing generation {name} anew", done, len(names))
                renamed |= _one(store, named(store, name), copy, key)
            write_identity(store, key)
            served = pointed_to(store)
            if served in renamed:
                write_whole(store / "current", renamed[served] + "\n")
    except StoreProblem:
        sweep(store)
        raise
    for name in renamed:
        discard(store, name, shred or None)
    return renamed


def rotate(store: Path, old: Key | None, new: Key | None, progress: Progress | None = None) -> None:
    """Encrypt every kept generation with another key: from `old` to `new`; None = not encrypted.

    Whenever it is cut short, the store opens with the two keys together, and the same call again ends the work; only then is the old key of no use any more.
    Raises `StoreProblem` where a generation is damaged or the disk refuses, `KeyProblem` where a key does not fit.
    """
    store = Path(store)
    refuse_non_store(store)
    hand_in(old)
    hand_in(new)
    with loading(store), journal.noting(store, "rotate", key=described(new)):

        def copy(generation: Generation, aside: Path) -> dict[str, Any] | None:
            if generation.manifest.get("encryption") == described(new):
                return None
            verify(generation)
            encrypted_anew(generation, aside, new)
            return {}

        rewrite(store, copy, new, progress, shred=old is None)


def encrypted_anew(generation: Generation, path: Path, key: Key | None) -> None:
    """Copy a generation's file, table by table in its order, into a new file under another key; `StoreProblem` where a table has not the same rows."""
    connection = writing(path, key)
    try:
        attach(connection, generation.path, generation.key(), read_only=True, name="earlier")
        connection.execute("copy from database earlier to generation")
        connection.execute("checkpoint generation")
        tables = [row[0] for row in connection.execute("select table_name from information_schema.tables where table_catalog = 'earlier'").fetchall()]
        for table in tables:
            rows = {
                connection.execute(f'select count(*), coalesce(bit_xor(hash(t)), 0) from {catalogue}.main."{table}" t').fetchone()
                for catalogue in ("earlier", "generation")
            }
            if len(rows) != 1:
                raise StoreProblem(f"The copy of generation {generation.name} does not hold what the generation holds (table {table}); nothing was changed.")
    finally:
        connection.close()


def _one(store: Path, before: Generation, copy: Copy, key: Key | None) -> dict[str, str]:
    name = name_with(number(before.name))
    aside = store / "generations" / f"{BUILDING}{name}.duckdb"
    changes = copy(before, aside)
    if changes is None:
        return {}
    kept = {entry: value for entry, value in before.manifest.items() if entry not in _MADE_BY_FINISH}
    finish(store, name, aside, {**kept, **changes, "replaces": before.name}, key)
    return {before.name: name}


def _discard_second_copies(store: Path) -> None:
    """Copies that an interrupted run made of the served generation: it is not known whether they are of the same making, so they are made again."""
    served = pointed_to(store)
    for name in generations(store) if served is not None else ():
        with suppress(StoreProblem):  # a manifest that cannot be read says nothing of what it replaces
            if name != served and in_the_clear(store, name).get("replaces") == served:
                discard(store, name)


__all__ = ["Copy", "encrypted_anew", "rewrite", "rotate"]
