"""Rows with a dot and its interval, one a category, labelled at the left: shares, means and differences that are read one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from process.charts import beside, look
from process.charts.layers import TEXT, Axis, Columns, Frame, Layer, as_columns
from process.charts.words import NOT_SHOWN, number, plain

_CARD, _LETTER, _GAP = 300.0, 6.2, 9.0
"""Pixels: what a phone leaves a figure, a letter of its texts, and from a dot to its words."""


@dataclass(frozen=True)
class Row:
    """One row: its label, its value with its limits (NaN = none), the count that stands beside it; a value of NaN is said to be withheld. `clinic` = the
    benchmark (NaN = none)."""

    label: str
    value: float
    lower: float
    upper: float
    n: float
    colour: str = look.GREEN
    clinic: float = float("nan")


def layers(colour: str = look.GREEN, zero: bool = False, clinic: bool = False) -> tuple[Layer, ...]:
    """The layers of such a figure, back to front; `zero` = with the line of no difference, `clinic` = with the benchmark's marks."""
    whiskers = Layer("rules", "whiskers", {"color": colour, "line_width": 3, "line_alpha": 0.5})
    marked = (Layer("rules", "zero", {"line_dash": "dotted"}),) if zero else ()
    return (*marked, *((beside.MARK,) if clinic else ()), whiskers, Layer("points", "points", {"size": 10}), Layer("text", "text"))


def frame(rows: Sequence[Row], noun: str, unit: str = " %", digits: int = 0, zero: bool = False) -> Frame:
    """The frame: first row on top; the axis holds every interval and the words beside it. `noun` is what `n` counts; `zero` marks no difference."""
    place = np.arange(len(rows), dtype=float)[::-1]
    value, lower, upper = (np.array([getattr(row, name) for row in rows], dtype=float) for name in ("value", "lower", "upper"))
    shown = np.isfinite(value)
    clinic = np.array([row.clinic for row in rows], dtype=float)
    known = np.concatenate([value, lower, upper, clinic, [0.0, 20.0 if unit == " %" else 1.0]])
    known = known[np.isfinite(known)]
    low, high, step = _ends(float(known.min()), float(known.max()))
    width = high - low
    text, tips = [], []
    for row, at, ok in zip(rows, place, shown, strict=True):
        if not ok:
            text.append((max(0.0, low), at, NOT_SHOWN, look.FAINT, "left"))
            tips.append("")
            continue
        limits = f" ({plain(row.lower, digits, zero)} to {plain(row.upper, digits, zero)})" if np.isfinite(row.lower) else ""
        text.append((float(np.nanmax([row.value, row.upper])), at, f"{plain(row.value, digits, zero)}{unit}  ({int(row.n):,})", look.INK, "left"))
        tips.append(
            f"{row.label}: {plain(row.value, digits, zero)}{unit}{limits} · {number(row.n, noun)}"
            + (f" · clinic {plain(row.clinic, digits)}{unit}" if np.isfinite(row.clinic) else "")
        )
    columns = {
        "whiskers": {"x0": lower[shown], "x1": upper[shown], "y0": place[shown], "y1": place[shown]},
        "points": {
            "x": value[shown],
            "y": place[shown],
            "colour": np.array([row.colour for row in rows], dtype=object)[shown],
            "tip": np.array(tips, dtype=object)[shown],
        },
        "text": as_columns(text, TEXT),
    }
    if np.isfinite(clinic).any():
        columns["clinic"] = beside.marks(place, clinic)
    if zero:
        columns["zero"] = {"x0": [0.0], "x1": [0.0], "y0": [-0.6], "y1": [len(rows) - 0.4]}
    ticks = {float(at): f"{plain(at, 0 if step >= 1 else 1, zero)}{unit if unit == ' %' else ''}" for at in np.arange(low, high + step / 2, step)}
    names = {float(at): row.label for at, row in zip(place, rows, strict=True)}
    return _fitted(columns, Axis(low - width * 0.02, high + width * 0.05, ticks), Axis(-0.7, len(rows) - 0.3, names), shown)


def _fitted(columns: dict[str, Columns], x: Axis, y: Axis, shown: np.ndarray) -> Frame:
    """With room for the words beside every dot, and no more ticks than can stand side by side, on a phone, too."""
    plot = max(_CARD - _LETTER * max((len(name) for name in y.ticks.values()), default=0), 120.0)
    text, end = columns["text"], x.end
    for at, words in zip(text.get("x", ()), text.get("text", ()), strict=True):
        part = min((_LETTER * len(words) + _GAP) / plot, 0.85)
        end = max(end, (float(at) - part * x.start) / (1.0 - part))
    if text:
        text["x"] = text["x"] + np.where(shown, _GAP * (end - x.start) / plot, 0.0)
    room = plot * (max(x.ticks) - x.start) / (end - x.start) // 34
    many = max(int(np.ceil(len(x.ticks) / max(room, 2))), 1)
    return Frame(columns, Axis(x.start, end, dict(list(x.ticks.items())[::many])), y)


def _ends(low: float, high: float) -> tuple[float, float, float]:
    """Round ends around the values and a round step that gives four to eight ticks."""
    rough = max(high - low, 1e-9) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step), step
