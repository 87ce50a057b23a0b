"""A generation of an earlier release, brought up to this one: its own records are read back, changed step by step, and published again.

`STEPS` holds one function for each version of the contract that ever was: it takes the records as that version had them and gives them as the next one has
them. What is made of the records (summaries, derived tables) is never migrated: it is made anew. The earlier generation stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pandas as pd

from process.contract.tables import TABLES, VERSION
from process.errors import StoreProblem
from process.store.build import kept, summaries
from process.store.engine import DuckDBEngine
from process.store.generation import Generation
from process.store.publishing import FORMAT

Records = dict[str, pd.DataFrame]
Step = Callable[[Records], Records]
STEPS: Mapping[int, Step] = {}
"""From contract version n to n + 1, by n. Version 1 is the first there is; what it has gained since are columns that may be empty, which need no step."""


def outdated(generation: Generation, derived: Collection[str] = ()) -> str:
    """Why a generation should be migrated, in words; empty where it need not be. `derived`: the tables that the layers above add.

    Raises `StoreProblem` for a generation of a later release.
    """
    manifest = generation.manifest
    if manifest["contract_version"] > VERSION or manifest.get("format", 1) > FORMAT:
        raise StoreProblem(
            f"Generation {generation.name} in {generation.store} was written by a later release ({manifest['product_version']}). "
            "Update this product, or go back with `therapy-process rollback`."
        )
    if manifest["contract_version"] < VERSION:
        return f"its records are of version {manifest['contract_version']} of the contract; this release has version {VERSION}"
    missing = sorted({*kept(), *derived, *TABLES} - set(manifest["counts"]))
    if missing:
        return f"it lacks {len(missing)} tables that this release needs (`{missing[0]}` among them)"
    return "it has no checksum" if manifest.get("format", 1) < FORMAT else ""


def records_of(generation: Generation) -> Records:
    """The records of a generation of any version of the contract, as this one has them.

    What the generation does not have yet is left out; what the contract has no more is left behind. Raises `StoreProblem` where there is no way from that
    version of the contract to this one, or where the generation holds somebody who was deleted.
    """
    with DuckDBEngine.open(generation) as engine:
        records = {name: engine.query(f'select * from "{name}"') for name in _tables(engine)}
    return brought_up(records, generation.manifest["contract_version"])


def brought_up(records: Records, version: int) -> Records:
    """Records as that version of the contract had them, as this one has them."""
    for earlier in range(version, VERSION):
        if earlier not in STEPS:
            raise StoreProblem(f"There is no way from version {earlier} of the contract to {VERSION}. Load the files again with `therapy-process intake`.")
        records = STEPS[earlier](records)
    return {name: records[name][[column for column in table.names if column in records[name]]] for name, table in TABLES.items() if name in records}


def _tables(engine: DuckDBEngine) -> list[str]:
    """The tables of records that a generation has: those of any version of the contract, and neither summaries nor what is derived."""
    made = {"instruments", *(name for name, _ in summaries())}
    names = engine.query("select table_name from information_schema.tables where table_catalog = 'generation' order by 1")["table_name"]
    return [name for name in names if name in TABLES or (STEPS and name not in made)]


__all__ = ["STEPS", "brought_up", "outdated", "records_of"]
