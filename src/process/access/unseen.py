"""What an answer does not show, in words for the page: how many therapists, rows and counts are withheld, and why. Nothing is left out in silence."""

from __future__ import annotations

import pandas as pd

from process.access.disclosure.limits import MINIMUM_COURSES, MINIMUM_OF_A_THERAPIST, MINIMUM_THERAPISTS, THERAPIST

_FEW = f"fewer than {MINIMUM_COURSES} courses or {MINIMUM_THERAPISTS} therapists, or such a number could be worked out from it"


def unseen(table: pd.DataFrame, headlines: pd.DataFrame, notes: int, per_therapist: bool, filtered: bool) -> tuple[str, ...]:
    """A sentence for each kind of thing that is withheld; empty where nothing is.

    `table` and `headlines` as they are shown, with their column `withheld`; `notes` = how many notes are withheld; `per_therapist` = the rows are outcomes
    of single therapists; `filtered` = filters narrow the courses.
    """
    hidden = table[table["withheld"]] if "withheld" in table and table["withheld"].to_numpy().any() else table[:0]
    said = []
    if THERAPIST in hidden:
        therapists = hidden.loc[hidden[THERAPIST] != "", THERAPIST].nunique()
        hidden = hidden[hidden[THERAPIST] == ""]
        if therapists:
            why = f"fewer than {MINIMUM_OF_A_THERAPIST} courses" if per_therapist and not filtered else "with filters, single courses could be told apart"
            said.append(f"{_number(therapists, 'therapist')} not shown: {why}.")
    if len(hidden):
        said.append(f"{_number(len(hidden), 'row')} not shown: {_FEW}.")
    figures = int(headlines["withheld"].sum()) if "withheld" in headlines else 0
    if figures:
        said.append(f"Of the sentence, {_number(figures, 'figure')} not shown: {_FEW}.")
    if notes:
        said.append(f"Of what is left out, {_number(notes, 'count')} not shown: under {MINIMUM_COURSES}, or such a number could be worked out from it.")
    return tuple(said)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s are' if count != 1 else ' is'}"
