"""A load becomes the generation that is served: built aside, checked, brought to the disk, named, and only then pointed to.

Whenever this stops, the pointer names a whole generation; what an interrupted build leaves aside is swept by the next one.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from process import __version__
from process.contract import policy
from process.contract.tables import VERSION
from process.errors import StoreProblem
from process.sealed import Key
from process.store import journal
from process.store.build import Derive, Progress, build, check
from process.store.encryption import fitting
from process.store.folder import BUILDING, FILE_MODE, discard, loading, next_name, prepare, prune, settle_file, settle_folder, sweep, write_whole
from process.store.generation import Generation, checksum, generations, named, number, pointed_to, written
from process.store.own import OwnInstruments, keep, own_instruments
from process.store.unlocking import IDENTITY, described, identity, new_identity

FORMAT = 2
"""The form of a generation's file and manifest: 1 = the first release (no checksum, no encryption), 2 = with both. `migration` brings earlier ones up to it."""
_DISK = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO)
Builder = Callable[..., dict[str, int]]
"""What writes a generation's file: called as `build.build` is, with (path, records, progress, derive, forms, key), and gives the rows of each table."""


def publish(
    store: Path,
    records: dict[str, pd.DataFrame],
    progress: Progress | None = None,
    about: dict[str, Any] | None = None,
    derive: Derive | None = None,
    own: OwnInstruments | None = None,
    key: Key | None = None,
    builder: Builder | None = None,
) -> Generation:
    """Put `records` (the contract's tables; absent ones become empty) into the store as its new generation, and give it.

    `progress` is told (what, done, total); `about` is kept in the manifest; `derive` adds tables made of the summaries;
    `own` are the clinic's own instruments, which the store keeps (default: those that it keeps already); `key` encrypts a new store (one that is there
    stays as it is, see `encryption.choose`); `builder` writes the file (default: `build.build`). Raises `StoreProblem`
    where the folder is not a store, another load is running, or the disk refuses, `KeyProblem` where the store's key is missing; the generation
    served before is then served still.
    """
    store = Path(store)
    say = progress or (lambda what, done, total: None)
    prepare(store)
    with loading(store), journal.noting(store, "publish") as facts:
        kept = kept_by_policy(store)
        begin(store, key)
        name = facts["generation"] = next_name(store)
        own = own or own_instruments(store)
        key = fitting(store, key)
        aside = store / "generations" / f"{BUILDING}{name}.duckdb"
        try:
            with disk_refusals_told(store):
                counts = (builder or build)(aside, records, say, derive, own.forms, key)
                say("checking", 1, 1)
                check(aside, records, counts, key)
                keep(store, own)
                finish(store, name, aside, manifest(records, counts, about), key)
                withdraw(store, name)
                write_whole(store / "current", name + "\n")
        finally:
            if aside.exists():
                sweep(store)
        prune(store, kept)
        return named(store, name)


def kept_by_policy(store: Path) -> int:
    """How many generations the clinic's policy keeps."""
    return policy.of_store(store).generations_kept


def sweep_leftovers(store: Path) -> None:
    """Sweep when a server starts; a load that is at work is left alone, and so is a store that this process may not write to."""
    if not (Path(store) / "generations").is_dir():
        return
    with suppress(StoreProblem, OSError), loading(store):
        if swept := sweep(store):
            journal.note(store, "sweep", "done", files=swept)


def begin(store: Path, key: Key | None = None) -> None:
    """Before anything is written, under the lock: sweep what an interrupted command left, and say which store this is where nothing says so yet."""
    if swept := sweep(store):
        journal.note(store, "sweep", "done", files=swept)
    if identity(store) is None:
        fits = fitting(store, key)
        write_identity(store, fits)


def write_identity(store: Path, key: Key | None) -> None:
    """Write `store.json`: the store's id as it is or a new one, and the key of its next generation."""
    before = identity(store)
    named_by_key = new_identity(key)
    found = named_by_key if before is None else replace(named_by_key, id=before.id)
    write_whole(store / IDENTITY, json.dumps(found.as_dict(), indent=2))


def finish(store: Path, name: str, aside: Path, manifest: dict[str, Any], key: Key | None) -> None:
    """Make of a file aside a whole generation of that name, on disk, with its manifest; nothing points to it yet."""
    folder = store / "generations"
    aside.chmod(FILE_MODE)
    settle_file(aside)
    whole = {"name": name, **manifest, "bytes": aside.stat().st_size, "sha256": checksum(aside), "encryption": described(key)}
    os.replace(aside, folder / f"{name}.duckdb")
    settle_folder(folder)
    write_whole(folder / f"{name}.json", written(whole, key))


def withdraw(store: Path, name: str) -> None:
    """Remove the generations that the served one was rolled back past, and those that were finished and never pointed to, all but `name`."""
    served = pointed_to(store)
    if served in generations(store):
        for other in generations(store):
            if other != name and number(other) > number(served):
                discard(store, other)


@contextmanager
def disk_refusals_told(store: Path) -> Iterator[None]:
    """A disk that refuses (full, read-only, broken), whoever notices it, is a `StoreProblem` that says so. DuckDB says it with several kinds of error."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        known = next((os.strerror(code) for code in _DISK if os.strerror(code) in str(error)), None)
        if known is None and not isinstance(error, OSError | duckdb.IOException):
            raise
        reason = known or getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise StoreProblem(f"Store {store} could not be written: {reason}. Nothing was published; what was served before is served still.") from error


def manifest(records: dict[str, pd.DataFrame], counts: dict[str, int], about: dict[str, Any] | None) -> dict[str, Any]:
    """What a generation's manifest says of its records."""
    delivery = records["manifest"].iloc[0]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "format": FORMAT,
        "contract_version": VERSION,
        "product_version": __version__,
        "as_of": pd.Timestamp(delivery["as_of"]).date().isoformat(),
        **{column: str(delivery[column]) for column in ("clinic", "source", "origin")},
        "counts": counts,
        "about": about or {},
    }
