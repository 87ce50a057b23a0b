"""The key that opens a store: which one it is, where it is looked for, and the keys that this process has in hand.

A store's own file `store.json` names the key of the next generation, each generation's manifest the key of that generation; both by name and fingerprint,
never the key. A key that a person names (`--key FILE`) is handed in once and then opens whatever it fits.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from process import sealed
from process.errors import KeyProblem, StoreProblem
from process.sealed import Key, keyrings, keys

IDENTITY = "store.json"
_NAME = re.compile(r"store-([0-9a-f]{16})(?:-(\d{1,6}))?")
_in_hand: dict[str, Key] = {}
_NAMED = "store-named"
"""What a key is called that a person named in a file, until it is known which one it is."""


@dataclass(frozen=True)
class Identity:
    """What `store.json` says: the store's random id, and name and fingerprint of the key its next generation is encrypted with (both None = not encrypted)."""

    id: str
    key_name: str | None = None
    fingerprint: str | None = None

    @property
    def encrypted(self) -> bool:
        """Whether new generations are encrypted."""
        return self.fingerprint is not None

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"id": self.id, "encrypted": self.encrypted, "key": described(self)}


def described(key: Key | Identity | None) -> dict[str, str] | None:
    """A key as manifests name it; None = not encrypted."""
    if key is None or key.fingerprint is None:
        return None
    return {"name": key.name if isinstance(key, Key) else str(key.key_name), "fingerprint": key.fingerprint}


def identity(store: Path) -> Identity | None:
    """Which store this is; None for one that is not there yet or was filled by a release without encryption. `StoreProblem` where the file is damaged."""
    path = Path(store) / IDENTITY
    try:
        content = json.loads(path.read_text("utf-8"))
        key = content["key"]
        found = Identity(content["id"], key and key["name"], key and key["fingerprint"])
        if not isinstance(found.id, str) or not all(part is None or isinstance(part, str) for part in (found.key_name, found.fingerprint)):
            raise ValueError
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise StoreProblem(f"{path} cannot be read. `therapy-process doctor {store} --mend` writes it anew from the newest whole generation.") from None


def new_identity(key: Key | None) -> Identity:
    """A store that is not there yet; its id is in the name of its key."""
    if key is None:
        return Identity(secrets.token_hex(8))
    return Identity(store_id(key.name) or secrets.token_hex(8), key.name, key.fingerprint)


def key_name(store_id: str, number: int = 1) -> str:
    """What the store's first, second, … key is called wherever keys lie."""
    return f"store-{store_id}" + (f"-{number}" if number > 1 else "")


def next_key_name(identity: Identity) -> str:
    """The name for the key that takes the place of the present one."""
    found = _NAME.fullmatch(identity.key_name or "")
    return key_name(identity.id, int(found[2] or 1) + 1 if found else 1)


def renamed_key(name: str, store_id: str) -> str:
    """What a store's key is called as the key of a copy of it."""
    found = _NAME.fullmatch(name)
    return key_name(store_id, int(found[2] or 1) if found else 1)


def store_id(name: str) -> str | None:
    """The id of the store that a key is of, by its name."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def hand_in(key: Key | None) -> None:
    """Keep a key in this process, to open whatever it fits."""
    if key is not None:
        _in_hand[key.fingerprint] = key


def hand_in_file(file: Path | None) -> None:
    """The same for a key file that a person named; `FileMissing` and `KeyProblem` where it is none."""
    if file is not None:
        hand_in(sealed.find(_NAMED, file))


def key_of(wanted: dict[str, str] | None, what: str) -> Key | None:
    """The key that fits a manifest's or an identity's entry; None for None. `what` is named in the `KeyProblem` where there is none that fits."""
    if wanted is None:
        return None
    name, fingerprint = wanted["name"], wanted["fingerprint"]
    if fingerprint not in _in_hand:
        hand_in(_found(name, fingerprint, what))
    return replace(_in_hand[fingerprint], name=name)  # one that a person named in a file has no name of its own


def _found(name: str, fingerprint: str, what: str) -> Key:
    others = [key for key in _in_hand.values() if key.name == _NAMED]
    for key in _candidates(name):
        if key.fingerprint == fingerprint:
            return key
        others.append(key)
    advice = "Name the file that holds it: `--key FILE`, or the environment variable THERAPY_PROCESS_KEY_FILE."
    wanted = f"{what} is encrypted with the key `{name}` (fingerprint {fingerprint})"
    if others:
        raise KeyProblem(f"{wanted}; the one in {others[0].where} is another (fingerprint {others[0].fingerprint}). {advice}")
    looked = [str(place) for place in (keys.named_by_environment(name), keyrings.where(), keys.own_file(name)) if place]
    raise KeyProblem(f"{wanted}, which is not here; looked in {', '.join(looked)}. {advice}")


def _candidates(name: str) -> Iterator[Key]:
    named, own = keys.named_by_environment(name), keys.own_file(name)
    for path in (named, own):
        if path is not None and path.exists():
            yield keys.read_key_file(name, path)
    if named is None and (found := sealed.find(name)) is not None:
        yield found
