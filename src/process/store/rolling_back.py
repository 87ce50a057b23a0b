"""Going back to an earlier generation: the pointer moves, nothing else does."""

from __future__ import annotations

from pathlib import Path

import duckdb

from process.errors import SettingWrong, StoreProblem, did_you_mean
from process.store import journal
from process.store.deletions import refuse_deleted
from process.store.encryption import reading
from process.store.folder import loading, write_whole
from process.store.generation import Generation, current, damaged, generations, named, pointed_to, refuse_non_store, verify


def roll_back(store: Path, name: str | None = None) -> Generation:
    """Serve an earlier generation (default: the one before what is served now) and give it; `name` may also be a later one, to take a step back back.

    What was rolled back past stays until the next load, which removes it. Raises `SettingWrong` for a name that is not there, `StoreProblem` where there is
    no earlier one, or the one that is meant is damaged.
    """
    store = Path(store)
    refuse_non_store(store)
    if not (store / "generations").is_dir():
        current(store)  # says in which way it is no store
    with loading(store), journal.noting(store, "rollback", before=pointed_to(store)) as facts:
        names = generations(store)
        wanted = _before(store, names) if name is None else name
        if wanted not in names:
            raise SettingWrong(f"Store {store} has no generation `{wanted}`. {did_you_mean(wanted, names)}")
        found = whole(store, wanted)
        facts["generation"] = wanted
        write_whole(store / "current", wanted + "\n")
        return found


def whole(store: Path, name: str, alone: bool = True) -> Generation:
    """The generation, if every bit of it is as it was published, it opens, and it holds nobody who was deleted from the store; else a `StoreProblem`, or a
    `KeyProblem` where its key is missing.

    Without `alone` a stale log beside it, which has to go before it is opened, says nothing against the generation itself.
    """
    found = named(store, name)
    verify(found, alone)
    if found.path.with_name(f"{found.path.name}.wal").exists():
        return found
    try:
        connection = reading(found.path, found.key())
        try:
            refuse_deleted(found, connection)
        finally:
            connection.close()
    except duckdb.Error as error:
        raise StoreProblem(damaged(found)) from error
    return found


def _before(store: Path, names: list[str]) -> str:
    served = pointed_to(store)
    earlier = [name for name in names if served is None or name < served]
    if not earlier:
        kept = ", ".join(names) or "none"
        raise StoreProblem(f"Store {store} has no generation before {served} (kept: {kept}). Load the earlier files again with `therapy-process intake`.")
    return earlier[-1]
