"""Who is asking. A viewer comes from the server's own table of people, never from a link, a header or a widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from process.errors import NotAllowed

ROLES = ("director", "therapist", "analyst")


@dataclass(frozen=True)
class Viewer:
    """One person with one role. A therapist sees the courses of `therapist_id` and nothing else; the analyst is whoever owns the files, and has no web role."""

    user: str
    role: str
    therapist_id: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a role that is not known and a therapist without a caseload: such a viewer would see too much."""
        if self.role not in ROLES:
            raise NotAllowed(f"`{self.role}` is not a role. Roles are: {', '.join(ROLES)}.")
        if (self.role == "therapist") != bool(self.therapist_id):
            raise NotAllowed("A therapist needs a therapist_id, and nobody else may have one.")

    @property
    def scope(self) -> str | None:
        """The therapist whose courses this viewer is confined to; None = the whole clinic."""
        return self.therapist_id

    @property
    def cluster(self) -> str:
        """What intervals are clustered by: within one caseload the course, otherwise the therapist."""
        return "course" if self.scope else "therapist"


ANALYST = Viewer(user="analyst", role="analyst", name="Analyst")

Asking = Viewer | Callable[[], Viewer]
"""A viewer, or what looks one up anew at every question, so that a person who loses access loses it at once."""


def looked_up(asking: Asking) -> Viewer:
    """The viewer as of now; raises `NotAllowed` when there is none."""
    viewer = asking() if callable(asking) else asking
    if not isinstance(viewer, Viewer):
        raise NotAllowed("Nobody is signed in. Sign in again.")
    return viewer
