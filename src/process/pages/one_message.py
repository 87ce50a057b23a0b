"""What an answer changes on a page is sent in one message of text, not in one for every changed property.

Bokeh makes a message of each change: it lists every model of the page for it, once more each time, and sends its arrays as two frames apiece beside three of
its own. A move of the range changes some sixty properties. What is sent is Bokeh's own message, with more than one event, which BokehJS takes in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from bokeh.core.serialization import Ref, Serializer
from bokeh.document import Document
from bokeh.document.events import DocumentPatchedEvent
from bokeh.document.json import PatchJson
from bokeh.model import Model
from bokeh.protocol.messages.patch_doc import patch_doc

_gathering: WeakSet[Document] = WeakSet()
"""Documents whose changes are being gathered."""


@contextmanager
def together(document: Document) -> Iterator[None]:
    """Send the changes of this block in one message to whoever has the page open, and tell everybody else who listens of each as ever."""
    told = getattr(document.session_context, "session", None)
    # Nothing to do where nobody has it open, or this is not the code of a page, or what one change brings about changes more: then it goes with the first.
    if told is None or getattr(told, "_pending_writes", None) is None or document in _gathering:
        yield
        return
    changes: list[DocumentPatchedEvent] = []

    def collect(event: Any) -> None:
        if isinstance(event, DocumentPatchedEvent):
            changes.append(event)
        else:  # callbacks that were added or taken away
            event.dispatch(told)

    _gathering.add(document)
    document.remove_on_change(told)
    document.on_change(collect)
    try:
        yield
    finally:
        _gathering.discard(document)
        document.remove_on_change(collect)
        document.callbacks.on_change_dispatch_to(told)
        for connection in told._subscribed_connections:
            # What a page itself has changed is not sent back to it.
            new = [event for event in changes if event.setter is not told or connection is not told._current_patch_connection]
            if new:
                told._pending_writes.append(connection._socket.send_message(message(document, new)))


def message(document: Document, events: list[DocumentPatchedEvent]) -> patch_doc:
    """The message of these changes; an array is written into it."""
    serializer = _OfAPage(document)
    content = PatchJson(events=serializer.encode(events))
    document.models.flush_synced(lambda model: not serializer.has_ref(model))
    return patch_doc(patch_doc.create_header(), {}, content)


class _OfAPage(Serializer):
    """Writes a model that the page has as a reference, looked up when it is met."""

    def __init__(self, document: Document) -> None:
        super().__init__(deferred=False)
        self._page, self._new = document, document.models._new_models

    def get_ref(self, obj: Any) -> Ref | None:
        """The reference of a model that was sent before, in this message or an earlier one."""
        found = super().get_ref(obj)
        if found is None and isinstance(obj, Model) and obj.document is self._page and obj not in self._new:
            return obj.ref
        return found
