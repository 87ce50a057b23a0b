"""What patients bring: a clinic-wide logistic model of an outcome from what is known before therapy, and what it expects of each course."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from process.measures.parameters import Estimator, Query, sql

EVENTS = {"dropout": "stopped", "improvement": "improved"}
ATTRIBUTES = ("problem", "modality", "age_band")
LEAST_IN_CATEGORY = 20
LEAST_EVENTS = 50
PENALTY_SCALE = 2.5
_OTHER, _UNKNOWN = "other", "not recorded"
_SEVERITY, _MEAN, _NO_SEVERITY = "severity, per 10 points", "mean severity", "severity not recorded"


def ended_courses(query: Query) -> pd.DataFrame:
    """A row a course that has ended: course_id, therapist_id, the attributes, severity (0 to 100, NaN = not known), stopped and improved (0, 1; NaN)."""
    found = query(sql("ended_courses"))
    return found.assign(**{name: pd.to_numeric(found[name]).astype("float64") for name in ("severity", *EVENTS.values())})


def estimator(outcome: str) -> Estimator:
    """The estimator of `case_mix_<outcome>`: a row a coefficient, with the courses and therapists that it rests on."""

    def estimate(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
        courses = ended_courses(query)
        courses = courses[courses[EVENTS[outcome]].notna()]
        return fitted(courses, courses[EVENTS[outcome]].to_numpy())

    return estimate


def fitted(courses: pd.DataFrame, events: NDArray[np.float64]) -> pd.DataFrame:
    """The model's terms as rows part, value, courses, therapists; none where nothing has happened or everything."""
    empty = pd.DataFrame(columns=["part", "value", "courses", "therapists"])
    least = min(events.sum(), (1 - events).sum()) if len(events) else 0
    if least == 0:
        return empty
    terms = _terms(courses) if least >= LEAST_EVENTS else {}
    mean = float(courses["severity"].mean()) if terms else float("nan")
    kept = {name: column for name, column in terms.items() if column.any() or name == _SEVERITY}
    design = np.column_stack([np.ones(len(courses)), *(_column(name, column, mean) for name, column in kept.items())])
    start = np.concatenate([[scipy.special.logit(events.mean())], np.zeros(len(kept))])
    found = _coefficients(design, events, start, _alike(courses, events)) if kept else start
    everyone = np.ones(len(courses), dtype=bool)
    rows = [("intercept", found[0], everyone)]
    for (name, column), value in zip(kept.items(), found[1:], strict=True):
        rows.append((name, value, ~np.isnan(column) if name == _SEVERITY else column > 0))
    rows += (
        [(name, 0.0, (courses[name.split(": ")[0].replace(" ", "_")].fillna(_UNKNOWN) == name.split(": ")[1]).to_numpy()) for name in _reference(courses)]
        if terms
        else []
    )
    if _SEVERITY in kept:
        rows.append((_MEAN, mean, courses["severity"].notna().to_numpy()))
    rows.append(("c statistic", c_statistic(events, design @ found), everyone))
    therapists = courses["therapist_id"]
    return pd.DataFrame([{"part": name, "value": value, "courses": int(on.sum()), "therapists": int(therapists[on].nunique())} for name, value, on in rows])


def _alike(courses: pd.DataFrame, events: NDArray[np.float64]) -> NDArray[np.int64]:
    """A number a course, the same for courses with the same attributes, severity and outcome: the model cannot tell them apart."""
    number = np.zeros(len(courses), dtype=np.int64)
    for column in (*(_categories(courses[name]) for name in ATTRIBUTES), courses["severity"], events):
        codes, distinct = pd.factorize(column)
        number = pd.factorize(number * (len(distinct) + 1) + codes + 1)[0]
    return number


