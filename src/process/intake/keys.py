"""Rows are told apart and found by whole numbers that stand for their keys' texts, so that a million rows cost as little as their distinct texts allow.

A code of a patient or a session number stands in many rows. Each distinct one gets a number once; several columns together become one number a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Whole = NDArray[np.int64]
MISSING = -1
_LARGEST = 2**62


def numbered(column: pd.Series) -> tuple[Whole, int]:
    """A number from 0 for each row, the same where the values are the same, `MISSING` where there is none; and one more than the largest."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(dtype=np.int64), len(column.cat.categories)
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any() and len(column):
        values = column.to_numpy(dtype=np.int64)
        if values.min() >= 0 and values.max() < len(values) + 10_000:
            return values, int(values.max()) + 1
    places, distinct = pd.factorize(column)
    return places.astype(np.int64), len(distinct)


def together(frame: pd.DataFrame, columns: Sequence[str]) -> Whole:
    """One number a row, the same where all of `columns` are the same (a missing value is a value here)."""
    whole, count = np.zeros(len(frame), dtype=np.int64), 1
    for name in columns:
        own, many = numbered(frame[name])
        if count * (many + 1) > _LARGEST:  # too many to be told apart by a product: number what there is
            whole, distinct = pd.factorize(whole)
            whole, count = whole.astype(np.int64), len(distinct)
        whole, count = whole * (many + 1) + own + 1, count * (many + 1)
    return whole


def repeated(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows have the key of an earlier row."""
    key = together(frame, columns)
    ordered = np.sort(key)
    if not np.any(ordered[1:] == ordered[:-1]):  # cheaper than asking which, and nearly always so
        return np.zeros(len(key), dtype=bool)
    return pd.Series(key).duplicated().to_numpy()


def alike(columns: Sequence[pd.Series]) -> list[pd.Series]:
    """Columns of text that hold codes of one kind, as `category` columns with the same categories, so that equal numbers are equal codes."""
    if not columns:
        return []
    if all(isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.categories is columns[0].dtype.categories for column in columns):
        return list(columns)  # made alike before
    coded = [column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("str").astype("category") for column in columns]
    together, places = _flat(coded[0].cat.categories), []
    for column in coded:
        own = _flat(column.cat.categories)
        place = pc.index_in(own, together).to_numpy(zero_copy_only=False)  # a float with NaN where it is new
        new = np.isnan(place)
        place = np.where(new, len(together) - 1 + np.cumsum(new), place).astype(np.int64)
        together = pa.concat_arrays([together, own.filter(pa.array(new))]) if new.any() else together
        places.append(np.append(place, MISSING))
    dtype = pd.CategoricalDtype(pd.Index(together.to_pandas(), dtype="str"))
    numbers = [place[column.cat.codes.to_numpy()] for column, place in zip(coded, places, strict=True)]
    made = [pd.Categorical.from_codes(number, dtype=dtype, validate=False) for number in numbers]
    return [pd.Series(values, index=column.index, name=column.name) for values, column in zip(made, columns, strict=True)]


def _flat(categories: pd.Index) -> pa.Array:
    """Categories as one array: those that Arrow holds may come in chunks."""
    array = pa.array(categories, pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


__all__ = ["MISSING", "alike", "numbered", "repeated", "together"]
