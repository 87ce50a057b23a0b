"""The rows that a load touches exchanged in a generation's file, in one transaction, by a thread of its own.

Of the records only the rows that go are taken out and those that come put in. Of summaries and derived tables all rows of the touched courses go first,
while what takes their places is still being made; each table is put in as soon as it is there. DuckDB works without Python's lock, so that on two
processors taking out costs no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb
import pyarrow as pa

from process.contract.tables import TABLES
from process.loading.sides import COMPARED, Sides, same
from process.loading.touched import OWNERS
from process.store.encryption import GENERATION
from process.store.working import WORKING


class Exchange:
    """One transaction in the generation that is attached to a connection; the working tables `touched_<root>` say whose rows of `made` tables go.

    `sides`: the load, of which the records' rows are taken. Nobody else may use `sides` until `finish`. Close it in any case.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, sides: Sides, made: Iterable[str]):
        self._connection = connection.cursor()
        self._thread = ThreadPoolExecutor(1)
        self._jobs: list[Future[None]] = []
        self._do(lambda: self._begin(list(made)))
        for name in COMPARED:
            self._do(lambda name=name: self._exchange(name, sides))
        self._do(lambda: self._replace("manifest", sides.run('select * from "delivered_manifest"').to_arrow_table()))

    def put(self, name: str, rows: pa.Table) -> None:
        """Have the touched courses' rows of a summary or a derived table put in."""
        self._do(lambda: self._put(name, rows))

    def finish(self, last: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        """Wait until everything is exchanged, look at it with `last`, and bring the file in order. Raises what went wrong, which `last` may."""
        for job in self._jobs:
            job.result()
        last(self._connection)
        self._connection.execute("commit")
        self._connection.execute(f"checkpoint {GENERATION}")

    def close(self) -> None:
        """Let go of the connection; what is not finished by then never will be."""
        self._connection.interrupt()
        self._thread.shutdown(cancel_futures=True)
        self._connection.close()

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.append(self._thread.submit(job))

    def _begin(self, made: list[str]) -> None:
        self._connection.execute("set wal_autocheckpoint = '1KB'")  # the commit writes the file itself then, and nothing to a log first
        self._connection.execute("begin transaction")
        for name in made:
            root = OWNERS.get(name, "course_id")
            self._connection.execute(f'delete from {GENERATION}.main."{name}" where {root} in (select {root} from {WORKING}."touched_{root}")')

    def _exchange(self, name: str, sides: Sides) -> None:
        leaving, arriving = (sides.rows(side, name) for side in ("leaving", "arriving"))
        if leaving.num_rows:
            self._connection.register("going", leaving.select(list(TABLES[name].key)))
            going = f"select 1 from going where {same(TABLES[name].key, 'going', 'row')}"
            self._connection.execute(f'delete from {GENERATION}.main."{name}" as row where exists ({going})')
            self._connection.unregister("going")
        self._put(name, arriving)

    def _replace(self, name: str, rows: pa.Table) -> None:
        self._connection.execute(f'delete from {GENERATION}.main."{name}"')
        self._put(name, rows)

    def _put(self, name: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self._connection.register("coming", rows)
        self._connection.execute(f'insert into {GENERATION}.main."{name}" by name select * from coming')
        self._connection.unregister("coming")
