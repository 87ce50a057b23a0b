"""A small load makes its generation from the one before: the file is copied, and only the courses that the load touches are taken out and put in again.

Every summary and every derived table is *local to a course*: what it says of a course depends on that course's records, the registry of instruments and the
clinic-wide parameters, and on nothing else. So the same statements that build a whole generation, asked of the touched courses' records alone, give
these courses' rows; all others are right already. `tests/loading/test_local.py` proves it of each table. A generation is built whole instead where more than
`LARGEST` of the courses are touched, where the release, the registry of instruments or the key is another, and where clinic-wide parameters come anew (a
new quarter); the touched courses lie at the end of each table then, sorted, until such a load puts everything in order again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import StoreProblem
from process.loading.changes import STATED, Comparison
from process.loading.differing import afterwards
from process.loading.sides import COMPARED, PARENTS, ROOTS, as_records, quoted
from process.measures import derived, publishing
from process.measures.parameters import Query, estimate, quarter
from process.measures.parameters import described as definitions
from process.sealed import Key
from process.store import Generation, OwnInstruments
from process.store import current as current_generation
from process.store.build import Derive, Progress, build, summaries
from process.store.encryption import GENERATION, writing
from process.store.types import as_frame
from process.store.unlocking import described
from process.store.working import IDS, WORKING, Codes, numbered, put, put_frame, put_registry, with_codes

LARGEST = 0.2
"""Of all courses; beyond, building everything costs about as much and leaves the tables in order."""
OWNERS = {"goal_chains": "goal_id"}
"""Tables whose rows are not told apart by `course_id`, and by what they are."""


class _BuildWhole(Exception):
    """What was thought to be a small change is none."""


@dataclass(frozen=True)
class _Rows:
    """How many rows a table is to hold, where the rows themselves are not in hand."""

    count: int

    def __len__(self) -> int:
        return self.count


def publish(
    folder: Path,
    comparison: Comparison,
    progress: Progress | None = None,
    about: Mapping[str, Any] | None = None,
    anew: bool = False,
    own: OwnInstruments | None = None,
    key: Key | None = None,
) -> Generation | None:
    """Make the load that was compared the generation that is served; None, and nothing is written, where the store holds all of it already.

    `anew`: estimate the clinic-wide parameters anew; for the other arguments see `store.publish`. Raises `StoreProblem` where another load was
    published since the comparison.
    """
    if comparison.changes.nothing and not anew:
        return None
    about = {**(about or {}), "changes": comparison.changes.as_dict()}
    manifest = comparison.delivered["manifest"]
    manifest = manifest.to_pandas() if isinstance(manifest, pa.Table) else manifest
    records = {"manifest": manifest} | {name: _Rows(count) for name, count in comparison.rows().items() if name != "manifest"}
    earlier = None if anew else publishing.earlier_parameters(folder, manifest, about)
    return publishing.publish(folder, records, progress, about, anew, own, key, _Builder(Path(folder), comparison, earlier))


@dataclass(frozen=True)
class _Builder:
    """Writes the file of a compared load, from the generation before where that is worth it; takes the place of `store.build.build`."""

    folder: Path
    comparison: Comparison
    earlier: pd.DataFrame | None

    def __call__(self, path: Path, records: object, progress: Progress, derive: Derive, forms: tuple[Form, ...], key: Key | None) -> dict[str, int]:
        before = self.comparison.before
        served = current_generation(self.folder).name if (self.folder / "current").exists() else None
        if served != (before and before.name):
            raise StoreProblem(f"Another load into store {self.folder} was published meanwhile. Load again; nothing was changed.")
        if self._small(key):
            try:
                return self._changed(path, progress, forms, key)
            except _BuildWhole:
                path.unlink(missing_ok=True)
        return build(path, self.comparison.records(), progress, derive, forms, key)

    def _small(self, key: Key | None) -> bool:
        """Whether the generation before can be taken on."""
        before, changes = self.comparison.before, self.comparison.changes
        if before is None or self.earlier is None or changes.share > LARGEST or set(changes.also) - {STATED}:
            return False
        if described(key) != before.manifest.get("encryption") or set(before.manifest["counts"]) != _tables():
            return False
        now = quarter(lambda sql: self.comparison.sides.run('select max(as_of) as as_of from "delivered_manifest"').df())
        versions = [definition.version for definition in map(definitions().get, self.earlier["parameter"])]
        return set(self.earlier["quarter"]) == {now} and versions == self.earlier["version"].tolist()

    def _changed(self, path: Path, progress: Progress, forms: tuple[Form, ...], key: Key | None) -> dict[str, int]:
        steps = ["copying the generation before", "records of the touched courses", "their summaries", "putting them in"]
        progress(steps[0], 0, len(steps))
        shutil.copyfile(self.comparison.before.path, path)
        path.chmod(0o600)
        connection = writing(path, key)
        try:
            connection.execute(f"use {WORKING}")
            progress(steps[1], 1, len(steps))
            codes = self._records(connection, forms)
            progress(steps[2], 2, len(steps))
            made = self._summaries(connection, codes)
            progress(steps[3], 3, len(steps))
            self._put_in(connection, made)
            return _counts(connection)
        finally:
            connection.close()

    def _records(self, connection: duckdb.DuckDBPyConnection, forms: tuple[Form, ...]) -> Codes:
        """The touched courses' records after the load as working tables; and whose rows they take the place of, as `touched_<root>`."""
        sides = self.comparison.sides
        for root, parent in PARENTS.items():
            owned = [f'select {root} from "{side}_{parent}" where course_id in (select course_id from touched)' for side in (sides.held, "arriving")]
            sides.run(f'create or replace temp table "touched_{root}" as ' + " union ".join(owned))
        sides.run("create or replace temp view touched_course_id as select course_id from touched")
        for root in ("course_id", *PARENTS):
            connection.register(f"touched_{root}", sides.run(f'select {root} from "touched_{root}"').to_arrow_table())
        records = {"manifest": sides.run('select * from "delivered_manifest"').df()}
        records |= {name: as_records(sides.run(afterwards(sides, name, _within(name))).to_arrow_table()) for name in COMPARED}
        frames, codes = numbered(connection, records)
        for name, table in TABLES.items():
            put(connection, table, frames[name], forms)
        put_registry(connection, forms)
        return codes

    def _summaries(self, connection: duckdb.DuckDBPyConnection, codes: Codes) -> list[str]:
        """The touched courses' rows of every summary and derived table, as working tables; their names."""
        for name, select in summaries():
            connection.execute(f'create table "{name}" as {select}')
        for name, frame in derived.tables(derived.remembering(_asking(connection)), self.earlier).items():
            put_frame(connection, f"{WORKING}.{quoted(name)}", codes.back(frame))
        return [name for name, _ in summaries()] + list(derived.TABLES)

    def _put_in(self, connection: duckdb.DuckDBPyConnection, made: list[str]) -> None:
        """In one transaction: the touched courses' rows out of every table, and in again as they are now."""
        for name in derived.TABLES:
            _refuse_other_types(connection, name)
        connection.execute("set wal_autocheckpoint = '1KB'")  # the commit writes the file itself then, and nothing to a log first
        connection.execute("begin transaction")
        for name in [*COMPARED, *made]:
            root = ROOTS.get(name) or OWNERS.get(name, "course_id")
            connection.execute(f'delete from {GENERATION}.main."{name}" where {root} in (select {root} from "touched_{root}")')
            connection.execute(f'insert into {GENERATION}.main."{name}" by name {with_codes(connection, name)}')
        connection.execute(f"delete from {GENERATION}.main.manifest")
        connection.execute(f"insert into {GENERATION}.main.manifest by name select * from {WORKING}.manifest")
        self._refuse_new_parameters(connection)
        connection.execute("commit")
        connection.execute(f"checkpoint {GENERATION}")

    def _refuse_new_parameters(self, connection: duckdb.DuckDBPyConnection) -> None:
        """A parameter that there was too little for may have enough now; every course's figures rest on it then."""
        known = set(self.earlier["parameter"])
        if known == set(derived.ESTIMATORS):
            return
        connection.execute(f"use {GENERATION}")
        found = estimate(_asking(connection), derived.ESTIMATORS, self.earlier)
        if set(found["parameter"]) != known:
            raise _BuildWhole


