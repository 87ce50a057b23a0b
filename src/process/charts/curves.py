"""Curves over sessions: one to three lines with their intervals, named at their ends, and how many are still there under the axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from process.charts import beside, look
from process.charts.layers import RULES, TEXT, Axis, Columns, Frame, Layer, as_columns
from process.charts.words import LEAST_COURSES

_NOTHING = (np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class Line:
    """How one line looks: its key in the table, its name, colour and dash; `band` = its interval is drawn."""

    key: str
    label: str
    colour: str
    dash: str = "solid"
    band: bool = True


@dataclass(frozen=True)
class Points:
    """One line's numbers: where, how much, the interval, what the pointer reads, and the number still there."""

    x: np.ndarray
    y: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    tips: list[str]
    count: np.ndarray


@dataclass(frozen=True)
class Plan:
    """What is fixed in a figure of curves: its lines, the title of the counts, a level that is marked, a span that is shaded, and whether the clinic's
    benchmark may stand beside them (`clinic`)."""

    lines: tuple[Line, ...]
    counted: str = "still in therapy"
    zero: str | None = None
    onset: bool = False
    span: tuple[float, float, str] | None = None
    floor: float | None = None
    ceiling: float | None = None
    step: float = 10.0
    shared_count: bool = False
    clinic: bool = False

    def layers(self) -> tuple[Layer, ...]:
        """The layers, back to front."""
        bands = [Layer("band", f"band {line.key}", {"color": line.colour}) for line in self.lines if line.band]
        curves = [Layer("line", f"line {line.key}", {"color": line.colour, "line_dash": line.dash}) for line in self.lines]
        shade = [Layer("boxes", "span", {"tools": [], "line_alpha": 0})] if self.span else []
        rules = [Layer("rules", "rules", {"line_dash": "dotted"})] if self.zero or self.onset else []
        clinic = [beside.LINE] if self.clinic else []
        return (*shade, *bands, *rules, *clinic, *curves, Layer("points", "points"), Layer("text", "text"))

    def frame(self, points: dict[str, Points], x: Axis, clinic: tuple[np.ndarray, np.ndarray] = _NOTHING) -> Frame:
        """The frame for these numbers; y runs over round values around what is drawn, with room for the counts below. `clinic` = the benchmark's line."""
        clinic = tuple(ends[clinic[0] <= x.end] for ends in clinic)
        low, high = self._ends(points, clinic[1])
        rows = 1 if self.shared_count else len(self.lines)
        row = (high - low) * 0.085
        bottom = low - row * (rows + 1.6)
        columns: dict[str, Columns] = {}
        for line in self.lines:
            own = points[line.key]
            columns[f"line {line.key}"] = {"x": own.x, "y": own.y}
            columns[f"band {line.key}"] = {"x": own.x, "lower": own.lower, "upper": own.upper}
        columns["points"] = self._dots(points)
        columns["text"] = self._texts(points, x, low, high, row, clinic)
        if self.clinic and len(clinic[0]):
            columns["clinic"] = {"x": clinic[0], "y": clinic[1]}
        if self.zero or self.onset:
            columns["rules"] = self._rules(x, low, high)
        if self.span:
            start, end, _ = self.span
            columns["span"] = {"x0": [start], "y0": [low], "x1": [end], "y1": [high + row * 1.1], "colour": [look.SHADE], "tip": [""]}
        ticks = {float(value): self._tick(value) for value in np.arange(low, high + self.step / 2, self.step)}
        return Frame(columns, x, Axis(bottom, high + row * (1.1 if self.span else 0.4), ticks))

    def _ends(self, points: dict[str, Points], also: np.ndarray) -> tuple[float, float]:
        drawn = np.concatenate([also, *(np.concatenate([own.y, own.lower, own.upper]) for own in points.values())])
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn):
            drawn = np.array([0.0, self.step])
        low = np.floor(drawn.min() / self.step) * self.step
        high = np.ceil(drawn.max() / self.step) * self.step
        if self.floor is not None:
            low = max(low, self.floor)
        if self.ceiling is not None:
            high = min(high, self.ceiling)
        return float(low), float(max(high, low + 2 * self.step))

    def _tick(self, value: float) -> str:
        if self.zero is not None:
            return self.zero if abs(value) < 1e-9 else f"{value:+g}".replace("-", "\u2212")
        return f"{value:g}"

    def _dots(self, points: dict[str, Points]) -> Columns:
        colours = [line.colour for line in self.lines for _ in points[line.key].x]
        every = [points[line.key] for line in self.lines]
        return {
            "x": np.concatenate([own.x for own in every]),
            "y": np.concatenate([own.y for own in every]),
            "colour": np.array(colours),
            "tip": np.array([tip for own in every for tip in own.tips]),
        }

    def _texts(self, points: dict[str, Points], x: Axis, low: float, high: float, row: float, clinic: tuple[np.ndarray, np.ndarray]) -> Columns:
        rows: list[tuple[float, float, str, str, str]] = []
        if len(clinic[0]):
            rows.append((clinic[0][-1], clinic[1][-1] - row * 0.6, "clinic", look.FAINT, "right"))
        places = _apart([points[line.key] for line in self.lines])
        heights = sorted(place[1] for place in places if place)
        for line, place in zip(self.lines, places, strict=True):
            if place is not None:
                above = place[1] == heights[-1]
                rows.append((place[0], min(place[1] + row * (0.8 if above else -0.8), high - row * 0.3), line.label, line.colour, "center"))
        first = low - row * 0.9
        rows.append((x.start, first, f"{self.counted}:", look.FAINT, "left"))
        counted = self.lines[:1] if self.shared_count else self.lines
        for place, line in enumerate(counted, start=1):
            own = points[line.key]
            there = {float(position): number for position, number in zip(own.x, own.count, strict=True)}
            colour = look.FAINT if self.shared_count else line.colour
            for position in x.ticks:
                # Session 1 stands at the very edge, where a phone would cut the first digit off a thousand.
                if position in there and np.isfinite(there[position]) and not (x.start > 0 and position == 1):
                    rows.append((position, first - row * place, f"{int(there[position]):,}", colour, "center"))
        if self.span:
            rows.append(((self.span[0] + self.span[1]) / 2, high + row * 0.55, self.span[2], look.FAINT, "center"))
        return as_columns(rows, TEXT)

    def _rules(self, x: Axis, low: float, high: float) -> Columns:
        rules = [(x.start, 0.0, x.end, 0.0)] if self.zero else []
        rules += [(0.0, low, 0.0, high)] if self.onset else []
        return as_columns(rules, RULES)


