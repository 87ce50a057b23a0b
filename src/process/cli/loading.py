"""`therapy-process intake`: a clinic's files, checked and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from process import intake
from process.cli.app import StoreFolder, app, out, progress, say
from process.errors import SettingWrong
from process.loading.load import Loaded, Wishes, load
from process.loading.shown import shown_changes


@app.command("intake")
def intake_command(
    folder: StoreFolder,
    files: Annotated[list[Path], typer.Argument(metavar="FILES…", help="The contract's <table>.csv files, their folder, a workbook, or an export.")],
    mapping: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped mapping's name, or your own .toml file.")] = None,
    add: Annotated[bool, typer.Option("--add", help="The files hold new records only; what the store has stays.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="The files hold corrections; they take the place of records with the same key.")] = False,
    older: Annotated[bool, typer.Option("--older", help="Load everything anew from files that are older than what is served.")] = False,
    fewer: Annotated[bool, typer.Option("--fewer", help="Load everything anew from files that lack more than a tenth of the courses served.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Report what a load would do, and load nothing.")] = False,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="The clinic's policy (.toml); the store keeps it for later loads.")] = None,
    own: Annotated[
        Path | None, typer.Option("--instruments", metavar="FOLDER", help="A folder of your own instruments (.toml); the store keeps them for later loads.")
    ] = None,
    anew: Annotated[bool, typer.Option("--new-parameters", help="Estimate clinic-wide parameters anew, though this quarter has some.")] = False,
    codes: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the table of codes lies, outside the store (default: where it was last, else STORE-codes).")
    ] = None,
    codes_key: Annotated[Path | None, typer.Option("--codes-key", metavar="FILE", help="The file that holds the key of the table of codes.")] = None,
    new_codes: Annotated[bool, typer.Option("--new-codes", help="Go on without the earlier table of codes: everybody gets a new display code.")] = False,
    key: Annotated[str | None, typer.Option(metavar="FILE|keyring", help="Where the store's key lies, or is made for a new store.")] = None,
    unencrypted: Annotated[bool, typer.Option("--unencrypted", help="Do not encrypt a new store of real records.")] = False,
) -> None:
    """Check a clinic's files and load them as the store's new generation."""
    if add and correct:
        raise SettingWrong("`--add` and `--correct` cannot both be said: a load that corrects adds what is new, too.")
    mode = "add" if add else "correct" if correct else "replace"
    if older and mode != "replace":
        raise SettingWrong(f"`--older` goes with a load of everything; leave out `--{mode}`.")
    wishes = Wishes(mapping, own, policy, mode, older, fewer, codes, codes_key, new_codes, key, unencrypted, anew)
    with progress() as tell:
        done = load(folder, files, wishes, tell, check)
    out.print(intake.shown_report(done.report))
    out.print(shown_changes(done.changes))
    _say_what_became(folder, done, check)


def _say_what_became(folder: Path, done: Loaded, check: bool) -> None:
    if check:
        for told in done.told:
            say(told)
        say("Checked only: nothing was loaded. These files would load.")
        return
    if done.generation is None:
        say(f"Nothing has changed: store {folder} holds all of this already, and generation {done.changes.before} is served still.")
        return
    for told in done.told:
        say(told)
    out.print(f"Loaded into {escape(str(folder))} as generation {done.generation.name}.", highlight=False, soft_wrap=True)
    say(f"Look at it with: therapy-process serve {folder}   (a server that runs already takes it up by itself)")
