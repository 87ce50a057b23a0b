"""What a fair comparison of therapists rests on, estimated clinic-wide: the clinic's share, and how far therapists differ in it beyond chance and case mix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.case_mix import EVENTS, ended_courses, expected, terms_of
from process.measures.funnel import fit, overdispersion
from process.measures.parameters import Estimator, Query
from process.measures.therapist_share import variance_share

MINIMUM_COURSES = 20
MINIMUM_THERAPISTS = 6


def adjusted(observed: np.ndarray, anticipated: np.ndarray, target: float) -> np.ndarray:
    """Each therapist's share with the case mix taken out: target x observed / expected, never above 1 (indirect standardisation)."""
    return np.minimum(target * observed / np.where(anticipated > 0, anticipated, np.nan), 1.0)


def effective(anticipated: np.ndarray, variance: np.ndarray, target: float) -> np.ndarray:
    """How many courses at the clinic's share would tell as much as each therapist's: E^2 (1 - target) / (target V), with V = sum p (1 - p).

    By chance the adjusted share target x O / E has the variance target^2 V / E^2 (p as given, courses independent), and the share of m courses at the
    clinic's has target (1 - target) / m; this is the m at which they are the same. Where all have the clinic's chance it is the number of courses; fewer
    where the event is rare in these patients, more where it is frequent. NaN where E or V is 0.
    """
    return anticipated**2 * (1.0 - target) / (target * np.where(variance > 0, variance, np.nan)) if 0 < target < 1 else np.full(len(anticipated), np.nan)


def estimator(outcome: str) -> Estimator:
    """The estimator of `fair_<outcome>`; no rows where fewer than `MINIMUM_THERAPISTS` have `MINIMUM_COURSES`."""

    def estimate(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
        courses = ended_courses(query)
        courses = courses[courses[EVENTS[outcome]].notna()]
        courses = courses.assign(event=courses[EVENTS[outcome]], anticipated=expected(courses, terms_of(parameters, outcome)))
        courses["variance"] = courses["anticipated"] * (1.0 - courses["anticipated"])
        sums = {name: (name, "sum") for name in ("anticipated", "variance")}
        by_therapist = courses.groupby("therapist_id").agg(n=("event", "size"), observed=("event", "sum"), **sums)
        return spread(by_therapist[by_therapist["n"] >= MINIMUM_COURSES])

    return estimate


def spread(therapists: pd.DataFrame) -> pd.DataFrame:
    """The numbers as rows part, value, courses, therapists, from each therapist's n, observed, anticipated and variance; what cannot be estimated has none."""
    n, observed, anticipated, variance = (therapists[name].to_numpy(dtype=float) for name in ("n", "observed", "anticipated", "variance"))
    if len(n) < MINIMUM_THERAPISTS or observed.sum() in (0.0, n.sum()):
        return pd.DataFrame(columns=["part", "value", "courses", "therapists"])
    target = observed.sum() / n.sum()
    size = effective(anticipated, variance, target)
    events = size * adjusted(observed, anticipated, target)
    uncorrected, corrected, prior, share = overdispersion(observed, n), overdispersion(events, size), fit(events, size), variance_share(events, size)
    numbers = {
        "target": target,
        "phi, case mix not taken out": uncorrected.phi,
        "tau, case mix not taken out": uncorrected.tau,
        "phi": corrected.phi,
        "tau": corrected.tau,
        "prior_a": prior[0] if prior else np.nan,
        "prior_b": prior[1] if prior else np.nan,
        "variance share": share.estimate,
        "variance share from": share.lower,
        "variance share to": share.upper,
    }
    rows = [{"part": name, "value": float(value), "courses": int(n.sum()), "therapists": len(n)} for name, value in numbers.items() if np.isfinite(value)]
    return pd.DataFrame(rows)


ESTIMATORS = {f"fair_{outcome}": estimator(outcome) for outcome in EVENTS}
