"""What a plain HTML page carries for its reader's sign-in, as `page.html` does: the form that signs out, and the script that warns and takes figures away."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

from process.pages import look
from process.pages.session import Staying


def sign_out(staying: Staying | None) -> str:
    """The form, to stand after the person's name; nothing where nobody is signed in (the page as a file)."""
    if staying is None:
        return ""
    return f" · <form method=post action=/sign-out><input type=hidden name=token value='{escape(staying.form)}'><button>sign out</button></form>"


def script(staying: Staying | None) -> str:
    """The warning and its script, to stand at the end of the header."""
    if staying is None:
        return ""
    about = json.dumps(asdict(staying))
    note = "<div id=signing-out role=alert hidden><p></p><button type=button>Stay signed in</button></div>"
    return f"{note}<script type=application/json id=signed-in>{about}</script><script>{look.SIGNED_IN}</script>"
