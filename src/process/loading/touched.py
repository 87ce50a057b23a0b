"""What is made anew where a load touches some courses alone: their rows of every summary and every derived table.

The touched courses' records become working tables, and the same statements that build a whole generation are asked of them. Nothing of any other course is
looked at. What they give takes the place of the rows that are there (`exchanging`).
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pandas as pd
import pyarrow as pa

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.loading.differing import afterwards
from process.loading.sides import COMPARED, PARENTS, ROOTS, Sides, as_records, quoted
from process.measures import derived
from process.measures.parameters import Query, estimate
from process.store.build import summaries
from process.store.encryption import GENERATION
from process.store.types import as_frame
from process.store.working import IDS, WORKING, Codes, numbered, put, put_frame, put_registry, with_codes

OWNERS = {"goal_chains": "goal_id"}
"""Tables whose rows are not told apart by `course_id`, and by what they are."""


class BuildWhole(Exception):
    """What was thought to be a small change is none."""


def records(connection: duckdb.DuckDBPyConnection, sides: Sides, forms: tuple[Form, ...]) -> Codes:
    """The touched courses' records after the load as working tables; and whose rows they take the place of, as `touched_<root>`."""
    for root, parent in PARENTS.items():
        owned = [f'select {root} from "{side}_{parent}" where course_id in (select course_id from touched)' for side in (sides.held, "arriving")]
        sides.run(f'create or replace temp table "touched_{root}" as ' + " union ".join(owned))
    sides.run("create or replace temp view touched_course_id as select course_id from touched")
    for root in ("course_id", *PARENTS):
        connection.register("handed_over", sides.run(f'select {root} from "touched_{root}"').to_arrow_table())
        connection.execute(f'create table {WORKING}."touched_{root}" as select * from handed_over')
        connection.unregister("handed_over")
    found = {"manifest": sides.run('select * from "delivered_manifest"').df()}
    found |= {name: as_records(sides.run(afterwards(sides, name, _within(name))).to_arrow_table()) for name in COMPARED}
    frames, codes = numbered(connection, found)
    for name, table in TABLES.items():
        put(connection, table, frames[name], forms)
    put_registry(connection, forms)
    return codes


def make(connection: duckdb.DuckDBPyConnection, codes: Codes, parameters: pd.DataFrame, made: Callable[[str, pa.Table], None]) -> None:
    """The touched courses' rows of every summary and derived table; `made` is given each as soon as it is there. `BuildWhole` where one does not fit."""
    for name, select in summaries():
        connection.execute(f'create table "{name}" as {select}')
        made(name, connection.execute(with_codes(connection, name)).to_arrow_table())
    for name, frame in derived.tables(derived.remembering(asking(connection)), parameters).items():
        put_frame(connection, f"{WORKING}.{quoted(name)}", codes.back(frame))
        _refuse_other_types(connection, name)
        made(name, connection.execute(with_codes(connection, name)).to_arrow_table())


def refuse_new_parameters(connection: duckdb.DuckDBPyConnection, parameters: pd.DataFrame) -> None:
    """`BuildWhole` where a parameter that there was too little for has enough now: every course's figures rest on it then."""
    known = set(parameters["parameter"])
    if known == set(derived.ESTIMATORS):
        return
    connection.execute(f"use {GENERATION}")
    if set(estimate(asking(connection), derived.ESTIMATORS, parameters)["parameter"]) != known:
        raise BuildWhole


def asking(connection: duckdb.DuckDBPyConnection) -> Query:
    """`query(sql, **params)` over what is in use in a connection."""
    return lambda sql, **params: as_frame(connection.execute(sql, params))


def _within(name: str) -> str:
    return f'{ROOTS[name]} in (select {ROOTS[name]} from "touched_{ROOTS[name]}")'


def _refuse_other_types(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """What statistics add has the types that its values call for: those of a few courses must fit those of all."""
    wanted, given = (
        {column: kind for column, kind, *_ in connection.execute(f'describe {place}.main."{name}"').fetchall()} for place in (GENERATION, "memory")
    )
    if set(wanted) != set(given):
        raise BuildWhole
    if not connection.execute(f'select count(*) from {WORKING}."{name}"').fetchone()[0]:
        return
    for column, kind in given.items():
        if kind == wanted[column] or column in IDS or {kind[:4], wanted[column][:4]} <= {"ENUM", "VARC"} or (kind, wanted[column]) == ("INTEGER", "DOUBLE"):
            continue
        lossless = f"count(*) filter (where {quoted(column)} is not null and {quoted(column)} is distinct from cast({quoted(column)} as {wanted[column]}))"
        if kind not in ("DOUBLE", "INTEGER", "BIGINT") or connection.execute(f'select {lossless} from {WORKING}."{name}"').fetchone()[0]:
            raise BuildWhole
