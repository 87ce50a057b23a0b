"""A patient is taken out of a store for good: every kept generation is built anew without them, the old files are destroyed, the clinic's code is unlearnt.

What is left of the patient is a line in `STORE/forgotten.jsonl`: the display code, which stands for nobody any more, and when. It is written first, so that
an interrupted command is taken up by the next one, and read again whenever an older copy comes back (`replay`, after a restore). The clinic-wide parameters
are estimated anew from what is left, because some rest on few courses; figures of other courses may move by a little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from process.loading.sides import COMPARED, PARENTS, ROOTS, as_records, columns_of, listed, quoted
from process.measures import derived
from process.measures.parameters import stored
from process.store import Generation, deletions, journal
from process.store.build import Progress, build, check
from process.store.encryption import fitting, reading
from process.store.folder import discard, loading, sweep
from process.store.generation import generations, named, refuse_non_store, verify
from process.store.migration import brought_up, outdated
from process.store.publishing import FORMAT
from process.store.rewriting import rewrite

Records = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Forgotten:
    """What was done: how many generations were built anew, how many courses went from the newest, whether the table of codes knew the patient, and how many
    generations were destroyed because they were damaged and could not be built anew."""

    generations: int
    courses: int
    unlearnt: bool
    destroyed: int = 0


def forget(folder: Path, patient: str, codes: Path | None = None, codes_key: Path | None = None, progress: Progress | None = None) -> Forgotten:
    """Take the patient with this display code, in capital or small letters, out of every kept generation and out of the table of codes (in the folder
    `codes`), for good.

    Raises `StoreProblem` where neither knows the code, what is served is damaged, or the disk refuses, `KeyProblem` where the store's or the table's key is
    not here.
    """
    folder = Path(folder)
    store.current(folder)
    with loading(folder), _codes(folder, codes, codes_key) as table, journal.noting(folder, "forget") as facts:
        _swept(folder)
        verify(store.current(folder))
        whole, damaged = _told_apart(folder)
        for generation in whole:
            outdated(generation)  # says so where it is of a later release
        patient = _meant(folder, patient, whole, table.codes)
        deletions.add(folder, [patient])
        courses = deletions.courses_of(store.current(folder), [patient])
        for name in damaged:  # nobody can build it anew, and it may hold the patient
            discard(folder, name, shred=True)
        renamed = _rebuild(folder, whole, progress) if _holding(folder, deletions.listed(folder)) else {}
        unlearnt = _unlearn(table, [patient])
        facts["generations"] = len(renamed)
        return Forgotten(len(renamed), courses, unlearnt, len(damaged))


def replay(folder: Path, also: Iterable[str] = (), progress: Progress | None = None) -> int:
    """Take everybody who was forgotten out of generations that hold them again, as a restored copy may; gives how many generations were built anew.

    `also`: display codes that were forgotten by another account, as the table of codes keeps them.
    """
    folder = Path(folder)
    refuse_non_store(folder)
    with loading(folder):
        deletions.add(folder, also)
        return replay_held(folder, progress)


def replay_held(folder: Path, progress: Progress | None = None) -> int:
    """The same for the store's own list, where its lock is held. A generation that is damaged is left as it is: nobody can see it."""
    gone = deletions.listed(folder)
    if not gone:
        return 0
    _swept(folder)
    if not _holding(folder, gone):
        return 0
    with journal.noting(folder, "forget") as facts:
        facts["generations"] = len(_rebuild(folder, _told_apart(folder)[0], progress))
        return facts["generations"]


def finish(folder: Path, codes: Path | None = None, codes_key: Path | None = None, progress: Progress | None = None) -> int:
    """End every deletion that is on the store's list, in its generations, the table of codes (where it is at hand) and the key sheets; the store's lock is
    held. Gives how many generations were built anew."""
    rebuilt = replay_held(folder, progress)
    if codes_folder.place(folder, codes).exists():
        with codes_folder.held(folder, codes, codes_key) as table:
            _unlearn(table, deletions.listed(folder))
    return rebuilt


