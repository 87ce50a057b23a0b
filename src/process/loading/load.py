"""One load, from a clinic's files to the generation that is served: read, put under surrogates, compared with what is there, published.

The order is what keeps the promise. Nothing is written before every file has been read and found in order; the clinic's own codes are gone before anything is
compared or stored; new surrogates are saved before the generation that shows them is published; and where nothing has changed no generation is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from process import intake, store
from process.contract import policy as policies
from process.contract.instruments import Form
from process.contract.policy import Policy
from process.errors import FileRefused, SettingWrong
from process.intake import Report
from process.intake.codes import folder as codes_folder
from process.intake.codes.folder import CodesFolder, remember
from process.intake.codes.key_sheets import drafted, write_sheets
from process.intake.codes.remembered import Starts
from process.intake.codes.surrogates import Records, disguise
from process.loading import continuing, forgetting, incremental
from process.loading.changes import Changes, Comparison, compare
from process.loading.coarse import refuse_finer, refuse_mixed_dates, told_finer
from process.loading.coded import codes_for, entry, note_delivery, refuse_earlier, refuse_shared, served_token
from process.loading.groups import settled_groups
from process.loading.served import Served
from process.store import Generation, OwnInstruments, encryption, journal
from process.store.build import Progress
from process.store.doctor import make_ready
from process.store.folder import refuse_unwritable, write_whole
from process.store.generation import verify
from process.store.unlocking import hand_in_file

MANY = 0.1
"""Of all courses: a load of everything that would take out more is asked about. Convention."""
FEW = 5
"""Courses that may always go."""


@dataclass(frozen=True)
class Wishes:
    """What a person says of a load; everything may be left unsaid.

    `mapping`: a shipped mapping's name or a file; `instruments`, `policy`: a folder and a file that the store keeps for later loads; `mode`: replace, add or
    correct; `older`: a load that replaces may go back in time; `fewer`: it may take out many courses; `codes`, `codes_key`, `new_codes`: see `codes_for`;
    `key`, `unencrypted`: see `encryption.choose`; `new_parameters`: estimate the clinic-wide parameters anew.
    """

    mapping: str | Path | None = None
    instruments: Path | None = None
    policy: Path | None = None
    mode: str = "replace"
    older: bool = False
    fewer: bool = False
    codes: Path | None = None
    codes_key: Path | None = None
    new_codes: bool = False
    key: str | None = None
    unencrypted: bool = False
    new_parameters: bool = False


@dataclass(frozen=True)
class Loaded:
    """What became of a load. `generation`: the one that is served since, None where it was only looked at or nothing had changed; `told`: what to know."""

    report: Report
    changes: Changes
    generation: Generation | None = None
    told: tuple[str, ...] = ()


def load(folder: Path, files: Iterable[Path], wishes: Wishes | None = None, progress: Progress | None = None, check: bool = False) -> Loaded:
    """Load a clinic's files into the store `folder`; with `check` do all of it but writing.

    Raises the `UserError` that says what is wrong; the generation served before is then served still, and nothing was written but, where it was reached, new
    surrogates in the table of codes, which harm nobody.
    """
    folder, wishes = Path(folder), wishes or Wishes()
    say = progress or (lambda what, done, total: None)
    store.loadable(folder)
    if check:
        return _load(folder, files, wishes, say, check=True)
    with journal.noting(folder, "load", mode=wishes.mode) as facts:
        loaded = _load(folder, files, wishes, say, check=False)
        facts["generation"] = loaded.generation.name if loaded.generation else None
        return loaded


def _load(folder: Path, files: Iterable[Path], wishes: Wishes, say: Progress, check: bool) -> Loaded:
    policy = policies.of_store(folder)
    policy = policies.read(wishes.policy, policy) if wishes.policy else policy
    own = store.own_instruments(folder, wishes.instruments)
    if wishes.key and wishes.key != "keyring" and Path(wishes.key).exists():
        hand_in_file(Path(wishes.key))
    if not check and (folder / "generations").is_dir():
        forgetting.replay(folder, progress=say)  # a deletion that was cut short is ended before anything is compared with what it left
    if wishes.mode == "replace" and not check:  # files that hold everything mend a store; a week's records would hide what was lost
        for done in make_ready(folder):
            say(done, 0, 1)
    with Served(folder) as served:
        return _of_files(served, files, wishes, policy, own, say, check)


def _of_files(served: Served, files: Iterable[Path], wishes: Wishes, policy: Policy, own: OwnInstruments, say: Progress, check: bool) -> Loaded:
    folder = served.folder
    if wishes.mode != "replace" and served.there:
        verify(store.current(folder))  # nothing goes back by itself: an earlier generation would take the week without those between
    refuse_mixed_dates(served, policy.dates, wishes.mode)
    whole = wishes.mode == "replace"
    read = intake.read(files, wishes.mapping, say, own.forms) if whole else None
    with codes_for(folder, wishes.codes, wishes.codes_key, mode=wishes.mode, anew=wishes.new_codes, look=check) as table:
        refuse_shared(folder, table)
        if read is None:  # of an export with dates the table knows when courses began
            known = continuing.earlier(served, table.codes) if wishes.mapping and served.there else None
            labels = continuing.labels(served) if served.there else frozenset()
            read = intake.read(files, wishes.mapping, say, own.forms, partial=True, earlier=known, labels=labels)
        as_of = str(pd.Timestamp(read.records["manifest"]["as_of"].iloc[0]).date())
        refuse_earlier(folder, table, as_of, wishes.mode, wishes.older)
        forgetting.recall(folder, table.codes, anew=wishes.new_codes)
        say("replacing codes", 0, 1)
        records, account = disguise(read.records, table.codes, policy)
        report = account.told(read.report)
        starts = continuing.told(served, table.codes, read.starts, whole)
        del read
        if not whole:
            refuse_finer(served, records, wishes.mode)
            records = continuing.with_days_filled(served, records, starts)
        records, notes = settled_groups(served, records, policy, wishes.mode)
        report = replace(report, notes=(*report.notes, *notes))
        say("comparing with what is served", 0, 1)
        with _compared(folder, records, wishes, own.forms) as comparison:
            report = _refused(report, comparison.refused)
            _refuse_fewer(comparison.changes, wishes)
            told = told_finer(served, policy.dates, records)
            if check:
                _refuse_unwritable(folder, comparison, table, wishes)
                return Loaded(report, comparison.changes, told=told)
            done = _publish(folder, comparison, table, starts, wishes, policy, own, report, as_of, say)
            return replace(done, told=(*told, *done.told))


def _refuse_unwritable(folder: Path, comparison: Comparison, table: CodesFolder, wishes: Wishes) -> None:
    """What a load that is only looked at would stumble over when it writes: the table of codes, the store, the keys of both."""
    codes_folder.refuse_unwritable(table)
    encryption.choose(folder, _origin(comparison), wishes.key, wishes.unencrypted, look=True)
    refuse_unwritable(folder)


def _refuse_fewer(changes: Changes, wishes: Wishes) -> None:
    """A load of everything that takes many courses out is more often a week's files without `--add`."""
    removed = changes.table("courses").removed
    if removed >= FEW and removed > MANY * changes.of_courses and not wishes.fewer and not wishes.new_codes:
        raise FileRefused(
            f"These files hold everything, and {removed:,} of the store's {changes.of_courses:,} courses are not in them. If they hold what is new, "
            "load them with `--add` or `--correct`; if those courses are to go, say `--fewer`. Nothing was loaded."
        )


