"""From records to a generation with everything the measures need: the store publishes, and the statistics are added on the way."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from process import store
from process.measures import derived
from process.measures.parameters import stored
from process.store import Generation, OwnInstruments
from process.store.build import Progress


def publish(
    folder: Path,
    records: dict[str, pd.DataFrame],
    progress: Progress | None = None,
    about: dict[str, Any] | None = None,
    anew: bool = False,
    own: OwnInstruments | None = None,
) -> Generation:
    """`store.publish` with clinic-wide parameters and derived tables.

    Parameters of the same quarter are carried over from the generation that is served now, unless it is of another clinic or source, or `anew` is said.
    `own` = the clinic's own instruments, see `store.own_instruments`.
    """
    earlier = None if anew else _earlier(Path(folder), records, about or {})
    return store.publish(folder, records, progress, about, partial(derived.derive, earlier=earlier), own)


def _earlier(folder: Path, records: dict[str, pd.DataFrame], about: dict[str, Any]) -> pd.DataFrame | None:
    if not (folder / "current").exists():
        return None
    before = store.current(folder)
    delivery = records["manifest"].iloc[0]
    same = all(before.manifest[name] == str(delivery[name]) for name in ("clinic", "source", "origin"))
    if not same or before.manifest.get("about", {}).get("demo") != about.get("demo") or "clinic_parameters" not in before.manifest["counts"]:
        return None
    with store.DuckDBEngine.open(before) as engine:
        return stored(engine.query)
