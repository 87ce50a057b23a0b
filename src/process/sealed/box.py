"""A sealed box: bytes that only the key opens, and that tell when a single bit of them was changed (AES-256-GCM, from `cryptography`).

    8 bytes   what this is, with its version: THPBOX01
    8 bytes   the fingerprint of the key
   12 bytes   a nonce, random for every sealing
    the rest  the sealed bytes and their tag

Each purpose has a key of its own, drawn from the secret by HKDF-SHA256 (RFC 5869), so that a box made for one purpose never opens as another.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from process.errors import FileMissing, KeyProblem, StoreProblem
from process.sealed.keys import Key
from process.sealed.whole import put

MAGIC = b"THPBOX01"
_PRINT, _NONCE, _TAG = 8, 12, 16
_HEAD = len(MAGIC) + _PRINT + _NONCE


def seal(data: bytes, key: Key, purpose: str) -> bytes:
    """The bytes, sealed with the key for one purpose."""
    head = MAGIC + bytes.fromhex(key.fingerprint) + secrets.token_bytes(_NONCE)
    return head + _cipher(key, purpose).encrypt(head[-_NONCE:], data, head)


def unseal(data: bytes, key: Key, purpose: str, what: str = "This file") -> bytes:
    """The bytes that were sealed. `what` names the file in messages.

    Raises `KeyProblem` where another key sealed it, `StoreProblem` where it is no box, was sealed for another purpose, or a bit of it was changed or lost.
    """
    if not data.startswith(MAGIC):
        raise StoreProblem(f"{what} is not a sealed file of this product, or its beginning is damaged. Take it from a backup.")
    if sealed_by(data) != key.fingerprint:
        raise KeyProblem(f"{what} is sealed with another key (fingerprint {sealed_by(data)}) than that in {key.where} (fingerprint {key.fingerprint}).")
    if len(data) < _HEAD + _TAG:
        raise StoreProblem(f"{what} is cut short. Take it from a backup.")
    try:
        return _cipher(key, purpose).decrypt(data[_HEAD - _NONCE : _HEAD], data[_HEAD:], data[:_HEAD])
    except InvalidTag:
        raise StoreProblem(f"{what} is damaged, cut short, or not what it is taken for. Take it from a backup.") from None


def sealed_by(data: bytes) -> str:
    """The fingerprint of the key that sealed a box."""
    return data[len(MAGIC) : len(MAGIC) + _PRINT].hex()


def write_sealed(path: Path, data: bytes, key: Key, purpose: str) -> None:
    """Seal the bytes into a file that only its owner can read; whenever the machine stops, the file is the old one or the new one."""
    try:
        put(path, seal(data, key, purpose))
    except OSError as error:
        raise StoreProblem(f"{path} cannot be written: {error.strerror}. Check who owns the folder and whether the disk is full.") from None


def read_sealed(path: Path, key: Key, purpose: str) -> bytes:
    """The bytes that `write_sealed` put there; `FileMissing` where there is no file."""
    return unseal(read_box(path), key, purpose, str(path))


def read_box(path: Path) -> bytes:
    """A sealed file as it lies there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileMissing(f"There is no file {path}.") from None
    except OSError as error:
        raise StoreProblem(f"{path} cannot be read: {error.strerror}. Check who owns it.") from None


def _cipher(key: Key, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, b"therapy-process " + purpose.encode()).derive(key.secret))
