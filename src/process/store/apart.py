"""A restored copy becomes a store of its own: it has its own id, and the key that opens it lies under a name of its own.

The secret stays the same, so that copies of the key that were kept still open it, and nothing is encrypted anew. But whoever changes the key of one store
and removes the old one (`key rotate --remove-old-key`) takes away that store's entry, never the other's.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path

from process import sealed
from process.sealed import Key, keyrings, keys
from process.store.folder import write_whole
from process.store.generation import generations, in_the_clear
from process.store.unlocking import IDENTITY, Identity, hand_in, identity, key_of, renamed_key


def made_its_own(store: Path) -> None:
    """Give the store in this folder a new id, and its keys names after it. Raises `KeyProblem` where a key is not here or cannot be kept under its new name.

    A key that lies in a file of the user's own is not copied: that file still opens both.
    """
    before = identity(store)
    if before is None:
        return
    after = Identity(secrets.token_hex(8))
    if before.encrypted:
        key = _kept_as_well({"name": str(before.key_name), "fingerprint": str(before.fingerprint)}, after.id)
        after = replace(after, key_name=key.name, fingerprint=key.fingerprint)
    for name in generations(store):
        manifest = in_the_clear(store, name)
        if entry := manifest.get("encryption"):
            manifest["encryption"] = {**entry, "name": _kept_as_well(entry, after.id).name}
            write_whole(Path(store) / "generations" / f"{name}.json", json.dumps(manifest, indent=2))
    write_whole(Path(store) / IDENTITY, json.dumps(after.as_dict(), indent=2))


def _kept_as_well(entry: dict[str, str], store_id: str) -> Key:
    """The key of a manifest's entry under its name in another store, put beside the first one where the product keeps that."""
    key = key_of(entry, "The backup")
    assert key is not None
    name = renamed_key(entry["name"], store_id)
    if key.where in (keyrings.where(), f"key file {keys.own_file(key.name)}") and sealed.find(name) is None:
        key = keys.made(name, secret=key.secret)
    key = replace(key, name=name)
    hand_in(key)
    return key


__all__ = ["made_its_own"]
