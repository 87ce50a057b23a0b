"""The columns of an export that hold total scores become the contract's scores: a score that cannot be is refused alone, its session stays."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import SettingWrong
from process.intake.cells import read_cells
from process.intake.columns import score_faults
from process.intake.mappings.language import Mapping, Scored
from process.intake.report import TableReport


def scores(
    file: str, mapping: Mapping, rows: pd.DataFrame, course: pd.Series, session: pd.Series, forms: Sequence[Form] | None = None
) -> tuple[pd.DataFrame, TableReport]:
    """One row of `scores.csv` for each filled cell, typed, and the account of the cells.

    `rows`: the kept rows as text; `course`, `session`: their key (str, Int64), same index. `SettingWrong` where the mapping names a form that is not in the
    registry, or one form by one rater twice.
    """
    refused: dict[str, int] = {}
    parts, filled = [], 0
    for scored in mapping.scores:
        instruments.form(scored.instrument, scored.form, forms)
        cells = rows.loc[rows[scored.column] != "", scored.column]
        filled += len(cells)
        value, wrong = read_cells(TABLES["scores"].column("value"), cells)
        for kind, mask in wrong.items():
            _count(refused, f"{scored.column}: {kind}", mask)
        frame = _frame(scored, value.dropna(), course, session)
        sound = pd.Series(True, index=frame.index)
        for kind, mask in score_faults(frame, forms).items():
            _count(refused, f"{scored.column}: {kind}", mask)
            sound &= ~mask
        parts.append(frame[sound])
    together = pd.concat(parts)
    if together.duplicated(list(TABLES["scores"].key)).any():
        raise SettingWrong(f"Mapping file {mapping.path.name}: two [[scores]] columns hold the same instrument, form and rater.")
    return together, TableReport("scores", file, filled, refused)


def _frame(scored: Scored, value: pd.Series, course: pd.Series, session: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"course_id": course.loc[value.index], "session_number": session.loc[value.index]})
    for name in ("instrument", "form", "rater"):
        frame[name] = pd.Series(getattr(scored, name), index=frame.index, dtype="str")
    return frame.assign(value=value)


def _count(refused: dict[str, int], reason: str, mask) -> None:
    refused[reason] = refused.get(reason, 0) + int(mask.sum())