def recall(folder: Path, codes: Codes, anew: bool = False) -> None:
    """See that a load leaves out whoever was forgotten, also with a table of codes that is older than that: on the store's list is who, by display code.

    `anew`: the load goes on with another table. Raises `SettingWrong` where the table cannot tell who they are: they would come back, and their display
    codes could be drawn for others. Nothing is drawn from such a table, because no load goes on with it.
    """
    gone = deletions.listed(folder)
    for patient in gone:
        codes.forget(PATIENT.name, patient)
    unknown = len(set(gone) - set(codes.retired[PATIENT.name]))
    if unknown:
        who = f"{unknown} patient{'s' * (unknown != 1)} of store {folder} {'were' if unknown != 1 else 'was'} deleted"
        why = "only its own table of codes can tell who they are in an export: with `--new-codes` they would come back. Take that table from a backup"
        if not anew:
            why = (
                "the table of codes at hand does not know them, because it is a copy from before they were loaded, or another table: they could come back. "
                "Take a later copy of the table from a backup (`--codes FOLDER`)"
            )
        raise SettingWrong(f"{who}, and {why}; or take those patients out of the export, and load it into a new store. Nothing was loaded.")


def _meant(folder: Path, patient: str, whole: list[Generation], codes: Codes) -> str:
    """The display code as the store has it: as it was typed, or in capital letters, which all display codes are of. `StoreProblem` where nobody has it."""
    known = {*deletions.listed(folder), *codes.displays[PATIENT.name].values()}
    for code in dict.fromkeys((patient, patient.strip(), patient.strip().upper())):
        if code in known or any(deletions.courses_of(generation, [code]) for generation in whole):
            return code
    raise StoreProblem(_unknown(folder))


def _unlearn(table: CodesFolder, patients: Iterable[str]) -> bool:
    """Take the patients out of the table of codes and off the key sheets; whether it knew one of them."""
    known = [patient for patient in patients if table.codes.forget(PATIENT.name, patient)]
    if known:
        table.save()
    if table.key is not None:
        write_sheets(table)  # also where an interrupted command had come as far as the table
    return bool(known)


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


def _swept(folder: Path) -> None:
    if swept := sweep(folder):
        journal.note(folder, "sweep", "done", files=swept)


def _holding(folder: Path, gone: list[str]) -> bool:
    """Whether a kept generation that can be read holds one of these patients."""
    for name in generations(folder):
        with suppress(StoreProblem):
            if deletions.courses_of(named(folder, name), gone):
                return True
    return False


def _told_apart(folder: Path) -> tuple[list[Generation], list[str]]:
    """The kept generations that are as they were published, oldest first, and the names of those that are damaged."""
    whole, damaged = [], []
    for name in generations(folder):
        try:
            generation = named(folder, name)
            verify(generation)
            whole.append(generation)
        except StoreProblem:
            damaged.append(name)
    return whole, damaged


def _rebuild(folder: Path, whole: list[Generation], progress: Progress | None) -> dict[str, str]:
    """These generations without those who were forgotten, the old files overwritten and removed; new names by old ones."""
    gone, forms, key = deletions.listed(folder), store.own_instruments(folder).forms, fitting(folder, None)
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

    return rewrite(folder, copy, key, progress, shred=True, names=[generation.name for generation in whole])


def without(generation: Generation, patients: list[str]) -> Records:
    """A generation's records without those of these patients, in the contract's tables; what an earlier release did not have yet is left out."""
    connection = reading(generation.path, generation.key())
    try:
        present = columns_of(connection)
        connection.execute(
            "create temp table gone_course_id as select course_id from courses where patient_id in (select unnest($patients))", {"patients": patients}
        )
        for root, parent in PARENTS.items():
            held = f"select {root} from {parent} where course_id in (select course_id from gone_course_id)" if parent in present else f"select '' as {root}"
            connection.execute(f"create temp table gone_{root} as {held}")
        found = {"manifest": connection.execute("select * from manifest").df()}
        for name in (name for name in COMPARED if name in present):
            root = ROOTS[name]
            columns = listed(column for column in TABLES[name].names if column in present[name])
            if name == "goals":  # a goal of somebody else may name one of theirs as its successor
                theirs = "replaced_by in (select goal_id from gone_goal_id)"
                columns = columns.replace(quoted("replaced_by"), f'case when {theirs} then null else replaced_by end as "replaced_by"')
            rows = connection.execute(f'select {columns} from "{name}" where {root} not in (select {root} from gone_{root})').to_arrow_table()
            found[name] = as_records(rows)
    finally:
        connection.close()
    return brought_up(found, generation.manifest["contract_version"])
