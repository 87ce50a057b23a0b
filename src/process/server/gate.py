"""The one place that says who a request comes from: every handler asks it, Bokeh's own through its `AuthProvider`.

A browser holds a signed cookie with a random id and nothing else. The id names a sign-in in the server's table, and that a person in the table of people; both
are looked at again for every request, every websocket and every question of an open page. Claims, other cookies, links and widgets are never read for it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler, decode_signed_value

from process.access import Viewer
from process.errors import NotAllowed
from process.pages.session import Opening, Staying
from process.people import Directory, TableUnreadable
from process.people.people import WRONG
from process.server.known_browsers import KnownBrowsers
from process.server.pace import Allowances
from process.server.sessions import SignIn, SignIns, key_of
from process.server.tickets import Tickets

ENDED = "You were signed out. Sign in again to go on."
FOUND = "_therapy_process_signed_in"
SAYS_FROM_WHERE = "Sec-Fetch-Site"


class Vouching(Protocol):
    """A proxy that says with every request who it has signed in."""

    def user(self, handler: RequestHandler) -> str | None:
        """The user that this request's proxy vouches for; None where it names none or is not the declared one."""


@dataclass(frozen=True)
class Cookie:
    """The one cookie. Over TLS its name makes a browser refuse one that another host or an unencrypted page has set."""

    secure: bool

    @property
    def name(self) -> str:
        """Its name: RFC 6265bis, section 4.1.3.2, for the prefix."""
        return "__Host-therapy_process" if self.secure else "therapy_process"

    @property
    def options(self) -> dict[str, Any]:
        """How it is set; it ends with the browser, and its sign-in sooner."""
        return {"httponly": True, "secure": self.secure, "samesite": "Lax", "path": "/", "expires_days": None}


class Gate(AuthProvider):
    """Who is let in. `origins`: the addresses of our own pages; `note`: writes to the audit log; `require`: raises `LogProblem` while it cannot be written;
    `proxy`: who vouches, where that is the way to sign in."""

    def __init__(
        self,
        people: Directory,
        signed_in: SignIns,
        tickets: Tickets,
        secret: str,
        *,
        cookie: Cookie,
        origins: tuple[str, ...],
        note: Callable[..., None] = lambda kind, viewer, **about: None,
        require: Callable[[], None] = lambda: None,
        proxy: Vouching | None = None,
        warn: float = 180.0,
    ) -> None:
        self.people, self.table, self.tickets, self.cookie, self.origins, self.note, self.proxy = people, signed_in, tickets, cookie, origins, note, proxy
        self._secret, self._warn, self.require_log = secret, warn, require
        self.known_browsers, self.allowances = KnownBrowsers(secret, cookie.name, cookie.options), Allowances()
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """Bokeh asks this for every page and every websocket."""
        return self._user

    @property
    def login_url(self) -> str:
        """Where somebody who is not signed in is sent."""
        return "/sign-in"

    def _user(self, handler: RequestHandler) -> str | None:
        found = self.signed_in(handler)
        return found.user if found is not None else None

    def signed_in(self, handler: RequestHandler) -> SignIn | None:
        """The sign-in of this request, looked up once; None when there is none, or it has ended, or the proxy does not vouch for the same person."""
        if not hasattr(handler, FOUND):
            setattr(handler, FOUND, self._find(handler))
        return getattr(handler, FOUND)

    def _find(self, handler: RequestHandler) -> SignIn | None:
        morsel = handler.request.cookies.get(self.cookie.name)
        signed = decode_signed_value(self._secret, self.cookie.name, morsel.value, max_age_days=self.table.shift / 86400) if morsel else None
        found = self.open(key_of(signed.decode("ascii", "replace"))) if signed else None
        if self.proxy is None:
            return found
        vouched = self.proxy.user(handler)
        if found is not None and vouched is not None and found.user != vouched:  # somebody else sits at this browser now: the pages left open are not theirs
            self.end(found.key, "sign-out")
        return found if found is not None and found.user == vouched else None

    def open(self, key: str) -> SignIn | None:
        """The sign-in of that key, as long as it lasts and what its person may see is what it was when they signed in."""
        found = self.table.look(key)
        if found is None:
            return None
        try:
            same = self.people.epoch(found.user) == found.epoch
        except TableUnreadable:  # nobody is let in meanwhile; nobody has been taken out of it
            return None
        except NotAllowed:
            same = False
        if not same:
            self.end(key, "revoked")
        return found if same else None

    def viewer(self, key: str) -> Viewer:
        """As whom an open page looks now; `NotAllowed` once its sign-in has ended. Asked at every question."""
        found = self.open(key)
        if found is None:
            raise NotAllowed(ENDED)
        return self.people.viewer(found.user)

    def begin(self, handler: RequestHandler, user: str, way: str, *, epoch: str | None = None, subject: str = "", elsewhere: str = "") -> None:
        """Sign that verified user in, under a new id; whoever this browser was before is signed out.

        `epoch`: that of the entry that a password was verified against. `NotAllowed` for anyone not in the table of people, or who has changed since then.
        """
        viewer, now = self.people.viewer(user), self.people.epoch(user)
        if epoch is not None and epoch != now:
            raise NotAllowed(WRONG)
        self.table.require()
        self.note("signed_in", viewer, how=way)
        before = self.signed_in(handler)
        if before is not None:
            self.end(before.key, "sign-out")
        drawn = self.table.begin(user, now, way, subject=subject, elsewhere=elsewhere)
        handler.set_signed_cookie(self.cookie.name, drawn, **self.cookie.options)
        setattr(handler, FOUND, self.open(key_of(drawn)))

    def opening(self, session: str) -> Opening:
        """What a page that is being made is told; `NotAllowed` for a session that this server did not begin for somebody who is signed in."""
        ticket = self.tickets.of(session)
        found = self.open(ticket.key) if ticket is not None else None
        if ticket is None or found is None:
            raise NotAllowed(ENDED)
        return Opening(partial(self.viewer, ticket.key), ticket.query, self.staying(found))

    def staying(self, found: SignIn) -> Staying:
        """What a page tells its reader of the sign-in's end."""
        idle, shift = self.table.left(found)
        return Staying(self.form_token(found.key), round(idle), round(shift), round(self._warn))

    def end(self, key: str, why: str) -> None:
        """End a sign-in; its open pages are closed by the watch over them, in every process."""
        self.tickets.drop_unused(key)
        self.table.end(key, why)

    def form_token(self, key: str) -> str:
        """What a form or a script of this sign-in's own pages sends along, and no other site can know."""
        return hmac.new(self._secret.encode(), f"form {key}".encode(), hashlib.sha256).hexdigest()

    def own_form(self, handler: RequestHandler, key: str, token: str) -> bool:
        """Whether a request that changes something comes from our own page and this sign-in."""
        return self.from_here(handler) and hmac.compare_digest(self.form_token(key).encode(), token.encode())

    def from_here(self, handler: RequestHandler) -> bool:
        """Whether a request comes from a page of ours, as far as its browser says; `Origin: null` is what a form sends under our Referrer-Policy."""
        site, origin = handler.request.headers.get(SAYS_FROM_WHERE, "same-origin"), handler.request.headers.get("Origin", "null")
        return site in ("same-origin", "none") and (origin == "null" or origin.lower() in self.origins)

    def own_origin(self, origin: str) -> bool:
        """Whether a websocket's origin is one of ours, scheme, host and port."""
        return origin.lower() in self.origins
