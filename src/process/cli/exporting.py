"""`therapy-process export`: row-level tables for a director, generalised, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from process import store
from process.cli.app import StoreFolder, app, progress, say
from process.contract import policy
from process.contract.tables import TABLES
from process.loading import exporting
from process.store.journal import noting
from process.store.unlocking import hand_in_file


@app.command("export")
def export_command(
    folder: StoreFolder,
    into: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go: an empty folder, or one that does not exist yet.")],
    k: Annotated[
        int | None, typer.Option("--k", help="How many patients share every combination of attributes (default: the policy's smallest group).")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The file that holds the store's key.")] = None,
    therapists: Annotated[
        bool, typer.Option("--therapists", help="Say whose courses they are, by a fresh number; other attributes then become coarser.")
    ] = False,
) -> None:
    """Write the current generation's records as CSV files for a director, generalised until k patients share every combination of attributes."""
    hand_in_file(key)
    generation = store.current(folder)
    smallest = policy.of_store(folder).smallest_group if k is None else k
    with noting(folder, "export", generation=generation.name, k=smallest) as journal, progress() as tell:
        tell("reading the records", 0, 1)
        with store.DuckDBEngine.open(generation) as engine:
            records = {name: engine.query(f"select * from {name}") for name in TABLES if generation.manifest["counts"].get(name)}
        tell("generalising", 0, 1)
        stamp = exporting.export(generation, records, into, smallest, therapists)
        journal["rows"] = sum(stamp["rows"].values())
    say(f"Exported {sum(stamp['rows'].values()):,} rows into {into}, of {stamp['rows']['courses']:,} courses.")
    if stamp["k_reached"]:
        say(f"{stamp['k_reached']} patients share the rarest combination of attributes, counted from the files.")
    for reason, count in stamp["courses_left_out"].items():
        say(f"Courses left out: {count} ({reason}).")
    say("These are personal data still: read export.json beside them before you pass them on, and delete them when they are no longer needed.")
