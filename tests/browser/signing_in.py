"""A person in a browser context of their own, and what must not happen in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext
from tests.browser.dashboard import READING, Dashboard
from tests.browser.serving import Served

DESK = {"width": 1440, "height": 1000}
PATIENCE = 120_000
"""Milliseconds until what does not come has failed: on a machine that ten others use a page takes more than twenty seconds."""


@dataclass
class Watch:
    """What must not happen while a page is used: a warning in the console, a request to another host, a response that is an error."""

    address: str
    troubles: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every tab of a context."""
        context.on("console", lambda line: self._note(line.type in ("warning", "error"), f"console {line.type}: {line.text}"))
        context.on("weberror", lambda error: self._note(True, f"uncaught: {error.error} {getattr(error.error, 'stack', '')[:600]}"))
        context.on("request", lambda request: self._note(not self._ours(request.url), f"request to another host: {request.url}"))
        context.on("response", lambda response: self._note(response.status >= 400, f"{response.status}: {response.url}"))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(not self._ours(socket.url), f"socket to another host: {socket.url}")))

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.troubles.append(what)

    def _ours(self, url: str) -> bool:
        return urlsplit(url).scheme in ("data", "blob", "about") or urlsplit(url).netloc == urlsplit(self.address).netloc


WATCHES: list[Watch] = []


def signed_in(browser: Browser, served: Served, name: str, **options: object) -> tuple[BrowserContext, Dashboard]:
    """A new context of the person whose link this is, watched, and a tab in it that shows nothing yet."""
    context = browser.new_context(**({"viewport": DESK, "accept_downloads": True} | options))
    context.set_default_timeout(PATIENCE)
    context.add_init_script(READING)
    watch = Watch(served.address)
    watch.over(context)
    WATCHES.append(watch)
    # The link itself signs in; where it leads to is opened by whoever needs it.
    context.request.get(served.links[name], max_redirects=0)
    return context, Dashboard(context.new_page(), served.address)
