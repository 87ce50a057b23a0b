"""Encryption at rest, which is DuckDB's own: how a generation's file is opened for writing and for reading, and whether a store is encrypted at all.

Reading needs nothing but the key. Writing needs DuckDB's `httpfs` extension, because the crypto that is built into DuckDB may only read; the extension comes
as a package for exactly one release of DuckDB and is loaded by its path, so that nothing is ever fetched. Log and temporary files are encrypted, too.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import duckdb

from process import sealed
from process.errors import KeyProblem, SettingWrong, StoreProblem
from process.sealed import Key, keyrings
from process.store.generation import generations, named, pointed_to
from process.store.unlocking import hand_in, identity, key_name, key_of, new_identity, store_id

EXTENSION = "duckdb_extension_httpfs"
GENERATION = "generation"
"""What an attached generation is called inside a connection."""
_FORM = "storage_version 'v1.5.0'"  # text of few values is written in less time and space than in the form that DuckDB takes by itself
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@dataclass(frozen=True)
class Chosen:
    """How a load's generation will be encrypted: `key` (None = not at all), `made` = the key was made just now, `where` it lies in words."""

    key: Key | None
    made: bool = False

    @property
    def told(self) -> str:
        """What a person must know of it; empty where there is nothing new."""
        if self.key is None or not self.made:
            return ""
        return (
            f"The store is encrypted. Its key `{self.key.name}` was made just now and lies in {self.key.where}. "
            "Keep a copy of the key apart from the store: without it nobody can read the records, and with both anybody can."
        )


def writing(path: Path, key: Key | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with the file (a new one, or one that is there) attached and in use, encrypted with `key` where there is one.

    What does not fit into memory is spilled beside the file, encrypted too. Raises `StoreProblem` where the extension that writes encrypted files is missing.
    """
    connection = ready_to_write(path, key)
    try:
        attach(connection, path, key)
        connection.execute(f"use {GENERATION}")
    except BaseException:
        connection.close()
        raise
    return connection


def ready_to_write(path: Path, key: Key | None = None) -> duckdb.DuckDBPyConnection:
    """A connection as `writing` gives it, to which the file is not attached yet, because it is still being copied."""
    extension = None if key is None else _extension()
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        connection.execute(f"set temp_directory = {_literal(f'{path}.tmp')}")
        if extension is not None:
            connection.execute(f"load {_literal(extension)}")
            connection.execute("set temp_file_encryption = true")
    except BaseException:
        connection.close()
        raise
    return connection


def reading(path: Path, key: Key | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with the file attached read-only and in use. Nothing is spilled to a disk. `PermissionError` for a file that this account may not read,
    which DuckDB would tell like a damaged one."""
    if path.exists():
        path.open("rb").close()
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        connection.execute("set temp_directory = ''")
        attach(connection, path, key, read_only=True)
        connection.execute(f"use {GENERATION}")
    except BaseException:
        connection.close()
        raise
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, key: Key | None, *, read_only: bool = False, name: str = GENERATION) -> None:
    """Attach a file to a connection; the key is bound, so that it is in no statement and no log. `KeyProblem` where another key wrote the file."""
    options = [option for option, wanted in (("read_only", read_only), (_FORM, not read_only), ("encryption_key $key", key is not None)) if wanted]
    statement = f"attach {_literal(path.resolve())} as {name}" + (f" ({', '.join(options)})" if options else "")  # ATTACH takes no parameter for a path
    try:
        connection.execute(statement, {"key": key.secret.hex()} if key is not None else None)
    except duckdb.Error as error:
        if key is not None and "Wrong encryption key" in str(error):
            raise KeyProblem(f"{path} is encrypted with another key than that in {key.where} (fingerprint {key.fingerprint}). Name the right one.") from None
        raise


def can_write() -> bool:
    """Whether encrypted generations can be written here."""
    return _extension_file() is not None


