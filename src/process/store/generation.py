"""A generation and its manifest: what is said in the clear, what is sealed, and which generation a store points to.

In an encrypted store whatever describes the records (clinic, source, dates, counts, the report of the load) is sealed with the store's key inside the
manifest; in the clear stand the name, when it was made, versions, size and checksum of the file, and which key it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.errors import StoreProblem
from process.sealed import Key, seal, unseal
from process.store.unlocking import key_of

NAME = re.compile(r"g(\d{6})-[0-9a-f]{6}")
CLEAR = ("name", "created", "format", "contract_version", "product_version", "bytes", "sha256", "encryption", "replaces")
_KINDS = {
    **dict.fromkeys(("name", "created", "product_version", "sha256", "replaces", "sealed"), str),
    **dict.fromkeys(("format", "contract_version", "bytes"), int),
    "encryption": dict | None,
    "counts": dict,
    "about": dict,
}
"""What stands in a manifest, where it stands there."""
_NEEDED = {"contract_version", "product_version", "created", "as_of", "clinic", "source", "origin", "counts"}
"""What every manifest says, since the first release."""
PURPOSE = "manifest"
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Generation:
    """One published state of a store.

    `manifest`: counts by table, contract and product version, created, as_of, clinic, source, origin, bytes, sha256, encryption (name and fingerprint of its
    key, None = in the clear), about.
    """

    name: str
    path: Path
    manifest: dict[str, Any]

    @property
    def store(self) -> Path:
        """The store it lies in."""
        return self.path.parent.parent

    def key(self) -> Key | None:
        """The key that opens its file; None where it is not encrypted. `KeyProblem` where the key is not here."""
        return key_of(self.manifest.get("encryption"), f"Generation {self.name} in {self.store}")


def generations(store: Path) -> list[str]:
    """The names of every whole generation, oldest first."""
    folder = Path(store) / "generations"
    return sorted(path.stem for path in folder.glob("g*.duckdb") if NAME.fullmatch(path.stem) and path.with_suffix(".json").exists())


def number(name: str) -> int:
    """The number in a generation's name: a later load has a higher one."""
    return int(NAME.fullmatch(name)[1])


def pointed_to(store: Path) -> str | None:
    """The name that the pointer holds, whether or not there is such a generation; None where there is no pointer or it holds no name."""
    try:
        name = (Path(store) / "current").read_text("ascii", errors="replace").strip()
    except OSError:
        return None
    return name if NAME.fullmatch(name) else None


def current(store: Path) -> Generation:
    """The generation that is to be served. Raises `StoreProblem` where the folder is not a store, or its pointer or generation is damaged."""
    store = Path(store)
    refuse_non_store(store)
    if not (store / "generations").is_dir():
        raise StoreProblem(f"{store} is not a store: it has no generations. Load records into a new folder with `therapy-process intake`.")
    if not (store / "current").is_file():
        if whole := generations(store):
            raise StoreProblem(
                f"Store {store} has lost its pointer (whole generations: {', '.join(whole)}). "
                f"`therapy-process doctor {store} --mend` points to the last whole one; or load the records again with `therapy-process intake`."
            )
        raise StoreProblem(f"Nothing is published in store {store} yet. Load records with `therapy-process intake {store} FILES…`.")
    name = pointed_to(store)
    if name is None or not (store / "generations" / f"{name}.duckdb").is_file():
        others = ", ".join(generations(store)) or "none"
        raise StoreProblem(
            f"Store {store} points to a generation that is not there (whole ones: {others}). `therapy-process doctor {store} --mend` points to the "
            "last whole one; or load the records again with `therapy-process intake`."
        )
    return named(store, name)


def named(store: Path, name: str) -> Generation:
    """A generation of the store by its name, its manifest unsealed. `StoreProblem` where the manifest cannot be read."""
    path = Path(store) / "generations" / f"{name}.duckdb"
    manifest = in_the_clear(store, name)
    box = manifest.pop("sealed", None)
    if box is not None:
        what = f"Generation {name} in {store}"
        key = key_of(manifest.get("encryption"), what)
        if key is None:
            raise _unreadable(store, name)
        try:
            manifest |= json.loads(unseal(base64.b64decode(box), key, PURPOSE, f"The manifest of generation {name} in {store}"))
        except ValueError:
            raise _unreadable(store, name) from None
    if manifest.get("name", name) != name or not manifest.keys() >= _NEEDED:
        raise _unreadable(store, name)
    return Generation(name, path, manifest)


