"""A blank figure rendered once, and any number of copies of it: rendering is what a figure costs, and every session needs the same blank ones.

HoloViews draws the first. The copies share no model with each other (`copied.py`), and the first is given to nobody.
"""

from __future__ import annotations

from collections.abc import Callable

from process.charts.copied import Twins, copied
from process.charts.drawing import Drawing


class Mould:
    """Copies of the figure that `render` draws; it is drawn when the first copy is wanted."""

    def __init__(self, render: Callable[[], Drawing]) -> None:
        self._render = render
        self._first: Drawing | None = None

    def cast(self) -> Drawing:
        """A figure that nobody else has, the same in everything but the names of its models."""
        if self._first is None:
            self._first = self._render()
        twins: Twins = {}
        figure = copied(self._first.figure, twins)
        return Drawing.of(figure, {layer: twins[source] for layer, source in self._first.sources.items()}, self._first.kinds)  # type: ignore[misc]
