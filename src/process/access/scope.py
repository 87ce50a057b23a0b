"""The therapists to whose courses a question is confined: from the viewer alone, narrowed by a filter but never widened, and bound to SQL in one form.

A scope is None for the whole clinic, or codes; no code at all is nobody's courses, never everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

from process.access.viewer import Viewer
from process.errors import NotAllowed

Scope = tuple[str, ...] | None


def narrowed(viewer: Viewer, chosen: Sequence[str]) -> Scope:
    """The viewer's scope, or of it the chosen therapists. `NotAllowed` for a director, who compares therapists and looks at none alone, and for a code
    outside the scope, which is not repeated."""
    if not chosen:
        return viewer.scope
    if viewer.role == "director":
        raise NotAllowed("A director cannot ask for the courses of single therapists. Take the filter `therapist` away.")
    if viewer.scope is not None and not set(chosen) <= set(viewer.scope):
        raise NotAllowed("The filter `therapist` names somebody whose courses you do not see. Take it away.")
    return tuple(sorted(set(chosen)))


def within(viewer: Viewer, therapists: Scope) -> bool:
    """Whether a question that was prepared for these therapists may still be answered to this viewer."""
    if viewer.scope is None:
        return therapists is None or viewer.role == "analyst"
    return therapists is not None and set(therapists) <= set(viewer.scope)


def bound(scope: Scope) -> str | None:
    """The scope as `$therapists` is bound: `|a|b|`, None for the whole clinic, `|` for nobody; no code has a bar in it (`contract.tables.CODE`)."""
    if scope is None:
        return None
    if any(not code or "|" in code for code in scope):
        raise NotAllowed("A therapist's code is empty or has a bar in it.")
    return "".join(f"|{code}" for code in scope) + "|"


def scoped(scope: Scope) -> dict[str, str | None]:
    """The scope and what intervals are clustered by: within one caseload the course, otherwise the therapist, of a supervisor's few as of the clinic's."""
    return {"therapists": bound(scope), "cluster": "course" if scope is not None and len(scope) == 1 else "therapist"}
