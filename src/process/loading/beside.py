"""What the doctor looks at beside the generations: the list of deletions, the table of codes and the key sheets, and whether all of them agree.

A deletion that was cut short, an older copy of a generation or of the table, and a list that was lost show as a disagreement; `--mend` ends the deletion.
Never says who was deleted, only how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from process.errors import KeyProblem, StoreProblem, UserError
from process.intake.codes import folder as codes_folder
from process.intake.codes.drawing import PATIENT
from process.intake.codes.folder import CodesFolder
from process.intake.codes.key_sheets import file_of, out_of_date, write_sheets
from process.loading import forgetting
from process.loading.coded import ENTRY
from process.store import deletions
from process.store.build import Progress
from process.store.findings import Finding
from process.store.folder import FORGOTTEN
from process.store.generation import generations, named, pointed_to


def looks(store: Path, codes: Path | None = None, codes_key: Path | None = None, progress: Progress | None = None) -> list[Finding]:
    """Everything there is to say of them. `codes`, `codes_key`: folder and key of the table of codes where they are not in their usual places."""
    store = Path(store)
    table, found = _table(store, codes, codes_key)

    def end() -> str:
        rebuilt = forgetting.finish(store, codes, codes_key, progress)
        return f"Deletions that had not been ended were: {rebuilt} generations were built anew without those patients."

    return [*found, *_list(store, table), *_unfinished(store, table, end), *_sheets(table, store, codes, codes_key)]


def _table(store: Path, codes: Path | None, key: Path | None) -> tuple[CodesFolder | None, list[Finding]]:
    """The table of codes of the records served, None where it is not at hand, is another, or there is none; and what is to be said of it."""
    wanted = _wanted(store)
    step = "Loads and `forget` need it: take it from a backup, or name its folder with `--codes FOLDER`."
    try:
        place = codes_folder.place(store, codes)
        codes_folder.refuse_foreign(place)
        if not (place / codes_folder.TABLE).exists():
            if not wanted:
                return None, []
            return None, [Finding(f"The table of codes that the records served are under is not in {place}.", step, fault=codes is not None)]
        table = codes_folder.seen(store, codes, key)
    except KeyProblem as problem:
        return None, [Finding(f"The table of codes was not looked at: {problem}", "Name the file that holds its key: `--codes-key FILE`.", fault=False)]
    except UserError as problem:
        return None, [Finding(str(problem), step)]
    if wanted and table.codes.table != wanted["table"]:
        return None, [Finding(f"The table of codes in {table.path} is another one than that of the records served.", step)]
    if wanted and table.codes.revision < wanted["revision"]:
        return table, [Finding(f"The table of codes in {table.path} is older than the records served.", step)]
    return table if wanted else None, []


def _wanted(store: Path) -> dict:
    """The entry of the newest generation that names its table of codes; empty where none does, or none can be read."""
    served = pointed_to(store)
    for name in sorted(generations(store), key=lambda name: (name == served, name), reverse=True):
        with suppress(StoreProblem, KeyProblem):
            if entry := named(store, name).manifest.get("about", {}).get(ENTRY):
                return entry
    return {}


def _list(store: Path, table: CodesFolder | None) -> Iterator[Finding]:
    """Whether the list of deletions can be read, and has everybody on it whom the table of codes knows to be deleted."""
    gone = table.codes.retired[PATIENT.name] if table is not None else []

    def write() -> str:
        deletions.mended(store, gone)
        how = "with everybody whom the table of codes knows to be deleted" if gone else "from its whole lines"
        return f"`{FORGOTTEN}` was written anew, {how}."

    try:
        listed = set(deletions.listed(store))
    except UserError as problem:
        short = deletions.cut_short(store)
        step = "Take the list from a backup; or name the table of codes, which knows who was deleted, too (`--codes FOLDER`), for `--mend`."
        if table is not None:
            step = "`--mend` writes it anew from its whole lines and from the table of codes. If a `forget` was cut short, give it again."
        elif short:
            step = "Its last line is cut short: a `forget` was stopped as it began, before it deleted anything. `--mend` takes the line off."
        yield Finding(str(problem), step, mend=write if table is not None or short else None)
        return
    if missing := len(set(gone) - listed):
        yield Finding(
            f"{missing} patients were deleted by what the table of codes says, and are not on this store's list ({FORGOTTEN}).",
            "`--mend` puts them on it, and deletes them from the generations that hold them.",
            mend=write,
        )


def _unfinished(store: Path, table: CodesFolder | None, end: Callable[[], str]) -> Iterator[Finding]:
    """Whether somebody who is on the list is in a generation or in the table of codes still."""
    try:
        gone = deletions.listed(store)
    except UserError:
        return
    holding = 0
    for name in generations(store):
        with suppress(StoreProblem, KeyProblem):
            holding += deletions.courses_of(named(store, name), gone) > 0
    known = len(set(gone) & set(table.codes.displays[PATIENT.name].values())) if table is not None else 0
    where = [f"{holding} generations hold courses of patients who were deleted"] * bool(holding)
    where += [f"the table of codes knows {known} patients who were deleted"] * bool(known)
    if where:
        what = " and ".join(where)
        yield Finding(
            f"{what[0].upper()}{what[1:]}: a `forget` was cut short, or an older copy was put in place. Nothing of such a generation is shown.",
            "`--mend` ends the deletion; or give `forget` again.",
            mend=end,
        )


def _sheets(table: CodesFolder | None, store: Path, codes: Path | None, codes_key: Path | None) -> Iterator[Finding]:
    """Whether every therapist's key sheet says what the table says."""
    stale = out_of_date(table) if table is not None else []

    def write() -> str:
        with codes_folder.held(store, codes, codes_key) as held:
            for therapist in out_of_date(held):
                file_of(held, therapist).unlink(missing_ok=True)
            write_sheets(held)
        return "The key sheets say what the table of codes says."

    if stale:
        yield Finding(
            f"{len(stale)} key sheets in {table.path} are missing or do not say what the table of codes says: a load or a `forget` was cut short.",
            "`--mend` writes them.",
            mend=write,
        )


__all__ = ["looks"]
