"""Signing in by local account or personal link, staying, and signing out: pages of our own that fetch nothing from anywhere."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from html import escape

from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from process.errors import LogProblem, NotAllowed
from process.pages import NAVIGATION
from process.people.people import WRONG
from process.server.bounded_table import NotNow
from process.server.gate import Gate
from process.server.headers import Guarded
from process.server.pace import Pace
from process.server.people import PersonalLinks

VERIFIED_AT_ONCE = 2
WAITING = 50
"""Sign-ins that wait for their turn at most; each takes a tenth of a second, so that nobody waits longer than some seconds."""
TOKEN = "X-Signed-In"


def wanted(text: str) -> str:
    """Where somebody is sent once signed in: one of our own pages with its filters, whatever the address asked for."""
    path, mark, query = text.partition("?")
    return f"{path}{mark}{query}" if path.removeprefix("/") in NAVIGATION and path.startswith("/") and text.isprintable() else "/"


class Gated(Guarded):
    """A page of our own that knows the gate."""

    def initialize(self, gate: Gate) -> None:
        """The gate that says who asks."""
        self.gate = gate


class Enter(Gated):
    """A personal link of the demo's made-up people: it signs in, and goes on to the pages."""

    def initialize(self, gate: Gate, links: PersonalLinks) -> None:
        """The links that are valid since this start."""
        super().initialize(gate)
        self.links = links

    def get(self, key: str) -> None:
        """Sign in whoever holds the key."""
        user = self.links.user(key)
        if user is None:
            self.gate.note("sign_in_refused", None, how="personal link", why="no such link")
            self.say(403, "This link is not valid any more", "<p>Personal links are made anew whenever the server starts. Use the one printed last.</p>")
            return
        self.gate.begin(self, user, "personal link")
        self.redirect("/")


class AskLink(Gated):
    """Where nobody in particular ends up while people sign in by personal links."""

    def get(self) -> None:
        """How to get in."""
        self.say(401, "Please sign in", "<p>Open the personal link that was printed when the server started.</p>")


class LocalAccount(Gated):
    """User name and password. Whatever is wrong, the answer is the table's one sentence, after the same time."""

    turns = ThreadPoolExecutor(VERIFIED_AT_ONCE, thread_name_prefix="sign-in")
    waiting = 0
    pace = Pace()

    def get(self) -> None:
        """The form."""
        self._form(401)

    async def post(self) -> None:
        """Sign in. The form carries what its own page was given, so that no other site can sign a browser in."""
        self.check_xsrf_cookie()
        if not self.gate.from_here(self):
            raise HTTPError(403)
        user, password = self.get_body_argument("user", ""), self.get_body_argument("password", "", strip=False)
        if self.request.protocol == "https" and not self.settings.get("behind_proxy", False) and not self.pace.allows(self.request.remote_ip or ""):
            self._form(429, "Too many sign-ins come from this address. Try again in a minute.")
            return
        if LocalAccount.waiting >= WAITING:
            self._form(503, "Many people are signing in. Try again in a few seconds.")
            return
        try:
            self.gate.require_log()  # before any password is looked at, so that right and wrong ones are answered alike
            self.gate.table.require()
        except (LogProblem, NotNow) as problem:
            self._form(503, str(problem))
            return
        LocalAccount.waiting += 1
        try:
            browser = self.gate.known_browsers.of(self, user, self.gate.people)
            viewer, epoch = await asyncio.get_running_loop().run_in_executor(self.turns, self.gate.people.verified, user, password, browser)
            self.gate.begin(self, viewer.user, "local", epoch=epoch)
            self.gate.known_browsers.remember(self, viewer.user, epoch)
        except (LogProblem, NotNow):  # found out only now: what a wrong password is answered
            self._form(401, WRONG)
            return
        except NotAllowed as refused:
            self._form(401, str(refused))
            IOLoop.current().add_callback(self._refused, user)  # after the answer: how long it takes to write tells nobody who is known
            return
        finally:
            LocalAccount.waiting -= 1
        self.redirect(wanted(self.get_body_argument("next", "/")), status=303)

    def _refused(self, user: str) -> None:
        try:
            self.gate.note("sign_in_refused", self._known(user), how="local", why="wrong name or password, or locked")
        except LogProblem:
            pass  # the log says itself that it cannot be written

    def _known(self, user: str) -> str | None:
        """The user's name for the log, when it is one; what somebody typed into the wrong field never gets there."""
        try:
            return self.gate.people.viewer(user).user
        except NotAllowed:
            return None

    def _form(self, status: int, said: str = "") -> None:
        back = escape(wanted(self.get_argument("next", "/")))
        self.say(
            status,
            "Please sign in",
            (f"<p role=alert><strong>{escape(said)}</strong></p>" if said else "")
            + f"<form method=post action=/sign-in autocomplete=on>{self.xsrf_form_html()}<input type=hidden name=next value='{back}'>"
            "<label>User name<input name=user autocomplete=username autocapitalize=none spellcheck=false required maxlength=100 autofocus></label>"
            "<label>Password<input name=password type=password autocomplete=current-password required maxlength=1000></label>"
            "<button>Sign in</button></form>",
        )


class Leave(Gated):
    """Sign out: by a form of our own pages alone. `elsewhere`: where the identity provider or the proxy ends its own session, where it says so."""

    def initialize(self, gate: Gate, elsewhere: str = "") -> None:
        """The gate, and where else one signs out."""
        super().initialize(gate)
        self.elsewhere = elsewhere

    def get(self) -> None:
        """Ask, because an address that signs out could be put into any page."""
        found = self.gate.signed_in(self)
        if found is None:
            self._said()
            return
        token = self.gate.form_token(found.key)
        self.say(200, "Sign out?", f"<form method=post action=/sign-out><input type=hidden name=token value='{token}'><button>Sign out</button></form>")

    def post(self) -> None:
        """End the sign-in: its cookie is worth nothing any more, and its open pages are closed."""
        found = self.gate.signed_in(self)
        if found is not None:
            if not self.gate.own_form(self, found.key, self.get_body_argument("token", "")):
                raise HTTPError(403)
            self.gate.end(found.key, "sign-out")
        self._said()

    def _said(self) -> None:
        self.clear_cookie(self.gate.cookie.name, path="/", secure=self.gate.cookie.secure, httponly=True, samesite="Lax")
        also = f"<p><a href='{escape(self.elsewhere)}'>Sign out of the clinic's sign-in, too</a>; until then it may let you in again without asking.</p>"
        self.say(200, "You are signed out", f"<p><a href='/'>Sign in again</a></p>{also if self.elsewhere else ''}")


class Staying(Gated):
    """What an open page asks about its sign-in, and how it says that somebody has done something."""

    def get(self) -> None:
        """Seconds until the sign-in ends without an interaction (`idle`), and in any case (`shift`). Asking is no interaction."""
        self._left()

    def post(self) -> None:
        """An interaction: a click, a key, a touch."""
        found = self.gate.signed_in(self)
        if found is not None:
            if not self.gate.own_form(self, found.key, self.request.headers.get(TOKEN, "")):
                raise HTTPError(403)
            self.gate.table.touch(found.key)
            found = self.gate.open(found.key)
        self._left(found)

    def _left(self, found: object = None) -> None:
        now = self.gate.signed_in(self) if found is None else found
        if now is None:
            self.set_status(401)
            self.write({"signed_in": False})
            return
        idle, shift = self.gate.table.left(now)  # type: ignore[arg-type]
        self.write({"signed_in": True, "idle": round(idle), "shift": round(shift)})
