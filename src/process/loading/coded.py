"""The table of codes that belongs to the records served: a load never goes on with another one, or an older one, and so never renames everybody by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from process import store
from process.errors import SettingWrong, StoreProblem
from process.intake.codes.folder import TABLE, CodesFolder, held, seen

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
    """What a generation's manifest says of the codes that its records are under."""
    return {"table": found.codes.table, "revision": found.codes.revision}


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
