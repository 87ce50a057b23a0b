"""Numbers that states and health services give to people, told from random codes by their check digits: the column is judged, not the cell.

One random ten-digit code in eleven is a valid NHS number, so that a single cell says nothing. A column says much: where far more of its distinct codes
pass than chance gives (binomial test), they are what they look like. One column of random codes is taken for numbers in fewer than 1 of 1,000 cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy
from numpy.typing import NDArray

Digits = NDArray[np.int64]
Passes = Callable[[Digits, list[str]], NDArray[np.bool_]]

SURE = 1e-6
"""A column of which so many codes pass that chance gives as many in 1 of 1,000,000 columns: numbers stand in it, other codes beside them or not."""
LIKELY = 1e-3
"""Where at least half of the codes pass, 1 of 1,000 columns is enough: a small file has few codes."""


@dataclass(frozen=True)
class Number:
    """One kind of number: its shape (RE2, whole cell), whether its check digits are right, and which share of random codes of that shape have right ones.

    `told_by`: how many signs at the start decide; codes that share them are one.
    """

    kind: str
    shape: str
    passes: Passes
    chance: float
    told_by: int | None = None


def _weighed(weights: tuple[int, ...], modulus: int) -> Passes:
    """Σ wᵢdᵢ ≡ 0."""

    def passes(digits: Digits, texts: list[str]) -> NDArray[np.bool_]:
        return (digits @ np.array(weights)) % modulus == 0

    return passes


def _letter_of_remainder(digits: Digits, texts: list[str]) -> NDArray[np.bool_]:
    remainder = (digits[:, :8] @ 10 ** np.arange(7, -1, -1)) % 23
    letters = np.array([text[-1].upper() for text in texts])
    return np.array(list("TRWAGMYFPDXBNJZSQVHLCKE"))[remainder] == letters


def _ninety_seven(digits: Digits, texts: list[str]) -> NDArray[np.bool_]:
    return (digits[:, :13] @ 10 ** np.arange(12, -1, -1)) % 97 + digits[:, 13] * 10 + digits[:, 14] == 97


def _insured(digits: Digits, texts: list[str]) -> NDArray[np.bool_]:
    letter = np.array([ord(text[0].upper()) - ord("A") + 1 for text in texts])
    whole = np.column_stack([letter // 10, letter % 10, digits[:, :8]])
    doubled = whole * np.array([1, 2] * 5)
    return (doubled // 10 + doubled % 10).sum(axis=1) % 10 == digits[:, 8]


def _begins_with_a_date(digits: Digits, texts: list[str]) -> NDArray[np.bool_]:
    first, month, last = (digits[:, place] * 10 + digits[:, place + 1] for place in (0, 2, 4))
    plain = (month >= 1) & (month <= 12)
    return plain & (((first >= 1) & (first <= 31)) | ((last >= 1) & (last <= 31)))


NUMBERS = (
    # NHS Data Dictionary, "NHS NUMBER"; Scotland's CHI numbers have the same check digit.
    Number("NHS numbers (or numbers with their check digit)", r"\d{3}[ -]?\d{3}[ -]?\d{4}", _weighed((10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11), 1 / 11),
    # Rijksdienst voor Identiteitsgegevens, Logisch ontwerp BRP, element 01.20 (the eleven test).
    Number("Dutch citizen service numbers (BSN)", r"\d{9}", _weighed((9, 8, 7, 6, 5, 4, 3, 2, -1), 11), 1 / 11),
    # Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE".
    Number("Spanish identity numbers (DNI)", r"\d{8}-?[A-Za-z]", _letter_of_remainder, 1 / 23),
    # Anlage 1 zur Vereinbarung nach § 290 SGB V: letter as two digits, weights 1 and 2, sums of digits.
    Number("German health insurance numbers (KVNR)", r"[A-Za-z]\d{9}", _insured, 1 / 10),
    # INSEE, "Numéro de sécurité sociale", key = 97 − number modulo 97.
    Number("French social security numbers (NIR)", r"[12]\d{14}", _ninety_seven, 1 / 97),
    # Denmark's CPR (DDMMYY-NNNN), Sweden's personnummer (YYMMDD-NNNN), Finland's (DDMMYY-NNNC); random six digits are one or the other in 7 of 100 cases.
    Number("personal numbers that begin with a date of birth", r"\d{6}[-+]\d{4}", _begins_with_a_date, 0.073, told_by=6),
)


def numbered(distinct: pa.Array) -> dict[str, NDArray[np.bool_]]:
    """By kind, which of a column's distinct cells (string, each once) are such numbers; a kind that the column as a whole does not show is not there."""
    found = {}
    for number in NUMBERS:
        shaped = pc.match_substring_regex(distinct, f"^(?:{number.shape})$").to_numpy(zero_copy_only=False)
        if not shaped.any():
            continue
        texts = distinct.filter(pa.array(shaped)).to_pylist()
        passing = number.passes(_digits(texts), texts)
        starts = [text[: number.told_by] for text in texts]
        right = {start for start, passed in zip(starts, passing, strict=True) if passed}
        if beyond_chance(len(right), len(set(starts)), number.chance):
            mask = shaped.copy()
            mask[shaped] = passing
            found[number.kind] = mask
    return found


def beyond_chance(passing: int, of: int, chance: float) -> bool:
    """Whether `passing` of `of` distinct codes are too many for codes that pass with probability `chance` each."""
    if not passing:
        return False
    p = float(scipy.special.bdtrc(passing - 1, of, chance))
    return p < SURE or (p < LIKELY and passing >= of / 2)


def _digits(texts: list[str]) -> Digits:
    """One row of digits a text, all of the same number."""
    plain = ["".join(sign for sign in text if sign.isascii() and sign.isdigit()) for text in texts]
    return (np.frombuffer("".join(plain).encode(), dtype=np.uint8).reshape(len(texts), -1) - ord("0")).astype(np.int64)
