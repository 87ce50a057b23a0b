"""A policy of quarters holds for all of a store or for none of it: what is added to records with weeks would leave those weeks where they are.

The other way, too: records with weeks that are added to some without would say of a few courses what the clinic once decided to keep of none.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from process import store
from process.errors import SettingWrong
from process.intake.codes.calendar import BY_QUARTER

Records = dict[str, pd.DataFrame]
WEEKS = (("courses", "start_week"), ("courses", "last_contact_week"), ("sessions", "week"))
WITH_WEEKS = (
    "select (select count(*) from sessions where week is not null) "
    "+ (select count(*) from courses where start_week is not null or last_contact_week is not null) as n"
)
WITH_QUARTERS = "select count(*) as n from courses where start_quarter is not null"


def refuse_mixed_dates(folder: Path, dates: str, mode: str) -> None:
    """Refuse (`SettingWrong`) to add to or correct records with weeks under the policy `dates = "quarter"`."""
    if dates == BY_QUARTER and mode != "replace" and _weeks(folder):
        raise SettingWrong(f'The policy says `dates = "quarter"`, and the records in store {folder} hold weeks. Load everything once, without `--{mode}`.')


def refuse_finer(folder: Path, records: Records, mode: str) -> None:
    """Refuse (`SettingWrong`) to add records with weeks to, or correct by them, a store whose courses have quarters alone. `records`: as the policy wants."""
    if _hold_weeks(records) and _quarters_alone(folder):
        raise SettingWrong(
            f'The records in store {folder} hold quarters and no weeks, and the policy says `dates = "week"` now: some courses would become more exact '
            f'than the others. Load everything once, without `--{mode}`; or go back to `dates = "quarter"` with `--policy FILE`.'
        )


def told_finer(folder: Path, dates: str, records: Records) -> tuple[str, ...]:
    """What is to be said where a load makes dates more exact than those that are served; nothing otherwise."""
    if dates == BY_QUARTER or not _hold_weeks(records) or not _quarters_alone(folder):
        return ()
    return (
        'Dates become more exact: the records served hold quarters alone, these hold weeks, as the policy `dates = "week"` says. If that is not meant, name a '
        'policy file with `dates = "quarter"`: `--policy FILE`.',
    )


def _hold_weeks(records: Records) -> bool:
    return any(name in records and column in records[name] and records[name][column].notna().any() for name, column in WEEKS)


def _quarters_alone(folder: Path) -> bool:
    return _weeks(folder) == 0 and _asked(folder, WITH_QUARTERS) > 0


def _weeks(folder: Path) -> int:
    return _asked(folder, WITH_WEEKS)


def _asked(folder: Path, question: str) -> int:
    if not (Path(folder) / "current").exists():
        return 0
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return int(engine.query(question)["n"].iloc[0])