@dataclass(frozen=True)
class Reading:
    """Which columns of an answer's table a curve is drawn from, and how the pointer reads a point."""

    x: str
    y: str
    count: str
    group: str | None = None
    tip: Any = field(default=None)

    def points(self, rows: Rows, key: str) -> Points:
        """The points of one line, in order, from rows that went through `drawn`."""
        here = np.flatnonzero(rows[self.group] == key) if self.group else np.arange(len(rows[self.x]))
        here = here[np.argsort(rows[self.x][here], kind="stable")]
        own = {name: values[here] for name, values in rows.items()}
        records = (dict(zip(own, values, strict=True)) for values in zip(*(values.tolist() for values in own.values()), strict=True))
        tips = [self.tip(record) if record[self.y] == record[self.y] else "" for record in records]
        x, y, lower, upper, count = (own[name].astype(float) for name in (self.x, self.y, "lower", "upper", self.count))
        return Points(x, y, lower, upper, tips, count)


Rows = dict[str, np.ndarray]
"""Columns of a table by name, all of one length."""


def drawn(table: pd.DataFrame, column: str, x: str = "session") -> Rows:
    """The rows up to the last that is drawn. One that is not (withheld, or too few courses to be more than noise) has no value: the curve breaks there."""
    rows = {name: table[name].to_numpy() for name in table.columns}
    shown = np.isfinite(rows[column].astype(float)) & (rows["courses"].astype(float) >= LEAST_COURSES)
    kept = rows[x] <= rows[x][shown].max() if shown.any() else np.zeros(len(shown), bool)
    for name in (column, "lower", "upper"):
        rows[name] = np.where(shown, rows[name].astype(float), np.nan)
    return {name: values[kept] for name, values in rows.items()}


def sessions_axis(sessions: np.ndarray) -> Axis:
    """An axis of attended sessions: 1, then every fifth (every tenth past sixty)."""
    last = int(sessions.max()) if len(sessions) else 10
    step = 5 if last <= 60 else 10
    return Axis(0.2, max(last, 5) + 0.8, {float(tick): str(tick) for tick in (1, *range(step, last + 1, step))})


def offsets_axis(first: int, last: int) -> Axis:
    """An axis of attended sessions around a rupture at 0."""
    return Axis(first - 0.45, last + 0.45, {float(tick): f"{tick:+d}".replace("-", "\u2212") if tick else "0" for tick in range(first, last + 1)})


def _apart(lines: list[Points]) -> list[tuple[float, float] | None]:
    """Where each line can be named: in the middle of the figure, at the session where the lines are farthest apart."""
    shared = sorted(set.intersection(*(set(line.x[np.isfinite(line.y)]) for line in lines))) if all(len(line.x) for line in lines) else []
    if not shared:
        middles = [np.flatnonzero(np.isfinite(line.y)) for line in lines]
        return [
            (float(line.x[there[len(there) // 2]]), float(line.y[there[len(there) // 2]])) if len(there) else None
            for line, there in zip(lines, middles, strict=True)
        ]
    span = [x for x in shared if shared[0] + 0.3 * (shared[-1] - shared[0]) <= x <= shared[0] + 0.85 * (shared[-1] - shared[0])] or shared
    at = [{float(x): float(y) for x, y in zip(line.x, line.y, strict=True)} for line in lines]
    best = max(span, key=lambda x: max(own[x] for own in at) - min(own[x] for own in at)) if len(lines) > 1 else span[len(span) // 2]
    return [(best, own[best]) for own in at]
