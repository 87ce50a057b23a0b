"""A small table drawn as a figure: a number written in every cell, shaded by it, so that colour never stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from process.charts import look
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns

FILLS = ("#f2f5f7", "#dbe9f3", "#b8d5ea", "#8fbfe0", "#62a6d1")
"""Light enough for ink on every one of them."""
LAYERS = (Layer("boxes", "cells"), Layer("text", "text"))


@dataclass(frozen=True)
class Cell:
    """One cell: its column and row (0 on top), its share in percent (NaN = none) which shades it, the lines written in it, what the pointer reads."""

    column: int
    row: int
    share: float
    lines: tuple[str, ...]
    tip: str


def frame(cells: Sequence[Cell], columns: Sequence[str], rows: Sequence[str]) -> Frame:
    """The frame; `columns` are written above, a line break splits a name in two, `rows` at the left."""
    texts, boxes = [], []
    height = len(rows)
    for cell in cells:
        y = height - 1.0 - cell.row
        fill = FILLS[min(int(cell.share // 10), len(FILLS) - 1)] if np.isfinite(cell.share) else "#ffffff"
        boxes.append((cell.column - 0.47, y - 0.45, cell.column + 0.47, y + 0.45, fill, cell.tip))
        for place, line in enumerate(cell.lines):
            texts.append((cell.column, y + 0.13 * (len(cell.lines) - 1) - 0.28 * place, line, look.INK if not place else look.FAINT, "center"))
    for place, name in enumerate(columns):
        parts = name.split("\n")
        for line, part in enumerate(parts):
            texts.append((place, height - 0.36 + 0.26 * (len(parts) - 1 - line), part, look.FAINT, "center"))
    layers = {"cells": as_columns(boxes, ("x0", "y0", "x1", "y1", "colour", "tip")), "text": as_columns(texts, TEXT)}
    # Names of columns stand in the figure, because ticks would be at its foot.
    return Frame(
        layers, Axis(-0.55, len(columns) - 0.45, {-9.0: ""}), Axis(-0.55, height + 0.15, {height - 1.0 - place: name for place, name in enumerate(rows)})
    )
