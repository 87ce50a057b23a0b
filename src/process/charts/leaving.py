"""What a picture of an exported answer says, in plain text, or why there is none. Everything here comes from the exported answer, nothing from the screen."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from process.access.answer import ROUNDED, Exported
from process.access.disclosure.limits import THERAPISTS
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.tables import worded
from process.charts.words import NOT_SHOWN

_NAMED, _LETTERS = 8, 240
"""Withheld parts that are named one by one, in so many letters; of more, the number says enough."""
WITHHELD = "withheld"


def none_because(exported: Exported, chart: Chart) -> str:
    """Why the exported answer cannot be drawn, in words; empty where it can."""
    answer, table = exported.as_answer(), exported.table
    if not exported.missing and set(exported.definition.columns) - {*THERAPISTS, *table.columns}:
        return "It is drawn from figures that never leave, because exact counts could be worked out from them."
    if chart.counts and np.isfinite(table[chart.counts].astype(float)).any() or not chart.unable(answer):
        return ""
    if exported.missing:
        return "These records have nothing to draw it from."
    return (
        "A part of a whole is withheld, and with it the percentages of the other parts: of what is left they would be larger than they are."
        if len(_without_share(exported))
        else "All of it is withheld: too few courses, or figures that others could be worked out from."
    )


def sentence(exported: Exported, chart: Chart) -> str:
    """The one sentence, of the exported answer, without markup."""
    answer = exported.as_answer()
    return plain_text((chart.says_rounded or chart.says)(answer))


def plain_text(markup: str) -> str:
    """Our own HTML as text; a percent sign stays with its number when the line is broken."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split()).replace(" %", "\u00a0%")


def frame(exported: Exported, chart: Chart) -> Frame:
    """The frame of the exported answer. Why a part is not there is said under the picture: the frame's words for it are those of the screen."""
    found = chart.frame(exported.as_answer())
    for columns in found.layers.values():
        if "text" in columns:
            columns["text"] = np.array([WITHHELD if text == NOT_SHOWN else text for text in columns["text"]], dtype=object)
    return found


def notes(exported: Exported, chart: Chart) -> list[str]:
    """What stands under the picture: the clinic's benchmark where there is one, what is withheld, how it is rounded, the stamp."""
    beside = exported.benchmark.lines() if exported.benchmark is not None else []
    return [*beside, *_hidden(exported, chart), ROUNDED, str(exported.stamp)]


def _hidden(exported: Exported, chart: Chart) -> Iterator[str]:
    table, first = exported.table, exported.definition.keys[0]
    hidden, partly = table[table["withheld"]], table[:0] if chart.counts else _without_share(exported)
    for rows, why in (
        (hidden, "Withheld, because of few courses or because such a figure could be worked out from it"),
        (partly, "Without a percentage, because a part of their whole is withheld"),
    ):
        if len(rows):
            names = _names(exported, rows)
            yield f"{why}: {len(rows)} of {len(table)} figures{f' ({names})' if names else ''}."
    if pd.api.types.is_numeric_dtype(table[first]):
        yield f"Shown: {first.replace('_', ' ')} {table[first].min():.0f} to {table[first].max():.0f}. What may lie before and after does not leave."
    told = int(exported.headlines["withheld"].sum())
    if told:
        yield f"Of what the sentence rests on, {told} of {len(exported.headlines)} figures are withheld, too."


def _without_share(exported: Exported) -> pd.DataFrame:
    """The rows that are shown, but for their percentage."""
    table, value = exported.table, next((name for name in ("share", "estimate") if name in exported.table), "")
    if not exported.definition.percent_of or not value:
        return table[:0]
    return table[~table["withheld"] & table[value].isna() & (table[exported.definition.percent_of].fillna(0) > 0)]


def _names(exported: Exported, rows: pd.DataFrame) -> str:
    """The rows by their keys; places along an axis as spans. Empty where they are too many to be named."""
    keys = [key for key in exported.definition.keys if key in rows and key != "therapist_id"]
    along = [key for key in keys if pd.api.types.is_numeric_dtype(rows[key])]
    if any(pd.api.types.is_datetime64_any_dtype(rows[key]) for key in keys):
        return ""
    words = [key for key in keys if key not in along]
    said = []
    for group, part in rows.groupby(words, sort=False) if words else [((), rows)]:
        name = ", ".join(worded(exported.name, key, value).replace("_", " ") for key, value in zip(words, group, strict=True))
        spans = f"{along[0].replace('_', ' ')} {', '.join(_spans(sorted(part[along[0]].astype(int))))}" if along else ""
        said.append(", ".join(filter(None, (name, spans))))
    named = "; ".join(said)
    return named if len(said) <= _NAMED and len(named) <= _LETTERS else ""


def _spans(places: list[int]) -> Iterator[str]:
    start = before = places[0]
    for place in [*places[1:], None]:
        if place is None or place > before + 1:
            yield f"{start}" if start == before else f"{start} to {before}"
            start = place
        before = place
