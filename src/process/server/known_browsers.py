"""Browsers in which somebody has signed in before: a long-lived cookie, so that a stranger's wrong passwords do not lock a person out of their own browser.

The protocol is OWASP's "Slow Down Online Guessing Attacks with Device Cookies". The cookie signs nobody in: all it does is have the attempts of its browser
counted apart from everybody else's, for the one user name that it was issued to. It names nobody: it holds a random id, an HMAC of the user name and another
of what the person's entry was when it was issued, so that a new password, another role or the end of somebody's access make it worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from tornado.web import RequestHandler, create_signed_value, decode_signed_value

from process.errors import NotAllowed
from process.people import Directory

DAYS = 90
"""How long a browser is known after somebody has last signed in there; a convention of this product, as long as a quarter."""


class KnownBrowsers:
    """The cookies of known browsers: made and read with the server's secret. `name` and `options`: those of the cookie that says who is signed in."""

    def __init__(self, secret: str, name: str, options: dict[str, Any]) -> None:
        self.name = f"{name}_browser"
        self._secret, self._options = secret, {**options, "expires_days": DAYS}

    def of(self, handler: RequestHandler, user: str, people: Directory) -> str:
        """The id of this request's browser where its cookie was issued to that very user as they are now; empty for a stranger's."""
        morsel = handler.request.cookies.get(self.name)
        signed = decode_signed_value(self._secret, self.name, morsel.value, max_age_days=DAYS) if morsel else None
        if not signed:
            return ""
        drawn, _, tags = signed.decode("ascii", "replace").partition(".")
        of_user, _, of_entry = tags.partition(".")
        # the name first: nobody with a cookie of their own finds out by the time it takes whether another name is anybody's
        if not drawn or not hmac.compare_digest(of_user.encode(), self._tag("user", drawn, user).encode()):
            return ""
        try:
            epoch = people.epoch(user)
        except NotAllowed:
            return ""
        return drawn if hmac.compare_digest(of_entry.encode(), self._tag("entry", drawn, user, epoch).encode()) else ""

    def remember(self, handler: RequestHandler, user: str, epoch: str) -> None:
        """Issue the cookie to whoever has just signed in; `epoch`: that of the entry that the password was verified against."""
        drawn = secrets.token_urlsafe(16)
        value = f"{drawn}.{self._tag('user', drawn, user)}.{self._tag('entry', drawn, user, epoch)}"
        handler.set_cookie(self.name, create_signed_value(self._secret, self.name, value).decode(), **self._options)

    def _tag(self, *of: str) -> str:
        said = "\0".join(("known browser", *(part.encode("utf-8", "replace").hex() for part in of)))
        return hmac.new(self._secret.encode(), said.encode(), hashlib.sha256).hexdigest()
