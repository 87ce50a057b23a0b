"""Where scores differ: between therapists, between the courses of a therapist, and between the sessions of a course, as parts of one variance.

The model is x = mean + therapist + course within therapist + session within course, each part random. Its variances are estimated by equating the sums
of squares of the nested analysis of variance with what they are expected to be (Henderson 1953, Biometrics 9(2), 226-252, method 1; Searle, Casella &
McCulloch 1992, Variance Components). They need nothing but sums over courses, which can be added up along therapy length; with equal numbers they are
those of restricted maximum likelihood. Intervals leave out one therapist at a time (Arvesen & Schmitz 1970, Biometrics 26(4), 677-686).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from process.measures.intervals import LEVEL, MINIMUM_CLUSTERS, clustered_means, reasons

Floats = NDArray[np.float64]
SUMS = ("courses", "scores", "total", "squares", "course_squares", "scores_squared")
"""Of each cluster: courses, scores n, their sum, sum of squares, sum over its courses of (course total)^2 / n_c, and of n_c^2."""
PARTS = ("therapists", "courses", "sessions")


@dataclass(frozen=True)
class Part:
    """One part: its share of the variance (0 to 1) and its standard deviation (units of the score), each (estimate, lower, upper); NaN where not known."""

    share: tuple[float, float, float]
    sd: tuple[float, float, float]
    why: str


_UNKNOWN = (float("nan"),) * 3


def parts(cells: Mapping[str, Floats], level: float = LEVEL, minimum_clusters: int = MINIMUM_CLUSTERS, unit: str = "therapists") -> dict[str, Part]:
    """The parts by name (`PARTS`) from the `SUMS` of each cluster.

    With `unit` = "therapists" a cluster is a therapist and there are three parts; otherwise it is a course, and there is no part between therapists.
    A variance that comes out below 0 is 0. Shares have their interval on the scale of log odds, standard deviations of courses and sessions on that of
    logs; the part between therapists on that of log F, the mean square between therapists over what it would be without them, turned back with the other
    two as estimated. Student's t with the Bell-McCaffrey degrees of freedom of a mean over these scores: G - 1, fewer where caseloads are unequal.
    """
    here = np.asarray(cells["scores"]) > 0
    sums = np.stack([np.asarray(cells[name], dtype=np.float64)[here] for name in SUMS])
    nested = unit == "therapists" and here.sum() > 1
    added = np.vstack([sums, _of_clusters(sums, nested)])
    whole = added.sum(axis=1, keepdims=True)
    found, without = _estimates(whole), _estimates(whole - added)
    why, t = _spread_of(sums, level, minimum_clusters, unit)
    between = {"therapists": found["therapists"]} if nested else {}
    variances = {**between, "courses": found["courses"], "sessions": found["sessions"]}
    if not np.isfinite(sum(float(value[0]) for value in variances.values())):
        return dict.fromkeys(PARTS, Part(_UNKNOWN, _UNKNOWN, why or "too few courses with several scores"))
    kept = {name: max(float(value[0]), 0.0) for name, value in variances.items()}
    total = sum(kept.values())
    if total <= 0:
        return dict.fromkeys(PARTS, Part(_UNKNOWN, _UNKNOWN, "all scores are equal"))
    every = sum(without[name] for name in variances)
    limits = {}
    for name in ("courses", "sessions"):
        share = _jackknifed(_log_odds(kept[name] / total), _log_odds(without[name] / every), t)
        spread = _jackknifed(np.log(kept[name]) if kept[name] > 0 else np.nan, _log(without[name]), t)
        limits[name] = tuple(scipy.special.expit(share)), tuple(np.exp(spread / 2))
    if nested:
        other = total - kept["therapists"]
        ratio = _jackknifed(float(found["log_f"][0]), without["log_f"], t)
        ends = np.maximum((np.exp(ratio) - 1) * float(found["expected"][0]) / float(found["weight"][0]), 0.0)
        limits["therapists"] = tuple(ends / (ends + other)) if other > 0 else (np.nan, np.nan), tuple(np.sqrt(ends))
    answer = {
        name: Part((kept[name] / total, *map(float, limits[name][0])), (kept[name] ** 0.5, *map(float, limits[name][1])), _reason(why, limits[name]))
        for name in kept
    }
    only = "these are one therapist's courses" if unit != "therapists" else "only one therapist"
    return {name: answer.get(name, Part(_UNKNOWN, _UNKNOWN, only)) for name in PARTS}


def _of_clusters(sums: Floats, nested: bool) -> Floats:
    """Sums that have a cluster's own size in them: T^2 / n, sum of n_c^2 / n, n^2, and 1 for each cluster. Without nesting all are one cluster."""
    _, n, total, _, _, squared = sums
    if nested:
        return np.stack([total**2 / n, squared / n, n**2, np.ones_like(n)])
    return np.full((4, sums.shape[1]), np.nan)


def _estimates(added: Floats) -> dict[str, Floats]:
    """Variance components by the moments of the nested analysis of variance, one entry a column; NaN where a mean square has no degree of freedom."""
    courses, n, total, squares, means, squared, grouped, weighted, sizes, groups = added
    with np.errstate(divide="ignore", invalid="ignore"):
        nested = np.isfinite(groups)
        grouped, weighted = np.where(nested, grouped, total**2 / n), np.where(nested, weighted, squared / n)
        sizes, groups = np.where(nested, sizes, n**2), np.where(nested, groups, 1.0)
        sessions = np.where(n > courses, (squares - means) / (n - courses), np.nan)
        between = np.where(courses > groups, (means - grouped) / (courses - groups), np.nan)
        sessions = np.maximum(sessions, 0.0)  # equal scores leave a rounding error
        variance = (between - sessions) * (courses - groups) / (n - weighted)
        expected = sessions + np.maximum(variance, 0.0) * (weighted - squared / n) / (groups - 1)
        square, weight = (grouped - total**2 / n) / (groups - 1), (n - sizes / n) / (groups - 1)
        log_f = np.log(square / expected)
    return {"sessions": sessions, "courses": variance, "therapists": (square - expected) / weight, "log_f": log_f, "expected": expected, "weight": weight}


def _spread_of(sums: Floats, level: float, minimum_clusters: int, unit: str) -> tuple[str, float]:
    """Why there is no interval (empty where there is one), and the quantile of Student's t."""
    mean = clustered_means(sums[None, 1], sums[None, 2], level, minimum_clusters, unit)
    why = str(reasons(mean.n, mean.clusters, mean.df, minimum_clusters, unit)[0])
    return why, float(scipy.special.stdtrit(mean.df[0], 0.5 + level / 2)) if why == "" else float("nan")


def _jackknifed(estimate: float, without: Floats, t: float) -> Floats:
    """Both limits of an estimate from what it is without each cluster in turn."""
    count = len(without)
    error = np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    return np.array([estimate - t * error, estimate + t * error])


def _log_odds(share: Floats | float) -> Floats:
    inside = np.where((np.asarray(share) > 0) & (np.asarray(share) < 1), share, np.nan)
    return scipy.special.logit(inside)


def _log(variance: Floats) -> Floats:
    return np.log(np.where(variance > 0, variance, np.nan))


def _reason(why: str, limits: tuple) -> str:
    return why or ("" if np.isfinite(limits[0]).all() else "this part is not told apart from none")
