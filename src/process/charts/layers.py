"""What a figure is made of: a few kinds of layer, each a HoloViews element once and then only columns.

A figure is composed with HoloViews and rendered once for a session; afterwards only the columns of its data sources and the axes' ends change
(docs/performance.md). So each kind knows two things: the element it starts as, and the columns that element's data source has. A test holds the second
against what HoloViews itself would have made of the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import holoviews as hv
import numpy as np

Columns = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of layer: what it needs, the element it starts as, and the columns of its data source."""

    needs: tuple[str, ...]
    element: Callable[[Columns, str], hv.Element]
    columns: Callable[[Columns], Columns]


@dataclass(frozen=True)
class Layer:
    """One layer of a figure: its kind, its name in the frame, its HoloViews options."""

    kind: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Axis:
    """An axis: where it begins and ends, and its ticks as position → label."""

    start: float
    end: float
    ticks: dict[float, str]


@dataclass(frozen=True)
class Frame:
    """Everything that changes in a figure: the columns of each layer, by layer name, and both axes."""

    layers: dict[str, Columns]
    x: Axis
    y: Axis


BLANK = Frame({}, Axis(0.0, 1.0, {0.0: ""}), Axis(0.0, 1.0, {0.0: ""}))


TEXT = ("x", "y", "text", "colour", "align")
RULES = ("x0", "y0", "x1", "y1")


def as_columns(rows: Sequence[tuple], names: tuple[str, ...]) -> Columns:
    """Rows turned into named columns; no rows, no columns."""
    return {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)} if rows else {}


def filled(columns: Columns, needs: tuple[str, ...]) -> Columns:
    """The columns a layer needs as arrays of one length; nothing to draw is rows of missing values, which every glyph leaves out."""
    present = {name: np.asarray(columns[name]) for name in needs if name in columns}
    if len(present) == len(needs) and all(len(values) for values in present.values()):
        return present
    return {name: np.array(_NOTHING.get(name, [np.nan, np.nan])) for name in needs}


# Two rows that differ: HoloViews takes a style that never varies for a constant, and a figure made blank would keep it for good.
_NOTHING = {"text": ["", " "], "tip": ["", " "], "colour": ["#000000", "#ffffff"], "align": ["left", "right"]}


def outline(columns: Columns) -> Columns:
    """A band's outline: along its upper edge and back along its lower one, each unbroken run a polygon of its own."""
    x, lower, upper = (np.asarray(columns[name], dtype=float) for name in ("x", "lower", "upper"))
    there = ~(np.isnan(lower) | np.isnan(upper))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    across, up = [], []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        across += [x[start:stop], x[start:stop][::-1], [np.nan]]
        up += [upper[start:stop], lower[start:stop][::-1], [np.nan]]
    if not across:
        return {"x": np.array([np.nan]), "y": np.array([np.nan])}
    return {"x": np.concatenate(across)[:-1], "y": np.concatenate(up)[:-1]}


def _same(columns: Columns) -> Columns:
    return columns


# HoloViews names a column that a style is read from after the style, not after the dimension; only what a glyph or the pointer reads is sent.
def _points(columns: Columns) -> Columns:
    return {"x": columns["x"], "y": columns["y"], "color": columns["colour"], "tip": columns["tip"]}


def _texts(columns: Columns) -> Columns:
    return {"x": columns["x"], "y": columns["y"], "text": columns["text"], "text_color": columns["colour"], "text_align": columns["align"]}


def _boxes(columns: Columns) -> Columns:
    corners = {"left": columns["x0"], "bottom": columns["y0"], "right": columns["x1"], "top": columns["y1"]}
    return corners | {"color": columns["colour"], "tip": columns["tip"]}


KINDS: dict[str, Kind] = {
    "line": Kind(("x", "y"), lambda c, name: hv.Curve((c["x"], c["y"]), "x", "y", label=name), _same),
    "band": Kind(("x", "lower", "upper"), lambda c, name: hv.Area((c["x"], c["lower"], c["upper"]), "x", ["lower", "upper"], label=name), outline),
    "points": Kind(
        ("x", "y", "colour", "tip"),
        lambda c, name: hv.Points((c["x"], c["y"], c["colour"], c["tip"]), ["x", "y"], ["colour", "tip"], label=name),
        _points,
    ),
    "text": Kind(
        ("x", "y", "text", "colour", "align"),
        lambda c, name: hv.Labels((c["x"], c["y"], c["text"], c["colour"], c["align"]), ["x", "y"], ["text", "colour", "align"], label=name),
        _texts,
    ),
    "rules": Kind(("x0", "y0", "x1", "y1"), lambda c, name: hv.Segments((c["x0"], c["y0"], c["x1"], c["y1"]), ["x0", "y0", "x1", "y1"], label=name), _same),
    "boxes": Kind(
        ("x0", "y0", "x1", "y1", "colour", "tip"),
        lambda c, name: hv.Rectangles((c["x0"], c["y0"], c["x1"], c["y1"], c["colour"], c["tip"]), ["x0", "y0", "x1", "y1"], ["colour", "tip"], label=name),
        _boxes,
    ),
}
