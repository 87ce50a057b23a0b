"""A blank figure rendered once, and any number of copies of it: rendering is what a figure costs, and every session needs the same blank ones.

HoloViews draws the first. The copies are Bokeh's own: the figure written in Bokeh's protocol, as for a browser, and read again under new names. They share no
model with each other, and the first is given to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bokeh.core.serialization import Deserializer, Serializer
from bokeh.util.serialization import make_id

from process.charts.drawing import Drawing
from process.charts.layers import Kind


class Mould:
    """Copies of the figure that `render` draws; it is drawn when the first copy is wanted."""

    def __init__(self, render: Callable[[], Drawing]) -> None:
        self._render = render
        self._form: tuple[Any, dict[str, str], dict[str, Kind]] | None = None

    def cast(self) -> Drawing:
        """A figure that nobody else has, the same in everything but the names of its models."""
        if self._form is None:
            first = self._render()
            self._form = Serializer().encode(first.figure), {layer: source.id for layer, source in first.sources.items()}, first.kinds
        form, places, kinds = self._form
        names: dict[str, str] = {}
        figure = Deserializer().decode(_renamed(form, names))
        models = {model.id: model for model in figure.references()}
        return Drawing.of(figure, {layer: models[names[place]] for layer, place in places.items()}, kinds)


def _renamed(part: Any, names: dict[str, str]) -> Any:
    """A part of the written figure with another name for each model; `names` holds old → new and grows on the way."""
    if isinstance(part, dict):  # a model's data are written as lists of pairs, so that "id" is never anything of theirs
        return {key: names.setdefault(value, make_id()) if key == "id" and isinstance(value, str) else _renamed(value, names) for key, value in part.items()}
    return [_renamed(value, names) for value in part] if isinstance(part, list | tuple) else part
