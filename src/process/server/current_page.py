"""The page that code runs for is that page while it runs, and none afterwards, also where the code failed.

Bokeh's `patch_curdoc` takes a page back only where the code ended well (3.9: its `yield` stands in no `try`). What failed stays current: later code of no page
takes it for its own, and once it is gone the next page is made with "Patched curdoc has been previously destroyed" for the page before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bokeh.application.handlers import code
from bokeh.io import doc
from panel.io import handlers

USED_IN = (doc, code, handlers)
"""Modules that have it by name: that of callbacks looks it up in Bokeh's own each time."""


def begin() -> None:
    """From now on, for the whole process."""
    before = doc.patch_curdoc
    if not getattr(before, "takes_back", False):
        after = taking_back(before)
        for module in USED_IN:
            module.patch_curdoc = after  # type: ignore[attr-defined]


def taking_back(patch: Callable[[Any], AbstractContextManager[None]]) -> Callable[[Any], AbstractContextManager[None]]:
    """The same, ended each time as if the code had ended well; what it failed on goes on its way."""

    @contextmanager
    def patched(document: Any) -> Iterator[None]:
        current = patch(document)
        del document  # Bokeh keeps no page alive by this either
        current.__enter__()
        try:
            yield
        finally:
            current.__exit__(None, None, None)

    patched.takes_back = True  # type: ignore[attr-defined]
    return patched
