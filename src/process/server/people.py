"""Personal links of the demo's made-up people: whoever opens one is that person, on loopback only. The tables of people are the layer `people`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from process.people import MadeUp as People

__all__ = ["People", "PersonalLinks"]


@dataclass
class PersonalLinks:
    """One random key for each person of the demo, made anew at every start: whoever opens the link is that person, on loopback only."""

    people: People
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draw the keys."""
        self.keys = {user: secrets.token_urlsafe(18) for user in self.people.viewers}

    def user(self, key: str) -> str | None:
        """The user whose key this is; None for any other text."""
        for user, own in self.keys.items():
            if secrets.compare_digest(own.encode(), key.encode()):
                return user
        return None
