"""The one way from a question in SQL to a table: a locked, read-only view of one generation, safe to ask from many threads.

Facts behind the way it opens (DESIGN.md, "The store"): connecting to a path again can serve an older file, so the generation is attached to a fresh
in-memory connection; a connection shared between threads gives wrong rows, so every query has its own cursor; a read-only connection still reads and
writes other files unless that is switched off and the switch locked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import duckdb
import pandas as pd

from process.errors import NotAllowed, StoreProblem
from process.store.deletions import refuse_deleted
from process.store.encryption import GENERATION, reading
from process.store.generation import Generation, damaged, refuse_cut
from process.store.types import as_frame

# In this order: the last one makes the others final. `reading` has taken the temporary directory away: nothing of the records is ever spilled to a disk.
_LOCKS = (
    "set python_enable_replacements = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


class Engine(Protocol):
    """What answers SQL over one generation: DuckDB here, Spark for a network that outgrows one machine."""

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives, its `$name` parameters bound to `params`."""


class DuckDBEngine:
    """A generation opened for questions. Use `open`; `close` when no page asks it any more.

    A question that is at work when it is closed gets its answer first; one that comes later is `NotAllowed`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, generation: Generation):
        self._connection = connection
        self.generation = generation
        self._at_work, self._closing = 0, False
        self._lock = threading.Lock()

    @classmethod
    def open(cls, generation: Generation) -> DuckDBEngine:
        """Open a generation locked and read-only. Raises `StoreProblem` where its file is missing, cut or damaged, or where it holds a patient who was
        deleted from its store, `KeyProblem` where its key is not here."""
        refuse_cut(generation)
        key = generation.key()
        try:
            connection = reading(generation.path, key)
            refuse_deleted(generation, connection)
        except duckdb.Error as error:
            raise StoreProblem(damaged(generation)) from error
        for lock in _LOCKS:
            connection.execute(lock)
        return cls(connection, generation)

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives, its `$name` parameters bound to `params`. Anything but one SELECT is a `ValueError`."""
        with self._working(), self._connection.cursor() as cursor:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ValueError("an engine answers one SELECT at a time and nothing else")
            cursor.execute(f"use {GENERATION}")  # a cursor does not inherit it
            return as_frame(cursor.execute(statements[0], params))

    def tables(self) -> tuple[str, ...]:
        """The tables of this generation: the contract's, `instruments`, and the summaries."""
        return tuple(sorted(self.generation.manifest["counts"]))

    def close(self) -> None:
        """Let go of the generation's file, as soon as no question is at work."""
        with self._lock:
            self._closing = True
            self._close_if_idle()

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._lock:
            if self._closing:
                raise NotAllowed("These records are not served any more. Open the page again.")
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1
                self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._closing and not self._at_work:
            self._connection.close()

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()
