"""A cell of text becomes a value of the contract, or a kind of fault: each column is cast by its own pattern, never by guessing.

Casting by guessing turns 3.5 into 4, reads 2026-02-30 as missing and 1e5 as a number; here the whole cell matches its pattern or it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from process.contract.tables import CODE, Column

EMPTY = "empty where a value is needed"
NOT_A_CODE = "not a code (a letter or digit, then up to 39 of letters, digits, space, _ . / -)"
BLANK = "a blank before or after a code, which would make another code of it"
TWICE = "the same as another code but for a second blank"
NOT_WHOLE = "not a whole number"
NOT_DECIMAL = "not a decimal number"
COMMA = "a decimal comma; export numbers with a point"
NOT_A_DATE = "not a date (YYYY-MM-DD)"
NOT_A_MONDAY = "not a Monday"
NOT_A_QUARTER = "not a quarter (YYYY-Qn)"
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
TEXTS = ("code", "choice", "quarter")
DTYPES = {"whole": "Int64", "decimal": "float64", "week": "datetime64[us]", "date": "datetime64[us]"}

_CODE = re.compile(CODE)
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_QUARTER = re.compile(r"[0-9]{4}-Q[1-4]")


class _Wrong(Exception):
    """A cell that is not what its column asks for; the text is the kind."""


def read_cells(column: Column, text: pd.Series) -> tuple[pd.Series, dict[str, np.ndarray]]:
    """The column's values in their own type, and for each kind of fault the mask of cells that have it.

    `text`: str or `category`, "" = empty. Values: str (`category` where `text` is), Int64, float64 or datetime64[us] (see `DTYPES`), missing where empty or
    wrong; same index as `text`. Each distinct cell is looked at once.
    """
    coded = isinstance(text.dtype, pd.CategoricalDtype)
    places, distinct = (text.cat.codes.to_numpy(), text.cat.categories) if coded else pd.factorize(text)
    if (places < 0).any():
        raise ValueError('a cell of text is missing; one that is empty is ""')
    values, known, faults = _judged_codes(column, distinct) if column.kind == "code" else _judged(column, distinct)
    if coded and column.kind in TEXTS:
        dtype = text.dtype if known.all() else pd.CategoricalDtype(distinct[known])
        moved = np.where(known, np.cumsum(known) - 1, -1)
        typed = pd.Series(pd.Categorical.from_codes(moved[places], dtype=dtype, validate=False))
    else:
        typed = pd.Series(values, dtype="object").where(known, None).astype(DTYPES.get(column.kind, "str")).take(places)
    typed.index = text.index
    masks = {kind: wrong[places] for kind, wrong in faults.items()}
    return typed, {kind: mask for kind, mask in masks.items() if mask.any()}


Judged = tuple[Sequence[object], np.ndarray, dict[str, np.ndarray]]
"""Of each distinct cell the value; which have one; and for each kind of fault which have it."""


def _judged(column: Column, distinct: pd.Index) -> Judged:
    values: list[object] = []
    kinds: list[str] = []
    for cell in distinct:
        try:
            values.append(value_of(column, cell))
            kinds.append("")
        except _Wrong as wrong:
            values.append(None)
            kinds.append(str(wrong))
    known = np.array([value is not None for value in values], dtype=bool)
    return values, known, {kind: np.array([own == kind for own in kinds]) for kind in dict.fromkeys(kinds) if kind}


def _judged_codes(column: Column, distinct: pd.Index) -> Judged:
    """`_judged` for codes, of which there may be as many as rows."""
    cells = pa.array(distinct, pa.string())
    sound = pc.match_substring_regex(cells, CODE).to_numpy(zero_copy_only=False)
    empty = pc.equal(cells, "").to_numpy(zero_copy_only=False)
    faults = {EMPTY: empty} if column.required else {}
    twice = pc.match_substring(cells, "  ").to_numpy(zero_copy_only=False)
    if twice.any():  # a code with two blanks is one of its own, unless the same with one is there
        twice &= pc.is_in(pc.replace_substring_regex(cells, " +", " "), cells).to_numpy(zero_copy_only=False)
        sound, faults = sound & ~twice, faults | ({TWICE: twice} if twice.any() else {})
    if (sound | empty | twice).all():
        return distinct, sound, faults
    blank = ~sound & pc.match_substring_regex(pc.utf8_trim_whitespace(cells), CODE).to_numpy(zero_copy_only=False)
    return distinct, sound, faults | {BLANK: blank, NOT_A_CODE: ~sound & ~empty & ~blank & ~twice}


def value_of(column: Column, cell: str) -> object:
    """The value of one cell, None where it is empty and may be; a wrong cell raises."""
    if cell == "":
        if column.required:
            raise _Wrong(EMPTY)
        return None
    return _READERS[column.kind](column, cell)


def _code(column: Column, cell: str) -> str:
    if not _CODE.fullmatch(cell):
        raise _Wrong(BLANK if _CODE.fullmatch(cell.strip()) else NOT_A_CODE)
    return cell


def _choice(column: Column, cell: str) -> str:
    if cell not in column.values:
        raise _Wrong("not one of " + ", ".join(column.values))
    return cell


def _whole(column: Column, cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise _Wrong(NOT_WHOLE)
    return _in_range(column, int(cell))


def _decimal(column: Column, cell: str) -> float:
    if not _DECIMAL.fullmatch(cell):
        raise _Wrong(COMMA if _DECIMAL.fullmatch(cell.replace(",", ".", 1)) else NOT_DECIMAL)
    if column.decimals is not None and len(cell.partition(".")[2]) > column.decimals:
        raise _Wrong(f"more than {column.decimals} decimals")
    return _in_range(column, float(cell))


def _in_range(column: Column, number):
    if (column.minimum is not None and number < column.minimum) or (column.maximum is not None and number > column.maximum):
        raise _Wrong(outside(column.minimum, column.maximum))
    return number


def outside(minimum: float | None, maximum: float | None) -> str:
    """The kind of fault of a number that its range does not hold."""
    low = "" if minimum is None else f"{minimum:g}"
    high = "" if maximum is None else f"{maximum:g}"
    return f"outside its range, {low} to {high}"


def _date(column: Column, cell: str) -> date:
    try:
        day = date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
    except ValueError:
        day = None
    if day is None:
        raise _Wrong(NOT_A_DATE)
    if not EARLIEST <= day <= LATEST:
        raise _Wrong(f"outside its range, {EARLIEST} to {LATEST}")
    return day


def _week(column: Column, cell: str) -> date:
    day = _date(column, cell)
    if day.weekday() != 0:
        raise _Wrong(NOT_A_MONDAY)
    return day


def _quarter(column: Column, cell: str) -> str:
    if not _QUARTER.fullmatch(cell):
        raise _Wrong(NOT_A_QUARTER)
    return cell


_READERS = {"code": _code, "choice": _choice, "whole": _whole, "decimal": _decimal, "date": _date, "week": _week, "quarter": _quarter}
