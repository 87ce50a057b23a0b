"""The look of the pages: `styles/page.css` for the page, one small stylesheet for each kind of thing that Panel draws."""

from __future__ import annotations

from datetime import date
from html import escape
from importlib import resources

__all__ = ["ASIDE", "CHIP", "CHOICE", "LINK", "LOG", "METHODS", "PAGE", "RANGE", "SIGNED_IN", "TABLE", "TEXT", "WIDGET", "WRAP", "day", "escape"]


def _style(name: str) -> str:
    return resources.files("process.pages").joinpath("styles", f"{name}.css").read_text("utf-8")


PAGE = _style("page")
TEXT = _style("text")
ASIDE = _style("aside")
TABLE = _style("table")
LINK = _style("link")
CHIP = _style("chip")
WIDGET = _style("widget")
RANGE = _style("range")
CHOICE = _style("choice")
WRAP = _style("wrap")
METHODS = _style("methods")
SIGNED_IN = resources.files("process.pages").joinpath("signed_in.js").read_text("utf-8")
"""The script that tells a reader when their sign-in ends, and takes the figures away when it has."""
LOG = _style("log")


def day(iso: str) -> str:
    """A date as people read it: 16 Nov 2026."""
    return f"{date.fromisoformat(iso):%d %b %Y}".lstrip("0")
