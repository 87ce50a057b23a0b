"""An OpenID Connect provider on loopback: real codes, PKCE checked, tokens signed with a real key, and a way to make each of them wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

CLIENT, SECRET = "dashboards", "a client's secret: 0123456789abcdef"
BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Provider:
    """The provider: whom it signs in next, and what it changes in the next token (`alter`, called with the claims and the header)."""

    port: int
    user: str = "dora"
    alter: Any = None
    signs_with: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer_to(self, address: str) -> str:
        """What a browser brings back from the sign-in page at this address: the query of the callback."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return urlencode({"code": code, "state": asked["state"], "iss": self.issuer})

    def signed(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        header = {"alg": "RS256", "kid": "1"} | header
        if header["alg"] == "none":
            return jwt.encode(claims, None, algorithm="none", headers={"kid": "1"})
        if header["alg"] == "HS256":
            return jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "1"})
        return jwt.encode(claims, self.signs_with or self.key, algorithm="RS256", headers={"kid": header["kid"]})

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8), "sid": "s-1", "events": {BACK_CHANNEL: {}}}
        return self.signed({name: value for name, value in (claims | changes).items() if value is not None}, {})


def handlers(provider: Provider) -> list[tuple]:
    class Discovery(RequestHandler):
        def get(self) -> None:
            at = provider.issuer
            self.write(
                {
                    "issuer": at,
                    "authorization_endpoint": f"{at}/auth",
                    "token_endpoint": f"{at}/token",
                    "jwks_uri": f"{at}/keys",
                    "end_session_endpoint": f"{at}/end",
                }
            )

    class Keys(RequestHandler):
        def get(self) -> None:
            listed = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(provider.key.public_key()))
            self.write({"keys": [listed | {"kid": "1", "use": "sig", "alg": "RS256"}]})

    class Token(RequestHandler):
        def post(self) -> None:
            asked = provider.codes.pop(self.get_body_argument("code"), None)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(self.get_body_argument("code_verifier").encode()).digest()).rstrip(b"=").decode()
            if asked is None or challenge != asked["code_challenge"] or "Basic " not in self.request.headers.get("Authorization", ""):
                self.set_status(400)
                self.write({"error": "invalid_grant"})
                return
            now = int(time.time())
            claims = {"iss": provider.issuer, "sub": f"id of {provider.user}", "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": asked["nonce"]}
            claims |= {"preferred_username": provider.user, "sid": "s-1", "role": "director"}
            header: dict[str, Any] = {}
            if provider.alter:
                provider.alter(claims, header)
            self.write({"access_token": "x", "token_type": "Bearer", "id_token": provider.signed(claims, header)})

    return [(r"/.well-known/openid-configuration", Discovery), (r"/keys", Keys), (r"/token", Token)]


@contextmanager
def providing(port: int) -> Iterator[Provider]:
    """The provider, for as long as the block lasts."""
    provider, ready, started = Provider(port), threading.Event(), {}

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        started["server"] = Application(handlers(provider)).listen(port, "127.0.0.1")
        started["loop"] = IOLoop.current()
        ready.set()
        started["loop"].start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    yield provider
    started["loop"].add_callback(started["server"].stop)
    started["loop"].add_callback(started["loop"].stop)
    thread.join(10)
