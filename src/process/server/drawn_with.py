"""What pages are drawn with, Bokeh's and Panel's own: of known kinds and from known folders, and nothing else that these libraries would hand out."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from bokeh.server.views.ico_handler import IcoHandler
from bokeh.server.views.multi_root_static_handler import MultiRootStaticHandler
from bokeh.server.views.static_handler import StaticHandler
from tornado.web import HTTPError

from process.server.headers import Guarded

DRAWN_WITH = (".js", ".css", ".woff", ".woff2", ".ttf", ".svg", ".png")
FOLDERS = {"js", "lib", "panel"}
HOUR = 3600


class Library(Guarded):
    """Scripts, styles, fonts and pictures that pages are drawn with: of known kinds and places, the same for everybody, so that a browser may keep them."""

    async def prepare(self) -> None:
        """Nothing but a file of a known kind, in a known folder."""
        await super().prepare()
        path = PurePosixPath(self.path_args[0] if self.path_args else "")
        if path.suffix not in DRAWN_WITH or path.parts[0] not in FOLDERS or any(part.startswith(".") or not part.isprintable() for part in path.parts):
            raise HTTPError(404)

    def get_cache_time(self, path: str, modified: Any, mime_type: str) -> int:
        """An hour, or for good where the address says which version it is."""
        return max(HOUR, super().get_cache_time(path, modified, mime_type))  # type: ignore[misc]


class OfBokeh(Library, StaticHandler):
    """Bokeh's own."""


class OfExtensions(Library, MultiRootStaticHandler):
    """Panel's own."""


class Icon(Guarded, IcoHandler):
    """The little picture in a browser's tab."""
