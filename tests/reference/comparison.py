"""Therapists side by side, therapist by therapist: observed and expected, limits and shrunk estimates from the formulas as they are printed."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import optimize, stats
from tests.reference.courses import ENDED, rows

from process.contract import instruments


def gain(records, course):
    """Severity before therapy, on the first form scored by session 1, and whether reliably better on the form scored most; None for what is not known."""
    forms = {}
    for row in rows(records, "scores", course.id):
        form = next((entry for entry in instruments.registry() if (entry.instrument, entry.form) == (row["instrument"], row["form"])), None)
        rank = course.rank_of.get(row["session_number"])
        if form is not None and form.construct == "outcome" and form.rater == row["rater"] and rank is not None:
            forms.setdefault((form.priority, form.instrument, form.form), (form, {}))[1][rank] = row["value"]
    if not forms:
        return None, None
    key = min(forms, key=lambda name: (-len(forms[name][1]), name))
    form, scores = forms[key]
    first, last = scores[min(scores)], scores[max(scores)]
    better = -1 if form.direction == "lower_is_better" else 1
    severity = None
    for name in sorted(forms, reverse=True):
        early, values = forms[name]
        if min(values) <= 1:
            severity = 100 * (values[min(values)] - early.minimum) / (early.maximum - early.minimum)
            severity = severity if early.direction == "lower_is_better" else 100 - severity
    if len(scores) < 2 or form.reliable_change is None:
        return severity, None
    change = better * (last - first)
    return severity, change > form.reliable_change if form.change_rule == "jacobson_truax" else change >= form.reliable_change - 1e-9


def outcome(records, course, name):
    """Whether it happened; None where it cannot be told."""
    if course.row["ending"] not in ENDED:
        return None
    return course.row["ending"] == "patient_stopped" if name == "dropout" else gain(records, course)[1]


def anticipated(records, course, terms):
    """The case-mix model's probability, from its stored terms."""
    severity = gain(records, course)[0]
    log_odds = terms["intercept"]
    if "severity, per 10 points" in terms:
        log_odds += terms.get("severity not recorded", 0.0) if severity is None else terms["severity, per 10 points"] * (severity - terms["mean severity"]) / 10
    for attribute in ("problem", "modality", "age_band"):
        label = attribute.replace("_", " ")
        log_odds += terms.get(f"{label}: {course.row.get(attribute) or 'not recorded'}", terms.get(f"{label}: other", 0.0))
    return 1 / (1 + math.exp(-log_odds))


def by_therapist(records, courses, name, terms, clinic, minimum=20):
    """Each therapist's row: share, what was expected, adjusted share, limits it lies beyond, shrunk estimate with the outermost of two intervals."""
    table = {}
    known = [(course, outcome(records, course, name)) for course in courses]
    known = [(course, happened) for course, happened in known if happened is not None]
    for therapist in sorted({course.therapist for course, _ in known}):
        own = [(course, happened) for course, happened in known if course.therapist == therapist]
        n = len(own)
        row = {"courses": n, "therapists": 1}
        if n >= minimum:
            chances = [anticipated(records, course, terms) for course, _ in own]
            expected, variance = sum(chances) / n, sum(p * (1 - p) for p in chances)
            size = (n * expected) ** 2 * (1 - clinic["target"]) / (clinic["target"] * variance)
            share = sum(happened for _, happened in own) / n
            adjusted = min(clinic["target"] * share / expected, 1.0)
            beyond = 0.0
            for level, z in ((95.0, 1.959964), (99.8, 3.090232)):
                reach = z * math.sqrt(1 / (4 * size) + clinic["tau"] ** 2)
                middle = math.asin(math.sqrt(clinic["target"]))
                low, high = (math.sin(min(max(middle + side, 0), math.pi / 2)) ** 2 for side in (-reach, reach))
                few, most = by_chance(math.floor(size + 1e-9), clinic["target"], (1 - level / 100) / 2)
                beyond = level if not min(low, few) - 1e-12 <= adjusted <= max(high, most) + 1e-12 else beyond
            row |= {"share": 100 * share, "expected": 100 * expected, "adjusted": 100 * adjusted, "effective": size, "beyond": beyond}
            row |= shrunk(adjusted, size, clinic)
        table[therapist] = row
    return table


def by_chance(n, target, tail):
    """The smallest shares at which the binomial chances, added up from below, exceed the tail, and reach all but the tail."""
    sums = list(itertools.accumulate(math.comb(n, k) * target**k * (1 - target) ** (n - k) for k in range(n + 1)))
    return next(k for k in range(n + 1) if sums[k] >= tail) / n, next((k for k in range(n + 1) if sums[k] >= 1 - tail), n) / n


def shrunk(adjusted, n, clinic):
    a, b = clinic.get("prior_a"), clinic.get("prior_b")
    mean = a / (a + b) if a is not None else clinic["target"]
    ends, estimates = [], []
    for share in (clinic["variance share"], clinic["variance share to"]):
        if share <= 1e-7:
            ends += [mean]
            estimates.append(mean)
            continue
        strength = 1 / share - 1
        posterior = stats.beta(mean * strength + n * adjusted, (1 - mean) * strength + n * (1 - adjusted))
        ends += [posterior.ppf(0.025), posterior.ppf(0.975)]
        estimates.append(posterior.mean())
    return {"shrunk": 100 * estimates[0], "shrunk_lower": 100 * min(ends), "shrunk_upper": 100 * max(ends)}


def penalised_fit(design, events, scale=2.5):
    """The logistic model by Newton's method, its first column without penalty."""
    x, y = np.asarray(design, dtype=float), np.asarray(events, dtype=float)
    penalty = np.diag([0.0] + [1 / scale**2] * (x.shape[1] - 1))

    def slope(b):
        return x.T @ (y - 1 / (1 + np.exp(-x @ b))) - penalty @ b

    def bend(b):
        p = 1 / (1 + np.exp(-x @ b))
        return -(x.T * (p * (1 - p))) @ x - penalty

    return optimize.root(slope, np.zeros(x.shape[1]), jac=bend).x
