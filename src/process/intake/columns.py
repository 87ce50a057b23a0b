"""One table of text becomes one table of the contract: every column typed, every key met once; a fault anywhere refuses the whole file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import Table
from process.intake.cells import EMPTY, outside, read_cells
from process.intake.faults import Fault, refusal
from process.intake.keys import repeated, together

NO_SUCH_FORM = "no such instrument, form and rater in the registry"


def typed(table: Table, text: pd.DataFrame, file: str, forms: Sequence[Form] | None = None) -> pd.DataFrame:
    """`text` (str or `category`, index = line in the file) in the contract's types and column order; raises `FileRefused` with every kind of fault."""
    faults: list[Fault] = []
    values: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in text:
            continue
        values[column.name], wrong = read_cells(column, text[column.name])
        faults += [_fault(text.index, mask, kind, column.name) for kind, mask in wrong.items()]
    frame = pd.DataFrame(values, index=text.index)
    if not faults:
        faults += _repeated(table, frame)
        if table.name == "scores":
            faults += [_fault(frame.index, mask, kind, "value") for kind, mask in score_faults(frame, forms).items()]
        if table.name == "manifest" and len(frame) != 1:
            faults.append(Fault(f"the manifest has one row, this file {len(frame):,}"))
    if faults:
        raise refusal(file, faults)
    return frame


def score_faults(scores: pd.DataFrame, forms: Sequence[Form] | None = None) -> dict[str, pd.Series]:
    """Kind of fault → mask of the scores that the registry of instruments (or `forms`) does not allow. `scores`: the contract's columns, typed."""
    allowed = instruments.table(forms)
    keys = ["instrument", "form", "rater"]
    ranges = {tuple(row[:3]): tuple(row[3:]) for row in allowed[[*keys, "minimum", "maximum"]].itertuples(index=False)}
    form = together(scores, keys)
    place, distinct = pd.factorize(form)
    first = np.zeros(len(distinct), dtype=np.int64)
    first[place[::-1]] = np.arange(len(form))[::-1]
    own = [ranges.get(tuple(row)) for row in scores[keys].iloc[first].astype("str").itertuples(index=False)]
    low, high = (np.array([pair[end] if pair else np.nan for pair in own], dtype=np.float64)[place] for end in (0, 1))
    found = {NO_SUCH_FORM: np.isnan(low)}
    value = scores["value"].to_numpy(dtype=np.float64)
    beyond = (value < low) | (value > high)
    for pair in sorted({own[at] for at in np.unique(place[beyond])}):
        found[outside(*pair)] = beyond & (low == pair[0]) & (high == pair[1])
    return {kind: pd.Series(mask, index=scores.index) for kind, mask in found.items() if mask.any()}


def _repeated(table: Table, frame: pd.DataFrame) -> list[Fault]:
    if not table.key:
        return []
    again = repeated(frame, table.key)
    return [_fault(frame.index, again, f"the key ({', '.join(table.key)}) stands in an earlier line already")] if again.any() else []


def _fault(lines: pd.Index, mask, kind: str, column: str | None = None) -> Fault:
    return Fault(kind, int(lines[mask][0]), int(mask.sum()), column)


__all__ = ["EMPTY", "NO_SUCH_FORM", "score_faults", "typed"]
