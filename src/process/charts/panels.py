"""Several small curves over the same sessions, one under the other, each with its own line of no change and the number behind every point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from process.charts import look
from process.charts.curves import Line, Reading, Rows
from process.charts.layers import RULES, TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import number, plain


@dataclass(frozen=True)
class Panels:
    """What is fixed: one line a panel, the first on top, and what the number under a point counts."""

    lines: tuple[Line, ...]
    counted: str
    step: float = 5.0

    def layers(self) -> tuple[Layer, ...]:
        """The layers, back to front."""
        bands = [Layer("band", f"band {line.key}", {"color": line.colour}) for line in self.lines]
        curves = [Layer("line", f"line {line.key}", {"color": line.colour}) for line in self.lines]
        return (*bands, Layer("rules", "rules", {"line_dash": "dotted"}), *curves, Layer("points", "points"), Layer("text", "text"))

    def frame(self, rows: Rows, reading: Reading, x: Axis, names: Sequence[str]) -> Frame:
        """The frame: every panel has the same height and the same scale, so that they can be read one against the other."""
        own = {line.key: reading.points(rows, line.key) for line in self.lines}
        known = np.concatenate([np.concatenate([each.y, each.lower, each.upper]) for each in own.values()] + [np.array([-self.step, self.step])])
        known = known[np.isfinite(known)]
        low, high = (float(edge) for edge in (np.floor(known.min() / self.step) * self.step, np.ceil(known.max() / self.step) * self.step))
        row = (high - low) * 0.17
        height = (high - low) + 2.6 * row
        columns, texts, rules, ticks, dots = {}, [], [], {}, []
        for place, (line, name) in enumerate(zip(self.lines, names, strict=True)):
            points, shift = own[line.key], -place * height
            columns[f"line {line.key}"] = {"x": points.x, "y": points.y + shift}
            columns[f"band {line.key}"] = {"x": points.x, "lower": points.lower + shift, "upper": points.upper + shift}
            rules += [(x.start, shift, x.end, shift), (0.0, low + shift, 0.0, high + shift)]
            texts.append((x.start, high + shift + row * 0.45, name, line.colour, "left"))
            there = [(at, count) for at, y, count in zip(points.x, points.y, points.count, strict=True) if np.isfinite(y) and np.isfinite(count)]
            texts += [(at, low + shift - row * 0.55, f"{int(count):,}", look.FAINT, "center") for at, count in there]
            if not there:
                texts.append((0.0, (low + high) / 2 + shift, f"too few {self.counted}", look.FAINT, "center"))
            dots += [(at, y + shift, line.colour, tip) for at, y, tip in zip(points.x, points.y, points.tips, strict=True)]
            step = self.step if high - low <= 4 * self.step else 2 * self.step
            ticks |= {shift + at: "own level" if at == 0 else plain(at, 0, sign=True) for at in np.arange(np.ceil(low / step) * step, high + 0.1, step)}
        columns["rules"] = as_columns(rules, RULES)
        columns["text"] = as_columns(texts, TEXT)
        columns["points"] = as_columns(dots, ("x", "y", "colour", "tip"))
        bottom = -(len(self.lines) - 1) * height + low - row * 1.2
        return Frame(columns, x, Axis(bottom, high + row, {float(at): label for at, label in ticks.items()}))


def tip(names: dict[str, str], key: str) -> object:
    """What the pointer reads at a point around a rupture."""

    def read(row: dict) -> str:
        change = plain(row["mean"], sign=True)
        limits = f" ({plain(row['lower'])} to {plain(row['upper'])})" if np.isfinite(row["lower"]) else ""
        return f"{names[row[key]]}, session {plain(row['offset'], 0, sign=True)}: {change}{limits} · {number(row['ruptures'], 'rupture')}"

    return read
