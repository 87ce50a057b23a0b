"""From records to a generation with everything the measures need: the store publishes, and the statistics are added on the way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from process import store
from process.measures import benchmark, derived
from process.measures.parameters import stored
from process.sealed import Key
from process.store import Generation, OwnInstruments
from process.store.build import Progress
from process.store.doctor import make_ready
from process.store.publishing import Builder


def publish(
    folder: Path,
    records: dict[str, pd.DataFrame],
    progress: Progress | None = None,
    about: dict[str, Any] | None = None,
    anew: bool = False,
    own: OwnInstruments | None = None,
    key: Key | None = None,
    builder: Builder | None = None,
) -> Generation:
    """`store.publish` with clinic-wide parameters and derived tables.

    Parameters of the same quarter are carried over from the generation that is served now, unless it is of another clinic or source. `anew` estimates them
    again, all but a therapists' benchmark that has told anything: two of them in one quarter would tell apart what lies between.
    `own` = the clinic's own instruments, see `store.own_instruments`; `key` encrypts a new store, see `store.choose`; `builder` see `store.publish`.
    """
    make_ready(Path(folder))
    earlier = earlier_parameters(Path(folder), records["manifest"], about or {})
    if anew and earlier is not None:
        told = earlier[earlier["parameter"] == benchmark.PARAMETER]
        earlier = told if (told["part"] != "").any() else None
    return store.publish(folder, records, progress, about, partial(derived.derive, earlier=earlier), own, key, builder)


def earlier_parameters(folder: Path, manifest: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame | None:
    """The clinic-wide parameters that are served now, of which a load with this manifest takes over those of its quarter; None where it takes none over."""
    if not (folder / "current").exists():
        return None
    before = store.current(folder)
    delivery = manifest.iloc[0]
    same = all(before.manifest[name] == str(delivery[name]) for name in ("clinic", "source", "origin"))
    if not same or before.manifest.get("about", {}).get("demo") != about.get("demo") or "clinic_parameters" not in before.manifest["counts"]:
        return None
    with store.DuckDBEngine.open(before) as engine:
        return stored(engine.query)