def _tables() -> set[str]:
    """The tables of a whole generation of this release."""
    return {*TABLES, "instruments", *(name for name, _ in summaries()), *derived.STORED}


def _asking(connection: duckdb.DuckDBPyConnection) -> Query:
    return lambda sql, **params: as_frame(connection.execute(sql, params))


def _within(name: str) -> str:
    return f'{ROOTS[name]} in (select {ROOTS[name]} from "touched_{ROOTS[name]}")'


def _refuse_other_types(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """What statistics add has the types that its values call for: those of a few courses must fit those of all."""
    wanted, given = (
        {column: kind for column, kind, *_ in connection.execute(f'describe {place}.main."{name}"').fetchall()} for place in (GENERATION, "memory")
    )
    if set(wanted) != set(given):
        raise _BuildWhole
    if not connection.execute(f'select count(*) from {WORKING}."{name}"').fetchone()[0]:
        return
    for column, kind in given.items():
        if kind == wanted[column] or column in IDS or {kind[:4], wanted[column][:4]} <= {"ENUM", "VARC"} or (kind, wanted[column]) == ("INTEGER", "DOUBLE"):
            continue
        lossless = f"count(*) filter (where {quoted(column)} is not null and {quoted(column)} is distinct from cast({quoted(column)} as {wanted[column]}))"
        if kind not in ("DOUBLE", "INTEGER", "BIGINT") or connection.execute(f'select {lossless} from {WORKING}."{name}"').fetchone()[0]:
            raise _BuildWhole


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = [name for (name,) in connection.execute("select table_name from duckdb_tables() where database_name = $place", {"place": GENERATION}).fetchall()]
    parts = " union all ".join(f"""select '{name}', count(*) from {GENERATION}.main."{name}" """ for name in sorted(names))
    return dict(connection.execute(parts).fetchall())
