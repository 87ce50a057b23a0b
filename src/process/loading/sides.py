"""The records that a store serves and those that a load hands over, side by side in one connection, so that DuckDB can compare them.

Four groups of tables, each with the contract's columns in the contract's types: `served_<table>` as the store has them, `delivered_<table>` as the files
have them (a column that a file leaves out is empty), and, filled by the comparison, `arriving_<table>`, the rows that come, and `leaving_<table>`, those
that go. Names come from the contract alone; values never stand in a statement. Nothing is spilled to a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from process.contract.tables import TABLES, Table
from process.store import Generation
from process.store.deletions import refuse_deleted
from process.store.encryption import GENERATION, reading
from process.store.types import as_frame

COMPARED = tuple(name for name in TABLES if name != "manifest")
ROOTS = {name: "course_id" if "course_id" in TABLES[name].names else TABLES[name].key[0] for name in COMPARED}
"""What the rows of a table hang on: the course, or the goal or rupture that is one course's."""
PARENTS = {"goal_id": "goals", "rupture_id": "ruptures"}
Records = Mapping[str, pd.DataFrame | pa.Table]


class Sides:
    """Both sides of a load. Close it when the load is done: until then it holds the rows that come and go, in memory alone.

    `stored`: the tables of the store's generation, each with its columns; `held`: where the rows of the store are that a load can touch: `served`, or `near`
    once they were gathered (`differing.by_row`).
    """

    def __init__(self, served: Generation | None, delivered: Records):
        self.present = {name: tuple(_names(rows)) for name, rows in delivered.items()}
        self.connection = duckdb.connect(":memory:") if served is None else reading(served.path, served.key())
        if served is not None:
            refuse_deleted(served, self.connection)  # what is added to would carry them on
        self.held = "served"
        self.stored = {} if served is None else columns_of(self.connection)
        self.run("use memory")
        self.run("set temp_directory = ''")
        for name, table in TABLES.items():
            self._lay_out(table, delivered.get(name))

    def run(self, sql: str, *values: object) -> duckdb.DuckDBPyConnection:
        """Run one statement; `?` stand for values."""
        return self.connection.execute(sql, list(values))

    def number(self, sql: str) -> int:
        """The one number that a statement gives."""
        return int(self.run(sql).fetchone()[0])

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives of the store's generation, whose tables go by their own names."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"use {GENERATION}")
            return as_frame(cursor.execute(sql, params))

    def rows(self, side: str, table: str) -> pa.Table:
        """Every row of one of the tables."""
        return self.run(f'select * from "{side}_{table}"').to_arrow_table()

    def close(self) -> None:
        """Let go of the store's file and of the rows."""
        self.connection.close()

    def _lay_out(self, table: Table, delivered: pd.DataFrame | pa.Table | None) -> None:
        nothing = f"select {_typed(table, ())} where false"
        present = self.stored.get(table.name)  # a generation of an earlier release may lack a column, or the table
        stored = f"select {_typed(table, present or ())} from {GENERATION}.main.{quoted(table.name)}"  # a generation has choices as numbers
        self.run(f'create temp view "served_{table.name}" as {stored if present else nothing}')
        for side in ("arriving", "leaving"):
            self.run(f'create temp table "{side}_{table.name}" as {nothing}')
        if delivered is not None:
            arrow = delivered if isinstance(delivered, pa.Table) else pa.Table.from_pandas(delivered, preserve_index=False)
            self.connection.register(f"handed_over_{table.name}", arrow)
            nothing = f'select {_typed(table, self.present[table.name])} from "handed_over_{table.name}"'
        self.run(f'create temp view "delivered_{table.name}" as {nothing}')


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The tables of the generation that is attached, each with its columns."""
    found: dict[str, tuple[str, ...]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns where table_catalog = $generation order by 1, ordinal_position",
        {"generation": GENERATION},
    ).fetchall():
        found[table] = (*found.get(table, ()), column)
    return found


def as_records(rows: pa.Table) -> pd.DataFrame:
    """A table as the layers above intake hand records on: dates as such, whole numbers that may be missing, text as text."""
    whole = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
    return rows.to_pandas(types_mapper=whole.get, date_as_object=False)


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return f'"{name}"'


def listed(names: Iterable[str], of: str = "") -> str:
    """Columns in a row, each of the table `of` where one is named."""
    return ", ".join(f"{of}.{quoted(name)}" if of else quoted(name) for name in names)


def same(names: Iterable[str], one: str, other: str) -> str:
    """The condition that two rows agree in these columns, none of which is empty."""
    return " and ".join(f"{one}.{quoted(name)} = {other}.{quoted(name)}" for name in names)


def _typed(table: Table, present: tuple[str, ...]) -> str:
    return ", ".join(
        f"cast({quoted(column.name) if column.name in present else 'null'} as {column.duckdb_type}) as {quoted(column.name)}" for column in table.columns
    )


def _names(rows: pd.DataFrame | pa.Table) -> Iterable[str]:
    return rows.column_names if isinstance(rows, pa.Table) else rows.columns
