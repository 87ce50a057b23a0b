"""Whether a clinic's name for itself, or for its source, is somebody's name or number: one cell, read alone, because there is no column to judge it by.

A practice may be called after a person where it says that it is a practice (`Dr Quux Practice`), and an export after its day (`export 2026-03-31`).
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from process.intake.identifying.dates import real_date
from process.intake.identifying.people import ends_like_a_place, like_a_person

NUMBER = "a number of six digits or more"
_DAY = re.compile(r"(?<!\d)20\d\d([-./]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_VERSION = re.compile(r"(?i)(?<![\w.])v?\d{1,3}(?:\.\d{1,3}){1,3}(?![\w.])")
_NUMBER = re.compile(r"\d(?:[ ./-]?\d){5,}")
_SEPARATE = re.compile(r"[ ._/-]+")


def numbers(distinct: pa.Array, filled: int) -> NDArray[np.bool_]:
    """Cells that hold six digits or more, signs between them aside: a telephone, patient or insurance number, a date of birth.

    A day of this century's and a version (`10.2.331`) are none; a day with a year of two digits beyond 31 is not taken for a version.
    """
    return np.array([bool(_NUMBER.search(_VERSION.sub(_plain, _DAY.sub(" ", text)))) for text in distinct.to_pylist()], bool)


def _plain(version: re.Match[str]) -> str:
    """Nothing for a version's text, itself for what may be a day of birth."""
    parts = version[0].lower().removeprefix("v").split(".")
    return version[0] if len(parts) == 3 and len(parts[2]) == 2 and int(parts[2]) > 31 and real_date(".".join(parts)) else " "


def names(distinct: pa.Array, filled: int) -> NDArray[np.bool_]:
    """Cells that are a person's name and say of nothing that it is a practice, a clinic or a house."""
    words = [" ".join(_SEPARATE.split(text)).strip() for text in distinct.to_pylist()]
    return np.array([bool(text) and like_a_person(text) and not ends_like_a_place(text) for text in words], bool)


def tells_of_somebody(name: str) -> bool:
    """Whether a file's name may be somebody's: two words of it are a first name and a surname, or it holds a number of six digits that is no day."""
    words = [word.title() for word in re.split(r"[^A-Za-z\u00C0-\u024F]+", name) if word]
    return bool(_NUMBER.search(_DAY.sub(" ", name))) or any(like_a_person(f"{one} {other}") for one, other in zip(words, words[1:], strict=False))


__all__ = ["NUMBER", "names", "numbers", "tells_of_somebody"]
