"""`therapy-process key …`: which keys open a store and its table of codes, copies of them for the safe, and a new one for the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from process import sealed
from process.cli.app import StoreFolder, app, progress, say
from process.cli.codes import CodesKey, CodesOption, NewKey, RemoveOld, told_of_old
from process.errors import KeyProblem, SettingWrong, UserError
from process.intake.codes.folder import place as codes_place
from process.intake.codes.folder import seen
from process.sealed import Key
from process.sealed.keys import export, named_by_environment, remove
from process.store import rewriting
from process.store.generation import refuse_non_store
from process.store.unlocking import Identity, described, hand_in_file, identity, key_of, new_identity, next_key_name

StoreKey = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The file that holds the store's key.")]

keys = typer.Typer(no_args_is_help=True, help="The keys of a store and of its table of codes.")
app.add_typer(keys, name="key")


@keys.command("show")
def show_command(folder: StoreFolder, key: StoreKey = None, place: CodesOption = None, codes_key: CodesKey = None) -> None:
    """Say which keys open the store and its table of codes, and where they lie; never the keys themselves."""
    for what, find in (("store", lambda: _store_key(folder, key)), ("table of codes", lambda: seen(folder, place, codes_key).key)):
        try:
            found = find()
        except UserError as mistake:
            say(f"{what}: {mistake}")
            continue
        say(f"{what}: key `{found.name}`, fingerprint {found.fingerprint}, in {found.where}" if found else f"{what}: no key")


@keys.command("export")
def export_command(
    folder: StoreFolder,
    copies: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copies go: a folder on a disk that is kept apart, best in a safe.")],
    key: StoreKey = None,
    place: CodesOption = None,
    codes_key: CodesKey = None,
) -> None:
    """Copy the keys of the store and of its table of codes into files, to be kept apart from both."""
    for inside in (Path(folder).resolve(), codes_place(folder, place)):
        if copies.resolve().is_relative_to(inside):
            raise SettingWrong(f"Copies of keys must not lie in {inside}, which they open. Name a folder on another disk.")
    found = [one for one in (_store_key(folder, key), seen(folder, place, codes_key).key) if one is not None]
    if not found:
        raise KeyProblem(f"Store {folder} is not encrypted and has no table of codes yet: there is no key to copy.")
    for one in found:
        say(f"Copied key `{one.name}` (fingerprint {one.fingerprint}) to {export(one, copies)}")
    say("Whoever has these files and the store, or the table of codes, can read it. To use one: `--key FILE` for the store, `--codes-key FILE` for the table.")


@keys.command("rotate")
def rotate_command(
    folder: StoreFolder,
    key: StoreKey = None,
    new: NewKey = None,
    unencrypted: Annotated[bool, typer.Option("--unencrypted", help="Take the encryption away instead; the disk should be encrypted then.")] = False,
    remove_old: RemoveOld = False,
) -> None:
    """Encrypt every kept generation of a store with a new key. Whenever it is cut short, the same command ends the work."""
    old = _store_key(folder, key)
    if unencrypted and new is not None:
        raise SettingWrong("`--new-key` and `--unencrypted` cannot both be said.")
    fresh = None if unencrypted else _new_key(identity(folder) or new_identity(None), old, new, named=key is not None)
    with progress() as tell:
        rewriting.rotate(folder, old, fresh, tell)
    if fresh is None:
        say("The store is not encrypted any more. Keep it on an encrypted disk.")
    else:
        say(f"The store is encrypted with a new key, `{fresh.name}`, which lies in {fresh.where}. Keep a copy of it apart from the store.")
    if old is not None:
        say(told_of_old(old, remove_old and remove(old)))


def _store_key(folder: Path, file: Path | None) -> Key | None:
    refuse_non_store(folder)
    hand_in_file(file)
    known = identity(folder)
    return key_of(described(known), f"Store {folder}") if known is not None else None


def _new_key(known: Identity, old: Key | None, file: Path | None, named: bool) -> Key:
    """The key that takes the place of the old one; one that an interrupted run made is taken up."""
    name = next_key_name(known)
    if file is None and (named or named_by_environment(name)):
        raise SettingWrong("The store's key lies in a file of your own. Say where the new one is to be made: `--new-key FILE`.")
    fresh = sealed.find_or_make(name, file)
    if old is not None and fresh.secret == old.secret:
        raise KeyProblem(f"{file} holds the key that the store has already. Name a file that is not there yet.")
    return fresh
