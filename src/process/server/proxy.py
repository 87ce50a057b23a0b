"""A trusted proxy that signs people in and names them in a header: believed over a unix socket that it alone reaches, or with a secret that it alone knows."""

from __future__ import annotations

import hmac

from tornado.web import HTTPError, RequestHandler

from process.errors import LogProblem, NotAllowed
from process.server.bounded_table import NotNow
from process.server.gate import Gate
from process.server.headers import Guarded
from process.server.signing_in import Gated, wanted

SECRET_HEADER = "X-Proxy-Secret"


class TrustedProxy:
    """Who the proxy vouches for. `secret` empty = the server listens on a unix socket only."""

    def __init__(self, header: str, secret: str) -> None:
        self.header, self._secret = header, secret

    def user(self, handler: RequestHandler) -> str | None:
        """The user that the header names; None for a request that does not come from the proxy, or names nobody or several."""
        headers = handler.request.headers
        shown = headers.get_list(SECRET_HEADER)
        if self._secret and not (len(shown) == 1 and hmac.compare_digest(shown[0].encode(), self._secret.encode())):
            return None
        named = headers.get_list(self.header)
        return named[0].strip() or None if len(named) == 1 and "," not in named[0] else None


class ByProxy(Gated):
    """Where somebody whom the proxy has signed in gets a session here."""

    def initialize(self, gate: Gate, proxy: TrustedProxy) -> None:
        """The gate, and who vouches."""
        super().initialize(gate)
        self.proxy = proxy

    def get(self) -> None:
        """Sign in whoever the proxy vouches for, when the table of people knows them."""
        user = self.proxy.user(self)
        if user is None:
            self.say(401, "Please sign in", "<p>This server is reached through the clinic's own sign-in only. Open it by the address that you were given.</p>")
            return
        try:
            self.gate.begin(self, user, "proxy")
        except (LogProblem, NotNow):
            raise HTTPError(503) from None
        except NotAllowed:
            self.gate.note("sign_in_refused", None, how="proxy", why="not in the table of people")
            not_known(self)
            return
        self.redirect(wanted(self.get_argument("next", "/")))


def not_known(handler: Guarded) -> None:
    """The clinic's sign-in knows this person; our table does not, or not any more."""
    handler.say(403, "You have no access here", "<p>The clinic's sign-in knows you; this server's table of people does not. Ask whoever runs the server.</p>")
