"""`therapy-process intake`: a clinic's files, checked and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from process import intake, store
from process.cli.app import StoreFolder, app, out, progress, say
from process.measures.publishing import publish


@app.command("intake")
def intake_command(
    folder: StoreFolder,
    files: Annotated[list[Path], typer.Argument(metavar="FILES…", help="The contract's <table>.csv files, their folder, or one export with --mapping.")],
    mapping: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped mapping's name, or your own .toml file.")] = None,
    own: Annotated[
        Path | None, typer.Option("--instruments", metavar="FOLDER", help="A folder of your own instruments (.toml); the store keeps them for later loads.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Report what a load would do, and load nothing.")] = False,
    anew: Annotated[bool, typer.Option("--new-parameters", help="Estimate clinic-wide parameters anew, though this quarter has some.")] = False,
) -> None:
    """Check a clinic's files and load them as the store's new generation."""
    store.loadable(folder)
    known = store.own_instruments(folder, own)
    with progress() as tell:
        loaded = intake.read(files, mapping, tell, known.forms)
    out.print(intake.shown_report(loaded.report))
    if check:
        say("Checked only: nothing was loaded. These files would load.")
        return
    with progress() as tell:
        generation = publish(folder, loaded.records, tell, about={"intake": loaded.report.as_dict()}, anew=anew, own=known)
    out.print(
        f"Loaded into {escape(str(folder))} as generation {generation.name}. Look at it with: therapy-process serve {escape(str(folder))}", highlight=False
    )
