"""`therapy-process mapping`: a mapping file drafted from an export's header, checked, and those that ship shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from process import intake
from process.cli.app import app, say
from process.contract import instruments
from process.contract.instruments import Form
from process.errors import SettingWrong
from process.intake.mappings.check import check
from process.intake.mappings.draft import draft
from process.intake.mappings.finding import place
from process.intake.mappings.header import header_of

mapping_app = typer.Typer(no_args_is_help=True, help="Mapping files: how an export of another system becomes the contract's tables.")
app.add_typer(mapping_app, name="mapping")

Own = Annotated[Path | None, typer.Option("--instruments", metavar="FOLDER", help="A folder of your own instruments (.toml).")]


def _forms(own: Path | None) -> tuple[Form, ...]:
    return instruments.registry() if own is None else instruments.with_added(instruments.added(own))


@mapping_app.command("new")
def new_command(
    exports: Annotated[list[Path], typer.Argument(metavar="EXPORT…", help="A CSV file, a workbook, or FHIR's .ndjson files or their folder.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the draft there (.toml) instead of to the screen.")] = None,
    own: Own = None,
) -> None:
    """Draft a mapping file from an export's header; no value of the export is in it."""
    text = draft(header_of(exports), _forms(own))
    if out is None:
        say(text)
        return
    if out.suffix != ".toml":
        raise SettingWrong(f"A mapping file ends in .toml, and {out.name} does not.")
    if out.exists():
        raise SettingWrong(f"{out} is there already; name another file, so that your own work is not lost.")
    out.write_text(text, encoding="utf-8")
    say(f"Drafted {out}: {text.count('decide: ')} things to decide. Then: therapy-process mapping check {out} {exports[0]}")


@mapping_app.command("check")
def check_command(
    mapping: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A shipped mapping's name, or your own .toml file.")],
    exports: Annotated[list[Path] | None, typer.Argument(metavar="[EXPORT…]", help="The export that it is to load.")] = None,
    own: Own = None,
) -> None:
    """Explain what a mapping file lacks, and whether it loads an export; loads nothing."""
    found = check(mapping, exports or [], _forms(own))
    for note in (*found.problems, *found.notes):
        say(f"- {note}")
    if found.problems:
        many = "One thing is" if len(found.problems) == 1 else f"{len(found.problems)} things are"
        raise SettingWrong(f"{many} to be settled before mapping `{Path(mapping).stem}` can load{' this export' if exports else ''}.")
    if found.report is None:
        say("Nothing is missing from the mapping file. Name an export, too, to see whether it loads.")
        return
    kept = ", ".join(f"{entry.kept:,} {entry.table}" for entry in found.report.tables)
    say(f"This mapping loads this export: {kept}. Nothing was loaded; do so with: therapy-process intake STORE {exports[0]} --mapping {mapping}")


@mapping_app.command("show")
def show_command(name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(intake.shipped_names())}.")]) -> None:
    """Write a shipped mapping to the screen, to start your own from."""
    say(place(name).read_text("utf-8"))
