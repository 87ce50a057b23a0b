"""A policy of quarters holds for all of a store or for none of it: what is added to records with weeks would leave those weeks where they are."""

from __future__ import annotations

from pathlib import Path

from process import store
from process.errors import SettingWrong
from process.intake.codes.calendar import BY_QUARTER

WITH_WEEKS = (
    "select (select count(*) from sessions where week is not null) "
    "+ (select count(*) from courses where start_week is not null or last_contact_week is not null) as weeks"
)


def refuse_mixed_dates(folder: Path, dates: str, mode: str) -> None:
    """Refuse (`SettingWrong`) to add to or correct records with weeks under the policy `dates = "quarter"`."""
    if dates != BY_QUARTER or mode == "replace" or not (Path(folder) / "current").exists():
        return
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        weeks = int(engine.query(WITH_WEEKS)["weeks"].iloc[0])
    if weeks:
        raise SettingWrong(f'The policy says `dates = "quarter"`, and the records in store {folder} hold weeks. Load everything once, without `--{mode}`.')
