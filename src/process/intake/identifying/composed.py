"""Codes that a clinic made of what it knows of a person: initials and a date or year of birth, an initial and a surname, a surname alone; and bank accounts.

Each may be a code by chance, so that the column is judged: three distinct cells at least, and half of it; and what stands before the number must differ from
cell to cell as initials do, where the word of a site or an arm of a study repeats.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from process.intake.identifying.dates import matching, real_date
from process.intake.identifying.national_numbers import beyond_chance

Mask = NDArray[np.bool_]
ACCOUNT = "bank accounts (IBAN)"
FEWEST, SAMPLE = 3, 500
_DATED = re.compile(r"(?i)([a-z]{1,3})[-_ .]?(\d{8}|\d{6})")
_YEAR = re.compile(r"(?i)([a-z]{2,3})[-_ .]?((?:19[2-9]|20[0-2])\d)")
_INITIAL = re.compile(r"(?i)(?:[a-z][._-]([a-z]{4,})|([a-z]{4,})[._-][a-z])")
_IBAN = r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$"
# The most common surnames of seven countries (ONS, US Census, Digitaler Familiennamenatlas, INSEE, INE, Meertens Instituut, Danmarks Statistik), umlauts
# and accents as codes have to write them; without those that are colours, animals or other words that codes are made of.
SURNAMES = frozenset(
    "smith jones taylor williams wilson johnson davies robinson wright thompson evans walker roberts jackson clarke patel khan "
    "lewis james phillips davis miller moore anderson martinez hernandez lopez gonzalez perez sanchez ramirez torres rivera mueller muller schmidt "
    "schneider fischer weber meyer meier maier mayer wagner becker schulz schulze hoffmann hofmann schaefer schafer koch bauer richter "
    "schroeder schroder neumann zimmermann krueger kruger hartmann werner schmitt schmitz krause lehmann koehler kohler herrmann "
    "huber peters scholz moeller moller friedrich guenther gunther bernard dubois durand moreau laurent "
    "lefebvre leroy morel fournier girard bonnet dupont lambert rousseau garcia rodriguez fernandez gomez martin jimenez ruiz diaz moreno "
    "alvarez munoz romero alonso gutierrez navarro jansen janssen bakker visser smit meijer mulder peters hendriks dekker dijkstra nielsen "
    "jensen hansen pedersen andersen christensen larsen soerensen sorensen rasmussen joergensen jorgensen petersen madsen kristensen olsen".split()
)


def birth_codes(distinct: pa.Array, filled: int) -> Mask:
    """Initials and a date, or initials and years of which a third lie ten years or more before the latest, over twenty years or more."""
    mask, texts = matching(distinct, r"(?i)^[a-z]{1,3}[-_ .]?(?:\d{8}|\d{6}|19[2-9]\d|20[0-2]\d)$")
    if len(texts) < max(FEWEST, filled / 2) or not _looks_born(texts[:SAMPLE]):
        return np.zeros(len(distinct), bool)
    dated = [bool((found := _DATED.fullmatch(text)) and _is_date(found[2])) for text in texts]
    if _enough(sum(dated), filled, [_initials(text) for text, one in zip(texts, dated, strict=True) if one]) and sum(dated) >= 0.8 * len(texts):
        mask[mask] = dated
        return mask
    years = [int(found[2]) if (found := _YEAR.fullmatch(text)) else 0 for text in texts]
    known = [year for year in years if year]
    early = sum(year <= max(known) - 10 for year in known)
    spread = bool(known) and early >= len(known) / 3 and max(known) - min(known) >= 20
    right = spread and _enough(len(known), filled, [_initials(text) for text, year in zip(texts, years, strict=True) if year])
    mask[mask] = [right and bool(year) for year in years]
    return mask


def _looks_born(texts: list[str]) -> bool:
    """Whether it is worth looking at every cell: random numbers of six digits are dates in 4 of 100 cases, so that a sample shows it."""
    fitting = [_YEAR.fullmatch(text) or ((found := _DATED.fullmatch(text)) and _is_date(found[2])) for text in texts]
    return sum(map(bool, fitting)) >= 0.5 * len(texts)


def surnames(distinct: pa.Array, filled: int) -> Mask:
    """An initial and a name (`a.schmidt`) in half of the column; or common surnames alone, three at least and a quarter of the column."""
    mask, texts = matching(distinct, r"(?i)^[a-z]+(?:[._-][a-z]+)?$")
    words = [(found[1] or found[2]).lower() if (found := _INITIAL.fullmatch(text)) else "" for text in texts]
    letters = {min(re.split("[._-]", text.lower()), key=len) for text, word in zip(texts, words, strict=True) if word}
    initial = len(letters) > 1 and _enough(sum(map(bool, words)), filled, [word for word in words if word])
    common = [text.lower() in SURNAMES for text in texts]
    alone = sum(common) >= max(FEWEST, filled / 4)
    mask[mask] = [(initial and bool(word)) or word in SURNAMES or (alone and one) for word, one in zip(words, common, strict=True)]
    return mask


def accounts(distinct: pa.Array, filled: int) -> Mask:
    """Bank accounts, told by ISO 13616's check digits as other numbers are: one code in 97 of that shape has them by chance."""
    mask, texts = matching(distinct, _IBAN)
    right = [int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1 for text in texts]
    mask[mask] = right if beyond_chance(sum(right), len(right), 1 / 97) else False
    return mask


def _enough(many: int, filled: int, before: list[str]) -> bool:
    """Whether these are half of the column, and differ as people's initials and names do."""
    return many >= max(FEWEST, filled / 2) and len(set(before)) >= max(FEWEST, min(0.5 * many, 20))


def _initials(text: str) -> str:
    return re.match(r"[A-Za-z]*", text)[0].lower()


def _is_date(digits: str) -> bool:
    return real_date(digits if len(digits) == 8 else "-".join((digits[:2], digits[2:4], digits[4:])))


__all__ = ["ACCOUNT", "SURNAMES", "accounts", "birth_codes", "surnames"]
