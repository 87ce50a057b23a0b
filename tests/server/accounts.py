"""The form of local accounts, as a browser fills it in."""

from __future__ import annotations

import re
from urllib.parse import urlencode

PASSWORD = "correct horse battery staple"
HERE = {"Origin": "null", "Sec_Fetch_Site": "same-origin"}


def form(served, user, password, path="/", headers=HERE, cookie=None):
    """Sign in as the form does."""
    page = served.get("/sign-in?" + urlencode({"next": path}))
    hidden = re.search(r'name="_xsrf" value="([^"]+)"', page.body)[1]
    back = re.search(r"name=next value='([^']*)'", page.body)[1]
    body = urlencode({"_xsrf": hidden, "user": user, "password": password, "next": back})
    return served.get("/sign-in", page.cookie if cookie is None else cookie, "POST", body, **headers)
