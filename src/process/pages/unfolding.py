"""A part of a card that opens below its tools, such as the table: few are ever opened, so a page is sent without them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import panel as pn

from process.pages import look

Place = Callable[[pn.viewable.Viewable], None]


class Unfolding(ABC):
    """A tool, and what it opens: made when it is first wanted, put on the card by `place`, and from then on shown and hidden."""

    def __init__(self, label: str, place: Place) -> None:
        self.tool = pn.widgets.Toggle(label=label, stylesheets=[look.LINK], margin=0)
        self.pane: pn.viewable.Viewable | None = None
        self._place = place
        self.tool.param.watch(self._turned, "value")

    def _turned(self, event: object) -> None:
        if self.pane is None:
            self.pane = self.made()
            self.follow()
            self._place(self.pane)
        else:
            self.pane.visible = self.tool.value
            self.follow()

    @abstractmethod
    def made(self) -> pn.viewable.Viewable:
        """What is opened, still without anything of an answer."""

    @abstractmethod
    def follow(self) -> None:
        """Say what there is to say of the card's present answer, where this is open."""


class Text(Unfolding):
    """A text to be read; `text` gives it as it is at the moment. What is closed says nothing."""

    def __init__(self, label: str, text: Callable[[], str], place: Place, *stylesheets: str) -> None:
        super().__init__(label, place)
        self._text, self._stylesheets = text, [look.TEXT, *stylesheets]

    def made(self) -> pn.pane.HTML:
        """An empty text."""
        return pn.pane.HTML("", stylesheets=self._stylesheets, sizing_mode="stretch_width", margin=0)

    def follow(self) -> None:
        """Say what is to be read now."""
        text = self._text() if self.tool.value else ""
        if self.pane is not None and self.pane.object != text:
            self.pane.object = text
