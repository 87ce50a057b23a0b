"""Passwords of local accounts: what may be one, and how it is kept.

Kept as argon2id with 64 MiB, 3 passes and 4 lanes, the second choice that RFC 9106 (section 4) recommends and argon2-cffi's own default; a random salt of 16
bytes each. A password has at least 12 characters after NFKC (NIST SP 800-63B asks for 8, in its revision 4 for 15 where nothing else proves who somebody is;
both ask for NFKC or NFKD, and for no rule on kinds of characters), and at most 256 bytes, so that a long one costs nobody's time.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from process.errors import SettingWrong

LEAST_CHARACTERS = 12
MOST_BYTES = 256
_HASHER = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
ARGON2ID = "$argon2id$"


def hashed(password: str, user: str = "") -> str:
    """The hash of a new password; `SettingWrong` where it cannot be one. Nothing of it is repeated."""
    refuse(password, user)
    return _HASHER.hash(_normal(password))


def refuse(password: str, user: str = "") -> None:
    """Refuse what cannot be a password: too short, too long, with control characters, or little else than the user's own name."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < LEAST_CHARACTERS:
        raise SettingWrong(f"A password has at least {LEAST_CHARACTERS} characters. Three or four words that do not belong together are easy to remember.")
    if len(password.encode("utf-8", "replace")) > MOST_BYTES or len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise SettingWrong(f"A password has at most {MOST_BYTES} bytes.")
    if not text.isprintable():
        raise SettingWrong("A password is letters, digits, spaces and signs; no line breaks or control characters.")
    rest = text.casefold().replace(user.casefold(), "") if len(user) >= 3 else text
    if len(rest) < LEAST_CHARACTERS // 2 or len(set(text)) < 4:
        raise SettingWrong("A password that is little but the user's name, or the same few characters again and again, is guessed first. Choose another.")


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one whose hash this is. Takes the same time where there is no hash, or no password that could fit."""
    possible = isinstance(password, str) and len(password.encode("utf-8", "replace")) <= MOST_BYTES
    known = bool(kept) and possible
    try:
        _HASHER.verify(kept if known else _nobodys(), _normal(password) if possible else "")
    except (VerificationError, InvalidHashError):
        return False
    return known


def prepare() -> None:
    """Make the hash that unknown users are verified against, so that the first of them takes no longer than the next."""
    _nobodys()


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than those above."""
    return _HASHER.check_needs_rehash(kept)


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")[:MOST_BYTES]


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
