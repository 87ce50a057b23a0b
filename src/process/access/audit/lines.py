"""What a line of the log may say, and how it is sealed: an allow-list of facts for each kind of line, each fact of its own pattern.

A fact that does not fit its pattern is written as `?`, because a value, a code of a patient or a password that was typed as a user name must not come into
the log by a caller's mistake. A number of rows under the minimum is written as `<8`.

A sealed line is one JSON object in canonical form (sorted names, no spaces, ASCII). `previous` is the SHA-256 of the whole line before it, `sequence` counts
from 1, `mac` is HMAC-SHA-256 over the line without it (RFC 2104), with a key that lies outside the log.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from process.access.disclosure.limits import MINIMUM_COURSES
from process.access.viewer import Viewer

FIRST = "0" * 64
"""What the very first line names as the line before it."""
SCOPES = {"director": "clinic", "analyst": "clinic", "supervisor": "supervisees", "therapist": "own"}
UNKNOWN = "?"

_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,99}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_WORDS = re.compile(r"[a-z][a-z ,'-]{0,79}")  # no digit: a reason is a phrase of ours, and can hold no figure
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9@._+$ -]{0,99}")  # of this machine, of the table of people, or a few words of ours
_GENERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_CODE = re.compile(r"[A-Za-z0-9<(][A-Za-z0-9 _.,/()<+-]{0,119}")
_HASH = re.compile(r"[0-9a-f]{64}")


def _text(pattern: re.Pattern[str]) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else UNKNOWN


def rows(count: Any) -> int | str:
    """How many rows, exact from the minimum on; 0 is 0."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        return UNKNOWN
    return count if count == 0 or count >= MINIMUM_COURSES else f"<{MINIMUM_COURSES}"


def _whole(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else UNKNOWN


def _measures(asked: Any) -> dict[str, int | str]:
    return {_text(_NAME)(name): rows(count) for name, count in dict(asked).items()}


def _filter(chosen: Any) -> dict[str, Any]:
    """A filter as it was set: the basis, the length and lists of codes of attributes."""
    many = _text(_CODE)
    return {_text(_NAME)(name): [many(code) for code in value] if isinstance(value, list | tuple) else many(value) for name, value in dict(chosen).items()}


def _names(many: Any) -> list[str]:
    return [_text(_ACCOUNT)(name) for name in many] if isinstance(many, list | tuple) else [UNKNOWN]


_FACTS: dict[str, Callable[[Any], Any]] = {
    "before": _text(_NAME),
    "by": _text(_ACCOUNT),
    "bytes": _whole,
    "change": _text(_WORDS),
    "file": _text(_GENERATION),
    "filter": _filter,
    "form": _text(_NAME),
    "generation": _text(_GENERATION),
    "hash": _text(_HASH),
    "how": _text(_WORDS),
    "measure": _text(_NAME),
    "measures": _measures,
    "moves": _whole,
    "now": _text(_NAME),
    "page": _text(_NAME),
    "rows": rows,
    "saw": _names,
    "sees": _names,
    "sudo": _text(_ACCOUNT),
    "through": _whole,
    "times": _whole,
    "whom": _text(_USER),
    "why": _text(_WORDS),
}
KINDS: dict[str, tuple[str, ...]] = {
    "started": (),
    "stopped": (),
    "signed_in": ("how",),
    "sign_in_refused": ("how", "why", "times"),
    "signed_out": ("why",),
    "ended": ("why",),
    "answer": ("generation", "filter", "measures", "moves"),
    "export": ("generation", "filter", "measure", "rows", "form"),
    "refused": ("page", "measure", "why", "times"),
    "read": ("page", "times"),
    "pruned": ("file", "through", "hash"),
    "mended": ("why", "file", "bytes", "times"),
    "people": ("by", "sudo", "change", "whom", "now", "sees", "before", "saw", "why"),
}
"""Every kind of line, and the facts that it may carry."""


def composed(kind: str, viewer: Viewer | str | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A line as it will be sealed, without its place in the chain. `ValueError` for a kind or a fact that is not in `KINDS`."""
    if kind not in KINDS:
        raise ValueError(f"`{kind}` is no kind of audit line")
    if odd := set(facts) - set(KINDS[kind]):
        raise ValueError(f"an audit line of kind `{kind}` has no {', '.join(sorted(odd))}")
    line: dict[str, Any] = {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "kind": kind}
    if isinstance(viewer, Viewer):
        line |= {"user": _text(_USER)(viewer.user), "role": _text(_NAME)(viewer.role), "scope": SCOPES.get(viewer.role, UNKNOWN)}
    elif viewer is not None:
        line["user"] = _text(_USER)(viewer)
    return line | {name: _FACTS[name](value) for name, value in facts.items() if value is not None}


def sealed(line: Mapping[str, Any], sequence: int, previous: str, secret: bytes) -> bytes:
    """The line in its place of the chain, with its seal and the end of the line."""
    placed = {**line, "sequence": sequence, "previous": previous}
    return canonical({**placed, "mac": seal(placed, "line", secret)}) + b"\n"


def seal(facts: Mapping[str, Any], of: str, secret: bytes) -> str:
    """The seal of these facts, of a `line` or a `head`, so that one cannot pass for the other."""
    return hmac.new(secret, f"therapy-process audit {of}\n".encode() + canonical(facts), hashlib.sha256).hexdigest()


def fits(facts: Mapping[str, Any], of: str, secret: bytes) -> bool:
    """Whether what carries a seal is what was sealed."""
    mac = facts.get("mac")
    unsealed = {name: value for name, value in facts.items() if name != "mac"}
    return isinstance(mac, str) and hmac.compare_digest(mac.encode(), seal(unsealed, of, secret).encode())


def canonical(facts: Mapping[str, Any]) -> bytes:
    """The one way in which these facts are written."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(line: bytes) -> str:
    """The SHA-256 of a line, its end not counted."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def read(line: bytes) -> dict[str, Any] | None:
    """The facts of a line; None where it is not in the canonical form."""
    try:
        facts = json.loads(line)
        return facts if isinstance(facts, dict) and canonical(facts) == line.rstrip(b"\n") else None
    except (ValueError, UnicodeDecodeError):
        return None
