"""What strays into a column of labels: among teams, problems and areas, one cell that holds a person's name, a date or a long number.

A label names what many courses share. A cell that stands in few rows, in a column whose other cells are of another kind, was meant for another column. Labels
that many rows share are looked at as a column (`people`, `dates`), because a ward may well be called after somebody.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from process.intake.identifying.dates import matching, real_date
from process.intake.identifying.people import begins_with_a_first_name, shaped_like_a_name
from process.intake.identifying.postcodes import spaced_postcodes

Mask = NDArray[np.bool_]
FEW_ROWS = 5
"""A label in fewer rows than this is a stray; the smallest group that may share anything, as in `contract.policy`."""
LONG = "long numbers among labels"
_LONG = r"^\+?\d[\d ./-]{7,}\d$"
_FEWEST_DIGITS = 9
"""Telephone, health service, insurance and national numbers have nine digits or more; cost centres and team numbers rarely have."""


def stray_names(distinct: pa.Array, rows: NDArray[np.int64]) -> Mask:
    """Cells that are a known first name and a surname and stand in few rows. `rows`: for each distinct cell, how many rows have it."""
    found = shaped_like_a_name(distinct) & (rows < FEW_ROWS)
    for place in np.flatnonzero(found):
        found[place] = begins_with_a_first_name(distinct[place].as_py())
    return found


def stray_dates(distinct: pa.Array, filled: int) -> Mask:
    """Cells that are a date with a year of two digits or without signs, where fewer than half of the column's cells look like that.

    With dots or dashes only where one part is beyond 31, as a year of birth is: 10.02.01 may be a number of a catalogue.
    """
    found = np.zeros(len(distinct), bool)
    for shape in (r"^\d\d?([-/.])\d\d?[-/.]\d\d$", r"^(?:19|20)\d{6}$"):
        mask, texts = matching(distinct, shape)
        if texts and len(texts) < filled / 2:
            mask[mask] = [real_date(text) and ("/" in text or len(text) == 8 and text.isdigit() or _has_a_year(text)) for text in texts]
            found |= mask
    return found


def stray_numbers(distinct: pa.Array, filled: int, rows: NDArray[np.int64]) -> Mask:
    """Cells of nine digits or more that stand in few rows, where fewer than half of the column's cells are such numbers."""
    mask = pc.match_substring_regex(distinct, _LONG).to_numpy(zero_copy_only=False).copy()
    mask &= np.array([sum(sign.isdigit() for sign in text) >= _FEWEST_DIGITS for text in distinct.to_pylist()], bool) if mask.any() else mask
    return mask & (rows < FEW_ROWS) if mask.sum() < filled / 2 else np.zeros(len(distinct), bool)


def stray_postcodes(distinct: pa.Array, rows: NDArray[np.int64]) -> Mask:
    """British and Canadian postcodes with their space that stand in few rows."""
    return spaced_postcodes(distinct) & (rows < FEW_ROWS)


def _has_a_year(text: str) -> bool:
    return max(map(int, re.split(r"[-/.]", text))) > 31


__all__ = ["FEW_ROWS", "LONG", "stray_dates", "stray_names", "stray_numbers", "stray_postcodes"]
