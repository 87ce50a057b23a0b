"""The server: pages behind one gate. What needs Panel, which takes seconds to import, is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from process.server.settings import ServerSettings, told

if TYPE_CHECKING:
    from process.server.people import People
    from process.server.serve import demo_people, serve

__all__ = ["People", "ServerSettings", "demo_people", "serve", "told"]


def __getattr__(name: str) -> Any:
    """The server itself, and its made-up people."""
    if name == "People":
        from process.server.people import People

        return People
    if name in ("demo_people", "serve"):
        import importlib

        module = importlib.import_module("process.server.serve")
        globals().update(demo_people=module.demo_people, serve=module.serve)  # the submodule of that name would stand in its place
        return globals()[name]
    raise AttributeError(name)
