"""A measure as a chart: how its answer becomes a frame and a sentence, and the figure that a session prepares from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import holoviews as hv

from process.access import Answer
from process.charts.beside import said
from process.charts.drawing import Drawing, compose
from process.charts.layers import BLANK, Frame, Layer
from process.charts.mould import Mould
from process.charts.words import unable


@dataclass(frozen=True)
class Chart:
    """How one measure is drawn and put into words; `wide` = the card takes the page's whole width.

    `says_rounded` = the sentence where an exported answer is all that is known: there are no notes then, and headlines are rounded (None = `says`);
    `counts` = the column of counts that it is drawn from, where it draws no estimate.
    """

    layers: tuple[Layer, ...]
    frame: Callable[[Answer], Frame]
    says: Callable[[Answer], str]
    height: int = 320
    xlabel: str = ""
    ylabel: str = ""
    wide: bool = False
    grid: bool = True
    describes: str = ""
    lacks: Callable[[Answer], str] = lambda answer: ""
    says_rounded: Callable[[Answer], str] | None = None
    counts: str = ""

    def unable(self, answer: Answer) -> str:
        """Why there is nothing to draw, in words; empty when there is something."""
        return unable(answer) or self.lacks(answer)

    @cached_property
    def _mould(self) -> Mould:
        return Mould(lambda: Drawing(self.layers, BLANK, self.height, self.xlabel, self.ylabel, self.grid))

    def blank(self) -> Drawing:
        """The figure of one session, prepared and without data."""
        return self._mould.cast()

    def figure(self, answer: Answer) -> hv.Overlay:
        """The figure of one answer as a HoloViews object, as notebooks show it."""
        frame = BLANK if self.unable(answer) else self.frame(answer)
        return compose(self.layers, frame, self.height, self.xlabel, self.ylabel, self.grid)

    def sentence(self, answer: Answer) -> str:
        """The sentence, or why there is none; after it what the clinic's benchmark says, for whoever has one."""
        return (self.unable(answer) or self.says(answer)) + said(answer)
