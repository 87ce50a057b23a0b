"""From records to a generation with everything the measures need: the store publishes, and the statistics are added on the way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from process import store
from process.errors import KeyProblem, StoreProblem
from process.measures import benchmark, derived
from process.measures.parameters import Query, described, quarter_of, stored
from process.sealed import Key
from process.store import Generation, OwnInstruments
from process.store.build import Progress
from process.store.doctor import make_ready
from process.store.generation import named
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
    mends: bool = True,
) -> Generation:
    """`store.publish` with clinic-wide parameters and derived tables.

    Parameters of the same quarter are carried over from the generation that is served now, unless it is of another clinic or source. `anew` estimates them
    again, all but a therapists' benchmark that has told anything: two of them in one quarter would tell apart what lies between. That one is taken from any
    kept generation, because a store that goes back to an earlier quarter comes forward again.
    `own` = the clinic's own instruments, see `store.own_instruments`; `key` encrypts a new store, see `store.choose`; `builder` see `store.publish`.
    `mends`: the records take the place of everything, so that a served generation that is damaged is gone back from first; records that add to one never do.
    """
    if mends:
        make_ready(Path(folder))

    def derive(query: Query) -> Mapping[str, pd.DataFrame]:
        return derived.derive(query, _earlier(Path(folder), records["manifest"], about or {}, anew))

    return store.publish(folder, records, progress, about, derive, own, key, builder)


def taken_over(before: Generation, query: Query, manifest: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame | None:
    """The clinic-wide parameters that are served now, of which a load with this manifest takes over those of its quarter; None where it takes none over.

    `before`: the generation that is served, which `query` asks.
    """
    return stored(query) if _same(before, manifest, about) else None


def _earlier(folder: Path, manifest: pd.DataFrame, about: Mapping[str, Any], anew: bool) -> pd.DataFrame | None:
    if not (folder / "current").exists():
        return None
    before, earlier = store.current(folder), None
    if not anew and _same(before, manifest, about):
        with store.DuckDBEngine.open(before) as engine:
            earlier = taken_over(before, engine.query, manifest, about)
    told = _told(folder, manifest, about)
    if told is None:
        return earlier
    others = [] if earlier is None else [earlier[earlier["parameter"] != benchmark.PARAMETER]]
    return pd.concat([*others, told], ignore_index=True)


def _told(folder: Path, manifest: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame | None:
    """The rows of the benchmark that was told in this load's quarter: of the served generation, or else of the newest kept one that has one."""
    served, now = store.current(folder), quarter_of(manifest["as_of"].iloc[0])
    for name in [served.name, *(name for name in reversed(store.generations(folder)) if name != served.name)]:
        # One that cannot be opened has nothing to take over; the served one was opened before.
        with suppress(StoreProblem, KeyProblem):
            kept = named(folder, name)
            if _same(kept, manifest, about) and quarter_of(kept.manifest["as_of"]) == now:
                with store.DuckDBEngine.open(kept) as engine:
                    found = stored(engine.query)
                version = described()[benchmark.PARAMETER].version
                rows = found[(found["parameter"] == benchmark.PARAMETER) & (found["quarter"] == now) & (found["version"] == version)]
                if (rows["part"] != "").any():
                    return rows
    return None


def _same(before: Generation, manifest: pd.DataFrame, about: Mapping[str, Any]) -> bool:
    """Whether a generation is of the clinic and the source of this delivery, and has parameters to take over."""
    delivery = manifest.iloc[0]
    same = all(before.manifest[name] == str(delivery[name]) for name in ("clinic", "source", "origin"))
    return same and before.manifest.get("about", {}).get("demo") == about.get("demo") and "clinic_parameters" in before.manifest["counts"]
