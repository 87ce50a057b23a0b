"""Text that changes with every move: a plain Bokeh `Div`, of which only the text is sent.

Panel's HTML pane would send its stylesheets again with every text, and Bokeh would then walk through the whole document to look for new models.
"""

from __future__ import annotations

import panel as pn
from bokeh.models import Div


class Said:
    """A piece of HTML on a page; `pane` is what a layout takes, `say` changes the text."""

    def __init__(self, *stylesheets: str) -> None:
        self._model = Div(text="", stylesheets=list(stylesheets), disable_math=True, sizing_mode="stretch_width", margin=0)
        self.pane = pn.pane.Bokeh(self._model, sizing_mode="stretch_width", margin=0)

    @property
    def text(self) -> str:
        """What is said now."""
        return self._model.text

    def say(self, text: str) -> None:
        """Say something else; the same text again sends nothing."""
        if self._model.text != text:
            self._model.text = text
