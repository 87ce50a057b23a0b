"""What a fair comparison of therapists rests on, estimated clinic-wide: the clinic's share, and how far therapists differ in it beyond chance and case mix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.case_mix import EVENTS, ended_courses, expected, terms_of
from process.measures.funnel import fit, overdispersion
from process.measures.parameters import Estimator, Query
from process.measures.therapist_share import variance_share

MINIMUM_COURSES = 10
MINIMUM_THERAPISTS = 6


def adjusted(observed: np.ndarray, anticipated: np.ndarray, target: float) -> np.ndarray:
    """Each therapist's share with the case mix taken out: target x observed / expected, never above 1 (indirect standardisation)."""
    return np.minimum(target * observed / np.where(anticipated > 0, anticipated, np.nan), 1.0)


def estimator(outcome: str) -> Estimator:
    """The estimator of `fair_<outcome>`; no rows where fewer than `MINIMUM_THERAPISTS` have `MINIMUM_COURSES`."""

    def estimate(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
        courses = ended_courses(query)
        courses = courses[courses[EVENTS[outcome]].notna()]
        courses = courses.assign(event=courses[EVENTS[outcome]], anticipated=expected(courses, terms_of(parameters, outcome)))
        by_therapist = courses.groupby("therapist_id").agg(n=("event", "size"), observed=("event", "sum"), anticipated=("anticipated", "sum"))
        return spread(by_therapist[by_therapist["n"] >= MINIMUM_COURSES])

    return estimate


def spread(therapists: pd.DataFrame) -> pd.DataFrame:
    """The numbers as rows part, value, courses, therapists, from each therapist's n, observed and anticipated; what cannot be estimated has no row."""
    n, observed, anticipated = (therapists[name].to_numpy(dtype=float) for name in ("n", "observed", "anticipated"))
    if len(n) < MINIMUM_THERAPISTS or observed.sum() in (0.0, n.sum()):
        return pd.DataFrame(columns=["part", "value", "courses", "therapists"])
    target = observed.sum() / n.sum()
    events = n * adjusted(observed, anticipated, target)
    uncorrected, corrected, prior, share = overdispersion(observed, n), overdispersion(events, n), fit(events, n), variance_share(events, n)
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
