"""The demo's made-up people: a table in memory that signs in by personal links on loopback alone; it knows no password."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from process.access import Viewer
from process.errors import NotAllowed
from process.people.people import NOT_SIGNED_IN, WRONG


@dataclass
class MadeUp:
    """Viewers by user name; a user who is not here, or was removed, sees nothing."""

    viewers: dict[str, Viewer] = field(default_factory=dict)

    def viewer(self, user: str) -> Viewer:
        """The viewer of that user as of now; raises `NotAllowed` for anyone unknown."""
        found = self.viewers.get(user) if isinstance(user, str) else None
        if found is None:
            raise NotAllowed(NOT_SIGNED_IN)
        return found

    def epoch(self, user: str) -> str:
        """Changes whenever what this user may see changed; `NotAllowed` for anyone unknown."""
        found = self.viewer(user)
        said = repr((found.user, found.role, found.therapist_id, sorted(found.supervises)))
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()

    def sign_in(self, user: str, password: str) -> Viewer:
        """Nobody: made-up people have no passwords."""
        raise NotAllowed(WRONG)

    def verified(self, user: str, password: str, browser: str = "") -> tuple[Viewer, str]:
        """Nobody, as `sign_in`."""
        raise NotAllowed(WRONG)
