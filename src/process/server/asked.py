"""What of a page's patch is taken: what a person does with a widget, and how large figures are drawn. The rest is as if it had not been sent.

Bokeh takes any change of any model of a page's document, and makes on the server whatever stands in it: it unpacks what is packed (half a megabyte to some
hundred), asks numpy for an array of as many bytes as a text names, makes models, and reads the file whose path stands in place of a picture. So a patch is made
anew here, of plain values alone, before Bokeh sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bokeh.models import Model

SIZES = {"inner_width", "inner_height", "outer_width", "outer_height"}
CHANGED = {
    "CheckboxGroup": {"active"},
    "CustomSelect": {"value"},
    "FileDownload": {"clicks"},
    "RadioButtonGroup": {"active"},
    "Range1d": {"start", "end"},
    "RangeSlider": {"value", "value_throttled"},
    "Toggle": {"active"},
    "figure": SIZES,
}
"""What our pages change, by the kind of model; recorded from a browser in which everything was used. The copied link's label is the browser's own."""
HAPPENED = {"button_click", "document_ready"}
MOST = 100
"""Values of one list: a group has fewer choices, a range two ends."""


def asked(events: Iterable[Mapping[str, Any]], model_of: Callable[[Any], Model | None]) -> list[dict[str, Any]]:
    """The events of a patch that are taken, made anew; `model_of`: the page's model of an id. One that is not there is left for Bokeh to refuse."""
    found = (_happened(event) if event.get("kind") == "MessageSent" else _changed(event, model_of) for event in events)
    return [event for event in found if event is not None]


def _changed(event: Mapping[str, Any], model_of: Callable[[Any], Model | None]) -> dict[str, Any] | None:
    attr, new, whose = event.get("attr"), event.get("new"), _id(event.get("model"))
    if event.get("kind") != "ModelChanged" or whose is None or not isinstance(attr, str) or not _plain(new):
        return None
    model = model_of(whose)
    if model is not None and attr not in CHANGED.get(type(model).__name__, ()):
        return None
    return {"kind": "ModelChanged", "model": {"id": whose}, "attr": attr, "new": new}


def _happened(event: Mapping[str, Any]) -> dict[str, Any] | None:
    told = event.get("msg_data")
    name = told.get("name") if event.get("msg_type") == "bokeh_event" and isinstance(told, dict) else None
    if name not in HAPPENED:
        return None
    values = []
    if name == "button_click":
        entries = told["values"].get("entries") if isinstance(told.get("values"), dict) else None
        whose = next((_id(entry[1]) for entry in entries or () if isinstance(entry, list) and len(entry) == 2 and entry[0] == "model"), None)
        if whose is None:
            return None
        values = [["model", {"id": whose}]]
    return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": {"type": "event", "name": name, "values": {"type": "map", "entries": values}}}


def _id(model: Any) -> str | None:
    found = model.get("id") if isinstance(model, dict) and set(model) == {"id"} else None
    return found if isinstance(found, str) else None


def _plain(value: Any) -> bool:
    """Whether a value is what JSON itself has, a list of such at most: nothing that Bokeh would make something of."""
    if isinstance(value, list):
        return len(value) <= MOST and all(not isinstance(each, list) and _plain(each) for each in value)
    return value is None or isinstance(value, bool | int | float | str)
