"""Signing in at the clinic's identity provider: out with state, nonce and a PKCE verifier in a cookie of this one attempt, back with a code."""

from __future__ import annotations

import hmac
import json
import secrets

from tornado.web import HTTPError

from process.errors import LogProblem, NotAllowed
from process.server.bounded_table import NotNow
from process.server.gate import Gate
from process.server.oidc import Provider
from process.server.proxy import not_known
from process.server.signing_in import Gated, wanted

ATTEMPT_DAYS = 600 / 86400
"""Ten minutes for signing in at the provider."""


class OfProvider(Gated):
    """A page that knows the provider, and the cookie of one attempt."""

    def initialize(self, gate: Gate, provider: Provider) -> None:
        """The gate, and the provider."""
        super().initialize(gate)
        self.provider = provider

    @property
    def attempt(self) -> str:
        """The name of that cookie."""
        return f"{self.gate.cookie.name}_attempt"


class ToProvider(OfProvider):
    """Where somebody who is not signed in is sent."""

    async def get(self) -> None:
        """On to the provider; what comes back must show that it was asked for by this browser."""
        about = {"state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32), "verifier": secrets.token_urlsafe(48)}
        try:
            address = await self.provider.address(**about)
        except NotAllowed:
            self.say(503, "The clinic's sign-in does not answer", "<p>Try again in a minute. If it stays like this, tell whoever runs the server.</p>")
            return
        about["next"] = wanted(self.get_argument("next", "/"))
        self.set_signed_cookie(self.attempt, json.dumps(about), **self.gate.cookie.options | {"expires_days": ATTEMPT_DAYS})
        self.redirect(address)


class FromProvider(OfProvider):
    """Where the provider sends people back to."""

    async def get(self) -> None:
        """Sign in whoever the provider vouches for, when the table of people knows them."""
        kept = self.get_signed_cookie(self.attempt, max_age_days=ATTEMPT_DAYS)
        self.clear_cookie(self.attempt, path="/", secure=self.gate.cookie.secure, httponly=True, samesite="Lax")
        about = json.loads(kept) if kept else {}
        state, code = self.get_query_argument("state", ""), self.get_query_argument("code", "")
        if not about or not code or not hmac.compare_digest(state.encode(), about["state"].encode()):
            self._refused("not asked for by this browser")
            return
        if self.get_query_argument("iss", self.provider.issuer) != self.provider.issuer:  # RFC 9207
            self._refused("from another provider")
            return
        try:
            found = await self.provider.redeem(code, about["nonce"], about["verifier"])
        except NotAllowed:
            self._refused("the token is not believed")
            return
        try:
            self.gate.begin(self, found.user, "oidc", subject=found.subject, elsewhere=found.session)
        except (LogProblem, NotNow):
            raise HTTPError(503) from None
        except NotAllowed:
            self.gate.note("sign_in_refused", None, how="oidc", why="not in the table of people")
            not_known(self)
            return
        self.redirect(about["next"])

    def _refused(self, why: str) -> None:
        self.gate.note("sign_in_refused", None, how="oidc", why=why)
        self.say(403, "Signing in did not work", "<p>The clinic's sign-in did not vouch for you. <a href='/sign-in'>Try again</a></p>")


class LeaveProvider(OfProvider):
    """On to where the provider ends its own session, for somebody who has signed out here."""

    def initialize(self, gate: Gate, provider: Provider, back: str) -> None:
        """The gate, the provider, and where it sends people afterwards."""
        super().initialize(gate, provider)
        self.back = back

    async def get(self) -> None:
        """To the provider, or home where it has no such address or does not answer."""
        try:
            address = await self.provider.away(self.back)
        except NotAllowed:
            address = ""
        self.redirect(address or "/")


class EndedAtProvider(OfProvider):
    """The provider says, server to server, that somebody has signed out there or was locked out (Back-Channel Logout)."""

    async def post(self) -> None:
        """End the sign-ins that the logout token names; it is believed by its signature alone, so no cookie is looked at."""
        try:
            subject, session = await self.provider.ended(self.get_body_argument("logout_token", ""))
        except NotAllowed:
            self.set_status(400)
            self.write({"error": "invalid_request"})
            return
        self.gate.table.end_elsewhere(subject, session, "revoked")
        self.write({})
