"""A stock Panel server, as its documentation sets one up, with made-up figures of two people: what each attack is first shown to work against.

Run by `stock_server` in a process of its own, on loopback: what it does to Panel's and Bokeh's settings stays there.
"""

from __future__ import annotations

import re
import sys

import panel as pn
from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

from process.server.headers import CONTENT_SECURITY_POLICY

SECRETS = {"ann": "figures-of-ann-4711", "bob": "figures-of-bob-4712"}
MARK = "<img src=x onerror=\"document.title='marked'\">"
SHOWS = {
    "markdown": lambda: pn.pane.Markdown(MARK, renderer="markdown"),
    "html": lambda: pn.pane.HTML(MARK),
    "str": lambda: pn.pane.Str(MARK),
    "alert": lambda: pn.pane.Alert(MARK),
    "card": lambda: pn.Card(title=MARK),
    "static": lambda: pn.widgets.StaticText(value=MARK),
}


class ByCookie(AuthProvider):
    """Whoever the signed cookie names; the simplest provider that Bokeh's documentation allows for."""

    @property
    def get_user(self):
        return lambda handler: (handler.get_secure_cookie("user") or b"").decode() or None

    @property
    def login_url(self):
        return "/enter"


class Enter(RequestHandler):
    def get(self):
        self.set_signed_cookie("user", self.get_query_argument("as", "ann"))
        self.finish("in")


def page():
    """Everybody's own figures, by the user of the session; a cache that everybody shares; a filter from the address."""
    user = (pn.state.curdoc.session_context.request.headers.get("X-Remote-User") or pn.state.user or "ann") if pn.state.curdoc else "ann"
    whose = re.sub(r"\W", "", user)
    cached = pn.state.as_cached("figures", lambda: SECRETS.get(whose, "nobody"))
    text = pn.widgets.TextInput(name="for", value=SECRETS.get(whose, "nobody"))
    pn.state.location.sync(text, {"value": "shown"})
    return pn.Column(text, pn.pane.HTML(f"<p>{SECRETS.get(whose, 'nobody')} cached {cached}</p>"))


if __name__ == "__main__":
    port, secret = int(sys.argv[1]), "0" * 32
    apps = {"page": page, **{f"show-{name}": made for name, made in SHOWS.items()}}
    if "policy" in sys.argv:  # the one thing of ours, to see what it stops by itself
        RequestHandler.set_default_headers = lambda self: self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    signing = {"sign_sessions": True, "secret_key": secret.encode()} if "signed" in sys.argv else {}
    pn.serve(
        apps,
        port=port,
        address="127.0.0.1",
        websocket_origin=[f"127.0.0.1:{port}"],
        show=False,
        cookie_secret=secret,
        auth_provider=ByCookie(),
        extra_patterns=[(r"/enter", Enter)],
        admin=True,
        session_history=-1,
        **signing,
    )
