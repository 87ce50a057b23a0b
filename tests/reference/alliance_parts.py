"""The alliance between and within courses, and the match window, course by course: sums of squares from deviations, one therapist left out at a time."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats
from tests.reference.courses import ENDED, distinct, in_range
from tests.reference.uncertainty import mean_interval, share_interval

DECISIONS = ("continue", "change_therapist", "refer", "none")
ENDINGS = ("still_going", "planned", "patient_stopped", "therapist_ended", "moved_on", "unknown")


def scores_of(course):
    """The patient's scores in sessions 1, 2, 3 …, in order."""
    return [course.patient[rank] for rank in sorted(course.patient) if rank >= 1]


def mean(values):
    return sum(values) / len(values)


def components(groups):
    """Variances between therapists, courses and sessions from `groups`: lists (a therapist each) of lists (a course each) of scores.

    Each mean square is written as a sum of squared deviations, and the coefficients as the textbook's double sums.
    """
    courses = [course for group in groups for course in group]
    scores = [x for course in courses for x in course]
    every = mean(scores)
    n, c, g = len(scores), len(courses), len(groups)
    if n == c:
        return None
    within = sum((x - mean(course)) ** 2 for course in courses for x in course) / (n - c)
    if c == g:
        return None
    group_means = [mean([x for course in group for x in course]) for group in groups]
    between = sum(len(course) * (mean(course) - middle) ** 2 for group, middle in zip(groups, group_means, strict=True) for course in group) / (c - g)
    sizes = [sum(len(course) for course in group) for group in groups]
    w = sum(len(course) ** 2 / size for group, size in zip(groups, sizes, strict=True) for course in group)
    variance = (between - within) / ((n - w) / (c - g))
    found = {"sessions": within, "courses": variance}
    if g > 1:
        square = sum(size * (middle - every) ** 2 for size, middle in zip(sizes, group_means, strict=True)) / (g - 1)
        expected = within + max(variance, 0.0) * (w - sum(len(course) ** 2 for course in courses) / n) / (g - 1)
        weight = (n - sum(size**2 for size in sizes) / n) / (g - 1)
        found |= {"therapists": (square - expected) / weight, "F": square / expected, "expected": expected, "weight": weight}
    return found


def jackknife(estimate, without, t):
    count = len(without)
    middle = mean(without)
    half = t * math.sqrt((count - 1) / count * sum((value - middle) ** 2 for value in without))
    return estimate - half, estimate + half


def log_odds(share):
    return math.log(share / (1 - share))


def between_within(courses, length):
    """{(part, kind): row} of shares (percent) and standard deviations; None where they cannot be told apart."""
    here = [course for course in in_range(courses, length) if scores_of(course)]
    if not here:
        return None
    own = here[0].cluster == here[0].id
    groups = {}
    for course in here:
        groups.setdefault("all" if own else course.therapist, []).append(scores_of(course))
    nested = not own and len(groups) > 1
    found = components(list(groups.values()))
    if found is None or math.isnan(found["courses"]):
        return None
    names = ("therapists", "courses", "sessions") if nested else ("courses", "sessions")
    kept = {name: max(found[name], 0.0) for name in names}
    total = sum(kept.values())
    units = [(course.cluster, scores_of(course)) for course in here]
    clusters = sorted({cluster for cluster, _ in units})
    if nested:
        without = [components([group for name, group in groups.items() if name != cluster]) for cluster in clusters]
    else:
        without = [components([[scores for name, scores in units if name != cluster]]) for cluster in clusters]
    _, df = spread_df(units)
    t = stats.t.ppf(0.975, df) if len(clusters) >= 6 and df >= 4 - 1e-9 else math.nan
    rows = {}
    for name in names:
        share, sd = (math.nan, math.nan), (math.nan, math.nan)
        if not math.isnan(t) and all(each is not None for each in without):
            if name == "therapists":
                lows = jackknife(math.log(found["F"]), [math.log(each["F"]) for each in without], t)
                ends = [max((math.exp(end) - 1) * found["expected"] / found["weight"], 0.0) for end in lows]
                share, sd = tuple(end / (end + total - kept[name]) for end in ends), tuple(math.sqrt(end) for end in ends)
            elif kept[name] > 0 and all(each[name] > 0 for each in without):
                sums = [sum(each[other] for other in names) for each in without]
                shares = [each[name] / whole for each, whole in zip(without, sums, strict=True)]
                if 0 < kept[name] / total < 1 and all(0 < each < 1 for each in shares):
                    share = tuple(1 / (1 + math.exp(-end)) for end in jackknife(log_odds(kept[name] / total), [log_odds(each) for each in shares], t))
                sd = tuple(math.exp(end / 2) for end in jackknife(math.log(kept[name]), [math.log(each[name]) for each in without], t))
        rows[name, "share"] = {"estimate": 100 * kept[name] / total, "lower": 100 * share[0], "upper": 100 * share[1]}
        rows[name, "sd"] = {"estimate": math.sqrt(kept[name]), "lower": sd[0], "upper": sd[1]}
    counts = {"scores": sum(len(scores) for _, scores in units), **distinct(here)}
    return {key: {**row, **counts} for key, row in rows.items()}


