"""The types that columns have in a generation: those of the contract, choices and instruments as DuckDB's ENUM, and what statistics add by its values.

An ENUM is stored in a tenth of the time of text and is compared as a number; its values are in alphabetical order, so that it is put in order as text is.
Whoever asks gets text (`as_frame`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pandas as pd

from process.contract.instruments import Form, registry
from process.contract.tables import Column


def values_of(column: Column, forms: Sequence[Form] | None = None) -> list[str] | None:
    """Every value that a column of the contract may hold, in alphabetical order; None where they are not listed. `forms`: default those that ship."""
    if column.kind == "choice":
        return sorted(column.values)
    if column.name in ("instrument", "form"):
        return sorted({getattr(entry, column.name) for entry in (registry() if forms is None else forms)})
    return None


def stored_type(column: Column, forms: Sequence[Form] | None = None) -> str:
    """The type that a column of the contract has in a generation."""
    values = values_of(column, forms)
    return column.duckdb_type if values is None else enumeration(values)


def enumeration(values: Iterable[str]) -> str:
    """The ENUM of these values."""
    literals = ["'" + value.replace("'", "''") + "'" for value in sorted(values)]
    return f"ENUM({', '.join(literals)})"


def derived_type(values: pd.Series) -> str:
    """The type of a derived column; an empty one of objects is text."""
    kinds = ((pd.api.types.is_bool_dtype, "BOOLEAN"), (pd.api.types.is_integer_dtype, "INTEGER"), (pd.api.types.is_float_dtype, "DOUBLE"))
    return next((kind for fits, kind in kinds if fits(values)), "DATE" if pd.api.types.is_datetime64_any_dtype(values) else "VARCHAR")


def as_frame(result: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The rows of a result; what is an ENUM comes as text."""
    frame = result.df()
    coded = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]
    return frame.assign(**{name: _text(frame[name].array) for name in coded}) if coded else frame


def _text(coded: pd.Categorical) -> pd.api.extensions.ExtensionArray:
    return coded.categories.astype("str").array.take(coded.codes, allow_fill=True)
