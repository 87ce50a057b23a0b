"""Where keys are found, and where a new one is put: a named file, the environment, the system's keyring, the user's own folder of keys; never a command line.

A key is 32 random bytes. In a file it is one line of base64, 44 characters, as `openssl rand -base64 32` writes it. A file that others may read is refused
and not tightened in silence, because whoever could read it may have done so: the person decides whether the key is still good.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from process.errors import FileMissing, KeyProblem
from process.sealed import keyrings, whole
from process.sealed.whole import make_folder, put_new

SIZE = 32
STORE_KEY_FILE, CODES_KEY_FILE = "THERAPY_PROCESS_KEY_FILE", "THERAPY_PROCESS_CODES_KEY_FILE"
AUDIT_KEY_FILE = "THERAPY_PROCESS_AUDIT_KEY_FILE"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_ADVICE = "A key file holds one line, 32 random bytes in base64, as `openssl rand -base64 32` writes it"


@dataclass(frozen=True)
class Key:
    """A key under its name. `secret`: 32 bytes, shown by no repr; `where`: the place it lies in, in words."""

    name: str
    secret: bytes = field(repr=False)
    where: str

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell keys apart and say nothing of the key: a keyed hash of a constant."""
        return hashlib.blake2b(b"therapy-process fingerprint", key=self.secret, digest_size=8).hexdigest()


def find(name: str, file: Path | None = None) -> Key | None:
    """The key of that name, None where there is none yet.

    Places in order: `file`; the file that the environment names (`THERAPY_PROCESS_CODES_KEY_FILE` for names that begin with `codes`,
    `THERAPY_PROCESS_AUDIT_KEY_FILE` for `audit`, else `THERAPY_PROCESS_KEY_FILE`); the system's keyring where there is one;
    `<config>/therapy-process/keys/<name>.key`. Raises `KeyProblem` for a key that cannot be used, `FileMissing` where a file is named and not there.
    """
    refuse_odd(name)
    named = Path(file) if file is not None else named_by_environment(name)
    if named is not None:
        if not named.exists():
            raise FileMissing(f"There is no key file {named}. Name the file that holds the key; {_ADVICE.lower()}.")
        return read_key_file(name, named)
    kept = keyrings.get(name)
    if kept is not None:
        return Key(name, _decoded(kept, "The entry in the system's keyring"), keyrings.where())
    path = own_file(name)
    return read_key_file(name, path) if path.exists() else None


def find_or_make(name: str, file: Path | None = None) -> Key:
    """The key of that name; a new random one, put into the first of the places above, where there is none yet."""
    refuse_odd(name)
    named = Path(file) if file is not None else named_by_environment(name)
    if named is None or named.exists():
        found = find(name, file)
        if found is not None:
            return found
    return made(name, named)


def made(name: str, file: Path | None = None, secret: bytes | None = None) -> Key:
    """A new random key, or `secret` under one more name, put into `file`, or into the keyring, or into the user's folder of keys. Refuses to take another
    key's place."""
    refuse_odd(name)
    secret = secret or secrets.token_bytes(SIZE)
    line = base64.b64encode(secret).decode("ascii")
    if file is None and keyrings.put(name, line):
        return Key(name, secret, keyrings.where())
    path = Path(file) if file is not None else own_file(name)
    try:
        if file is None:
            make_folder(path.parent)
        put_new(path, (line + "\n").encode("ascii"))
    except FileExistsError:
        return read_key_file(name, path)  # another load made it a moment ago
    except OSError as error:
        raise _unwritable(path, error) from None
    return Key(name, secret, f"key file {path}")


def refuse_unmakeable(name: str, file: Path | None = None) -> None:
    """Refuse (`KeyProblem`) as `find_or_make` would where a new key cannot be put down; nothing is written. A keyring is not asked."""
    named = Path(file) if file is not None else named_by_environment(name)
    path = named or own_file(name)
    if path.exists():
        read_key_file(name, path)
        return
    if named is None and keyrings.where():
        return
    try:
        if named is None:
            whole.refuse_unmakeable(path.parent)
        else:
            whole.refuse_unwritable(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> KeyProblem:
    return KeyProblem(f"The key file {path} cannot be written: {error.strerror}. Name another place for the key, or mend this one.")


def remove(key: Key) -> bool:
    """Forget a key that nothing is sealed with any more; False where it lies in a file that the user named, which is theirs to remove."""
    own = own_file(key.name)
    if own.exists() and read_key_file(key.name, own).secret == key.secret:
        own.unlink()
        return True
    return key.where == keyrings.where() and keyrings.remove(key.name)


def export(key: Key, folder: Path) -> Path:
    """Copy a key into `<folder>/<name>.key`, readable by its owner alone, and give the file. `KeyProblem` where the disk refuses, or another key is there."""
    path = Path(folder) / f"{key.name}.key"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put_new(path, base64.b64encode(key.secret) + b"\n")
    except FileExistsError:
        if read_key_file(key.name, path).secret != key.secret:
            raise KeyProblem(f"{path} holds another key already. Name another folder.") from None
    except OSError as error:
        raise KeyProblem(f"The key file {path} cannot be written: {error.strerror}. Name another folder.") from None
    return path


def read_key_file(name: str, path: Path) -> Key:
    """The key that a file holds; `KeyProblem` where others may read the file, or it holds no key."""
    try:
        handle = os.open(path, os.O_RDONLY)
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4096)
    except OSError as error:
        raise KeyProblem(f"The key file {path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise KeyProblem(f"The key file {path} is no file. {_ADVICE}.")
    if mode & 0o077:
        raise KeyProblem(f"The key file {path} can be read by others than its owner. If nobody did: `chmod 600 {path}`. Otherwise make a new key of it.")
    return Key(name, _decoded(text, f"The key file {path}"), f"key file {path}")


def own_file(name: str) -> Path:
    """Where a key lies when nothing else is said: `~/.config/therapy-process/keys/<name>.key`, or under `XDG_CONFIG_HOME`."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "therapy-process" / "keys" / f"{name}.key"


def named_by_environment(name: str) -> Path | None:
    """The key file that the environment names for this kind of key."""
    named = os.environ.get(CODES_KEY_FILE if name.startswith("codes") else AUDIT_KEY_FILE if name.startswith("audit") else STORE_KEY_FILE)
    return Path(named) if named else None


def refuse_odd(name: str) -> None:
    """Refuse (`ValueError`) what is no name for a key, before it becomes the name of a file."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name is lower-case letters, digits and hyphens")


def _decoded(text: str | bytes, what: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != SIZE:
        raise KeyProblem(f"{what} does not hold a key. {_ADVICE}.")
    return secret
