"""The range of therapy lengths: Bokeh's own slider, whose events arrive at once and one by one.

Panel's range widget waits 50 ms for more events (private: `Syncable._debounce`), and a value that it sends back while a newer one is on its way can
replace the newer one: a drag then ends with the handle in one place and the figures in another.
"""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
from bokeh.models import CustomJS, RangeSlider

Range = tuple[int, int]


class LengthRange:
    """A range slider over whole numbers; `pane` is what a layout takes, `moved` hears of every move of the user's hand."""

    def __init__(self, start: int, end: int, value: Range, moved: Callable[[Range], None], moving: str, stylesheets: list[str]) -> None:
        self.model = RangeSlider(
            start=start,
            end=end,
            value=value,
            step=1,
            show_value=False,
            tooltips=False,
            bar_color="#0067a3",
            stylesheets=list(stylesheets),
            sizing_mode="stretch_width",
            margin=(0, 9, 0, 9),
        )
        self.pane = pn.pane.Bokeh(self.model, sizing_mode="stretch_width", margin=0)
        self._moved = moved
        self._placing = False
        self.model.on_change("value", self._heard)
        self.model.js_on_change("value", CustomJS(code=moving))

    @property
    def limits(self) -> Range:
        """The ends of the scale."""
        return int(self.model.start), int(self.model.end)

    @property
    def value(self) -> Range:
        """Where both handles are."""
        low, high = self.model.value
        return round(low), round(high)

    def place(self, start: int, end: int, value: Range) -> None:
        """Put the scale and the handles somewhere, without that being a move; a hand on the range is not pushed back to where it was."""
        if (self.limits, self.value) != ((start, end), value):
            self._placing = True
            try:
                self.model.update(start=start, end=end, value=value)
            finally:
                self._placing = False

    def _heard(self, attr: str, old: object, new: object) -> None:
        if not self._placing:
            self._moved(self.value)