def in_the_clear(store: Path, name: str) -> dict[str, Any]:
    """What can be read of a manifest without a key; the rest, if any, under `sealed`."""
    try:
        manifest = json.loads((Path(store) / "generations" / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise _unreadable(store, name) from None
    if not isinstance(manifest, dict) or not all(isinstance(manifest[entry], kinds) for entry, kinds in _KINDS.items() if entry in manifest):
        raise _unreadable(store, name)
    key = manifest.get("encryption")
    if key is not None and not all(isinstance(key.get(part), str) for part in ("name", "fingerprint")):
        raise _unreadable(store, name)
    return manifest


def written(manifest: dict[str, Any], key: Key | None) -> str:
    """A manifest as its file holds it."""
    if key is None:
        return json.dumps(manifest, indent=2)
    clear = {name: manifest[name] for name in CLEAR if name in manifest}
    box = seal(json.dumps({name: entry for name, entry in manifest.items() if name not in CLEAR}).encode(), key, PURPOSE)
    return json.dumps({**clear, "sealed": base64.b64encode(box).decode("ascii")}, indent=2)


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; 1.8 GB a second on a machine of today."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(generation: Generation, alone: bool = True) -> None:
    """Refuse a generation whose file is missing, cut, or differs in any bit from what was published (`StoreProblem`); `alone` see `refuse_cut`."""
    refuse_cut(generation, alone)
    expected = generation.manifest.get("sha256")
    if expected is not None and checksum(generation.path) != expected:
        raise StoreProblem(damaged(generation))


def refuse_cut(generation: Generation, alone: bool = True) -> None:
    """Refuse a generation whose file is missing or has another size than was published (`StoreProblem`): the check that costs nothing.

    With `alone` so is one with a log of DuckDB's beside it: a finished generation has none, and opening would play that log into the records.
    """
    try:
        size = generation.path.stat().st_size
    except OSError:
        raise StoreProblem(f"The file of generation {generation.name} is not there. Load the records again with `therapy-process intake`.") from None
    if size != generation.manifest.get("bytes", size):
        raise StoreProblem(damaged(generation))
    if alone and generation.path.with_name(f"{generation.path.name}.wal").exists():
        raise StoreProblem(
            f"Beside generation {generation.name} in {generation.store} lies a log that does not belong to it (`{generation.path.name}.wal`). "
            f"`therapy-process doctor {generation.store} --mend`, the next load, and the next start of the server remove it."
        )


def damaged(generation: Generation) -> str:
    """What to say of a generation that cannot be opened."""
    return (
        f"Generation {generation.name} in {generation.store} is damaged and cannot be opened. Go back to an earlier one with "
        f"`therapy-process doctor {generation.store} --mend`, or load the records again with `therapy-process intake`; the damaged file is left as it is."
    )


def refuse_non_store(store: Path) -> None:
    """Refuse a path with nothing there, a file, or a folder that this account may not look into."""
    try:
        there, a_folder = store.exists(), store.is_dir()
        if a_folder:
            os.listdir(store)
            (store / "current").exists()  # a folder that may be listed, and not entered
    except OSError as error:
        raise StoreProblem(f"Store {store} cannot be looked at: {error.strerror}. Check who owns the folder, or give the command as that account.") from None
    if not there:
        raise StoreProblem(f"There is no store {store}. Check the path, or make one with `therapy-process intake {store} FILES…` or `therapy-process demo`.")
    if not a_folder:
        raise StoreProblem(f"{store} is a file; a store is a folder. Name the folder.")


def _unreadable(store: Path, name: str) -> StoreProblem:
    return StoreProblem(
        f"The manifest of generation {name} in {store} cannot be read. `therapy-process doctor {store} --mend` points to the last whole generation; "
        "or load the records again with `therapy-process intake`."
    )
