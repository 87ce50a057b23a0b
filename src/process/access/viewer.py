"""Who is asking. A viewer comes from the server's own table of people, never from a link, a header or a widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from process.errors import NotAllowed

ROLES = ("director", "supervisor", "therapist", "analyst")
WHOLE_CLINIC = ("director", "analyst")
"""The roles that no scope confines; every other role sees the courses of named therapists, and nothing where none is named."""


@dataclass(frozen=True)
class Viewer:
    """One person with one role. A therapist sees the courses of `therapist_id` and nothing else; a supervisor those of the therapists that they supervise,
    and their own; the analyst is whoever owns the files, and has no web role.

    `names`: names of staff to be shown for codes, of therapists within the scope only; for the screen, never exported.
    """

    user: str
    role: str
    therapist_id: str | None = None
    name: str = ""
    supervises: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a role that is not known and a therapist without a caseload: such a viewer would see too much."""
        if self.role not in ROLES:
            raise NotAllowed(f"`{self.role}` is not a role. Roles are: {', '.join(ROLES)}.")
        if (self.role == "therapist" and not self.therapist_id) or (self.role in WHOLE_CLINIC and self.therapist_id):
            raise NotAllowed("A therapist needs a therapist_id; a director and an analyst have none.")
        if self.role != "supervisor" and self.supervises:
            raise NotAllowed("Only a supervisor has supervisees.")

    @property
    def scope(self) -> tuple[str, ...] | None:
        """The therapists to whose courses this viewer is confined, in the order of their codes; None = the whole clinic, empty = nothing at all."""
        if self.role in WHOLE_CLINIC:
            return None
        return tuple(sorted({*self.supervises, *([self.therapist_id] if self.therapist_id else [])}))

    @property
    def sees(self) -> str:
        """Whose courses this viewer sees, in words without a code."""
        if self.role != "supervisor":
            return "own courses" if self.therapist_id else "whole clinic"
        others = len({*self.supervises} - {self.therapist_id})
        whom = f"{others} therapist{'s' if others != 1 else ''} you supervise"
        if self.therapist_id:
            return f"own courses and those of {whom}" if others else "own courses"
        return f"the courses of {whom}" if others else "no courses: nobody is named whom you supervise"


ANALYST = Viewer(user="analyst", role="analyst", name="Analyst")

Asking = Viewer | Callable[[], Viewer]
"""A viewer, or what looks one up anew at every question, so that a person who loses access loses it at once."""


def looked_up(asking: Asking) -> Viewer:
    """The viewer as of now; raises `NotAllowed` when there is none."""
    viewer = asking() if callable(asking) else asking
    if not isinstance(viewer, Viewer):
        raise NotAllowed("Nobody is signed in. Sign in again.")
    return viewer
