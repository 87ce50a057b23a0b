"""`therapy-process audit …`: whether the log of who looked at what is as it was written, and what it says. For whoever administers the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from process.access.audit import checking, place, reading
from process.cli.app import app, out, say
from process.errors import LogProblem

LogFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the audit log: <STORE>-audit unless the settings say otherwise.")]
Day = Annotated[str | None, typer.Option(metavar="DAY", help="A day like 2026-11-23, in UTC; included.")]

group = typer.Typer(no_args_is_help=True, help="The audit log: who asked what, and whether the log is whole.")
app.add_typer(group, name="audit")


@group.command("verify")
def verify_command(
    folder: LogFolder,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The file that holds the log's key.")] = None,
    anchor: Annotated[str, typer.Option("--anchor", metavar="END", help="The end as an earlier verify said it; that line must still be there.")] = "",
) -> None:
    """Read every line again; the exit code is 0 where the log is as it was written, and the first bad line is named where it is not."""
    found = checking.verify(folder, place.key_of(folder, key), anchor)
    for note in found.notes:
        say(f"Note: {note}")
    if found.fault:
        say(f"Wrong: {found.fault}")
        say("  Keep a copy of the folder as it is, find out who could write to it, and compare with a backup. The server may go on: it adds at the end.")
        raise typer.Exit(LogProblem.exit_code)
    since = f", from {found.begins} on" if found.begins else ""
    say(f"The log is as it was written: {found.lines:,} lines in {found.files} file{'s' if found.files != 1 else ''}{since}.")
    say(f"Its end is {found.anchor}")
    say("Write that down where nobody who runs the server can change it, and name it next time: `--anchor`.")


@group.command("show")
def show_command(
    folder: LogFolder,
    user: Annotated[str | None, typer.Option(metavar="NAME", help="Of this person alone.")] = None,
    since: Day = None,
    until: Day = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind alone: answer, export, refused, signed_in, …")] = None,
) -> None:
    """Say what the log holds, oldest first."""
    rows = Table("when (UTC)", "who", "role", "kind", "what", box=None, pad_edge=False)
    days = [reading.day(text) if text else None for text in (since, until)]
    count = 0
    for line in reading.entries(folder, user, days[0], days[1], kind):
        count += 1
        who = line.get("user") or line.get("by", "–")  # a change of the table of people is made by an account of the machine
        rows.add_row(*(escape(str(said)) for said in (line.get("at", "–"), who, line.get("role", "–"), line["kind"])), escape(reading.said(line)))
    out.print(rows)
    say(f"{count:,} lines. Whether they are as they were written: `therapy-process audit verify {folder}`.")
