"""Rare combinations of attributes, looked at in everything that the store will hold: a week's few courses are not rare for being few.

A load that adds or corrects brings some courses; who shares their attributes is for the most part in the store. Courses of the store come along only where a
correction leaves so few with their attributes that the clinic's policy coarsens those, too.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from process import store
from process.contract.policy import Policy
from process.contract.tables import TABLES
from process.intake.codes.surrogates import Records
from process.intake.rare import ATTRIBUTES, settle_rare
from process.intake.report import Note


def settled_groups(folder: Path, records: Records, policy: Policy, mode: str) -> tuple[Records, tuple[Note, ...]]:
    """The records with rare combinations as the policy wants them, and the notes for the report. `records`: under surrogates, the contract's tables."""
    if "courses" not in records:
        return records, ()
    if mode == "replace" or not (folder / "current").exists():
        courses, account = settle_rare(records["courses"], policy)
        return records | {"courses": courses}, account.notes()
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        served = engine.query("select * from courses").set_index("course_id")
    coming = _whole(records["courses"], served)
    untouched = served.loc[~served.index.isin(coming["course_id"])].reset_index()
    everything = pd.concat([coming, untouched[list(coming.columns)]], ignore_index=True)
    settled, account = settle_rare(everything, policy)
    present = [name for name in ATTRIBUTES if name in settled]
    coarser = (_text(settled[present]) != _text(everything[present])).any(axis=1)
    if not coarser.any():
        return records, account.notes()
    along = settled[(settled.index < len(coming)) | coarser]
    return records | {"courses": along.reset_index(drop=True)}, account.notes()


def _whole(courses: pd.DataFrame, served: pd.DataFrame) -> pd.DataFrame:
    """The courses handed over with every column of the contract; one that the file leaves out whole is as the store has it."""
    missing = [column.name for column in TABLES["courses"].columns if column.name not in courses]
    if not missing:
        return courses
    return courses.assign(**{name: served[name].reindex(courses["course_id"].astype("str")).to_numpy() for name in missing})


def _text(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.astype("str").fillna("")
