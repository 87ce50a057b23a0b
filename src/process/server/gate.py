"""The one place every request passes: pages and websockets through Bokeh's AuthProvider, what that cannot reach through handlers of our own.

A session belongs to the person whose signed cookie asked for the page. Bokeh would let a link bring its own session id, and would give a page's
websocket to any signed-in person who holds its token; both are refused here. Autoload, metadata and REST endpoints do not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import get_token_payload
from tornado.web import HTTPError, RequestHandler, decode_signed_value
from tornado.websocket import WebSocketHandler

from process.errors import NotAllowed
from process.pages import NAVIGATION
from process.server.people import People, PersonalLinks

COOKIE = "therapy_process"
SHIFT_DAYS = 0.5
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Gate(AuthProvider):
    """Who a request comes from, or nobody: the signed cookie's user, as long as the table of people knows that user."""

    def __init__(self, people: People, secret: str) -> None:
        self._people = people
        self._secret = secret
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """Bokeh asks this for every page and every websocket."""
        return self._user

    @property
    def login_url(self) -> str:
        """Where somebody who is not signed in is sent."""
        return "/sign-in"

    def user_of(self, cookies: dict[str, str]) -> str | None:
        """The user of a request's cookies, None when the cookie is missing, forged or out of date, or the person is not known any more."""
        value = cookies.get(COOKIE)
        signed = decode_signed_value(self._secret, COOKIE, value, max_age_days=SHIFT_DAYS) if value else None
        if signed is None:
            return None
        try:
            return self._people.viewer(signed.decode()).user
        except NotAllowed:
            return None

    def _user(self, handler: RequestHandler) -> str | None:
        request = handler.request
        if {"bokeh-session-id", "bokeh-token"} & set(request.arguments) or "Bokeh-Session-Id" in request.headers:
            raise HTTPError(403, reason="A session cannot be brought along")
        user = self.user_of({name: morsel.value for name, morsel in request.cookies.items()})
        if isinstance(handler, WebSocketHandler):
            return user if user is not None and user == self._user_of_token(handler) else None
        for name, value in HEADERS.items():
            handler.set_header(name, value)
        return user

    def _user_of_token(self, handler: RequestHandler) -> str | None:
        """The user for whom the page was made whose token this websocket shows; its signature is checked by Bokeh before the socket opens."""
        protocols = [part.strip() for part in handler.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if len(protocols) != 2:
            return None
        try:
            payload: dict[str, Any] = get_token_payload(protocols[1])  # type: ignore[arg-type]
        except Exception:  # whatever a forged token breaks on, it is nobody's
            return None
        return self.user_of(payload.get("cookies", {}))


class Plain(RequestHandler):
    """A small page of our own, with the gate's headers and nothing from anywhere else."""

    def set_default_headers(self) -> None:
        """The same headers as every page."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def say(self, status: int, title: str, text: str) -> None:
        """Write a page that says one thing."""
        self.set_status(status)
        self.write(
            f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>{title}</title>"
            "<style>body{font:17px/1.5 system-ui,sans-serif;max-width:36em;margin:12vh auto;padding:0 1em;color:#1f2933}a{color:#0072b2}</style>"
            f"<main><h1>{title}</h1><p>{text}</p></main></html>"
        )

    def write_error(self, status_code: int, **_: Any) -> None:
        """An error in words."""
        self.say(status_code, "This did not work", "The server could not answer this request. <a href='/'>Back to the dashboards</a>")


class Health(Plain):
    """Answers without sign-in and says nothing about the records."""

    def get(self) -> None:
        """`{"status": "ok"}` while the server runs."""
        self.write({"status": "ok"})


class Home(Plain):
    """The first page."""

    def get(self) -> None:
        """The overview comes later; until then the alliance page."""
        self.redirect("/alliance")


class Tidy(Plain):
    """A page's address with a slash too many: Bokeh would serve the page there, with every relative address in it wrong."""

    def get(self, page: str) -> None:
        """To the page itself, with the filters of its link."""
        self.redirect(f"/{page}{'?' + self.request.query if self.request.query else ''}")


class Unknown(Plain):
    """Any address that is not a page."""

    def prepare(self) -> None:
        """Name the pages there are."""
        pages = ", ".join(f"<a href='/{name}'>{label}</a>" for name, label in NAVIGATION.items())
        self.say(404, "There is no such page", f"The pages are {pages}.")
        self.finish()


class SignIn(Plain):
    """Where nobody in particular ends up."""

    def get(self) -> None:
        """How to get in."""
        self.say(401, "Please sign in", "Open the personal link that was printed when the server started.")


class Enter(Plain):
    """A personal link of the demo's made-up people: it signs in, and goes on to the pages."""

    def initialize(self, links: PersonalLinks) -> None:
        """The links that are valid since this start."""
        self.links = links

    def get(self, key: str) -> None:
        """Sign in whoever holds the key."""
        user = self.links.user(key)
        if user is None:
            self.say(403, "This link is not valid any more", "Personal links are made anew whenever the server starts. Use the one printed last.")
            return
        self.set_signed_cookie(COOKIE, user, expires_days=SHIFT_DAYS, httponly=True, samesite="Lax", secure=self.request.protocol == "https")
        self.redirect("/")


class Leave(Plain):
    """Sign out."""

    def get(self) -> None:
        """Forget the cookie."""
        self.clear_cookie(COOKIE)
        self.say(200, "You are signed out", "Open your personal link to come back.")
