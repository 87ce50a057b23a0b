"""The table of codes that belongs to the records served: a load never goes on with another one, or an older one, and so never renames everybody by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from process import store
from process.errors import FileRefused, SettingWrong, StoreProblem
from process.intake.codes.folder import TABLE, CodesFolder, held, remembered, seen
from process.intake.codes.table import TOKENS_KEPT

ENTRY = "codes"
"""What a generation's manifest calls, under `about`, the table and its revision that its codes are from."""


@contextmanager
def codes_for(
    folder: Path, codes: Path | None = None, key_file: Path | None = None, *, mode: str = "replace", anew: bool = False, look: bool = False
) -> Iterator[CodesFolder]:
    """The table of codes for a load into the store `folder`, locked until the block ends; with `look` neither locked nor written.

    `codes`, `key_file`: folder and key where they are not in their usual places. `anew`: go on with the table that is there, or a new one, though the
    records served are under another: every display code changes, so that the load must replace everything. Raises `StoreProblem` where the table
    is gone, another, or older than the records served; `SettingWrong` for what cannot be added to; and what `held` raises.
    """
    served = _served(folder)
    if anew and mode != "replace":
        raise SettingWrong("With `--new-codes` every display code changes, so that a load must hold everything: leave out `--add` and `--correct`.")
    if served is not None and mode != "replace" and not served:
        raise SettingWrong(f"Store {folder} holds records under the clinic's own codes. Load everything first, without `--{mode}`; then it can be added to.")
    if look:
        found = seen(folder, codes, key_file)
        _refuse_other(found, served or {}, anew)
        yield found
        return
    with held(folder, codes, key_file) as found:
        _refuse_other(found, served or {}, anew)
        yield found


def entry(found: CodesFolder) -> dict[str, str | int]:
    """What a generation's manifest says of the codes that its records are under: the table, its revision, and the random token of that revision."""
    return {"table": found.codes.table, "revision": found.codes.revision} | ({"token": found.codes.tokens[-1]} if found.codes.tokens else {})


def refuse_shared(folder: Path, found: CodesFolder) -> None:
    """Refuse (`SettingWrong`) to load a store under the table of codes of another one that is still there: their display codes would be the same."""
    other, here = found.codes.store, str(Path(folder).resolve())
    theirs = remembered(Path(other)) if other and other != here else {}
    if theirs.get("table") == found.codes.table and theirs["path"] == str(found.path):
        raise SettingWrong(
            f"The table of codes in {found.path} is that of store {other}. Each store has a table of its own, so that nobody can bring the records of two "
            "stores together by their display codes. Name another folder: `--codes FOLDER`. Where this is a copy of that store, copy the table, too."
        )


def refuse_earlier(folder: Path, found: CodesFolder, as_of: str, mode: str, older: bool) -> None:
    """Refuse (`FileRefused`) a delivery that is older than the one served, also where a policy of quarters keeps only the quarter of both. `as_of`: ISO."""
    served = _served(folder) or {}
    before = found.codes.delivered.get(str(served.get("token", ""))) if served.get("table") == found.codes.table else None
    if before is not None and as_of < before and not (mode == "replace" and older):
        raise FileRefused(
            f"The manifest's as_of lies before that of the delivery that is served ({before}): these files are older than what is served. "
            + ("To go back to them on purpose, say `--older`. " if mode == "replace" else "")
            + "Nothing was loaded."
        )


def served_token(folder: Path) -> str:
    """The token of the table's save that the generation served was published with; "" where it names none, or nothing is served."""
    return str((_served(folder) or {}).get("token", ""))


def note_delivery(folder: Path, found: CodesFolder, as_of: str) -> None:
    """Note the day of a delivery that changed nothing in the records served."""
    token = served_token(folder)
    if token in found.codes.tokens:
        found.codes.delivered[token] = as_of


def _served(folder: Path) -> dict | None:
    """The entry of the generation that is served, empty where its records are under the clinic's own codes; None where nothing is served."""
    if not (Path(folder) / "current").exists():
        return None
    return store.current(folder).manifest.get("about", {}).get(ENTRY) or {}


def _refuse_other(found: CodesFolder, served: dict, anew: bool) -> None:
    if not served or anew:
        return
    way_out = "Take it from a backup, or name its folder: `--codes FOLDER`. If it is lost for good, `--new-codes` gives everybody a new display code."
    if not (found.path / TABLE).exists():
        raise StoreProblem(f"The records served are under display codes whose table is not in {found.path}. {way_out}")
    if found.codes.table != served["table"]:
        raise StoreProblem(f"The table of codes in {found.path} is another one than that of the records served. {way_out}")
    if found.codes.revision < served["revision"]:
        raise StoreProblem(f"The table of codes in {found.path} is older than the records served; some of their codes are not in it. {way_out}")
    token = served.get("token")
    if token and found.codes.tokens and token not in found.codes.tokens and found.codes.revision - served["revision"] < TOKENS_KEPT:
        raise StoreProblem(
            f"The table of codes in {found.path} is a copy that went its own way: it was written on since, but the records served were published with another "
            f"copy, and one display code may stand for two people in the two. Take the copy that the last load wrote. {way_out}"
        )
