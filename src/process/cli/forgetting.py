"""`therapy-process forget`: a patient's records deleted for good, in every generation that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from process.cli.app import StoreFolder, app, progress, say
from process.cli.asking import asked
from process.loading import forgetting
from process.store.unlocking import hand_in_file


@app.command("forget")
def forget_command(
    folder: StoreFolder,
    patient: Annotated[str | None, typer.Argument(metavar="PATIENT", help="The patient's display code, as pages and key sheets show it.")] = None,
    codes: Annotated[Path | None, typer.Option("--codes", metavar="FOLDER", help="Where the table of codes lies (default: STORE-codes).")] = None,
    codes_key: Annotated[Path | None, typer.Option("--codes-key", metavar="FILE", help="The file that holds the key of the table of codes.")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The file that holds the store's key.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete everything of one patient: in every kept generation, in the table of codes and on the key sheets. It cannot be taken back."""
    hand_in_file(key)
    if patient is None:
        patient = asked("The patient's display code")
    if not yes:
        typer.confirm("Everything of this patient will be deleted, in every generation that is kept. It cannot be taken back. Go on?", abort=True, err=True)
    with progress() as tell:
        done = forgetting.forget(folder, patient, codes, codes_key, tell)
    courses, kept = f"{done.courses} course{'s' * (done.courses != 1)}", f"{done.generations} generation{'s were' if done.generations != 1 else ' was'}"
    say(f"Forgotten: {courses} left the newest generation; {kept} built anew.")
    if done.destroyed:
        say(f"{done.destroyed} damaged generation{'s were' if done.destroyed != 1 else ' was'} destroyed: nobody could build it anew without the patient.")
    say("The table of codes and the key sheets know the patient no more." if done.unlearnt else "The table of codes did not know the patient (any more).")
    say("Copies made earlier (backups, exports, printed pages) still hold the records: delete those too. A restore leaves the patient out.")
