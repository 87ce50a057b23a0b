"""Which rows come and which go, worked out by DuckDB on both sides of a load (`sides`): `arriving_<table>`, `leaving_<table>`, and `touched`, the courses."""

from __future__ import annotations

from process.contract.tables import TABLES
from process.loading.sides import COMPARED, PARENTS, ROOTS, Sides, listed, quoted, same


def by_course(sides: Sides) -> dict[str, int]:
    """For a load that holds everything: the rows that only one side has; gives how many are on both, by table.

    A course (goal, rupture) whose rows are all alike on both sides is not looked at row by row.
    """
    alike = {}
    for name in COMPARED:
        root, columns = quoted(ROOTS[name]), listed(TABLES[name].names)
        content = f"count(*) as rows, sum(hash({columns})) as content"
        sides.run(
            f'create or replace temp table unlike as select {root} from (select {root}, {content} from "delivered_{name}" group by {root}) as new '
            f'full outer join (select {root}, {content} from "served_{name}" group by {root}) as old using ({root}) '
            "where new.rows is distinct from old.rows or new.content is distinct from old.content"
        )
        if _count(sides, "unlike"):
            within = f"where {root} in (select {root} from unlike)"
            for side, here, there in (("arriving", "delivered", "served"), ("leaving", "served", "delivered")):
                sides.run(f'insert into "{side}_{name}" select {columns} from "{here}_{name}" {within} except select {columns} from "{there}_{name}" {within}')
        alike[name] = _count(sides, f"delivered_{name}") - _count(sides, f"arriving_{name}")
    return alike


def by_row(sides: Sides) -> dict[str, int]:
    """For a load that holds less than everything: rows whose key is new, and those that differ from the row with their key; gives how many do not, by table.

    A column that the file leaves out whole is taken from the row with the same key.
    """
    alike = dict.fromkeys(COMPARED, 0)
    _gather(sides)
    for name in [name for name in COMPARED if name in sides.present]:
        table = TABLES[name]
        spoken_of = [column for column in table.names if column in sides.present[name]]
        old = ", ".join(f"old.{quoted(column)} as {quoted(f'old {column}')}" for column in table.names)
        sides.run(
            f"create or replace temp table beside as select {listed(table.names, 'new')}, {old}, old.{quoted(table.key[0])} is not null as there "
            f'from "delivered_{name}" as new left join "near_{name}" as old on {same(table.key, "new", "old")}'
        )
        filled = ", ".join(quoted(column if column in spoken_of else f"old {column}") for column in table.names)
        apart = " or ".join(f"{quoted(column)} is distinct from {quoted(f'old {column}')}" for column in spoken_of if column not in table.key) or "false"
        sides.run(f'insert into "leaving_{name}" select {listed(f"old {column}" for column in table.names)} from beside where there and ({apart})')
        sides.run(f'insert into "arriving_{name}" select {filled} from beside where there and ({apart})')
        alike[name] = sides.number("select count(*) from beside where there") - _count(sides, f"arriving_{name}")
        sides.run(f'insert into "arriving_{name}" select {listed(table.names)} from beside where not there')
    return alike


def _gather(sides: Sides) -> None:
    """Take what is near from the store, once: every row of the courses that are spoken of, and of those with a goal that took the place of one of theirs."""
    parts = []
    for name in sides.present.keys() & set(COMPARED):
        if ROOTS[name] == "course_id":
            parts.append(f'select course_id from "delivered_{name}"')
        if (root := TABLES[name].key[0]) in PARENTS:
            parts.append(f'select course_id from "served_{PARENTS[root]}" where {root} in (select {root} from "delivered_{name}")')
    sides.run("create temp table near as " + " union ".join(parts or ["select course_id from served_courses where false"]))
    goals = "select course_id, replaced_by from {} where replaced_by is not null"
    naming = f"({goals.format('served_goals')} union all {goals.format('delivered_goals')})"
    more = 1
    while more:
        more = sides.number(
            f"insert into near select distinct course_id from served_goals where course_id not in (select course_id from near) "
            f"and goal_id in (select replaced_by from {naming} where course_id in (select course_id from near))"
        )
    for name in COMPARED:
        root = ROOTS[name]
        within = "near" if root == "course_id" else f"near_{PARENTS[root]}"
        sides.run(f'create temp table "near_{name}" as select * from "served_{name}" where {root} in (select {root} from {within})')
    sides.held = "near"


def columns(sides: Sides, name: str) -> list[str]:
    """The columns in which rows that come differ from those whose place they take."""
    told = [column for column in TABLES[name].names if column not in TABLES[name].key]
    apart = ", ".join(f"count(*) filter (new.{quoted(column)} is distinct from old.{quoted(column)})" for column in told)
    found = sides.run(f'select {apart} from "arriving_{name}" as new inner join "leaving_{name}" as old on {same(TABLES[name].key, "new", "old")}').fetchone()
    return [column for column, count in zip(told, found, strict=True) if count]


def counted(sides: Sides, name: str) -> dict[str, int]:
    """How many rows of a table are added, corrected and removed."""
    coming, going = _count(sides, f"arriving_{name}"), _count(sides, f"leaving_{name}")
    both = f'"arriving_{name}" as new semi join "leaving_{name}" as old on {same(TABLES[name].key, "new", "old")}'
    corrected = sides.number(f"select count(*) from {both}") if coming and going else 0
    return {"added": coming - corrected, "corrected": corrected, "removed": going - corrected}


def touch(sides: Sides) -> int:
    """Note the courses that any row comes to or goes from, before or after, as table `touched`; gives how many."""
    parts = []
    for name in COMPARED:
        for side in [side for side in ("arriving", "leaving") if _count(sides, f"{side}_{name}")]:
            if ROOTS[name] == "course_id":
                parts.append(f'select course_id from "{side}_{name}"')
                continue
            root, parent = quoted(ROOTS[name]), PARENTS[ROOTS[name]]
            for owner in (sides.held, "arriving"):
                parts.append(f'select parent.course_id from "{side}_{name}" as child inner join "{owner}_{parent}" as parent on parent.{root} = child.{root}')
    parts = parts or ["select course_id from served_courses where false"]
    sides.run("create or replace temp table touched as select course_id from (" + " union ".join(parts) + ") order by course_id")
    return _count(sides, "touched")


def afterwards(sides: Sides, name: str, within: str = "true") -> str:
    """The statement that gives a table's rows after the load that fulfil `within`; where the load holds less than everything, of the courses near to it."""
    columns = listed(TABLES[name].names)
    if sides.held == "served":
        return f'select {columns} from "delivered_{name}" where {within}'
    return everything(name, sides.held, within)


def everything(name: str, held: str = "served", within: str = "true") -> str:
    """The statement that gives rows of the store (`held`: all, or those near) that do not go, and those that come."""
    columns = listed(TABLES[name].names)
    gone = f'select 1 from "leaving_{name}" as gone where {same(TABLES[name].key, "gone", "old")}'
    return (
        f'select {columns} from "{held}_{name}" as old where not exists ({gone}) and {within} union all select {columns} from "arriving_{name}" where {within}'
    )


def _count(sides: Sides, table: str) -> int:
    return sides.number(f'select count(*) from "{table}"')
