"""Rows that are added or corrected, held against one another and against the rows of the store that they hang on, by the same rules as a whole delivery.

A row handed over that contradicts others is refused with its reason and changes nothing: where it was to take another's place, that one stays. But a row of
the store is never dropped because of what comes: a correction that it would contradict refuses the whole load.
"""

from __future__ import annotations

import pandas as pd

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.rows import settle
from process.loading.differing import afterwards
from process.loading.sides import COMPARED, PARENTS, ROOTS, Sides, listed, quoted, same

_GOALS = 'select goal_id, course_id, replaced_by from "near_goals" union all select goal_id, course_id, replaced_by from "arriving_goals"'


def settled(sides: Sides) -> dict[str, dict[str, int]]:
    """Take the rows that cannot be out of `arriving_<table>`; gives, by table and reason, how many. `FileRefused` where the store's rows would have to go."""
    refused: dict[str, dict[str, int]] = {}
    while True:  # again, because where a correction is refused the earlier row stays, and others may contradict that one
        _scope(sides)
        frames = {"manifest": sides.run('select * from "delivered_manifest"').df()}
        frames |= {name: sides.run(afterwards(sides, name, _within(name))).df() for name in COMPARED}
        kept, reasons = settle(frames)
        gone = [name for name in COMPARED if _take_out(sides, name, frames[name], kept[name], reasons)]
        if not gone:
            return refused
        for name, counts in reasons.items():
            for reason, count in counts.items():
                refused.setdefault(name, {})[reason] = refused.get(name, {}).get(reason, 0) + count


def _scope(sides: Sides) -> None:
    """Note the courses (goals, ruptures) whose rows are looked at: those of the rows that come, and those of goals that take the place of theirs."""
    parts = []
    for name in COMPARED:
        if ROOTS[name] == "course_id":
            parts.append(f'select course_id from "arriving_{name}"')
        else:
            root, parent = quoted(ROOTS[name]), PARENTS[ROOTS[name]]
            parts.append(f'select parent.course_id from "arriving_{name}" as child inner join "near_{parent}" as parent on parent.{root} = child.{root}')
    sides.run("create or replace temp table scope as " + " union ".join(parts))
    more = 1
    while more:
        more = sides.number(
            f"insert into scope select distinct successor.course_id from ({_GOALS}) as goal inner join ({_GOALS}) as successor "
            "on successor.goal_id = goal.replaced_by where goal.course_id in (select course_id from scope) "
            "and successor.course_id not in (select course_id from scope)"
        )
    for root, parent in PARENTS.items():
        owned = [f'select {root} from "{side}_{parent}" where course_id in (select course_id from scope)' for side in ("near", "arriving")]
        orphans = [f'select {root} from "arriving_{name}"' for name in COMPARED if ROOTS[name] == root]
        sides.run(f'create or replace temp table "scope_{root}" as ' + " union ".join(owned + orphans))


def _within(name: str) -> str:
    root = ROOTS[name]
    return f"{root} in (select {root} from {'scope' if root == 'course_id' else quoted(f'scope_{root}')})"


def _take_out(sides: Sides, name: str, looked_at: pd.DataFrame, kept: pd.DataFrame, reasons: dict[str, dict[str, int]]) -> bool:
    """Take what was not kept out of the rows that come; whether there was any."""
    if len(kept) == len(looked_at):
        return False
    key = TABLES[name].key
    sides.connection.register("kept_rows", kept[list(key)])
    coming = f'"arriving_{name}" as row where not exists (select 1 from kept_rows as kept where {same(key, "kept", "row")})'
    refused = sides.number(f"select count(*) from {coming}")
    if refused < len(looked_at) - len(kept):
        why = "; ".join(reasons[name])
        raise FileRefused(
            f"{len(looked_at) - len(kept) - refused:,} rows of table `{name}` that the store holds would contradict what is handed over ({why}). "
            "Hand over their corrections too, or load everything with a load that replaces. Nothing was loaded."
        )
    sides.run(f"create or replace temp table refused_rows as select {listed(key, 'row')} from {coming}")
    for side in ("arriving", "leaving"):
        sides.run(f'delete from "{side}_{name}" as row where exists (select 1 from refused_rows as gone where {same(key, "gone", "row")})')
    sides.connection.unregister("kept_rows")
    return True