def _compared(folder: Path, records: Records, wishes: Wishes, forms: Sequence[Form]) -> Comparison:
    return compare(folder, records, wishes.mode, older=wishes.older, forms=forms)


def _publish(
    folder: Path,
    comparison: Comparison,
    table: CodesFolder,
    starts: Starts | None,
    wishes: Wishes,
    policy: Policy,
    own: OwnInstruments,
    report: Report,
    as_of: str,
    say: Progress,
) -> Loaded:
    """Write what a comparison found: the table of codes first, then the generation, then what rests on both."""
    changes = comparison.changes
    table.codes.store = str(folder.resolve())
    served = served_token(folder)
    begun = partial(table.codes.begun.keep, starts=starts, served=served, many=policy.generations_kept + 1)  # a load that fails adds one, too
    if changes.nothing and not wishes.new_parameters:
        _keep_policy(folder, wishes, policy)
        write_sheets(table)  # a load that was stopped before its sheets is made good by the same files
        if table.key is not None:
            note_delivery(folder, table, as_of)
            begun(served)
            table.save()  # when courses began, too, where an earlier load of the same records did not say
            remember(folder, table)
        return Loaded(report, changes)
    chosen = encryption.choose(folder, _origin(comparison), wishes.key, wishes.unencrypted)
    first = table.key is None
    table.save(as_of, begun)
    if chosen.key is not None and table.key is not None and chosen.key.secret == table.key.secret:
        raise SettingWrong("The store and the table of codes must not have the same key: whoever serves the store could open the table. Name two files.")
    told = [chosen.told] if chosen.told else []
    if first and table.key is not None:
        told.append(
            f"The table of codes lies in {table.path}, sealed; its key `{table.key.name}` was made just now and lies in {table.key.where}. "
            "Keep a copy of both apart from the store: without them nobody gets the same codes again."
        )
    about = {"intake": _without_file_names(report.as_dict()), "codes": entry(table)}
    with ThreadPoolExecutor(1) as beside:  # key sheets are made ready beside the generation, and written when it is served
        drafts = beside.submit(drafted, table.codes)
        generation = incremental.publish(folder, comparison, say, about, wishes.new_parameters, own, chosen.key)
    remember(folder, table)
    _keep_policy(folder, wishes, policy)
    say("key sheets", 0, 1)
    written = write_sheets(table, drafts=drafts.result())
    if written:
        told.append(f"{written} key sheet{'s were' if written != 1 else ' was'} written to {table.path / 'sheets'}.")
    return Loaded(report, changes, generation, tuple(told))


def _without_file_names(report: dict[str, Any]) -> dict[str, Any]:
    """The account as it is kept with the generation: what a clinic calls its files may name a person, and nobody asks for it later."""
    return report | {part: [{key: value for key, value in entry.items() if key != "file"} for entry in report.get(part, [])] for part in ("tables", "files")}


def _keep_policy(folder: Path, wishes: Wishes, policy: Policy) -> None:
    if wishes.policy is not None:
        write_whole(folder / policies.FILE, policy.as_toml())


def _origin(comparison: Comparison) -> str:
    return str(comparison.sides.run('select origin from "delivered_manifest"').fetchone()[0])


def _refused(report: Report, refused: dict[str, dict[str, int]]) -> Report:
    """The report with the rows that a comparison refused; a load of which nothing is left is refused whole."""
    tables = tuple(replace(part, refused=part.refused | refused.get(part.table, {})) for part in report.tables)
    counted = replace(report, tables=tables)
    if refused and not any(part.kept for part in tables if part.table != "manifest"):
        why = "; ".join(f"{count:,} of `{name}`: {reason}" for name, reasons in refused.items() for reason, count in reasons.items())
        raise FileRefused(f"No row of these files is left to load ({why}). Nothing was loaded.")
    return counted
