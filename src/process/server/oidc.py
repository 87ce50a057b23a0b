"""The clinic's identity provider (OpenID Connect Core 1.0): where its endpoints and keys are, and whether an ID token is its word about this very sign-in.

Tokens are verified by PyJWT; its keys are asked for over Tornado's own client, so that a slow provider keeps nobody waiting but who signs in.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest

from process.errors import NotAllowed

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a provider's own key. None at all, and one with the client's secret (HS256), are never taken."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
OLDEST = 600
"""Seconds after which a token that says when it was made is too old for a sign-in that has just happened."""
FRESH = 3600
"""Seconds for which the provider's endpoints and keys are kept; a key that is not among them is asked for at once, though not more often than `AGAIN`."""
AGAIN = 30
LARGEST = 256 * 1024
BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Verified:
    """What a token says once it is believed: the claim that names the user, the provider's own name of the person, and its session's."""

    user: str
    subject: str
    session: str


@dataclass
class Provider:
    """One provider and one client of it. `claim`: the claim whose text is the user name in our table of people."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    claim: str
    redirect: str
    scopes: str = "openid profile"
    _found: dict[str, Any] = field(default_factory=dict, repr=False)
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict, repr=False)
    _asked: dict[str, float] = field(default_factory=dict, repr=False)
    _taken: dict[str, float] = field(default_factory=dict, repr=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to sign in: authorization code with PKCE (RFC 7636, S256)."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": self.client, "redirect_uri": self.redirect, "scope": self.scopes, "state": state, "nonce": nonce}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return with_query(await self._endpoint("authorization_endpoint"), asked)

    async def away(self, back: str) -> str:
        """Where a browser ends the provider's own session (RP-Initiated Logout 1.0); empty where the provider has no such address."""
        if not (await self._discovered()).get("end_session_endpoint"):
            return ""
        return with_query(await self._endpoint("end_session_endpoint"), {"client_id": self.client, "post_logout_redirect_uri": back})

    async def redeem(self, code: str, nonce: str, verifier: str) -> Verified:
        """What the ID token says that this code is worth; `NotAllowed` for whatever does not fit."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect, "code_verifier": verifier}
        # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
        basic = base64.b64encode(f"{quote(self.client, safe='')}:{quote(self.secret, safe='')}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._json(HTTPRequest(await self._endpoint("token_endpoint"), "POST", headers, urlencode(asked)))
        claims = await self._claims(answer.get("id_token"), ["iss", "sub", "aud", "exp", "iat", "nonce"])
        if claims["nonce"] != nonce or claims["iat"] < time.time() - OLDEST:
            raise NotAllowed("The token is of another sign-in.")
        if (isinstance(claims["aud"], list) and len(claims["aud"]) > 1 or "azp" in claims) and claims.get("azp") != self.client:
            raise NotAllowed("The token is for another application.")
        user = claims.get(self.claim)
        if not isinstance(user, str) or not user:
            raise NotAllowed(f"The token has no claim `{self.claim}`.")
        return Verified(user, str(claims["sub"]), str(claims.get("sid", "")))

    async def ended(self, token: str) -> tuple[str, str]:
        """The person and the session that a logout token ends (Back-Channel Logout 1.0, section 2.6); `NotAllowed` for whatever does not fit."""
        claims = await self._claims(token, ["iss", "aud", "iat", "exp", "events", "jti"])
        events = claims["events"]
        if "nonce" in claims or not isinstance(events, dict) or BACK_CHANNEL not in events or claims["iat"] < time.time() - OLDEST:
            raise NotAllowed("This is no logout token.")
        subject, session = str(claims.get("sub", "")), str(claims.get("sid", ""))
        if not subject and not session:
            raise NotAllowed("The logout token names nobody.")
        now, name = time.time(), str(claims["jti"])
        self._taken = {taken: until for taken, until in self._taken.items() if until > now}
        if name in self._taken:
            raise NotAllowed("This logout token was taken already.")
        self._taken[name] = now + OLDEST + LEEWAY  # until it is too old by itself
        return subject, session

    async def _claims(self, token: Any, required: list[str]) -> dict[str, Any]:
        """The claims of a token that this provider has signed for this client and that is valid now."""
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            if key.algorithm_name not in ALGORITHMS:
                raise NotAllowed("The token is not signed in a way that is taken.")
            taken = [key.algorithm_name]  # the key's own, whatever the token claims
            return jwt.decode(token, key, algorithms=taken, audience=self.client, issuer=self.issuer, leeway=LEEWAY, options={"require": required})
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as wrong:
            raise NotAllowed(f"The token is not believed ({type(wrong).__name__}).") from None

    async def _key(self, name: str) -> jwt.PyJWK:
        """The provider's public key of that name."""
        async with self._asking:
            if (name not in self._keys and self._older("keys", AGAIN)) or self._older("keys", FRESH):
                self._asked["keys"] = time.monotonic()
                listed = await self._json(HTTPRequest(await self._endpoint("jwks_uri")))
                found = [key for key in jwt.PyJWKSet.from_dict(listed).keys if key.public_key_use in (None, "sig") and key.key_type in ("RSA", "EC", "OKP")]
                self._keys = {key.key_id or "": key for key in found}
        if name not in self._keys:
            raise NotAllowed("The token is signed with a key that the provider does not name.")
        return self._keys[name]

    async def _endpoint(self, name: str) -> str:
        found = (await self._discovered()).get(name)
        if not isinstance(found, str):
            raise NotAllowed(f"The provider names no {name}.")
        return refuse_plain(found)

    async def _discovered(self) -> dict[str, Any]:
        if not self._found or self._older("found", FRESH):
            found = await self._json(HTTPRequest(refuse_plain(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")))
            if found.get("issuer") != self.issuer:
                raise NotAllowed("The provider calls itself by another name than its settings here.")
            self._found, self._asked["found"] = found, time.monotonic()
        return self._found

    def _older(self, what: str, seconds: float) -> bool:
        return time.monotonic() - self._asked.get(what, -1e9) > seconds

    async def _json(self, request: HTTPRequest) -> dict[str, Any]:
        request.follow_redirects, request.connect_timeout, request.request_timeout = False, 5, 10
        client = AsyncHTTPClient(force_instance=True, max_body_size=LARGEST)
        try:
            answer = json.loads((await client.fetch(request)).body)
        except (HTTPError, OSError, ValueError) as problem:
            raise NotAllowed(f"The clinic's sign-in did not answer as it should ({type(problem).__name__}).") from None
        finally:
            client.close()
        if not isinstance(answer, dict):
            raise NotAllowed("The clinic's sign-in did not answer as it should.")
        return answer


def refuse_plain(url: str) -> str:
    """The address, when it is https, or this machine's own."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise NotAllowed("An address of the clinic's sign-in is not https.")
    return url


def with_query(url: str, asked: dict[str, str]) -> str:
    """The address with these arguments added."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}"