def spread_df(units):
    """Number of clusters and the Bell-McCaffrey degrees of freedom of the mean of all scores, from the trace of the dense matrices."""
    labels = [cluster for cluster, scores in units for _ in scores]
    n = len(labels)
    names = sorted(set(labels))
    if len(names) < 2:
        return len(names), math.nan
    columns = []
    for name in names:
        mine = np.array([label == name for label in labels], dtype=float)
        columns.append((mine - mine.sum() / n) / (n * math.sqrt(1 - mine.sum() / n)))
    gram = np.array(columns) @ np.array(columns).T
    return len(names), float(np.trace(gram) ** 2 / (gram**2).sum())


def spread(courses, length, width=5.0):
    """{(part, middle of the band): (scores, courses)}: course means, and scores minus their course's mean where it has two or more."""
    bands = {}
    for course in in_range(courses, length):
        scores = scores_of(course)
        if not scores:
            continue
        middle = mean(scores)
        places = [("courses", math.floor(round(middle / width, 6) + 0.5) * width)]
        if len(scores) >= 2:
            places += [("sessions", math.floor(round((score - middle) / width, 6) + 0.5) * width) for score in scores]
        for place in places:
            bands.setdefault(place, []).append(course)
    return {place: {"scores": len(those), **distinct(those)} for place, those in bands.items()}


def early_level(course):
    scores = [course.patient[rank] for rank in (1, 2, 3) if rank in course.patient]
    return round(mean(scores), 6) if scores else None


def window_over(course):
    return course.so_far >= 3 or course.row["ending"] in ENDED


def edges(courses):
    """The clinic's thirds, from every course whose window is over."""
    levels = [early_level(course) for course in courses if window_over(course) and early_level(course) is not None]
    return tuple(round(float(np.quantile(levels, share)), 6) for share in (1 / 3, 2 / 3)) if levels else None


def trend(course):
    points = [(rank, course.patient[rank]) for rank in (1, 2, 3) if rank in course.patient]
    return float(np.polyfit(*zip(*points, strict=True), 1)[0]) if len(points) >= 2 else None


def gap(course):
    apart = [course.patient[rank] - course.therapist_scores[rank] for rank in (1, 2, 3) if rank in course.patient and rank in course.therapist_scores]
    return mean(apart) if apart else None


def match_window(courses, length, cuts):
    """{(band, about, what): row}, headlines by name, and notes."""
    here = in_range(courses, length)
    left = {
        "still_in_window": sum(not window_over(course) for course in here),
        "unscored": sum(window_over(course) and early_level(course) is None for course in here),
    }
    mine = [course for course in here if window_over(course) and early_level(course) is not None]
    bands = {"lower": [], "middle": [], "upper": []}
    for course in mine:
        level = early_level(course)
        bands["lower" if level < cuts[0] else "middle" if level < cuts[1] else "upper"].append(course)
    table = {}
    for band, those in bands.items():
        for key, row in _figures(those).items():
            table[(band, *key)] = {**row, "of_courses": len(those)}
    heads = {what: row for (about, what), row in _figures(mine).items() if about == "early"}
    if mine:
        decided = [course.row.get("match_decision") is not None for course in mine]
        share = share_interval(decided, [course.cluster for course in mine])
        heads["decided"] = {"estimate": share["share"], "lower": share["lower"], "upper": share["upper"], **distinct(mine)}
    return table, heads, left


def _figures(those):
    rows = {}
    values = {("early", "level"): early_level, ("early", "trend"): trend, ("early", "gap"): gap}
    values["length", "sessions"] = lambda course: course.so_far if course.row["ending"] in ENDED else None
    for key, value in values.items():
        known = [(course, value(course)) for course in those if value(course) is not None]
        if known:
            found = mean_interval([x for _, x in known], [course.cluster for course, _ in known])
            rows[key] = {"estimate": found["mean"], "lower": found["lower"], "upper": found["upper"], **distinct([course for course, _ in known])}
    outcomes = [("decision", code, lambda course: course.row.get("match_decision") or "none") for code in DECISIONS]
    outcomes += [("ending", code, lambda course: course.row["ending"]) for code in ENDINGS]
    for about, code, of in outcomes:
        hits = [course for course in those if of(course) == code]
        if hits:
            share = share_interval([of(course) == code for course in those], [course.cluster for course in those])
            rows[about, code] = {"estimate": share["share"], "lower": share["lower"], "upper": share["upper"], **distinct(hits)}
    return rows
