"""A policy of quarters holds for all of a store or for none of it: what is added to records with weeks would leave those weeks where they are.

The other way, too: records with weeks that are added to some without would say of a few courses what the clinic once decided to keep of none.
"""

from __future__ import annotations

import pandas as pd

from process.errors import SettingWrong
from process.intake.codes.calendar import BY_QUARTER
from process.loading.served import Served

Records = dict[str, pd.DataFrame]
WEEKS = (("courses", "start_week"), ("courses", "last_contact_week"), ("sessions", "week"))
WITH_WEEKS = (
    "select (select count(*) from sessions where week is not null) "
    "+ (select count(*) from courses where start_week is not null or last_contact_week is not null) as n"
)
WITH_QUARTERS = "select count(*) as n from courses where start_quarter is not null"


def refuse_mixed_dates(served: Served, dates: str, mode: str) -> None:
    """Refuse (`SettingWrong`) to add to or correct records with weeks under the policy `dates = "quarter"`."""
    if dates == BY_QUARTER and mode != "replace" and _weeks(served):
        raise SettingWrong(
            f'The policy says `dates = "quarter"`, and the records in store {served.folder} hold weeks. Load everything once, without `--{mode}`.'
        )


def refuse_finer(served: Served, records: Records, mode: str) -> None:
    """Refuse (`SettingWrong`) to add records with weeks to, or correct by them, a store whose courses have quarters alone. `records`: as the policy wants."""
    if _hold_weeks(records) and _quarters_alone(served):
        raise SettingWrong(
            f'The records in store {served.folder} hold quarters and no weeks, and the policy says `dates = "week"` now: some courses would become more exact '
            f'than the others. Load everything once, without `--{mode}`; or go back to `dates = "quarter"` with `--policy FILE`.'
        )


def told_finer(served: Served, dates: str, records: Records) -> tuple[str, ...]:
    """What is to be said where a load makes dates more exact than those that are served; nothing otherwise."""
    if dates == BY_QUARTER or not _hold_weeks(records) or not _quarters_alone(served):
        return ()
    return (
        'Dates become more exact: the records served hold quarters alone, these hold weeks, as the policy `dates = "week"` says. If that is not meant, name a '
        'policy file with `dates = "quarter"`: `--policy FILE`.',
    )


def _hold_weeks(records: Records) -> bool:
    return any(name in records and column in records[name] and records[name][column].notna().any() for name, column in WEEKS)


def _quarters_alone(served: Served) -> bool:
    return _weeks(served) == 0 and _asked(served, WITH_QUARTERS) > 0


def _weeks(served: Served) -> int:
    return _asked(served, WITH_WEEKS)


def _asked(served: Served, question: str) -> int:
    return int(served.query(question)["n"].iloc[0]) if served.there else 0
