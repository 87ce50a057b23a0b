"""A load becomes the generation that is served: built aside, checked, brought to the disk, named, and only then pointed to.

Whenever this stops, the pointer names a whole generation; what an interrupted build leaves aside is swept by the next one.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from process import __version__
from process.contract.tables import VERSION
from process.errors import StoreProblem
from process.store.build import Derive, Progress, build, check
from process.store.folder import BUILDING, Generation, current, loading, next_name, prepare, prune, settle_file, settle_folder, sweep, write_whole
from process.store.own import OwnInstruments, keep, own_instruments

KEPT = 3


def publish(
    store: Path,
    records: dict[str, pd.DataFrame],
    progress: Progress | None = None,
    about: dict[str, Any] | None = None,
    derive: Derive | None = None,
    own: OwnInstruments | None = None,
) -> Generation:
    """Put `records` (the contract's tables; absent ones become empty) into the store as its new generation, and give it.

    `progress` is told (what, done, total); `about` is kept in the manifest; `derive` adds tables made of the summaries;
    `own` are the clinic's own instruments, which the store keeps (default: those that it keeps already). Raises `StoreProblem`
    where the folder is not a store, another load is running, or the disk refuses; the generation served before is then served still.
    """
    store = Path(store)
    say = progress or (lambda what, done, total: None)
    prepare(store)
    with loading(store):
        sweep(store)
        name = next_name(store)
        folder = store / "generations"
        aside = folder / f"{BUILDING}{name}.duckdb"
        try:
            own = own or own_instruments(store)
            counts = build(aside, records, say, derive, own.forms)
            say("checking", 1, 1)
            check(aside, records, counts)
            settle_file(aside)
            manifest = _manifest(name, records, counts, aside.stat().st_size, about)
            os.replace(aside, folder / f"{name}.duckdb")
            settle_folder(folder)
            keep(store, own)
            write_whole(folder / f"{name}.json", dumps(manifest, indent=2))
            write_whole(store / "current", name + "\n")
        except (OSError, duckdb.IOException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise StoreProblem(f"Store {store} could not be written: {reason}. Nothing was published; what was served before is served still.") from error
        finally:
            if aside.exists():
                sweep(store)
        prune(store, KEPT)
        return current(store)


def _manifest(name: str, records: dict[str, pd.DataFrame], counts: dict[str, int], size: int, about: dict[str, Any] | None) -> dict[str, Any]:
    delivery = records["manifest"].iloc[0]
    return {
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "contract_version": VERSION,
        "product_version": __version__,
        "as_of": pd.Timestamp(delivery["as_of"]).date().isoformat(),
        **{column: str(delivery[column]) for column in ("clinic", "source", "origin")},
        "bytes": size,
        "counts": counts,
        "about": about or {},
    }
