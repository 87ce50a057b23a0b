"""A frame drawn with matplotlib, for files: the same layers as on the page, each kind as a mark that looks like Bokeh's.

Plain artists on a figure of their own: no `pyplot`, nothing that another figure shares. Every artist bears its layer's name, so that a test can hold what was
drawn against the numbers it was drawn from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from process.charts import look
from process.charts.drawing import OPTIONS
from process.charts.layers import KINDS, Columns, Frame, Layer, filled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINT = 0.72
"""A pixel of the page in points: a figure has a hundred pixels to the inch."""
LETTERS = 12.0
"""Pixels: the size of the texts in a figure."""
_DASHES = {"solid": "solid", "dashed": (0, (5, 3)), "dotted": (0, (1.2, 2)), "dashdot": (0, (5, 2, 1.2, 2)), "dotdash": (0, (1.2, 2, 3.5, 2))}


def ink(axes: Axes, layers: tuple[Layer, ...], frame: Frame) -> None:
    """Draw the frame's layers, back to front, and set both axes."""
    for level, layer in enumerate(layers, start=2):
        kind = KINDS[layer.kind]
        columns = filled(frame.layers.get(layer.name, {}), kind.needs)
        _MARKS[layer.kind](axes, columns, OPTIONS.get(layer.kind, {}) | layer.options, {"gid": layer.name, "zorder": level})
    axes.set_xlim(frame.x.start, frame.x.end)
    axes.set_ylim(frame.y.start, frame.y.end)
    for name, axis, wanted in (("x", axes.xaxis, frame.x), ("y", axes.yaxis, frame.y)):
        shown = {at: label for at, label in wanted.ticks.items() if wanted.start <= at <= wanted.end}
        axis.set_ticks(list(shown), labels=list(shown.values()), parse_math=False, color=look.FAINT, fontsize=LETTERS * POINT, gid=f"{name} tick")


def _line(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    axes.plot(columns["x"].astype(float), columns["y"].astype(float), color=options["color"], **_stroke(options), **own)


def _band(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    x, lower, upper = (columns[name].astype(float) for name in ("x", "lower", "upper"))
    there = np.isfinite(lower) & np.isfinite(upper)
    axes.fill_between(x, lower, upper, where=there, color=options["color"], alpha=options["fill_alpha"], linewidth=0, **own)


def _points(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    x, y = columns["x"].astype(float), columns["y"].astype(float)
    there = np.isfinite(x) & np.isfinite(y)
    axes.scatter(x[there], y[there], c=list(columns["colour"][there]), s=(options["size"] * POINT) ** 2, linewidths=0, clip_on=False, **own)


def _text(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    for x, y, text, colour, align in zip(*(columns[name] for name in ("x", "y", "text", "colour", "align")), strict=True):
        if str(text).strip() and np.isfinite([float(x), float(y)]).all():
            # A name stays readable where it crosses a line or a band.
            behind = {"facecolor": "white", "alpha": 0.72, "linewidth": 0, "pad": 1.0}
            how = {"color": colour, "ha": align, "va": "center", "fontsize": LETTERS * POINT, "parse_math": False, "bbox": behind}
            axes.text(float(x), float(y), str(text), **how, **own)


def _rules(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    from matplotlib.collections import LineCollection

    x0, y0, x1, y1 = (np.asarray(columns[name], dtype=float) for name in ("x0", "y0", "x1", "y1"))
    there = np.isfinite(x0 + y0 + x1 + y1)
    ends = np.stack([np.stack([x0, y0], axis=1), np.stack([x1, y1], axis=1)], axis=1)[there]
    axes.add_collection(LineCollection(ends, colors=options["color"], **_stroke(options), **own))


def _boxes(axes: Axes, columns: Columns, options: dict[str, Any], own: dict[str, Any]) -> None:
    from matplotlib.collections import PolyCollection

    x0, y0, x1, y1 = (np.asarray(columns[name], dtype=float) for name in ("x0", "y0", "x1", "y1"))
    there = np.isfinite(x0 + y0 + x1 + y1)
    corners = np.stack([np.stack(pair, axis=1) for pair in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)[there]
    fills = "none" if options.get("fill_alpha") == 0 else list(np.asarray(columns["colour"])[there])
    edges = "none" if options.get("line_alpha") == 0 else options["line_color"]
    how = {"facecolors": fills, "edgecolors": edges, "linewidths": options["line_width"] * POINT, "alpha": options.get("alpha")}
    axes.add_collection(PolyCollection(corners, **how, **own))


def _stroke(options: dict[str, Any]) -> dict[str, Any]:
    dash = _DASHES[options.get("line_dash", "solid")]
    return {"linestyle": dash, "linewidth": options["line_width"] * POINT, "alpha": options.get("line_alpha")}


_MARKS: dict[str, Callable[..., None]] = {"line": _line, "band": _band, "points": _points, "text": _text, "rules": _rules, "boxes": _boxes}
