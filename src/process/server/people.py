"""The server's own table of people: who may sign in, and as whom. It is looked up again at every question."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from process.access import Viewer
from process.errors import NotAllowed


@dataclass
class People:
    """Viewers by user name; a user who is not here, or was removed, sees nothing."""

    viewers: dict[str, Viewer] = field(default_factory=dict)

    def viewer(self, user: str) -> Viewer:
        """The viewer of that user as of now; raises `NotAllowed` for anyone unknown."""
        if user not in self.viewers:
            raise NotAllowed("You are not signed in, or your access has ended. Sign in again.")
        return self.viewers[user]


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
