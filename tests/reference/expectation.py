"""Possible ruptures and what was to be expected after them, course by course with full matrices, from the records and the clinic's stored parameters."""

from __future__ import annotations

import math

import numpy as np
from tests.reference import autoregressive
from tests.reference.courses import distinct, in_range

from process.measures.dips import dips

AHEAD = (1, 2, 3)


def corrected(forecast, levels, shifts):
    if forecast <= levels[0]:
        return forecast + shifts[0]
    for low, high, first, last in zip(levels[:-1], levels[1:], shifts[:-1], shifts[1:], strict=True):
        if forecast <= high:
            return forecast + first + (last - first) * (forecast - low) / (high - low)
    return forecast + shifts[-1]


def found_dips(courses, length, model, levels, shifts, pooled_sd):
    """(course, {session after: change from the level before, observed and expected}) of each possible rupture."""
    for course in in_range(courses, length):
        ranks = sorted(rank for rank in course.patient if rank >= 1)
        scores = [course.patient[rank] for rank in ranks]
        for episode in dips(scores, "drop_1sd", pooled_sd=pooled_sd):
            until = episode.onset
            level = sum(scores[: until - 1]) / (until - 1)
            expected = autoregressive.expected(model, np.array(ranks[:until]), scores[:until], len(AHEAD))
            after = {0: (scores[until - 1] - level, scores[until - 1] - level)}
            for ahead in AHEAD:
                if ranks[until - 1] + ahead in course.patient:
                    observed = course.patient[ranks[until - 1] + ahead]
                    after[ahead] = (observed - level, corrected(expected[ahead - 1], levels, shifts) - level)
            yield course, after


def answer(found):
    """The figure's table by (arm, session), and its difference."""
    found = list(found)
    table = {}
    for at in (0, *AHEAD):
        here = [(course, after[at]) for course, after in found if at in after]
        for place, arm in enumerate(("observed", "expected")):
            if here:
                counts = {"dips": len(here), **distinct([course for course, _ in here])}
                table[arm, at] = {"mean": sum(pair[place] for _, pair in here) / len(here), **counts}
    followed = [(course, [after[at][0] - after[at][1] for at in AHEAD if at in after]) for course, after in found if len(after) > 1]
    means = [sum(apart) / len(apart) for _, apart in followed]
    difference = {"estimate": sum(means) / len(means) if means else math.nan, "dips": len(found), "followed": len(followed)}
    return table, {**difference, **distinct([course for course, _ in followed])}
