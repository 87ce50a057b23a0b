"""The filters of a page: therapy length as a range under its histogram, and who, what and when; all bound to one cohort."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import panel as pn

from process.access import Answer, Cohort
from process.access.cohort import LONGEST
from process.charts import READY
from process.charts import look as chart_look
from process.charts.drawing import Drawing
from process.charts.layers import BLANK, Axis, Frame, Layer
from process.charts.mould import Mould
from process.pages import look
from process.pages.ranges import LengthRange
from process.pages.said import Said

LABELS = {"therapist": "Therapist", "team": "Team", "modality": "Modality", "problem": "Problem", "ending": "Ending"}
BASES = {"completed": "completed", "so far": "so_far", "planned": "planned"}
OUTCOME = "Length is itself an outcome: people stop when they are well enough, or when it does not help."
# A move there and back in one breath reaches the server as no change at all, and has its answer already.
MOVING = "window.moving = true; document.body.classList.toggle('busy', cb_obj.value.map(Math.round).join('-') != window.answered)"
BUSY = "window.moving = false; document.body.classList.add('busy')"


class Filters:
    """The widgets of one session, bound to its cohort in both directions."""

    def __init__(self, cohort: Cohort, options: dict[str, list[str]], lengths: Answer, therapists: Mapping[str, str]) -> None:
        """`therapists`: the names of staff to be shown for their codes."""
        self.cohort = cohort
        self.names = {code: therapists.get(code, code) for code in options["therapist"]}
        self._names = {"ending": chart_look.ENDING_NAMES, "therapist": self.names}
        self._binding = False
        self.unchanged: Callable[[], None] = lambda: None
        start, end = self._limits(lengths)
        self.basis = pn.widgets.RadioButtonGroup(options=BASES, value=cohort.basis, stylesheets=[look.WIDGET], sizing_mode="stretch_width", margin=0)
        self.length = LengthRange(start, end, self._position(start, end), self._moved, MOVING, [look.WIDGET, look.RANGE])
        self._histogram = READY.take("lengths")
        self._histogram.update(self._bars(lengths))
        self._counts = Said(look.TEXT)
        self._chosen = {
            name: pn.widgets.CheckBoxGroup(
                options=self._options(name, options[name]),
                value=list(getattr(cohort, name)),
                stylesheets=[look.WIDGET, look.CHOICE],
                sizing_mode="stretch_width",
                margin=(0, 0, 12, 0),
            )
            for name in LABELS
        }
        quarters = {quarter.replace("-", " "): quarter for quarter in options["start"]}
        self._from = pn.widgets.Select(label="Started from", options={"any": "", **quarters}, value=cohort.start[0], **_SELECT)
        self._to = pn.widgets.Select(label="to", options={"now": "", **quarters}, value=cohort.start[1], **_SELECT)
        self._wire()
        chosen = [part for name, widget in self._chosen.items() if widget.options for part in (_heading(LABELS[name]), widget)]
        self.panel = pn.Column(
            _heading("Therapy length"),
            self.basis,
            pn.pane.Bokeh(self._histogram.figure, sizing_mode="stretch_width", margin=(4, 9, 0, 9)),
            self.length.pane,
            self._counts.pane,
            pn.Row(self._from, self._to, sizing_mode="stretch_width", margin=(0, 0, 14, 0)),
            *chosen,
            sizing_mode="stretch_width",
            margin=0,
        )

    def show(self, lengths: Answer, described: str) -> None:
        """The histogram and the counts of another answer, and the widgets at the cohort's state."""
        start, end = self._limits(lengths)
        self._binding = True
        try:
            self.basis.value = self.cohort.basis
            self.length.place(start, end, self._position(start, end))
            for name, widget in self._chosen.items():
                widget.value = list(getattr(self.cohort, name))
            self._from.value, self._to.value = self.cohort.start
        finally:
            self._binding = False
        self._histogram.update(self._bars(lengths))
        self._counts.say(described)

    def _wire(self) -> None:
        self.basis.param.watch(lambda event: self._set(basis=event.new, length=None), "value")
        for name, widget in self._chosen.items():
            widget.param.watch(lambda event, name=name: self._set(**{name: list(event.new)}), "value")
        for widget in (self._from, self._to):
            widget.param.watch(lambda event: self._set(start=self._ordered()), "value")
        for widget in (self.basis, *self._chosen.values(), self._from, self._to):
            widget.jscallback(value=BUSY)

    def _moved(self, value: tuple[int, int]) -> None:
        low, high = value
        start, end = self.length.limits
        whole = low <= start and high >= end
        self._set(length=None if whole else (low, LONGEST if high >= end else high))

    def _set(self, **state: Any) -> None:
        if self._binding:
            return
        if all(getattr(self.cohort, name) == value for name, value in state.items()):
            self.unchanged()
        else:
            self.cohort.param.update(**state)

    def _ordered(self) -> tuple[str, str]:
        first, last = self._from.value, self._to.value
        return (last, first) if first and last and first > last else (first, last)

    def _limits(self, lengths: Answer) -> tuple[int, int]:
        known = lengths.table["length"]
        return (int(known.min()), max(int(known.max()), int(known.min()) + 1)) if len(known) else (0, 1)

    def _position(self, start: int, end: int) -> tuple[int, int]:
        low, high = self.cohort.bounds
        return (min(max(low, start), end), max(min(high, end), start))

    def _options(self, name: str, codes: list[str]) -> dict[str, str]:
        return {self._names.get(name, {}).get(code, code.replace("_", " ")): code for code in codes}

    def _bars(self, lengths: Answer) -> Frame:
        table = lengths.table
        at, courses = table["length"].to_numpy(dtype=float), table["courses"].to_numpy(dtype=float)
        low, high = self.cohort.bounds
        height = np.where(np.isnan(courses), 4.0, courses)
        most = float(height.max()) if len(height) else 1.0
        # Long tails of single courses stay visible beside a tall peak, as in the lists that these bars stand for.
        top = np.maximum(np.sqrt(height / most), 0.06) if len(height) else height
        bars = {
            "x0": at - 0.45,
            "x1": at + 0.45,
            "y0": np.zeros(len(at)),
            "y1": top,
            "colour": np.where((at >= low) & (at <= high), chart_look.BLUE, "#c9d2da").astype(object),
            "tip": np.full(len(at), "", dtype=object),
        }
        start, end = self._limits(lengths)
        return Frame({"bars": bars}, Axis(start - 0.5, end + 0.5, {float(start): ""}), Axis(0, 1.02, {0.0: ""}))


_SELECT: dict[str, Any] = {"stylesheets": [look.WIDGET], "sizing_mode": "stretch_width", "margin": (0, 4, 0, 0)}


def _heading(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(f"<h2>{text}</h2>", stylesheets=[look.TEXT, look.ASIDE], margin=0)


def _histogram() -> Drawing:
    """A histogram without axes: the slider below it is its axis."""
    drawing = Drawing((Layer("boxes", "bars", {"line_alpha": 0, "tools": []}),), BLANK, 68)
    figure = drawing.figure
    for axis in (*figure.xaxis, *figure.yaxis):
        axis.visible = False
    figure.ygrid.visible = False
    figure.update(min_border=0, min_border_right=0, min_border_left=0)
    return drawing


READY.offer("lengths", Mould(_histogram).cast)
