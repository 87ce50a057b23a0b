"""What a delivery states of itself, its manifest: the clinic's name and its source are no one's, and its day is not in the future."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from process.contract.tables import TABLES
from process.intake.faults import Fault, refusal
from process.intake.identifying.refusing import IDS, TITLES, refuse_in_table

DAYS_AHEAD = 1
"""How far after today's date `as_of` may lie: clocks and time zones. Convention."""
FUTURE = "lies in the future: nothing can be complete up to that day"
A_CODE = "is one of the codes in this delivery, not the name of a clinic or a source"


def refuse_stated(file: str, tables: dict[str, pd.DataFrame], from_latest: bool = False, read_as_text: bool = True) -> None:
    """Refuse (`FileRefused`) a manifest that names a person or a code, or whose day lies ahead. `file`: where it stands; `tables`: the delivery, typed.

    `from_latest`: the day was taken from the latest date, up to the end of its week; `read_as_text`: the manifest was looked at as text already. A simulated
    delivery may lie ahead: no one is in it.
    """
    manifest = tables["manifest"]
    if not read_as_text:
        refuse_in_table(TABLES["manifest"], file, manifest[list(TITLES)].astype("str").set_axis([1] * len(manifest)))
    faults = [Fault(A_CODE, None, 1, name) for name in TITLES if _among_codes(str(manifest[name].iloc[0]), tables)]
    latest = date.today() + timedelta(DAYS_AHEAD)
    if from_latest:
        latest += timedelta(6 - latest.weekday())
    if str(manifest["origin"].iloc[0]) == "real" and manifest["as_of"].iloc[0].date() > latest:
        advice = "; take appointments that are still to come out of the export, and look for a mistyped year" if from_latest else ""
        faults.append(Fault(FUTURE + advice, None, 1, "as_of"))
    if faults:
        raise refusal(file, faults)


def _among_codes(text: str, tables: dict[str, pd.DataFrame]) -> bool:
    courses = tables.get("courses")
    if courses is None:
        return False
    return any((courses[name].cat.categories == text).any() if courses[name].dtype == "category" else (courses[name] == text).any() for name in IDS[:3])
