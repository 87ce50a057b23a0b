"""What a store holds and how it is; going back, bringing up to date, copying and putting back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from process import store
from process.cli.app import StoreFolder, app, out, progress, say
from process.cli.codes import CodesKey, CodesOption
from process.cli.keys import StoreKey
from process.cli.serving import SettingsFile, checked
from process.errors import FileMissing, StoreProblem
from process.intake.codes import folder as codes_folder
from process.loading import beside, forgetting
from process.loading.coded import ENTRY
from process.measures import derived
from process.measures.publishing import publish
from process.store import backup, doctor, migration, restoring
from process.store.unlocking import hand_in_file

ROUNDS = 3
"""How often `--mend` begins again: a list of deletions that was mended shows what is to be deleted, and a generation built anew is what may be served."""


@app.command("info")
def info_command(folder: StoreFolder, key: StoreKey = None) -> None:
    """Say what a store holds."""
    hand_in_file(key)
    generation = store.current(folder)
    store.DuckDBEngine.open(generation).close()
    manifest = generation.manifest
    facts = Table.grid(padding=(0, 2))
    for name in ("clinic", "source", "origin", "as_of", "created", "contract_version", "product_version"):
        facts.add_row(name.replace("_", " "), escape(str(manifest[name])))
    facts.add_row("generation", generation.name)
    facts.add_row("all generations", ", ".join(store.generations(folder)))
    fits = manifest.get("encryption")
    facts.add_row("encryption", f"with the key {fits['name']} (fingerprint {fits['fingerprint']})" if fits else "none")
    if own := [form for form in store.own_instruments(folder).forms if form.own]:
        facts.add_row("own instruments", ", ".join(f"{form.label} ({form.instrument}, {form.form})" for form in own))
    out.print(facts)
    rows = Table("table", title="Rows", title_justify="left")
    rows.add_column("rows", justify="right")
    for name, count in manifest["counts"].items():
        rows.add_row(name, f"{count:,}")
    out.print(rows)


@app.command("doctor")
def doctor_command(
    folder: StoreFolder,
    key: StoreKey = None,
    mend: Annotated[bool, typer.Option("--mend", help="Mend what can be mended without losing anything.")] = False,
    codes: CodesOption = None,
    codes_key: CodesKey = None,
    settings: SettingsFile = None,
) -> None:
    """Say in words what is wrong with a store, and what to do about it; the exit code is 0 for a healthy one."""
    hand_in_file(key)

    def examined() -> list[doctor.Finding]:
        return doctor.examine(folder, derived.STORED, lambda store: beside.looks(store, codes, codes_key))

    findings = examined()
    for _ in range(ROUNDS if mend else 0):
        for done in doctor.mend(folder, findings):
            say(f"Mended: {done}")
        findings = examined()
        if not any(finding.mend for finding in findings):
            break
    for finding in findings:
        say(f"{'Wrong' if finding.fault else 'Note'}: {finding.what}")
        say(f"  {finding.step}")
    faults = sum(finding.fault for finding in findings)
    if settings is not None:
        checked(settings)
    if faults:
        raise typer.Exit(StoreProblem.exit_code)
    say(f"Store {folder} is healthy: {len(store.generations(folder))} generations; {store.current(folder).name} is served.")


@app.command("rollback")
def rollback_command(
    folder: StoreFolder,
    generation: Annotated[str | None, typer.Argument(metavar="[GENERATION]", help="Which one; default: the one before what is served now.")] = None,
    key: StoreKey = None,
) -> None:
    """Serve an earlier generation again."""
    hand_in_file(key)
    found = store.roll_back(folder, generation)
    say(f"Generation {found.name} is served now, with data as of {found.manifest['as_of']}. A running server takes it up within seconds.")
    say("What was gone back past stays until the next load, which removes it; to serve it again, name it.")


@app.command("migrate")
def migrate_command(folder: StoreFolder, key: StoreKey = None) -> None:
    """Bring a store that an earlier release filled up to this one, from its own records."""
    hand_in_file(key)
    before = store.current(folder)
    why = migration.outdated(before, derived.STORED)
    if not why:
        say(f"Store {folder} is up to date: nothing was changed.")
        return
    with progress() as tell:
        about = {**before.manifest.get("about", {}), "migrated_from": before.name}
        after = publish(folder, migration.records_of(before), tell, about=about)
    say(f"Generation {before.name} was of an earlier release: {why}. Generation {after.name}, made of its records, is served now.")
    say("Codes are as they were handed over then; loading the clinic's files again replaces them by surrogates.")


@app.command("backup")
def backup_command(
    folder: StoreFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup; a file that is not there yet.")],
    every: Annotated[bool, typer.Option("--all", help="Every generation that is kept, not only the one that is served.")] = False,
    key: StoreKey = None,
) -> None:
    """Write a store into one file, to be kept elsewhere."""
    hand_in_file(key)
    with progress() as tell:
        made = backup.back_up(folder, file, every, tell)
    encrypted = store.current(folder).manifest.get("encryption")
    say(f"Backed up to {file}: generation {made.served}, {len(made.generations)} in all, {file.stat().st_size:,} bytes, each part with its checksum.")
    say(
        f"It is encrypted with the store's key `{encrypted['name']}`, which is not in it."
        if encrypted
        else "It is not encrypted: keep it on an encrypted disk."
    )
    say("The clinic's table of codes and the keys are not in it: keep copies of those apart.")


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `therapy-process backup` wrote.")],
    folder: StoreFolder,
    key: StoreKey = None,
    forgotten: Annotated[
        Path | None, typer.Option("--forgotten", metavar="FILE", help="A list of deletions (forgotten.jsonl) of the store that was lost, to be deleted again.")
    ] = None,
    codes: CodesOption = None,
    codes_key: CodesKey = None,
    nobody: Annotated[bool, typer.Option("--nobody-deleted", help="Nobody was deleted since the backup was made: no list of deletions is needed.")] = False,
) -> None:
    """Put a backup back: into a new folder as it was, or into a store as its next generation. Patients deleted since are deleted again."""
    hand_in_file(key)
    store.loadable(folder)
    if forgotten is not None and not forgotten.is_file():  # a store without deletions has no list, and another's name for it is a slip of the pen
        raise FileMissing(
            f"There is no list of deletions {forgotten}. Name the one of the store that was lost; where nobody was ever deleted, say `--nobody-deleted`."
        )
    table = codes_folder.seen(folder, codes, codes_key).codes if codes_folder.place(folder, codes).exists() else None
    gone = table.retired["patient"] if table is not None else []
    known = restoring.NOBODY if nobody else (table.table, table.revision) if table is not None else None
    with progress() as tell:
        done = restoring.restore(file, folder, forgotten, lambda aside: forgetting.replay(aside, gone, tell), tell, known)
    now = store.current(folder)
    say(f"Restored into {folder}: generation {now.name} is served, with data as of {now.manifest['as_of']}.")
    if done.forgotten:
        say(f"{done.forgotten} deletions were looked through; {done.rebuilt} generations held somebody who was deleted, and were built anew.")
    if done.new and (fits := now.manifest.get("encryption")):
        say(f"Its key is called `{fits['name']}`, and is the same as that of the store that was backed up (fingerprint {fits['fingerprint']}).")
    place = codes_folder.place(folder, codes)
    if now.manifest.get("about", {}).get(ENTRY) and not (place / codes_folder.TABLE).exists():
        say(
            f"The table of codes of these records is not in {place}. Pages do without it; before the next load or `forget` put a copy of its folder there, "
            "or name it with `--codes FOLDER`."
        )
