"""The tables a generation is made of while it is made: in memory, every code of a course, goal, rupture, patient and therapist a whole number.

Joins, windows and orders over numbers cost a fraction of those over text. A number is the place of its code among all codes of its kind in alphabetical
order, so that whatever is put in order comes out as it would by the codes themselves; the codes take their places again when a table is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES, Table
from process.intake.keys import alike
from process.store.types import derived_type, stored_type, values_of

WORKING = "memory.main"
"""Where the working tables lie, whatever is attached beside them."""
IDS = {
    "course_id": "course",
    "goal_id": "goal",
    "replaced_by": "goal",
    "rupture_id": "rupture",
    "patient_id": "patient",
    "therapist_id": "therapist",
}
"""Which columns hold codes, wherever they stand, and of what."""
_REGISTRY_TYPES = {"items": "INTEGER", "priority": "INTEGER", "own": "BOOLEAN"}


class Codes(dict[str, pa.Array]):
    """For each kind of code what the numbers stand for, in their order."""

    def back(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame with codes in the place of numbers, where it holds numbers."""
        numbers = [str(name) for name, dtype in frame.dtypes.items() if name in IDS and pd.api.types.is_integer_dtype(dtype)]
        return frame.assign(**{name: pd.array(self[IDS[name]].take(pa.array(frame[name])), dtype="str") for name in numbers})


def numbered(connection: duckdb.DuckDBPyConnection, records: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], Codes]:
    """The records with numbers in the place of codes, and what each number stands for, which becomes a working table `<kind>_codes` (place, code), too."""
    found = Codes()
    frames = {name: frame.copy(deep=False) for name, frame in records.items()}
    for kind in dict.fromkeys(IDS.values()):
        places = [(frame, str(name)) for frame in frames.values() for name in frame if IDS.get(str(name)) == kind]
        columns = alike([frame[name] for frame, name in places])
        codes = pa.array(columns[0].cat.categories if columns else [], pa.string())
        order = pc.sort_indices(codes)
        number = np.full(len(codes) + 1, -1, dtype=np.int32)
        number[order.to_numpy()] = np.arange(len(codes))
        for (frame, name), column in zip(places, columns, strict=True):
            numbers = number[column.cat.codes.to_numpy()]
            frame[name] = pd.arrays.IntegerArray(numbers, numbers < 0)
        found[kind] = codes.take(order)
        _put_arrow(connection, f"{kind}_codes", pa.table({"place": np.arange(len(codes), dtype=np.int32), "code": found[kind]}))
    return frames, found


def put(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame | None, forms: Sequence[Form] | None = None) -> None:
    """Make a table of the contract a working table, sorted by course, session and key. `frame`: its numbered rows, None = there are none."""
    types = {column.name: "INTEGER" if column.name in IDS else stored_type(column, forms) for column in table.columns}
    name = f'{WORKING}."{table.name}"'
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    connection.execute(f"create or replace table {name} ({columns})")
    if frame is None or not len(frame):
        return
    present = [column for column in table.columns if column.name in frame]
    connection.register("handed_over", pd.DataFrame({column.name: _at_hand(frame[column.name], values_of(column, forms)) for column in present}))
    casts = ", ".join(f'cast("{column.name}" as {types[column.name]})' for column in present)
    # sorted by its key a course lies in one place, which alone is worth a third of a scan (docs/performance.md)
    order = ", ".join(f'"{column}"' for column in _sorting(table)) or "1"
    names = ", ".join(f'"{column.name}"' for column in present)
    connection.execute(f"insert into {name} ({names}) select {casts} from handed_over order by {order}")
    connection.unregister("handed_over")


def put_registry(connection: duckdb.DuckDBPyConnection, forms: Sequence[Form] | None = None) -> None:
    """Make the registry of instruments a working table."""
    frame = instruments.table(forms)
    put_frame(connection, f"{WORKING}.instruments", frame, _REGISTRY_TYPES | _types_of_scores(forms))


def _types_of_scores(forms: Sequence[Form] | None) -> dict[str, str]:
    """The types of what a form is named by, as scores have them: values of two types would be compared as text, score by score."""
    columns = {column.name: column for column in TABLES["scores"].columns}
    return {name: stored_type(columns[name], forms) for name in ("instrument", "form", "rater")}


def put_frame(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, types: Mapping[str, str] | None = None) -> None:
    """Make a frame the table of that name, each column of the type that `types` says or its values call for."""
    kinds = {column: (types or {}).get(column, derived_type(frame[column])) for column in frame.columns}
    connection.register("handed_over", pa.Table.from_pandas(frame, preserve_index=False))
    casts = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in kinds.items())
    connection.execute(f"create or replace table {name} as select {casts} from handed_over")
    connection.unregister("handed_over")


def with_codes(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """A SELECT of a working table in its order, with the codes that its numbers stand for."""
    columns = [(column, kind) for column, kind, *_ in connection.execute(f'describe {WORKING}."{name}"').fetchall()]
    numbers = {column: IDS[column] for column, kind in columns if column in IDS and kind == "INTEGER"}
    shown = ", ".join(f'of_{column}.code as "{column}"' if column in numbers else f'working."{column}"' for column, _ in columns)
    joins = "".join(f' left join {WORKING}.{kind}_codes as of_{column} on of_{column}.place = working."{column}"' for column, kind in numbers.items())
    return f'select {shown} from {WORKING}."{name}" as working{joins}{_order(connection, name, numbers.values())}'


def _order(connection: duckdb.DuckDBPyConnection, name: str, kinds: Iterable[str]) -> str:
    """What keeps the rows in their order: nothing where a table is much longer than those joined to it, which DuckDB then looks up row by row."""
    most = max((_rows(connection, f"{kind}_codes") for kind in kinds), default=0)
    return "" if _rows(connection, name) > 4 * most else " order by working.rowid"


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    return connection.execute(f'select count(*) from {WORKING}."{name}"').fetchone()[0]


def _at_hand(column: pd.Series, values: Sequence[str] | None) -> pd.Series:
    """A column as DuckDB takes it in at once: one of few values by their numbers, other text as it is."""
    if values is None:
        return column.astype("str") if isinstance(column.dtype, pd.CategoricalDtype) else column
    coded = column.astype(pd.CategoricalDtype(values))
    if coded.isna().sum() != column.isna().sum():
        raise ValueError(f"column {column.name} holds what it may not hold")
    return coded


def _sorting(table: Table) -> list[str]:
    by_course = (
        ["course_id", "session_number"] if {"course_id", "session_number"} <= set(table.names) else [name for name in ("course_id",) if name in table.names]
    )
    return list(dict.fromkeys([*by_course, *table.key]))


def _put_arrow(connection: duckdb.DuckDBPyConnection, name: str, content: pa.Table) -> None:
    connection.register("handed_over", content)
    connection.execute(f"create or replace table {WORKING}.{name} as select * from handed_over")
    connection.unregister("handed_over")
