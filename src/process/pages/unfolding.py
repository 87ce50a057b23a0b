"""A part of a card that opens below its tools, such as the table: few are ever opened, so a page is sent without them."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from process.pages import look


class Unfolding:
    """A tool and the text that it opens. `text` gives what is to be read at the moment, `place` puts the pane on the card when it is first wanted."""

    def __init__(self, label: str, text: Callable[[], str], place: Callable[[pn.pane.HTML], None], *stylesheets: str) -> None:
        self.tool = pn.widgets.Toggle(label=label, stylesheets=[look.LINK], margin=0)
        self.pane: pn.pane.HTML | None = None
        self._text, self._place, self._stylesheets = text, place, [look.TEXT, *stylesheets]
        self.tool.param.watch(self._turned, "value")

    def _turned(self, event: object) -> None:
        if self.pane is None:
            self.pane = pn.pane.HTML("", stylesheets=self._stylesheets, sizing_mode="stretch_width", margin=0)
            self.follow()
            self._place(self.pane)
        else:
            self.pane.visible = self.tool.value
            self.follow()

    def follow(self) -> None:
        """Say what is to be read now; what is closed says nothing."""
        text = self._text() if self.tool.value else ""
        if self.pane is not None and self.pane.object != text:
            self.pane.object = text
