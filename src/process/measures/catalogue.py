"""Every measure by name: the one list that pages, docs and the door read."""

from __future__ import annotations

from functools import cache

from process.errors import QuestionWrong, did_you_mean
from process.measures import alliance, caseload, goals, lengths, rupture_contrasts, ruptures
from process.measures.measure import Measure

# In the order in which pages show them.
_KINDS: tuple[type[Measure], ...] = (
    lengths.Lengths,
    goals.AttainmentLevels,
    goals.AttainmentCurve,
    alliance.AllianceBySession,
    ruptures.AllianceAfterRupture,
    rupture_contrasts.RuptureAgainstLikeSessions,
    rupture_contrasts.RepairedAgainstNotYet,
    rupture_contrasts.RepairByLength,
    caseload.ActiveCourses,
    lengths.TherapyLengths,
    caseload.Endings,
)


@cache
def _measures() -> dict[str, Measure]:
    return {kind.name: kind() for kind in _KINDS}


def measure(name: str) -> Measure:
    """The measure of that name, or a `QuestionWrong` that names the nearest."""
    if name not in _measures():
        raise QuestionWrong(f"Measure `{name}` is not known. {did_you_mean(name, _measures())}")
    return _measures()[name]


def names(page: str | None = None) -> tuple[str, ...]:
    """The measures' names in the order they are shown; with a `page`, those of that page and those of every page."""
    return tuple(name for name, entry in _measures().items() if page is None or entry.definition.page in (page, "all"))
