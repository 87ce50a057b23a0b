"""One generation's file: the contract's tables, the registry of instruments and the summaries, in one transaction, then looked at again before it counts.

Names of tables and columns come from the contract and from the files under `summaries/`, never from what a clinic hands over; values go in as columns of
registered tables, never as text of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES, Table
from process.errors import StoreProblem

Progress = Callable[[str, int, int], None]
Derive = Callable[[Callable[..., pd.DataFrame]], Mapping[str, pd.DataFrame]]
"""What the layers above add to a generation: given `query(sql, **params)` over the records and summaries, tables by name."""
SUMMARIES = Path(__file__).parent / "summaries"
_INSTRUMENT_TYPES = {"items": "INTEGER", "priority": "INTEGER", "own": "BOOLEAN"}


def summaries() -> list[tuple[str, str]]:
    """The summaries in the order they are built: table name and its SELECT."""
    return [(path.stem.split("_", 1)[1], path.read_text("utf-8").strip().rstrip(";")) for path in sorted(SUMMARIES.glob("[0-9][0-9]_*.sql"))]


def build(
    path: Path, records: dict[str, pd.DataFrame], progress: Progress, derive: Derive | None = None, forms: Sequence[Form] | None = None
) -> dict[str, int]:
    """Write a generation to `path` (a new file) and give the rows of each of its tables. Any error leaves no transaction half done.

    `derive` adds the tables that statistics make of the summaries; they are stored in the same transaction. `forms` are those of the registry of
    instruments, with the clinic's own (default: those that ship).
    """
    unknown = set(records) - set(TABLES)
    if unknown:
        raise ValueError(f"not tables of the contract: {sorted(unknown)}")
    steps = [f"storing {name}" for name in TABLES] + [f"summary {name}" for name, _ in summaries()] + ["estimates"] * (derive is not None)
    connection = duckdb.connect(str(path), config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        path.chmod(0o600)
        connection.execute("begin transaction")
        for done, table in enumerate(TABLES.values()):
            progress(steps[done], done, len(steps))
            _store(connection, table, records.get(table.name))
        _store_frame(connection, "instruments", instruments.table(forms), _INSTRUMENT_TYPES)
        for done, (name, select) in enumerate(summaries(), len(TABLES)):
            progress(steps[done], done, len(steps))
            connection.execute(f'create table "{name}" as {select}')
        if derive is not None:
            progress(steps[-1], len(steps) - 1, len(steps))
            for name, frame in derive(lambda sql, **params: connection.execute(sql, params).df()).items():
                _store_frame(connection, name, frame)
        connection.execute("commit")
        connection.execute("checkpoint")
        return _counts(connection)
    finally:
        connection.close()


def check(path: Path, records: dict[str, pd.DataFrame], counts: dict[str, int]) -> None:
    """Open the finished file as a reader would and compare it with what went in; a `StoreProblem` if anything is not there."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        found = _counts(connection)
    finally:
        connection.close()
    expected = {name: len(records.get(name, ())) for name in TABLES}
    wrong = [name for name in found.keys() | counts.keys() | expected.keys() if found.get(name) != expected.get(name, counts.get(name))]
    if wrong:
        raise StoreProblem(f"The new generation does not hold what was loaded (table {sorted(wrong)[0]}). It was not published; the earlier one is served.")


def _store(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame | None) -> None:
    columns = ", ".join(f'"{column.name}" {column.duckdb_type}{" not null" if column.required else ""}' for column in table.columns)
    connection.execute(f'create table "{table.name}" ({columns})')
    if frame is None or not len(frame):
        return
    present = [column for column in table.columns if column.name in frame]
    connection.register("handed_over", pa.Table.from_pandas(frame[[column.name for column in present]], preserve_index=False))
    names = ", ".join(f'"{column.name}"' for column in present)
    casts = ", ".join(f'cast("{column.name}" as {column.duckdb_type})' for column in present)
    # sorted by its key a course lies in one place, which alone is worth a third of a scan (PERFORMANCE.md)
    order = ", ".join(f'"{name}"' for name in _sorting(table)) or "1"
    connection.execute(f'insert into "{table.name}" ({names}) select {casts} from handed_over order by {order}')
    connection.unregister("handed_over")


def _sorting(table: Table) -> list[str]:
    course_first = [name for name in ("course_id", "session_number") if name in table.names]
    return list(dict.fromkeys([*course_first, *table.key]))


def _store_frame(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, types: Mapping[str, str] | None = None) -> None:
    kinds = {column: (types or {}).get(column, _sql_type(frame[column])) for column in frame.columns}
    connection.register("handed_over", pa.Table.from_pandas(frame, preserve_index=False))
    casts = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in kinds.items())
    connection.execute(f'create table "{name}" as select {casts} from handed_over')
    connection.unregister("handed_over")


def _sql_type(values: pd.Series) -> str:
    """The type of a derived column; an empty one of objects is text."""
    kinds = ((pd.api.types.is_bool_dtype, "BOOLEAN"), (pd.api.types.is_integer_dtype, "INTEGER"), (pd.api.types.is_float_dtype, "DOUBLE"))
    return next((kind for fits, kind in kinds if fits(values)), "DATE" if pd.api.types.is_datetime64_any_dtype(values) else "VARCHAR")


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = [row[0] for row in connection.execute("select table_name from information_schema.tables where table_schema = 'main' order by 1").fetchall()]
    return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}
