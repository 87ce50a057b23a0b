"""Who left, session by session: the same sessions and weights as the rupture contrast, and whether the course ended soon after."""

from __future__ import annotations

from tests.reference import contrasts
from tests.reference.courses import ENDED, distinct

SOON = 3


def units(records, courses, length):
    """The sessions of both arms with `outcome` = 100 where the course left soon, 0 where it did not, None where that is not known yet; and the ending."""
    for unit in contrasts.like_session_units(records, courses, length):
        after = unit.course.so_far - unit.rank
        ended = unit.course.row["ending"] in ENDED
        unit.outcome = 0.0 if after >= SOON else 100.0 if ended else None
        unit.ending = unit.course.row["ending"] if after < SOON and ended else ""
        yield unit


def by_ending(found, ending):
    """The same units, left only where it was by that ending."""
    for unit in found:
        copy = contrasts.Unit(**{name: getattr(unit, name) for name in ("course", "treated", "changes", "cell", "x", "outcome", "rank")})
        copy.outcome = None if unit.outcome is None else 100.0 * (unit.ending == ending)
        yield copy


def shares(found):
    """By (arm, ending): weighted share in percent and counts."""
    used, table = contrasts.matched(found), {}
    for arm, treated in (("rupture", True), ("like", False)):
        here = [(unit, weight) for unit, weight in used if unit.treated == treated]
        for ending in ("any", "patient_stopped", "planned", "therapist_ended", "moved_on"):
            left = [unit for unit, _ in here if unit.ending and ending in ("any", unit.ending)]
            if here:
                behind = distinct([unit.course for unit in left])
                gone = {id(unit) for unit in left}
                weight = sum(weight for unit, weight in here if id(unit) in gone)
                table[arm, ending] = {
                    "share": 100 * weight / sum(weight for _, weight in here),
                    "left": len(left),
                    "sessions": len(here),
                    **behind,
                    "of_courses": distinct([unit.course for unit, _ in here])["courses"],
                }
    return table
