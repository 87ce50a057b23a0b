"""What goes with every answer, and what no request may bring: one mixin that every handler of the server has, Bokeh's and Panel's among them."""

from __future__ import annotations

import logging
from html import escape
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tornado.web import HTTPError, RequestHandler

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "therapy-process",
}
BROUGHT_ALONG = "bokeh-"
"""How the names of arguments and headers begin with which Bokeh lets a request bring its own session or token."""
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:36em;margin:12vh auto;padding:0 1em;color:#1f2933}a{color:#0067a3}"
    "label{display:block;margin:1em 0}input{display:block;font:inherit;width:100%;padding:.4em;box-sizing:border-box}button{font:inherit;padding:.4em 1.2em}"
)


class Guarded(RequestHandler):
    """The gate's headers on every answer, errors too; errors in words; no session or token brought along."""

    def set_default_headers(self) -> None:
        """Called by Tornado for every answer, and again when it turns into an error."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    async def prepare(self) -> None:
        """Refuse whatever would choose its own session, before anything else is looked at."""
        self._known_host()
        names = [*self.request.arguments, *self.request.headers]
        if any(name.lower().startswith(BROUGHT_ALONG) for name in names):
            raise HTTPError(403, reason="A session cannot be brought along")
        found = super().prepare()
        if found is not None:
            await found

    def _known_host(self) -> None:
        """A page of another name that leads to this address (DNS rebinding), and a proxy in front that nobody has declared, get nothing."""
        hosts, proxy = self.settings.get("known_hosts"), self.settings.get("behind_proxy", False)
        if hosts and _name(self.request.host) not in hosts:
            raise HTTPError(421)
        if not proxy and any(name in self.request.headers for name in FORWARDED):
            raise HTTPError(403, reason="A proxy in front has to be declared")

    def log_exception(self, kind: type | None, wrong: BaseException | None, trace: TracebackType | None) -> None:
        """Where it went wrong and with what kind of error; never the request or the error's text, which may hold what somebody typed or a value."""
        if not isinstance(wrong, HTTPError):
            frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(trace)[-6:]]
            logging.getLogger("therapy_process").error("An unexpected %s at %s", getattr(kind, "__name__", "error"), " < ".join(reversed(frames)))

    def say(self, status: int, title: str, html: str) -> None:
        """End the answer with a small page of our own that says one thing; `html` is ours or escaped."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1>{html}</main></html>"
        )

    def write_error(self, status_code: int, **_: Any) -> None:
        """An error in words; nothing of what went wrong inside."""
        if status_code == 503:
            self.say(
                503, "Try again in a moment", "<p>The server cannot do this just now. Load the page again; if that does not help, tell whoever runs it.</p>"
            )
            return
        self.say(status_code, "This did not work", "<p>The server could not answer this request. <a href='/'>Back to the dashboards</a></p>")


def _name(host: str) -> str:
    """The name in a `Host`, without its port; empty for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
