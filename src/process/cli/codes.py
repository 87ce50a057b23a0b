"""`therapy-process codes …`: the clinic's table of codes and its therapists' key sheets, for the steward; and opening a sheet, for a therapist."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from process.cli.app import StoreFolder, app, out, say
from process.cli.asking import asked
from process.errors import SettingWrong, StoreProblem
from process.intake.codes.drawing import COURSE, KINDS, PATIENT, THERAPIST
from process.intake.codes.folder import TABLE, CodesFolder, held
from process.intake.codes.key_sheets import file_of, open_sheet, write_sheets
from process.loading.coded import codes_for
from process.sealed import Key
from process.sealed.keys import remove
from process.store.unlocking import hand_in_file

StoreKey = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The file that holds the store's key.")]
CodesOption = Annotated[Path | None, typer.Option("--codes", metavar="FOLDER", help="Where the table of codes lies (default: where it was last).")]
CodesKey = Annotated[Path | None, typer.Option("--codes-key", metavar="FILE", help="The file that holds the key of the table of codes.")]
NewKey = Annotated[Path | None, typer.Option("--new-key", metavar="FILE", help="Where the new key is to lie (default: where the product keeps keys).")]
RemoveOld = Annotated[bool, typer.Option("--remove-old-key", help="Remove the old key, which backups made until now need.")]

codes = typer.Typer(no_args_is_help=True, help="The clinic's table of codes, and key sheets for its therapists.")
app.add_typer(codes, name="codes")


@codes.command("list")
def list_command(folder: StoreFolder, place: CodesOption = None, key: CodesKey = None, store_key: StoreKey = None) -> None:
    """List therapists by display code, with the number of their courses and where their key sheet lies."""
    hand_in_file(store_key)
    with codes_for(folder, place, key, look=True) as found:
        _require_table(found)
        rows = [(therapist, str(len(courses)), str(file_of(found, therapist))) for therapist, courses in sorted(found.codes.caseloads().items())]
        _show(("therapist", "courses", "key sheet"), [row for row in rows if row[1] != "0"])
        counts = ", ".join(f"{len(found.codes.displays[kind]):,} {kind}s" for kind in KINDS)
        say(f"The table of codes in {found.path} holds {counts}.")


@codes.command("find")
def find_command(folder: StoreFolder, place: CodesOption = None, key: CodesKey = None, store_key: StoreKey = None) -> None:
    """Say the display code of a patient, therapist or course whose own code is asked for."""
    hand_in_file(store_key)
    with codes_for(folder, place, key, look=True) as found:
        _require_table(found)
        own = asked("The clinic's own code")
        known = [(kind, display) for kind in KINDS for display in found.codes.known(kind, [own]).values()]
        gone = [kind for kind in KINDS if found.codes.is_forgotten(kind, [own])]
    if not known and not gone:
        raise SettingWrong("The table of codes has no entry for that code. It must be written exactly as in the files: capitals, spaces and zeros count.")
    for kind, display in known:
        say(f"{kind} {display}")
    for kind in gone:
        say(f"That {kind} was forgotten; its display code is told to nobody.")


@codes.command("sheet")
def sheet_command(
    folder: StoreFolder,
    therapist: Annotated[str | None, typer.Argument(metavar="THERAPIST", help="The therapist's display code; without it their own code is asked for.")] = None,
    place: CodesOption = None,
    key: CodesKey = None,
    store_key: StoreKey = None,
    anew: Annotated[bool, typer.Option("--new-passphrase", help="Give the sheet a new passphrase; the old one then opens it no more.")] = False,
) -> None:
    """Say where a therapist's key sheet lies and which passphrase opens it."""
    hand_in_file(store_key)
    with codes_for(folder, place, key) as found:
        _require_table(found)
        display = therapist or found.codes.displays[THERAPIST.name].get(asked("The therapist's own code"), "")
        if display not in found.codes.sheets:
            raise SettingWrong(f"No therapist with a key sheet has that code. `therapy-process codes list {folder}` lists them by display code.")
        write_sheets(found, anew=display if anew else None)
        say(f"Key sheet of therapist {display}: {file_of(found, display)}")
        say(f"Passphrase: {found.codes.sheets[display].passphrase}")
        say("Hand over the file and the passphrase by two different ways. The therapist opens it with: therapy-process codes open FILE")


@codes.command("open")
def open_command(sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="The key sheet, a file that ends in .sheet.")]) -> None:
    """Open a therapist's key sheet: which of their courses each display code stands for. Asks for the passphrase."""
    opened = open_sheet(sheet, asked("Passphrase", hidden=True))
    _show((COURSE.name, PATIENT.name, "own course code", "own patient code"), opened.rows)


@codes.command("rotate")
def rotate_command(folder: StoreFolder, place: CodesOption = None, key: CodesKey = None, new: NewKey = None, remove_old: RemoveOld = False) -> None:
    """Seal the table of codes with a new key."""
    with held(folder, place, key) as found:
        _require_table(found)
        old, fresh = found.key, found.rotate(new)
        say(f"The table of codes is sealed with a new key, `{fresh.name}`, which lies in {fresh.where}. Keep a copy of it apart from the table.")
        say(told_of_old(old, remove_old and remove(old)))


def told_of_old(old: Key, removed: bool) -> str:
    """What became of the key that was in use before."""
    if removed:
        return f"The old key `{old.name}` is removed; what was copied until now cannot be opened any more, unless you have a copy of it."
    return f"The old key `{old.name}` is still in {old.where}: copies and backups made until now need it. Remove it when they are gone."


def _require_table(found: CodesFolder) -> None:
    if not (found.path / TABLE).exists():
        raise StoreProblem(f"There is no table of codes in {found.path}. `therapy-process intake` makes one; if it lies elsewhere: `--codes FOLDER`.")


def _show(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table at a terminal; elsewhere lines of tab-separated cells, which a spreadsheet reads."""
    if not out.is_terminal:
        for row in (head, *rows):
            sys.stdout.write("\t".join(row) + "\n")  # rich would turn tabs into spaces
        return
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    out.print(table, markup=False)