def choose(store: Path, origin: str, key: str | Path | None = None, unencrypted: bool = False, look: bool = False) -> Chosen:
    """How a load into this store is to be encrypted, and with which key; a key that is needed and not there yet is made, or with `look` only refused where it
    could not be.

    A store that is there stays as it is. A new one is encrypted where `origin` is `real` or a `key` is named (a file, or `keyring`), unless `unencrypted` is
    said. Raises `SettingWrong` where what is said does not fit the store, `KeyProblem` where its key is missing, `StoreProblem` where it cannot be written.
    """
    store = Path(store)
    if key is not None and unencrypted:
        raise SettingWrong("`--key` and `--unencrypted` cannot both be said.")
    if str(key) == "keyring" and not keyrings.where():
        raise KeyProblem("There is no keyring of the system here. Name a file for the key: `--key FILE`.")
    file = None if key is None or str(key) == "keyring" else Path(key)
    before = identity(store)
    if before is None and (store / "current").exists():
        before = new_identity(None)
    if before is not None:
        if not before.encrypted:
            _refuse_to_change(store, key is not None, "is not encrypted", "Encrypt it with")
            if origin == "real" and not unencrypted and _holds_simulated(store):
                raise SettingWrong(
                    f"Store {store} is not encrypted, and these are its first real records. Encrypt it with `therapy-process key rotate {store}`, load into a "
                    "new store, or say `--unencrypted`."
                )
            return Chosen(None)
        _refuse_to_change(store, unencrypted, "is encrypted", "If it must not be, see")
        hand_in(None if file is None else sealed.find(str(before.key_name), file))
        found = key_of({"name": str(before.key_name), "fingerprint": str(before.fingerprint)}, f"Store {store}")
        _extension()
        return Chosen(found)
    if unencrypted or (key is None and origin != "real"):
        return Chosen(None)
    _extension()
    name = key_name(new_identity(None).id)
    found = sealed.find(name, file) if file is None or file.exists() else None
    if found is None and look:
        sealed.keys.refuse_unmakeable(name, file)
        return Chosen(None, True)
    made = found or sealed.made(name, file)
    hand_in(made)
    return Chosen(made, found is None)


def _holds_simulated(store: Path) -> bool:
    """Whether what is served from this store is simulated, so that nobody has decided about its encryption with real records in mind."""
    served = pointed_to(store)
    return served in generations(store) and named(store, served).manifest.get("origin") != "real"


def fitting(store: Path, key: Key | None) -> Key | None:
    """The key that the store's next generation is encrypted with: its own, or for a new store `key`. `SettingWrong` where `key` is another one."""
    before = identity(store)
    if before is None and not (Path(store) / "current").exists():
        hand_in(key)
        return key
    wanted = before.fingerprint if before is not None else None
    if key is not None and key.fingerprint != wanted:
        state = "is encrypted with another key" if wanted else "is not encrypted"
        raise SettingWrong(f"Store {store} {state}. Change its key with `therapy-process key rotate {store}`.")
    hand_in(key)
    return key_of({"name": str(before.key_name), "fingerprint": wanted}, f"Store {store}") if before is not None and wanted else None


def _refuse_to_change(store: Path, asked: bool, state: str, step: str) -> None:
    if asked:
        raise SettingWrong(f"Store {store} {state}, and a load does not change that. {step} `therapy-process key rotate {store}`.")


def _extension() -> Path:
    found = _extension_file()
    if found is None:
        raise StoreProblem(
            f"Encrypted stores cannot be written here: DuckDB {duckdb.__version__} needs its `httpfs` extension for that, and the package `{EXTENSION}` for "
            "this release is not installed. Install it with `pip install 'therapy-process[encryption]'` (there is one for DuckDB 1.5.5), or say "
            "`--unencrypted` and keep the store on an encrypted disk."
        )
    return found


def _extension_file() -> Path | None:
    spec = importlib.util.find_spec(EXTENSION)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if path.is_file():
            return path
    return None


def _literal(place: object) -> str:
    return "'" + str(place).replace("'", "''") + "'"


__all__ = ["Chosen", "attach", "can_write", "choose", "fitting", "reading", "ready_to_write", "store_id", "writing"]