def _coefficients(design: NDArray[np.float64], events: NDArray[np.float64], start: NDArray[np.float64], alike: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ridge regression's coefficients; courses that are alike go in once, with their number as weight."""
    _, first, weight = np.unique(alike, return_index=True, return_counts=True)
    rows, happened = design[first], events[first]
    penalty = np.array([0.0] + [1.0 / PENALTY_SCALE**2] * (design.shape[1] - 1))

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_odds = rows @ at
        value = weight @ (np.logaddexp(0.0, log_odds) - happened * log_odds) + (penalty * at**2).sum() / 2
        return value / len(rows), (rows.T @ (weight * (scipy.special.expit(log_odds) - happened)) + penalty * at) / len(rows)

    # the ridge of statsmodels' GLM.fit_regularized, step by step, without the second that loading statsmodels takes
    return scipy.optimize.minimize(loss, start, jac=True, method="BFGS").x


def expected(courses: pd.DataFrame, terms: pd.Series) -> NDArray[np.float64]:
    """The model's probability for each course, from its terms by name; NaN where there is no model.

    A category that it does not know is taken as `other` or, without such a term, as the most frequent one.
    """
    if "intercept" not in terms:
        return np.full(len(courses), np.nan)
    log_odds = np.full(len(courses), float(terms["intercept"]))
    if _SEVERITY in terms:
        known = courses["severity"].notna().to_numpy()
        apart = (courses["severity"].to_numpy() - terms[_MEAN]) / 10.0
        log_odds += np.where(known, terms[_SEVERITY] * np.where(known, apart, 0.0), terms.get(_NO_SEVERITY, 0.0))
    for attribute in ATTRIBUTES:
        label = attribute.replace("_", " ")
        own = terms[terms.index.str.startswith(f"{label}: ")]
        by_code = own.rename(lambda name, label=label: name.removeprefix(f"{label}: "))
        log_odds += courses[attribute].fillna(_UNKNOWN).map(by_code).fillna(by_code.get(_OTHER, 0.0)).to_numpy(dtype=float)
    return scipy.special.expit(log_odds)


def table(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The table `case_mix` of a generation: for each ended course what happened (0, 1, missing) and what the quarter's models expected."""
    courses = ended_courses(query)
    columns = {"course_id": courses["course_id"]}
    for outcome, event in EVENTS.items():
        columns[event] = courses[event]
        columns[f"{event}_expected"] = np.where(courses[event].notna(), expected(courses, terms_of(parameters, outcome)), np.nan)
    return pd.DataFrame(columns)


def terms_of(parameters: pd.DataFrame, outcome: str) -> pd.Series:
    """The terms of a stored model by name."""
    return parameters[parameters["parameter"] == f"case_mix_{outcome}"].set_index("part")["value"]


def c_statistic(events: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """The chance that a course with the event has the higher score than one without, ties counted half (the Mann-Whitney statistic)."""
    positive = events > 0
    ranks = pd.Series(score).rank().to_numpy()  # ties get their mean rank
    pairs = positive.sum() * (~positive).sum()
    return float((ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2) / pairs)


def _terms(courses: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """The columns of the model without the most frequent category of each attribute: severity as recorded (NaN = not), the others 0 and 1."""
    severity = courses["severity"].to_numpy(dtype=float)
    terms = {_SEVERITY: severity, _NO_SEVERITY: np.isnan(severity).astype(float)} if np.isfinite(severity).any() else {}
    for attribute in ATTRIBUTES:
        codes = _categories(courses[attribute])
        label = attribute.replace("_", " ")
        usual = _usual(codes)
        terms |= {f"{label}: {code}": (codes == code).to_numpy(dtype=float) for code in sorted(codes.unique()) if code != usual}
    return terms


def _reference(courses: pd.DataFrame) -> list[str]:
    return [f"{attribute.replace('_', ' ')}: {_usual(_categories(courses[attribute]))}" for attribute in ATTRIBUTES]


def _categories(codes: pd.Series) -> pd.Series:
    known = codes.fillna(_UNKNOWN)
    counts = known.value_counts()
    few = counts.index[counts < LEAST_IN_CATEGORY]
    return known.where(~known.isin(few), _OTHER).astype("category")


def _usual(codes: pd.Series) -> str:
    counts = codes.value_counts()
    return min(counts.index[counts == counts.max()])


def _column(name: str, column: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    return np.where(np.isnan(column), 0.0, (column - mean) / 10.0) if name == _SEVERITY else column


ESTIMATORS: dict[str, Callable] = {f"case_mix_{outcome}": estimator(outcome) for outcome in EVENTS}
