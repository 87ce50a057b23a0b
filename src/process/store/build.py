"""One generation's file: the contract's tables, the registry of instruments and the summaries, written aside and looked at again before it counts.

Names of tables and columns come from the contract and from the files under `summaries/`, never from what a clinic hands over; values go in as columns of
registered tables, never as text of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import StoreProblem
from process.sealed import Key
from process.store.encryption import GENERATION, reading, writing
from process.store.making import Asking, Writer
from process.store.working import WORKING, Codes, numbered, put, put_frame, put_registry

Progress = Callable[[str, int, int], None]
Derive = Callable[[Callable[..., pd.DataFrame]], Iterable[tuple[str, pd.DataFrame]]]
"""What the layers above add to a generation: given `query(sql, **params)` over the records and summaries, tables by name, each written as it comes."""
MEMORY_MB = 600
"""What DuckDB may hold while it builds, for each million sessions or part of one; the rest is spilled beside the file, encrypted where the file is. A load of a
million sessions as a whole stays under 2 GiB with it."""
SUMMARIES = Path(__file__).parent / "summaries"


def summaries() -> list[tuple[str, str]]:
    """The summaries in the order they are built: table name and its SELECT."""
    return [(path.stem.split("_", 1)[1], path.read_text("utf-8").strip().rstrip(";")) for path in sorted(SUMMARIES.glob("[0-9][0-9]_*.sql"))]


def kept() -> tuple[str, ...]:
    """The names of the summaries, in the order they are built."""
    return tuple(name for name, _ in summaries())


def build(
    path: Path,
    records: dict[str, pd.DataFrame],
    progress: Progress,
    derive: Derive | None = None,
    forms: Sequence[Form] | None = None,
    key: Key | None = None,
) -> dict[str, int]:
    """Write a generation to `path` (a new file) and give the rows of each of its tables. After any error the file is not to be used.

    `derive` adds the tables that statistics make; it runs in a thread of its own from the beginning, and its questions wait for the tables they name.
    `forms` are those of the registry of instruments, with the clinic's own (default: those that ship). `key` encrypts the file.
    """
    unknown = set(records) - set(TABLES)
    if unknown:
        raise ValueError(f"not tables of the contract: {sorted(unknown)}")
    steps = [f"storing {name}" for name in TABLES] + [f"summary {name}" for name, _ in summaries()] + ["estimates"] * (derive is not None)
    connection = writing(path, key)
    try:
        path.chmod(0o600)
        connection.execute(f"set memory_limit = '{MEMORY_MB * max(1, round(len(records.get('sessions', ())) / 1e6))}MB'")
        connection.execute(f"use {WORKING}")
        frames, codes = numbered(connection, records)
        pa.default_memory_pool().release_unused()  # what reading the files needed
        with (
            closing(Asking(connection, [*TABLES, "instruments", *(name for name, _ in summaries())])) as asking,
            ThreadPoolExecutor(1) as statistics,
            closing(Writer(connection, forms)) as writer,
        ):
            try:
                derived = statistics.submit(_add, derive or _nothing, asking, writer, codes)
                for done, table in enumerate(TABLES.values()):
                    progress(steps[done], done, len(steps))
                    put(connection, table, frames.pop(table.name, None), forms)
                    asking.made(table.name)
                    writer.table(table.name)
                put_registry(connection, forms)
                asking.made("instruments")
                writer.table("instruments")
                for done, (name, select) in enumerate(summaries(), len(TABLES)):
                    progress(steps[done], done, len(steps))
                    connection.execute(f'create table "{name}" as {select}')
                    asking.made(name)
                    writer.table(name)
                if derive is not None:
                    progress(steps[-1], len(steps) - 1, len(steps))
                derived.result()
                writer.finish()
            except BaseException:
                asking.stop()
                raise
        return counted(connection)
    finally:
        connection.close()


def check(path: Path, records: dict[str, pd.DataFrame], counts: dict[str, int], key: Key | None = None) -> None:
    """Open the finished file as a reader would and compare it with what went in; a `StoreProblem` if anything is not there."""
    connection = reading(path, key)
    try:
        found = counted(connection)
    finally:
        connection.close()
    expected = {name: len(records.get(name, ())) for name in TABLES}
    wrong = [name for name in found.keys() | counts.keys() | expected.keys() if found.get(name) != expected.get(name, counts.get(name))]
    if wrong:
        raise StoreProblem(f"The new generation does not hold what was loaded (table {sorted(wrong)[0]}). It was not published; the earlier one is served.")


def _nothing(query: Callable[..., pd.DataFrame]) -> Iterable[tuple[str, pd.DataFrame]]:
    return ()


def _add(derive: Derive, asking: Asking, writer: Writer, codes: Codes) -> None:
    """Have every table that statistics make written as soon as it is there."""
    for name, frame in derive(asking):
        writer.put(partial(put_frame, name=f'{GENERATION}.main."{name}"', frame=codes.back(frame)))


def counted(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The rows of each table of the generation that is attached."""
    found = connection.execute("select table_name from duckdb_tables() where database_name = $place order by 1", {"place": GENERATION})
    counts = [f"""select '{name}' as name, count(*) as rows from {GENERATION}.main."{name}" """ for (name,) in found.fetchall()]
    return dict(connection.execute(" union all ".join(counts) + " order by 1").fetchall())
