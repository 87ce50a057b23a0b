"""A card: the answer's sentence, its figure, its table, what it means, and what may be taken home."""

from __future__ import annotations

import io
from collections.abc import Callable

import panel as pn

from process.access import Answer
from process.charts import READY, about, as_table, chart
from process.charts.beside import said
from process.charts.drawing import Drawing
from process.charts.layers import BLANK
from process.errors import NotAllowed
from process.measures import catalogue
from process.pages import look
from process.pages.filters import BUSY
from process.pages.ordered import in_order
from process.pages.picture import Picture
from process.pages.said import Said

WAITING = "<p class='reason'>Counting …</p>"


class Card:
    """One figure of a page for one session. `show` gives it its answer, and later another one; nothing is drawn anew then, only data change."""

    def __init__(self, name: str, opened: Callable[[str], None] | None = None) -> None:
        """`opened`: the figure is drawn when somebody asks for it, and this is told its name; None = it is drawn with the page."""
        self.name = name
        self.question = catalogue.measure(name).definition.question
        self._chart = chart(name)
        self.wide = self._chart.wide
        self.describes = self._chart.describes
        self._answer: Answer | None = None
        self._drawing: Drawing | None = None
        self._sentence = Said(look.TEXT)
        self._plot = pn.Column(sizing_mode="stretch_width", margin=0)
        self._table = pn.pane.HTML("", stylesheets=[look.TEXT, look.TABLE], sizing_mode="stretch_width", visible=False, margin=0)
        self._about = pn.pane.HTML("", stylesheets=[look.TEXT], sizing_mode="stretch_width", visible=False, margin=0)
        self._as_table = pn.widgets.Toggle(label="As table", stylesheets=[look.LINK], margin=0)
        self._as_about = pn.widgets.Toggle(label="About this figure", stylesheets=[look.LINK], margin=0)
        self._csv = pn.widgets.FileDownload(
            callback=self._export, filename=f"{self.name}.csv", label="CSV", embed=False, auto=True, stylesheets=[look.LINK], margin=0
        )
        self._picture = Picture(name, lambda: self._answer, lambda panel: self.body.insert(self.body.objects.index(self._tools) + 1, panel))
        self._foot = Said(look.TEXT)
        self._as_table.param.watch(self._open_table, "value")
        self._as_about.param.watch(self._open_about, "value")
        parts = (self._as_table, self._as_about, self._csv, self._picture.tool, self._foot.pane)
        tools = pn.Row(*parts, margin=0, stylesheets=[look.WRAP], sizing_mode="stretch_width")
        self._tools = tools
        self._opened = opened
        self.closed = opened is not None
        self._open = pn.widgets.Button(label="Show this figure", stylesheets=[look.LINK], margin=0, visible=self.closed)
        self.body = pn.Column(self._sentence.pane, self._open, self._plot, tools, self._table, self._about, sizing_mode="stretch_width", margin=0)
        if opened is None:
            self._sentence.say(WAITING)
        else:
            tools.visible = False
            self._open.js_on_click(code=BUSY)
            self._open.on_click(lambda event: self.ask())

    @property
    def waiting(self) -> bool:
        """Whether it is to be drawn and has not been given an answer yet."""
        return self._answer is None and not self.closed

    def ask(self) -> None:
        """Have the figure drawn, where it is drawn on request only."""
        if self.closed and self._opened is not None:
            with in_order():
                self.closed = self._open.visible = False
                self._sentence.say(WAITING)
                self._opened(self.name)
                self._tools.visible = True

    def show(self, answer: Answer) -> None:
        """The same card with another answer."""
        self._answer = answer
        reason = self._chart.unable(answer)
        self._sentence.say(f"<p class='{'reason' if reason else 'sentence'}'>{reason or self._chart.says(answer)}</p>{said(answer)}")
        if reason:
            self._plot.visible = False
            if self._drawing is not None:
                self._drawing.update(BLANK)  # what is hidden is still in the page: it keeps no figures of another cohort
        elif self._drawing is None:
            self._drawing = READY.take(self.name)
            self._drawing.update(self._chart.frame(answer))
            self._plot.append(pn.pane.Bokeh(self._drawing.figure, sizing_mode="stretch_width", margin=0))
            self._plot.visible = True
        else:
            self._drawing.update(self._chart.frame(answer))
            self._plot.visible = True
        self._foot.say(f"<span class='foot'>{self._footnote(answer)}</span>")
        self._picture.follow()
        if self._table.visible:
            _say(self._table, as_table(answer))

    def _footnote(self, answer: Answer) -> str:
        definition = answer.definition
        parts = [f"{definition.title.lower() if definition.title[1:2].islower() else definition.title}, version {definition.version}"]
        drawn = any(entry.name == "resamples" for entry in definition.parameters)
        how = "courses drawn again and again" if drawn else "clustered by therapist" if "lower" in definition.values else "counts"
        parts.append("your courses only" if answer.own else how)
        return " · ".join((*parts, *answer.unseen))

    def _open_table(self, event: object) -> None:
        _say(self._table, as_table(self._answer) if self._as_table.value and self._answer is not None else "")
        self._table.visible = self._as_table.value

    def _open_about(self, event: object) -> None:
        _say(self._about, about(self._answer) if self._as_about.value and self._answer is not None else "")
        self._about.visible = self._as_about.value

    def _export(self) -> io.StringIO:
        try:
            return io.StringIO(self._answer.exported("csv").csv() if self._answer is not None else "")
        except NotAllowed as refusal:
            return io.StringIO(f"# Nothing was exported. {refusal}\n")


def _say(pane: pn.pane.HTML, text: str) -> None:
    if pane.object != text:
        pane.object = text
