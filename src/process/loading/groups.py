"""Rare combinations of attributes, looked at in everything that the store will hold: a week's few courses are not rare for being few.

A load that adds or corrects brings some courses; who shares their attributes is for the most part in the store. Courses of the store come along only where a
correction leaves so few with their attributes that the clinic's policy coarsens those, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from process.contract.policy import Policy
from process.contract.tables import TABLES
from process.intake.codes.surrogates import Records
from process.intake.rare import ATTRIBUTES, settle_rare
from process.intake.report import Note
from process.loading.served import Served

LOOKED_AT = ("course_id", "patient_id", *ATTRIBUTES, "start_week", "start_quarter")
"""What rare combinations are counted of; only where courses are coarsened they are needed whole."""
LEFT_COARSE = "courses of the store handed over again whose attributes stay empty, by the clinic's policy"


def settled_groups(served: Served, records: Records, policy: Policy, mode: str) -> tuple[Records, tuple[Note, ...]]:
    """The records with rare combinations as the policy wants them, and the notes for the report. `records`: under surrogates, the contract's tables."""
    if "courses" not in records:
        return records, ()
    if mode == "replace" or not served.there:
        courses, account = settle_rare(records["courses"], policy)
        return records | {"courses": courses}, account.notes()
    wanted = TABLES["courses"].names if policy.rare == "coarsen" else LOOKED_AT
    known = served.query(f"select {', '.join(wanted)} from courses").set_index("course_id")
    coming = _whole(records["courses"], known, wanted)
    told: tuple[Note, ...] = ()
    if mode == "add" and policy.rare == "coarsen":
        coming, kept = _as_coarse(coming, known)
        records = records | {"courses": coming[list(records["courses"].columns)]}
        told = (Note(LEFT_COARSE, kept),) if kept else ()
    untouched = known.loc[~known.index.isin(coming["course_id"])].reset_index()
    everything = pd.concat([coming, untouched[list(coming.columns)]], ignore_index=True)
    settled, account = settle_rare(everything, policy)
    if settled is everything:
        return records, (*told, *account.notes())
    present = [name for name in ATTRIBUTES if name in settled]
    coarser = (_text(settled[present]) != _text(everything[present])).any(axis=1)
    if not coarser.any():
        return records, (*told, *account.notes())
    along = settled[(settled.index < len(coming)) | coarser]
    return records | {"courses": along.reset_index(drop=True)}, (*told, *account.notes())


def _as_coarse(coming: pd.DataFrame, served: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The courses handed over, those that the store holds without the attributes that it holds empty; and how many courses lost one by that.

    The store emptied them by the same policy: a load that only adds does not fill them again, nor is it refused for what the policy did.
    """
    there = coming["course_id"].astype("str")
    known = there.isin(served.index).to_numpy()
    lost = pd.Series(False, index=coming.index)
    for name in [name for name in ATTRIBUTES if name in coming]:
        emptied = known & served[name].reindex(there).isna().to_numpy() & coming[name].notna().to_numpy()
        coming, lost = coming.assign(**{name: coming[name].mask(emptied)}), lost | emptied
    return coming, int(lost.sum())


def _whole(courses: pd.DataFrame, served: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """The courses handed over with every wanted column of the contract; one that the file leaves out whole is as the store has it."""
    missing = {name: served[name].reindex(courses["course_id"].astype("str")).to_numpy() for name in wanted if name not in courses}
    return courses.assign(**missing)[list(wanted)]


def _text(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.astype("str").fillna("")
