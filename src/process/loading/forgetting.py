"""A patient is taken out of a store for good: every kept generation is built anew without them, the old files are destroyed, the clinic's code is unlearnt.

What is left of the patient is a line in `STORE/forgotten.jsonl`: the display code, which stands for nobody any more, and when. It is written first, so that
an interrupted command is taken up by the next one, and read again whenever an older copy comes back (`replay`, after a restore). The clinic-wide parameters
are estimated anew from what is left, because some rest on few courses; figures of other courses may move by a little.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from process import __version__, store
from process.contract.tables import TABLES, VERSION
from process.errors import SettingWrong, StoreProblem
from process.intake.codes import folder as codes_folder
from process.intake.codes.drawing import PATIENT, SIGNS
from process.intake.codes.folder import CodesFolder
from process.intake.codes.key_sheets import write_sheets
from process.intake.codes.table import Codes
from process.loading.coded import ENTRY, codes_for
from process.loading.sides import COMPARED, PARENTS, ROOTS, as_records, listed, quoted
from process.measures import derived
from process.measures.parameters import stored
from process.store import Generation, journal
from process.store.build import Progress, build, check
from process.store.encryption import fitting, reading
from process.store.folder import FILE_MODE, FORGOTTEN, loading, settle_folder
from process.store.generation import generations, named, refuse_non_store
from process.store.publishing import FORMAT
from process.store.rewriting import rewrite

Records = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Forgotten:
    """What was done: how many generations were built anew, how many courses went from the newest, whether the table of codes knew the patient."""

    generations: int
    courses: int
    unlearnt: bool


def forget(folder: Path, patient: str, codes: Path | None = None, codes_key: Path | None = None, progress: Progress | None = None) -> Forgotten:
    """Take the patient with this display code out of every kept generation and out of the table of codes (in the folder `codes`), for good.

    Raises `StoreProblem` where neither knows the code or the disk refuses, `KeyProblem` where the store's or the table's key is not here.
    """
    folder = Path(folder)
    store.current(folder)
    with loading(folder), _codes(folder, codes, codes_key) as table, journal.noting(folder, "forget") as facts:
        held = [name for name in generations(folder) if _holds(named(folder, name), [patient])]
        if not held and patient not in {*forgotten(folder), *table.codes.displays[PATIENT.name].values()}:
            raise StoreProblem(_unknown(folder))
        if patient not in forgotten(folder):
            _note(folder, patient)
        courses = _courses(store.current(folder), [patient])
        renamed = _rebuild(folder, progress) if held else {}
        unlearnt = table.codes.forget(PATIENT.name, patient)
        if unlearnt:
            table.save()
        if table.key is not None:
            write_sheets(table)  # also where an interrupted command had come as far as the table
        facts["generations"] = len(renamed)
        return Forgotten(len(renamed), courses, unlearnt)


def replay(folder: Path, also: Iterable[str] = (), progress: Progress | None = None) -> int:
    """Take everybody who was forgotten out of generations that hold them again, as a restored copy may; gives how many generations were built anew.

    `also`: display codes that were forgotten by another account, as the table of codes keeps them.
    """
    folder = Path(folder)
    refuse_non_store(folder)
    with loading(folder):
        before = forgotten(folder)
        for patient in dict.fromkeys(also):
            if patient not in before:
                _note(folder, patient)
        gone = forgotten(folder)
        if not gone or not any(_holds(named(folder, name), gone) for name in generations(folder)):
            return 0
        with journal.noting(folder, "forget") as facts:
            facts["generations"] = len(_rebuild(folder, progress))
            return facts["generations"]


def forgotten(folder: Path) -> list[str]:
    """The display codes of everybody who was forgotten, in that order. `StoreProblem` where the list cannot be read."""
    path = Path(folder) / FORGOTTEN
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return list(dict.fromkeys(line["patient"] for line in lines))
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreProblem(f"{path} cannot be read: a line of it is damaged. Take it from a backup; it says who must not come back.") from None


def recall(folder: Path, codes: Codes, anew: bool = False) -> None:
    """See that a load leaves out whoever was forgotten, also with a table of codes that is older than that: on the store's list is who, by display code.

    `anew`: the load goes on with another table. Raises `SettingWrong` where that one cannot tell who they are.
    """
    gone = forgotten(folder)
    for patient in gone:
        codes.forget(PATIENT.name, patient)
    unknown = len(set(gone) - set(codes.retired[PATIENT.name]))
    if anew and unknown:
        raise SettingWrong(
            f"{unknown} patient{'s' * (unknown != 1)} of store {folder} {'were' if unknown != 1 else 'was'} deleted, and only its own table of codes can tell "
            "who they are in an export: with `--new-codes` they would come back. Take that table from a backup; or take those patients out of the export, and "
            "load it into a new store."
        )


def _unknown(folder: Path) -> str:
    return (
        f"Neither store {folder} nor its table of codes knows a patient by that code. A patient's display code is `{PATIENT.first}` and {PATIENT.shortest} or "
        f"more of {SIGNS}, as pages and key sheets show it; never the clinic's own code, which `therapy-process codes find {folder}` looks up."
    )


@contextmanager
def _codes(folder: Path, place: Path | None, key: Path | None) -> Iterator[CodesFolder]:
    """The store's table of codes, held; an empty one, and nothing written, where it has none (a store whose codes were never replaced).

    Another table than that of the records served is refused: it could not tell who is to be left out of later loads.
    """
    if not codes_folder.place(folder, place).exists() and not store.current(folder).manifest.get("about", {}).get(ENTRY):
        yield codes_folder.seen(folder, place, key)
        return
    with codes_for(folder, place, key) as table:
        yield table


def _note(folder: Path, patient: str) -> None:
    line = json.dumps({"patient": patient, "when": datetime.now(UTC).isoformat(timespec="seconds")}) + "\n"
    handle = os.open(folder / FORGOTTEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    settle_folder(folder)


def _holds(generation: Generation, patients: list[str]) -> bool:
    return _courses(generation, patients) > 0


def _courses(generation: Generation, patients: list[str]) -> int:
    with store.DuckDBEngine.open(generation) as engine:
        found = engine.query("select count(*) as n from courses where patient_id in (select unnest($patients))", patients=patients)
        return int(found["n"].iloc[0])


def _rebuild(folder: Path, progress: Progress | None) -> dict[str, str]:
    """Every kept generation without those who were forgotten, the old files overwritten and removed; new names by old ones."""
    gone, forms, key = forgotten(folder), store.own_instruments(folder).forms, fitting(folder, None)
    carried: dict[str, Any] = {"of": None, "parameters": None}

    def copy(generation: Generation, aside: Path) -> dict[str, Any]:
        records = without(generation, gone)
        of = {name: generation.manifest.get(name) for name in ("clinic", "source", "origin")} | {"demo": generation.manifest.get("about", {}).get("demo")}
        earlier = carried["parameters"] if carried["of"] == of else None
        counts = build(aside, records, lambda what, done, total: None, partial(derived.derive, earlier=earlier), forms, key)
        check(aside, records, counts, key)
        connection = reading(aside, key)
        try:
            carried.update(of=of, parameters=stored(lambda sql: connection.execute(sql).df()))
        finally:
            connection.close()
        return {"format": FORMAT, "contract_version": VERSION, "product_version": __version__, "counts": counts}

    return rewrite(folder, copy, key, progress, shred=True)


def without(generation: Generation, patients: list[str]) -> Records:
    """A generation's records without those of these patients, in the contract's tables."""
    connection = reading(generation.path, generation.key())
    try:
        connection.execute(
            "create temp table gone_course_id as select course_id from courses where patient_id in (select unnest($patients))", {"patients": patients}
        )
        for root, parent in PARENTS.items():
            connection.execute(f"create temp table gone_{root} as select {root} from {parent} where course_id in (select course_id from gone_course_id)")
        found = {"manifest": connection.execute("select * from manifest").df()}
        for name in COMPARED:
            root = ROOTS[name]
            columns = listed(TABLES[name].names)
            if name == "goals":  # a goal of somebody else may name one of theirs as its successor
                theirs = "replaced_by in (select goal_id from gone_goal_id)"
                columns = columns.replace(quoted("replaced_by"), f'case when {theirs} then null else replaced_by end as "replaced_by"')
            rows = connection.execute(f'select {columns} from "{name}" where {root} not in (select {root} from gone_{root})').to_arrow_table()
            found[name] = as_records(rows)
        return found
    finally:
        connection.close()
