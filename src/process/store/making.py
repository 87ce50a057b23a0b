"""What goes on beside the making of a generation's tables: those that are made are written into the file, and statistics ask them as soon as they are there.

DuckDB works without Python's lock, so that on two processors a summary is made, another written and an estimate worked out at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event

import duckdb
import pandas as pd

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.store.encryption import GENERATION
from process.store.types import as_frame, stored_type
from process.store.working import with_codes

_NAME = re.compile(r"\w+")
_Job = Callable[[duckdb.DuckDBPyConnection], None]


class Stopped(Exception):
    """The making of the tables that somebody waits for was given up."""


class Asking:
    """`query(sql, **params)` over working tables that are still being made: an answer waits for every one of `awaited` that its statement names.

    Each thread that asks has an `Asking` of its own, because a connection shared between threads gives wrong rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, awaited: Iterable[str] = ()):
        self._connection = connection.cursor()
        self._made = {name: Event() for name in awaited}
        self._stopped = False

    def made(self, name: str) -> None:
        """Say that a table is there."""
        self._made[name].set()

    def stop(self) -> None:
        """Say that no more tables come; whoever waits gets `Stopped`."""
        self._stopped = True
        for event in self._made.values():
            event.set()
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of the connection, once nobody asks any more."""
        self._connection.close()

    def __call__(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows of a statement."""
        for name in set(_NAME.findall(sql)) & self._made.keys():
            self._made[name].wait()
        if self._stopped:
            raise Stopped
        return as_frame(self._connection.execute(sql, params))


class Writer:
    """A thread that writes working tables into the generation, their numbers as codes again; several in one transaction where several are ready."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, forms: Sequence[Form] | None = None):
        self._connection, self._forms = connection.cursor(), forms
        self._connection.execute("set wal_autocheckpoint = '1KB'")  # each commit writes the file itself then, and nothing to a log first
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = ThreadPoolExecutor(1)
        self._closing = False
        self._end = self._thread.submit(self._work)

    def table(self, name: str) -> None:
        """Have a working table written that is there and will not change."""
        self.put(lambda connection: _write(connection, name, self._forms))

    def put(self, job: _Job) -> None:
        """Have something else done in the generation, by the writer's connection. Raises what went wrong with an earlier job."""
        if self._end.done():
            self._end.result()
        self._jobs.put(job)

    def finish(self) -> None:
        """Wait until everything is written, and bring the file in order. Raises what went wrong."""
        self._jobs.put(None)
        self._end.result()
        self._connection.execute(f"checkpoint {GENERATION}")

    def close(self) -> None:
        """Let go of the connection; what is not written by then never will be."""
        self._closing = True
        self._jobs.put(None)
        self._connection.interrupt()
        self._thread.shutdown()
        self._connection.close()

    def _work(self) -> None:
        job = self._jobs.get()
        while job is not None:
            # a transaction sees what was there when it began, so that each takes what is ready and the next what comes after
            jobs, job = self._ready(job)
            self._connection.execute("begin transaction")
            for each in jobs:
                if self._closing:
                    return
                each(self._connection)
            self._connection.execute("commit")
            job = self._jobs.get() if job is _later else job

    def _ready(self, first: _Job) -> tuple[list[_Job], _Job | None]:
        """Everything that can be done now; and what to go on with: None at the end, `_later` where more comes."""
        jobs = [first]
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return jobs, _later
            if job is None:
                return jobs, None
            jobs.append(job)


def _later(connection: duckdb.DuckDBPyConnection) -> None:
    """Stands for a job that has not come yet."""


def _write(connection: duckdb.DuckDBPyConnection, name: str, forms: Sequence[Form] | None) -> None:
    place, select = f'{GENERATION}.main."{name}"', with_codes(connection, name)
    if name not in TABLES:
        connection.execute(f"create table {place} as {select}")
        return
    columns = ", ".join(f'"{column.name}" {stored_type(column, forms)}{" not null" if column.required else ""}' for column in TABLES[name].columns)
    connection.execute(f"create table {place} ({columns})")
    connection.execute(f"insert into {place} {select}")
