"""One column of an export, as its mapping file says it: joined, worded, spelled, its dates turned into weeks; and which of its cells cannot be that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from process.errors import SettingWrong
from process.intake.cells import BLANK, EARLIEST, LATEST, read_cells
from process.intake.mappings.language import Take

NOT_A_WORD = "not one of the words that the mapping knows"
NOT_THIS_DATE = "not a date of the mapping's format"
ISO = "iso"
_WITH_TIME = r"\d{4}-\d{2}-\d{2}[T ][0-9:.]+(Z|[+-]\d{2}:\d{2})?"


def blanked(cells: pd.Series, missing: tuple[str, ...]) -> pd.Series:
    """The cells with every marker of "missing" as ""."""
    return cells.where(~cells.isin(missing), "")


def translated(take: Take, rows: pd.DataFrame) -> tuple[pd.Series, dict[str, np.ndarray]]:
    """The contract's text for every row and, by kind of fault, the rows whose cells cannot be it. `rows`: str columns of the export, "" = missing."""
    if take.always is not None:
        text = pd.Series(take.always, index=rows.index, dtype="str")
    else:
        text = _joined(take, rows)
    bad: dict[str, np.ndarray] = {}
    if take.words:
        words = dict(take.words)
        unknown = (text != "") & ~text.isin(words)
        text = text.map(lambda word: words.get(word, "")).astype("str")
        _add(bad, NOT_A_WORD, unknown)
    if take.form:
        days = dates(text, take.date_format)
        _add(bad, NOT_THIS_DATE, (text != "") & days.isna())
        if take.form != "week":  # told by comparing with the course's other rows, which is possible only when bad rows are gone
            return pd.Series("", index=rows.index, dtype="str"), bad
        text = iso(days - pd.to_timedelta(days.dt.day_of_week, unit="D"))
    if take.spell_code:
        text = spelled(text)
    if take.otherwise is not None:
        other, wrong = translated(replace(take.otherwise, column=replace(take.column, required=False)), rows)
        for kind, mask in wrong.items():
            _add(bad, kind, pd.Series(mask, index=rows.index) & (text == ""))
        text = text.where(text != "", other)
    if take.column.kind == "code" and not take.spell_code and not take.words and len(take.source) > 1:
        parts = [rows[name].ne(rows[name].str.strip()) for name in take.source]
        _add(bad, BLANK, pd.concat(parts, axis=1).any(axis=1) & (text != ""))
    _, wrong = read_cells(replace(take.column, required=take.column.required and not bad), text)
    return text, bad | wrong


def dates(text: pd.Series, date_format: str) -> pd.Series:
    """Calendar dates (datetime64, missing where the cell is empty, no such date, or not plausible) from text in a strptime format.

    Format `iso` is a date that may be followed by a time (`2026-01-05`, `2026-01-05 10:00`, `2026-01-05T10:00:00+01:00`): the day as it is written.
    """
    if date_format == ISO:
        text, date_format = text.where(~text.str.fullmatch(_WITH_TIME), text.str.slice(0, 10)), "%Y-%m-%d"
    places, distinct = pd.factorize(text)
    days = pd.Series([_date(cell, date_format) for cell in distinct], dtype="datetime64[us]").take(places)
    return days.set_axis(text.index)


def _date(cell: str, date_format: str) -> datetime | None:
    try:
        day = datetime.strptime(cell, date_format)
    except ValueError:
        return None
    return day if EARLIEST + timedelta(7) <= day.date() <= LATEST else None


def iso(days: pd.Series) -> pd.Series:
    """Dates as YYYY-MM-DD, "" where missing."""
    return days.dt.strftime("%Y-%m-%d").fillna("").astype("str")


def spelled(text: pd.Series) -> pd.Series:
    """Names as codes: what a code may not hold becomes a space, at most 40 characters are kept; a name of nothing but signs becomes "".

    A letter with its accent is one sign however it was typed (Unicode's form C), so that one name is one code.
    """
    plain = (
        text.str.normalize("NFC").str.replace(r"[^A-Za-z0-9 _./-]+", " ", regex=True).str.replace(r" +", " ", regex=True).str.lstrip(" _./-").str.slice(0, 40)
    )
    return plain.str.rstrip(" ")


def _joined(take: Take, rows: pd.DataFrame) -> pd.Series:
    parts = [blanked(rows[name], take.missing) for name in take.source]
    text = parts[0]
    if take.column.kind == "whole" and not take.words:
        text = text.str.replace(r"^(-?)0+(?=\d)", r"\1", regex=True)  # 007 is 7: the same session twice must be seen as twice
    absent = parts[0] == ""
    for part in parts[1:]:
        text = text + take.joined_with + part
        absent |= part == ""
    return text.where(~absent, "")


def _add(bad: dict[str, np.ndarray], kind: str, mask: pd.Series) -> None:
    if mask.any():
        bad[kind] = mask.to_numpy()


def refuse_ambiguous(take: Take, rows: pd.DataFrame, text: pd.Series) -> None:
    """Two different sets of parts must not join to one code: a-1 + 2 is not a + 1-2."""
    if len(take.source) < 2:
        return
    parts = rows.loc[text != "", list(take.source)].drop_duplicates()
    if len(parts) != text[text != ""].nunique():
        raise SettingWrong(
            f"Joining {', '.join(take.source)} with `{take.joined_with}` gives two {take.table} the same {take.column.name}; "
            "choose another `joined_with` in the mapping file, one that the codes do not hold."
        )
