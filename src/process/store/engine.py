"""The one way from a question in SQL to a table: a locked, read-only view of one generation, safe to ask from many threads.

Facts behind the way it opens (DESIGN.md, "The store"): connecting to a path again can serve an older file, so the generation is attached to a fresh
in-memory connection; a connection shared between threads gives wrong rows, so every query has its own cursor; a read-only connection still reads and
writes other files unless that is switched off and the switch locked.
"""

from __future__ import annotations

from typing import Protocol

import duckdb
import pandas as pd

from process.errors import StoreProblem
from process.store.folder import Generation

# In this order: the last one makes the others final. Without a temporary directory nothing of the records is ever spilled to a disk.
_LOCKS = (
    "set temp_directory = ''",
    "set python_enable_replacements = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


class Engine(Protocol):
    """What answers SQL over one generation: DuckDB here, Spark for a network that outgrows one machine."""

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives, its `$name` parameters bound to `params`."""


class DuckDBEngine:
    """A generation opened for questions. Use `open`; `close` when no page asks it any more."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, generation: Generation):
        self._connection = connection
        self.generation = generation

    @classmethod
    def open(cls, generation: Generation) -> DuckDBEngine:
        """Open a generation locked and read-only. Raises `StoreProblem` where its file is missing, cut or damaged."""
        _refuse_damaged(generation)
        connection = duckdb.connect(":memory:")
        place = str(generation.path.resolve()).replace("'", "''")  # ATTACH takes no parameter
        try:
            connection.execute(f"attach '{place}' as generation (read_only)")
            for lock in _LOCKS:
                connection.execute(lock)
        except duckdb.Error as error:
            connection.close()
            raise StoreProblem(_damaged(generation)) from error
        return cls(connection, generation)

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives, its `$name` parameters bound to `params`. Anything but one SELECT is a `ValueError`."""
        with self._connection.cursor() as cursor:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ValueError("an engine answers one SELECT at a time and nothing else")
            cursor.execute("use generation")  # a cursor does not inherit it
            return cursor.execute(statements[0], params).df()

    def tables(self) -> tuple[str, ...]:
        """The tables of this generation: the contract's, `instruments`, and the summaries."""
        return tuple(sorted(self.generation.manifest["counts"]))

    def close(self) -> None:
        """Let go of the generation's file."""
        self._connection.close()

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def _damaged(generation: Generation) -> str:
    return (
        f"Generation {generation.name} in {generation.path.parent.parent} is damaged and cannot be opened. "
        "Load the records again with `therapy-process intake`; the damaged file is left as it is."
    )


def _refuse_damaged(generation: Generation) -> None:
    try:
        size = generation.path.stat().st_size
    except OSError:
        raise StoreProblem(f"The file of generation {generation.name} is not there. Load the records again with `therapy-process intake`.") from None
    if size != generation.manifest.get("bytes", size):
        raise StoreProblem(_damaged(generation))
