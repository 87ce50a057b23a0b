"""The model of alliance scores with full matrices, and scores drawn from it: slow, obvious, and only for tests."""

from __future__ import annotations

import numpy as np
from scipy.stats import multivariate_normal


def covariance(model, sessions, others=None):
    """Of scores in `sessions` of one course, with those in `others` (no error of measurement between the two), or among themselves."""
    t = np.asarray(sessions, dtype=float)
    s = t if others is None else np.asarray(others, dtype=float)
    shared = model.between**2 + model.state**2 * model.phi ** np.abs(t[:, None] - s[None, :])
    return shared + model.error**2 * np.eye(len(t)) if others is None else shared


def log_likelihood(model, courses):
    """`courses`: a list of (sessions, scores)."""
    return sum(multivariate_normal.logpdf(scores, model.level(sessions), covariance(model, sessions)) for sessions, scores in courses)


def expected(model, sessions, scores, ahead):
    """The scores to expect in the `ahead` sessions after the last, given all of these."""
    later = sessions[-1] + np.arange(1, ahead + 1)
    apart = np.asarray(scores) - model.level(sessions)
    return model.level(later) + covariance(model, later, sessions) @ np.linalg.solve(covariance(model, sessions), apart)


def drawn(rng, courses, phi=0.40, between=13.0, state=5.6, error=4.6, shortest=2, longest=24, missing=0.1, rise=6.0):
    """Rows course, session, score of courses that follow the model exactly, but for a smooth rise; NaN where a score is missing."""
    length = rng.integers(shortest, longest + 1, courses)
    course = np.repeat(np.arange(courses), length)
    session = np.concatenate([np.arange(1, n + 1) for n in length])
    carried = np.zeros(len(course))
    for row in range(len(course)):
        fresh = state * rng.standard_normal()
        carried[row] = fresh if session[row] == 1 else phi * carried[row - 1] + np.sqrt(1 - phi**2) * fresh
    own = between * rng.standard_normal(courses)
    score = 60 + rise * (1 - np.exp(-(session - 1) / 6)) + own[course] + carried + error * rng.standard_normal(len(course))
    return course, session, np.where(rng.random(len(course)) < missing, np.nan, score)
