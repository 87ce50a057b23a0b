"""The two rupture contrasts, session by session: who is like whom, what weight each has, and the regression with full matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats
from tests.reference.alliance import baseline, ruptures
from tests.reference.courses import Course, distinct, in_range
from tests.reference.dense_cr2 import dense_cr2
from tests.reference.uncertainty import enough, mean_interval


@dataclass
class Unit:
    """One session of an arm. `changes` by offset, up to the course's next rupture; `cell` and `x` are what it is matched and adjusted on."""

    course: Course
    treated: bool
    changes: dict[int, float]
    cell: tuple
    x: tuple
    outcome: float | None
    rank: int


def band(value, edges):
    return sum(value >= edge for edge in edges)


def changes_around(course, rank, next_onset, offsets):
    base = baseline(course, rank)
    if base is None:
        return {}
    seen = {}
    for offset in offsets:
        at = rank + offset
        if at >= 1 and at in course.patient and (next_onset is None or at < next_onset):
            seen[offset] = course.patient[at] - base
    return seen


def mean_over(changes, offsets):
    known = [changes[offset] for offset in offsets if offset in changes]
    return sum(known) / len(known) if known else None


def like_session_units(records, courses, length):
    for course in in_range(courses, length):
        onsets = sorted({rupture.onset for rupture in ruptures(records, [course]) if rupture.onset})
        for rank in range(1, course.so_far + 1):
            near = range(max(rank - 3, 1), rank + 1)
            treated = rank in onsets
            quiet = not any(at in onsets or course.sessions[at - 1].get("rupture_reviewed") == "no" for at in near)
            if not treated and not quiet:
                continue
            next_onset = min((onset for onset in onsets if onset > rank), default=None)
            changes = changes_around(course, rank, next_onset, range(-3, 4))
            if 0 not in changes:
                yield Unit(course, treated, {}, (), (), None, rank)
                continue
            fall = -changes[0]
            cell = (band(rank, (4, 9, 17, 31)), band(fall, (-5, 0, 5, 10, 20)))
            yield Unit(course, treated, changes, cell, (fall,), mean_over(changes, (1, 2, 3)), rank)


def landmark_units(records, courses, length):
    for course in in_range(courses, length):
        found = ruptures(records, [course])
        onsets = sorted({rupture.onset for rupture in found if rupture.onset})
        for onset in onsets:
            if course.so_far < onset + 3:
                continue
            dates = [rupture.repaired_rank for rupture in found if rupture.onset == onset]
            treated = all(date is not None and date <= onset + 3 for date in dates)
            next_onset = min((later for later in onsets if later > onset), default=None)
            changes = changes_around(course, onset, next_onset, range(-3, 7))
            if 0 not in changes or 3 not in changes:
                yield Unit(course, treated, {}, (), (), None, onset)
                continue
            fall, later = -changes[0], changes[3]
            cell = (band(onset + 3, (9, 17, 31)), band(fall, FALL_BANDS), band(later, LANDMARK_BANDS))
            yield Unit(course, treated, changes, cell, (fall, later), mean_over(changes, (4, 5, 6)), onset)


FALL_BANDS, LANDMARK_BANDS = (0, 10), (-10, 0)


def matched(units):
    """The units that are compared, with their weights."""
    usable = [unit for unit in units if unit.x and unit.outcome is not None]
    weight = [0.0] * len(usable)
    for i, unit in enumerate(usable):
        if not unit.treated:
            continue
        in_cell = [j for j, other in enumerate(usable) if not other.treated and other.cell == unit.cell]
        own = [j for j in in_cell if usable[j].course.therapist == unit.course.therapist]
        for j in own or in_cell:
            weight[j] += 1 / len(own or in_cell)
        weight[i] = 1.0 if in_cell else 0.0
    return [(unit, w) for unit, w in zip(usable, weight, strict=True) if w > 0]


def difference(units):
    """estimate, lower, upper and counts; None where the arms cannot be told apart."""
    used = matched(units)
    if not used:
        return None
    cells = sorted({unit.cell for unit, _ in used})
    x = np.array([unit.x for unit, _ in used])
    ruptures = np.array([unit.treated for unit, _ in used])
    x = (x - x[ruptures].mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)  # a rupture's weight is 1
    design = np.array(
        [[unit.treated, *(unit.cell == cell for cell in cells), *row, *(unit.treated * row)] for (unit, _), row in zip(used, x, strict=True)], dtype=float
    )
    weights = np.array([w for _, w in used])
    clusters = [unit.course.cluster for unit, _ in used]
    rooted = design * np.sqrt(weights)[:, None]
    if np.linalg.matrix_rank(rooted, tol=1e-8) == np.linalg.matrix_rank(rooted[:, 1:], tol=1e-8):
        return None
    estimate, variance, df = dense_cr2(np.array([unit.outcome for unit, _ in used]), design, weights, clusters, 0)
    arms = [distinct([unit.course for unit, _ in used if unit.treated == arm]) for arm in (True, False)]
    half = stats.t.ppf(0.975, df) * math.sqrt(variance) if enough(clusters, df) else math.nan
    return {
        "estimate": estimate,
        "lower": estimate - half,
        "upper": estimate + half,
        "matched": sum(unit.treated for unit, _ in used),
        "compared": sum(not unit.treated for unit, _ in used),
        "compared_therapists": distinct([unit.course for unit, _ in used])["therapists"],
        **{name: min(arm[name] for arm in arms) for name in ("courses", "therapists")},
    }


def curves(units, arms):
    """By (arm, offset): the weighted mean change of the units that are compared."""
    table = {}
    for unit, weight in matched(units):
        for offset, change in unit.changes.items():
            table.setdefault((arms[0] if unit.treated else arms[1], offset), []).append((unit.course, change, weight))
    return {
        key: {
            **mean_interval([change for _, change, _ in here], [course.cluster for course, _, _ in here], [weight for _, _, weight in here]),
            "sessions": len(here),
            **distinct([course for course, _, _ in here]),
        }
        for key, here in table.items()
    }
