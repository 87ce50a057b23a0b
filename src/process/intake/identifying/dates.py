"""Which cells of a column are calendar dates, and which dates are those of births: by their form, by days that exist, and by the years of the column."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# English, German, French, Spanish, Dutch and Danish
_MONTH = r"(?:jan|ene|feb|fév|mar|mär|mrt|maa|apr|avr|abr|may|mai|maj|mei|jun|juin|jul|juil|aug|aoû|aou|ago|sep|set|oct|okt|nov|dec|déc|dez|dic)[a-zäéûü]*"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)([-/.])(\d\d)\2(\d\d)(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2((?:19|20)\d\d)(?!\d)")
_SHORT = re.compile(r"(\d\d)([-/.])(\d\d)\2(\d\d)")
_PACKED = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)|(\d\d)(\d\d)((?:19|20)\d\d)")


def dated(distinct: pa.Array, filled: int) -> Mask:
    """Cells that are a calendar date or hold one: with a year of four digits each alone, else only where most of the column is such."""
    mask, texts = matching(distinct, r"\d[-/.]\d\d?[-/.]\d\d|(?:19|20)\d\d")
    plain = [_is_date(text) for text in texts]
    mask[mask] = plain
    for pattern, shape in ((_SHORT, r"^\d\d([-/.])\d\d[-/.]\d\d$"), (_PACKED, r"^\d{8}$")):
        shaped, texts = matching(distinct, shape)
        real = np.array([_real(pattern, text) for text in texts], dtype=bool)
        if real.sum() >= max(0.8 * len(texts), 0.5 * filled, 1) and (pattern is _PACKED or _years(texts)):
            shaped[shaped] = real
            mask |= shaped
    return mask


def _is_date(text: str) -> bool:
    for found in _ISO.finditer(text):
        if _exists(int(found[1]), int(found[3]), int(found[4])):
            return True
    for found in _DAY_FIRST.finditer(text):
        if _exists(int(found[4]), int(found[3]), int(found[1])) or _exists(int(found[4]), int(found[1]), int(found[3])):
            return True
    return bool(re.fullmatch(rf"\d{{1,2}}(?:st|nd|rd|th|\.)?[ -]{_MONTH}[ ,.-]+(?:19|20)\d\d|{_MONTH}[ .]+\d{{1,2}},? (?:19|20)\d\d", text.lower()))


def real_date(text: str) -> bool:
    """Whether a text of two-digit or unparted year, month and day is a date in one of the usual orders."""
    text = re.sub(r"(?<!\d)(\d)(?!\d)", r"0\1", text)
    return _real(_PACKED if text.isdigit() else _SHORT, text)


def _real(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a cell of two-digit or unparted year, month and day is a date in one of the usual orders."""
    found = pattern.fullmatch(text)
    if not found:
        return False
    if pattern is _SHORT:
        a, b, c = int(found[1]), int(found[3]), int(found[4])
        return _exists(2000 + c, b, a) or _exists(2000 + c, a, b) or _exists(2000 + a, b, c)
    if found[1]:
        return _exists(int(found[1]), int(found[2]), int(found[3]))
    return _exists(int(found[6]), int(found[5]), int(found[4])) or _exists(int(found[6]), int(found[4]), int(found[5]))


def _years(texts: list[str]) -> bool:
    """Whether three numbers of two digits are dates: with slashes; with dots and dashes, which ids have too, where a year such as 85 is often among them."""
    if all(text[2] == "/" for text in texts):
        return True
    return len(texts) >= 5 and sum(max(text[:2], text[3:5], text[6:]) > "31" for text in texts) >= 0.3 * len(texts)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def born(distinct: pa.Array, filled: int) -> Mask:
    """Calendar dates whose years say that people were born then: a third of them ten years or more before the latest, spread over twenty years."""
    mask = dated(distinct, filled)
    years = [int(found[0]) for text in distinct.filter(pa.array(mask)).to_pylist() if (found := re.search(r"(?:19|20)\d\d(?!\d)|^(?:19|20)\d\d", text))]
    if len(years) < 3:
        return np.zeros(len(distinct), bool)
    early = sum(year <= max(years) - 10 for year in years)
    return mask if early >= len(years) / 3 and max(years) - min(years) >= 20 else np.zeros(len(distinct), bool)


def matching(distinct: pa.Array, pattern: str) -> tuple[Mask, list[str]]:
    """Which cells fit a pattern, and those cells."""
    mask = pc.match_substring_regex(distinct, pattern).to_numpy(zero_copy_only=False).copy()
    return mask, distinct.filter(pa.array(mask)).to_pylist() if mask.any() else []
