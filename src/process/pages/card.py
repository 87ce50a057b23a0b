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
from process.pages.unfolding import Text

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
        self._opened = opened
        self.closed = opened is not None
        self.body = pn.Column(self._sentence.pane, sizing_mode="stretch_width", margin=0)
        if self.closed:
            self._open = pn.widgets.Button(label="Show this figure", stylesheets=[look.LINK], margin=0)
            self._open.js_on_click(code=BUSY)
            self._open.on_click(lambda event: self.ask())
            self.body.append(self._open)
        else:
            self._sentence.say(WAITING)
            self._furnish()

    def _furnish(self) -> None:
        """Put the figure's place and the tools on the card; a figure that nobody has asked for needs neither."""
        self._plot = pn.Column(sizing_mode="stretch_width", margin=0)
        self._foot = Said(look.TEXT)
        self._table = Text("As table", lambda: self._told(as_table), self._below, look.TABLE)
        self._about = Text("About this figure", lambda: self._told(about), self._below)
        self._picture = Picture(self.name, lambda: self._answer, self._below)
        csv = pn.widgets.FileDownload(
            callback=self._export, filename=f"{self.name}.csv", label="CSV", embed=False, auto=True, stylesheets=[look.LINK], margin=0
        )
        parts = (self._table.tool, self._about.tool, csv, self._picture.tool, self._foot.pane)
        self._tools = pn.Row(*parts, margin=0, stylesheets=[look.WRAP], sizing_mode="stretch_width")
        self.body.objects = [self._sentence.pane, self._plot, self._tools]

    def make_room(self) -> None:
        """Put the blank figure into its place, not shown, before the page is sent: in a page that is open Bokeh walks through everything for each new one."""
        if self._drawing is None:
            self._plot.visible = False
            self._put_in_place()

    def _put_in_place(self) -> Drawing:
        self._drawing = READY.take(self.name)
        self._plot.append(pn.pane.Bokeh(self._drawing.figure, sizing_mode="stretch_width", margin=0))
        return self._drawing

    def _below(self, part: pn.viewable.Viewable) -> None:
        self.body.insert(self.body.objects.index(self._tools) + 1, part)

    def _told(self, tell: Callable[[Answer], str]) -> str:
        return tell(self._answer) if self._answer is not None else ""

    @property
    def waiting(self) -> bool:
        """Whether it is to be drawn and has not been given an answer yet."""
        return self._answer is None and not self.closed

    def ask(self) -> None:
        """Have the figure drawn, where it is drawn on request only."""
        if self.closed and self._opened is not None:
            with in_order():
                self.closed = False
                self._sentence.say(WAITING)
                self._furnish()
                self._opened(self.name)

    def show(self, answer: Answer) -> None:
        """The same card with another answer."""
        self._answer = answer
        reason = self._chart.unable(answer)
        self._sentence.say(f"<p class='{'reason' if reason else 'sentence'}'>{reason or self._chart.says(answer)}</p>{said(answer)}")
        if reason:
            self._plot.visible = False
            if self._drawing is not None:
                self._drawing.update(BLANK)  # what is hidden is still in the page: it keeps no figures of another cohort
        else:
            drawing = self._drawing or self._put_in_place()
            drawing.update(self._chart.frame(answer))
            self._plot.visible = True
        self._foot.say(f"<span class='foot'>{self._footnote(answer)}</span>")
        self._picture.follow()
        self._table.follow()

    def _footnote(self, answer: Answer) -> str:
        definition = answer.definition
        parts = [f"{definition.title.lower() if definition.title[1:2].islower() else definition.title}, version {definition.version}"]
        drawn = any(entry.name == "resamples" for entry in definition.parameters)
        how = "courses drawn again and again" if drawn else "clustered by therapist" if "lower" in definition.values else "counts"
        parts.append("your courses only" if answer.own else how)
        return " · ".join(part for part in (*parts, *answer.unseen, answer.leaving_said) if part)

    def _export(self) -> io.StringIO:
        try:
            return io.StringIO(self._answer.exported("csv").csv() if self._answer is not None else "")
        except NotAllowed as refusal:
            return io.StringIO(f"# Nothing was exported. {refusal}\n")
