"""A figure prepared once: composed with HoloViews, rendered to Bokeh, and from then on only given new columns."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
from bokeh.core.properties import value
from bokeh.document import Document
from bokeh.io.doc import patch_curdoc
from bokeh.models import ColumnDataSource, Text
from bokeh.plotting import figure as BokehFigure
from holoviews.plotting.bokeh import ElementPlot

from process.charts import look
from process.charts.layers import KINDS, Columns, Frame, Kind, Layer, filled

hv.Store.set_current_backend("bokeh")  # hv.extension would also load scripts from another host into a notebook


def _plain(plot: ElementPlot, element: hv.Element) -> None:
    """What HoloViews has no option for: no frame, quiet axes, and a figure that lets a finger scroll past."""
    model = plot.state
    model.outline_line_color = None
    model.min_border_right = 8
    model.toolbar.autohide = True
    for axis in (*model.xaxis, *model.yaxis):
        axis.axis_line_color = None
        axis.major_tick_line_color = None
        axis.minor_tick_line_color = None
        axis.major_label_text_color = look.FAINT
        axis.axis_label_text_color = look.FAINT
        axis.axis_label_text_font_style = "normal"
        axis.major_label_text_font = axis.axis_label_text_font = look.FONT
    model.xgrid.grid_line_color = None
    model.ygrid.grid_line_color = look.RULE
    model.ygrid.level = "underlay"


def compose(layers: tuple[Layer, ...], frame: Frame, height: int, xlabel: str = "", ylabel: str = "", grid: bool = True) -> hv.Overlay:
    """The figure as a HoloViews object, drawn from one frame."""
    elements = []
    for layer in layers:
        kind = KINDS[layer.kind]
        elements.append(kind.element(filled(frame.layers.get(layer.name, {}), kind.needs), layer.name).opts(**OPTIONS.get(layer.kind, {}) | layer.options))
    return hv.Overlay(elements).opts(
        title="",
        responsive=True,
        height=height,
        toolbar=None,
        default_tools=[],
        show_legend=False,
        xlim=(frame.x.start, frame.x.end),
        ylim=(frame.y.start, frame.y.end),
        xticks=list(frame.x.ticks.items()),
        yticks=list(frame.y.ticks.items()),
        xlabel=xlabel,
        ylabel=ylabel,
        show_grid=grid,
        fontsize={"ticks": "11px", "labels": "11px"},
        hooks=[_plain],
    )


OPTIONS: dict[str, dict[str, Any]] = {
    "band": {"line_alpha": 0, "fill_alpha": 0.14},
    "line": {"line_width": 2.4},
    "points": {"color": "colour", "size": 5, "tools": ["hover"], "hover_tooltips": "@tip"},
    "text": {"text_color": "colour", "text_align": hv.dim("align"), "text_font_size": "11px", "text_baseline": "middle"},
    "rules": {"color": look.FAINT, "line_width": 1},
    "boxes": {"color": "colour", "line_color": "white", "line_width": 0.5, "tools": ["hover"], "hover_tooltips": "@tip"},
}


TEXT_ROWS = 64
"""Rows that a layer of texts has from the start; few figures ever need more."""


class Drawing:
    """A figure of one session: `figure` is the Bokeh model to show, `update` gives it another frame."""

    def __init__(self, layers: tuple[Layer, ...], frame: Frame, height: int, xlabel: str = "", ylabel: str = "", grid: bool = True) -> None:
        apart = Document()  # of its own: Bokeh goes on calling a page whose code failed the current one, and a figure would be drawn into that
        with patch_curdoc(apart):
            plot = hv.renderer("bokeh").get_plot(compose(layers, frame, height, xlabel, ylabel, grid))
        self._rows: dict[str, int] = {}
        self.kinds = {layer.name: KINDS[layer.kind] for layer in layers}
        for part in plot.subplots.values():
            # Nothing here is selected or muted; without these copies of every glyph a page opens faster.
            part.handles["glyph_renderer"].update(selection_glyph=None, nonselection_glyph=None, muted_glyph=None, hover_glyph=None)
            if isinstance(part.handles["glyph"], Text):
                # A name stays readable where it crosses a line or a band.
                part.handles["glyph"].update(
                    text_font=value(look.FONT), background_fill_color=value("white"), background_fill_alpha=value(0.72), outline_shape="box", padding=1
                )
        self.sources = {part.current_frame.label: part.handles["cds"] for part in plot.subplots.values()}
        self.figure: BokehFigure = plot.state
        self.update(frame)

    @classmethod
    def of(cls, figure: BokehFigure, sources: dict[str, ColumnDataSource], kinds: dict[str, Kind]) -> Drawing:
        """A figure that is rendered already, with the source and the kind of each layer by name."""
        drawing = cls.__new__(cls)
        drawing.figure, drawing.sources, drawing.kinds, drawing._rows = figure, sources, kinds, {}
        return drawing

    def update(self, frame: Frame) -> None:
        """Replace the columns that changed and move the axes; nothing is rendered again."""
        for name, source in self.sources.items():
            kind = self.kinds[name]
            columns = self._never_shorter(name, kind.columns(filled(frame.layers.get(name, {}), kind.needs)))
            if not _equal(columns, source.data):
                source.data = columns
        for ends, axis, wanted in ((self.figure.x_range, self.figure.xaxis[0], frame.x), (self.figure.y_range, self.figure.yaxis[0], frame.y)):
            ends.update(start=wanted.start, end=wanted.end)
            # The ticker is changed in place: another model would make Bokeh walk through the whole document again.
            if list(axis.ticker.ticks) != list(wanted.ticks):
                axis.ticker.ticks = list(wanted.ticks)
            if axis.major_label_overrides != wanted.ticks:
                axis.major_label_overrides = dict(wanted.ticks)

    def _never_shorter(self, name: str, columns: Columns) -> Columns:
        """Texts keep their number of rows, the surplus ones empty: BokehJS walks the old labels over the new colours and stumbles where these are fewer."""
        if "text" not in columns:
            return columns
        rows = self._rows[name] = max(self._rows.get(name, TEXT_ROWS), len(columns["text"]))
        empty = {"x": np.nan, "y": np.nan, "text": "", "text_color": look.INK, "text_align": "left"}
        return {column: np.concatenate([values, np.full(rows - len(values), empty[column])]) for column, values in columns.items()}


def _equal(new: Columns, old: Columns) -> bool:
    if set(new) != set(old):
        return False
    for name, values in new.items():
        before, after = np.asarray(old[name]), np.asarray(values)
        if before.shape != after.shape:
            return False
        numeric = before.dtype.kind in "fiu" and after.dtype.kind in "fiu"
        if not np.array_equal(before, after, equal_nan=numeric):
            return False
    return True
