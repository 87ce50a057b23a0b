"""Display codes: short, random, and made to be read and copied: no vowels, so that none becomes a word, and at most one of signs that look alike.

A display code is the surrogate itself: nothing leads from it to what it stands for but the table of codes.
"""

from __future__ import annotations

import secrets
from collections.abc import Container
from dataclasses import dataclass

SIGNS = "CDFHJKMNPRTVWX23456789"
"""22 signs: of 0 O Q, 1 I L, 2 Z, 5 S, 6 G, 8 B, V Y at most one is there, and no vowel."""
ROOM = 20
"""How many times more codes there are of a length than are used: drawing stays quick, and a mistyped code is hardly ever somebody else's."""
_FAIR = 256 - 256 % len(SIGNS)
_SIGN_OF, _UNFAIR = bytes(ord(SIGNS[byte % len(SIGNS)]) for byte in range(256)), bytes(range(_FAIR, 256))


@dataclass(frozen=True)
class Kind:
    """What codes stand for. `first`: the sign they begin with; `shortest`: random signs that follow."""

    name: str
    first: str
    shortest: int


PATIENT, THERAPIST, COURSE = Kind("patient", "P", 5), Kind("therapist", "T", 3), Kind("course", "C", 6)
KINDS = {kind.name: kind for kind in (PATIENT, THERAPIST, COURSE)}


def length_for(kind: Kind, number: int) -> int:
    """Random signs that codes need so that `number` of them fill a twentieth of the room or less."""
    length = kind.shortest
    while len(SIGNS) ** length < ROOM * number:
        length += 1
    return length


def draw(kind: Kind, number: int, taken: Container[str], many: int) -> list[str]:
    """`number` new codes, all different and none of `taken`, from the system's source of randomness. `many`: how many there will be with them."""
    length = length_for(kind, many)
    drawn: dict[str, None] = {}
    while len(drawn) < number:
        signs = random_signs((number - len(drawn)) * length)
        for start in range(0, len(signs), length):
            code = kind.first + signs[start : start + length]
            if code not in taken:
                drawn[code] = None
    return list(drawn)


def random_signs(number: int) -> str:
    """That many signs, each of the 22 as likely as the next: bytes that would favour some are thrown away."""
    found = b""
    while len(found) < number:
        found += secrets.token_bytes(number - len(found) + 16).translate(_SIGN_OF, _UNFAIR)
    return found[:number].decode()
