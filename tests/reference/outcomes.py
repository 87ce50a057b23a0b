"""Outcome scores course by course, with plain loops: what became of them, sudden gains and losses, the expected course. Slow and obvious."""

from __future__ import annotations

import math
import statistics
from collections import Counter

import numpy as np
from scipy import stats
from tests.reference.courses import distinct, in_range, rows
from tests.reference.uncertainty import share_interval

from process.contract import instruments


def forms():
    return {(form.instrument, form.form, form.rater): form for form in instruments.registry() if form.construct == "outcome"}


def series(records, course):
    """By form: attended rank → score."""
    found = {}
    for row in rows(records, "scores", course.id):
        form = forms().get((row["instrument"], row["form"], row["rater"]))
        rank = course.rank_of.get(row["session_number"])
        if form is not None and rank is not None:
            found.setdefault(form.label, (form, {}))[1][rank] = row["value"]
    return found


def category(form, first, last):
    """The five words, rule by rule; None for a form without a yardstick."""
    towards_health = first - last if form.direction == "lower_is_better" else last - first
    if form.reliable_changes:
        threshold = next(entry.value for entry in form.reliable_changes if entry.default)
        better, worse = towards_health > threshold - 1e-9, towards_health < -threshold + 1e-9
    elif form.clinical_sd is not None and form.reliability is not None:
        rci = towards_health / math.sqrt(2 * (form.clinical_sd * math.sqrt(1 - form.reliability)) ** 2)
        better, worse = rci > 1.96, rci < -1.96
    else:
        return None
    began, ended = clinical(form, first), clinical(form, last)
    if better:
        return "recovered" if began and ended is False else "improved"
    if worse:
        return "harmed" if began is False and ended else "deteriorated"
    return "unchanged"


def clinical(form, score):
    """Whether a score is on the clinical side; None where no cut-off is known."""
    if form.cutoff is None:
        return None
    return score >= form.cutoff if form.direction == "lower_is_better" else score <= form.cutoff


def outcome_change(records, courses, length):
    """By (form, category); and headlines by name."""
    here = in_range(courses, length)
    judged, measured = {}, []
    for course in here:
        found = series(records, course)
        measured.append(max((len(scores) for _, scores in found.values()), default=0))
        for label, (form, scores) in found.items():
            if len(scores) >= 2:
                first, last = scores[min(scores)], scores[max(scores)]
                word = category(form, first, last)
                if word is not None:
                    judged.setdefault(label, []).append((course, word, bool(clinical(form, first))))
    table, said = {}, {"measured": share([most >= 2 for most in measured], here, here)}
    for label, those in judged.items():
        everyone = [course for course, _, _ in those]
        for word in ("recovered", "improved", "unchanged", "deteriorated", "harmed"):
            table[label, word] = share([found == word for _, found, _ in those], everyone, everyone)
        said[f"better:{label}"] = share([found in ("recovered", "improved") for _, found, _ in those], everyone, everyone)
        said[f"worse:{label}"] = share([found in ("deteriorated", "harmed") for _, found, _ in those], everyone, everyone)
        began = [(course, found) for course, found, sick in those if sick]
        said[f"recovered:{label}"] = share([found == "recovered" for _, found in began], [course for course, _ in began], [course for course, _ in began])
    notes = {"one_score": sum(most == 1 for most in measured), "no_score": sum(most == 0 for most in measured)}
    return table, said, notes


def share(hits, courses, whole):
    """Share in percent with its interval, the courses it happened in, of how many, and their therapists."""
    if not courses:
        return {"share": math.nan, "lower": math.nan, "upper": math.nan, "courses": 0, "of": 0, "therapists": 0}
    counts = distinct([course for course, hit in zip(courses, hits, strict=True) if hit])
    return {**share_interval(hits, [course.cluster for course in courses]), **counts, "of": len(whole)}


def shifts(form, scores, losses):
    """(session, size, lost again) of every sudden gain or loss, and whether any could have been found."""
    low = form.minimum if form.direction == "lower_is_better" else -form.maximum
    sign = 1 if form.direction == "lower_is_better" else -1
    distress = {rank: sign * score - low for rank, score in scores.items() if rank >= 1}
    found, judged = [], False
    for n in sorted(distress):
        if n + 1 not in distress:
            continue
        before = [distress[rank] for rank in (n - 2, n - 1, n) if rank in distress]
        after = [distress[rank] for rank in (n + 1, n + 2, n + 3) if rank in distress]
        if len(before) < 2 or len(after) < 2:
            continue
        judged = True
        change = distress[n + 1] - distress[n] if losses else distress[n] - distress[n + 1]
        if change < form.reliable_change - 1e-9 or change < 0.25 * distress[n] - 1e-9:
            continue
        df = len(before) + len(after) - 2
        pooled = ((len(before) - 1) * statistics.variance(before) + (len(after) - 1) * statistics.variance(after)) / df
        apart = statistics.mean(after) - statistics.mean(before) if losses else statistics.mean(before) - statistics.mean(after)
        if apart <= stats.t.ppf(0.975, df) * math.sqrt(pooled) + 1e-12:
            continue
        half = (distress[n] + distress[n + 1]) / 2
        later = [distress[rank] for rank in distress if rank > n + 1]
        lost = any(score <= half + 1e-9 for score in later) if losses else any(score >= half - 1e-9 for score in later)
        found.append((n, change, lost))
    return found, judged


def sudden_gains(records, courses, length):
    """By (form, kind); and the medians of first gains by form."""
    told = {}
    for course in in_range(courses, length):
        for label, (form, scores) in series(records, course).items():
            gains, judged = shifts(form, scores, losses=False)
            if judged:
                told.setdefault(label, []).append((course, gains, shifts(form, scores, losses=True)[0]))
    table, medians = {}, {}
    for label, those in told.items():
        everyone = [course for course, _, _ in those]
        table[label, "gain"] = share([bool(gains) for _, gains, _ in those], everyone, everyone)
        table[label, "loss"] = share([bool(losses) for _, _, losses in those], everyone, everyone)
        gained = [(course, gains) for course, gains, _ in those if gains]
        if gained:
            table[label, "gain_reversed"] = share([gains[0][2] for _, gains in gained], [course for course, _ in gained], gained)
            medians[label] = (statistics.median(gains[0][0] for _, gains in gained), statistics.median(gains[0][1] for _, gains in gained))
    return table, medians


def severity(form, scores):
    """The band of the first score; None where it came after session 1."""
    first = min(scores)
    if first > 1:
        return None
    start = form.cutoff if form.cutoff is not None else (form.minimum if form.direction == "lower_is_better" else form.maximum)
    over = scores[first] - start if form.direction == "lower_is_better" else start - scores[first]
    return math.floor(over / (form.reliable_change or (form.maximum - form.minimum) / 5) + 1e-9)


def bands(records, everybody, least_courses):
    """(form, severity, session) → (lower, upper), of all ended courses of the clinic."""
    past = {}
    for course in everybody:
        if course.row["ending"] not in ("planned", "patient_stopped", "therapist_ended", "moved_on"):
            continue
        for label, (form, scores) in series(records, course).items():
            band = severity(form, scores)
            for rank, score in scores.items():
                if band is not None and rank > min(scores):
                    past.setdefault((label, band, rank), []).append((score, course.therapist))
    edges = {}
    for place, found in past.items():
        scores, whose = [score for score, _ in found], Counter(therapist for _, therapist in found)
        if len(found) >= least_courses and len(whose) >= 5 and 2 * max(whose.values()) <= len(found):
            edges[place] = tuple(np.round(2 * np.quantile(scores, part)) / 2 for part in (0.1, 0.9))
    return edges


def expected_course(records, everybody, courses, length, least_courses=30):
    """By (form, status); the number of open courses, and how many cannot be told. Courses lie at their sessions to date."""
    edges = bands(records, everybody, least_courses)
    here = [course for course in courses if course.row["ending"] == "still_going" and length[0] <= course.so_far <= length[1]]
    placed, told = {}, set()
    for course in here:
        for label, (form, scores) in series(records, course).items():
            band, sides = severity(form, scores), []
            for rank in sorted(scores):
                if (label, band, rank) in edges and rank > min(scores):
                    low, high = edges[label, band, rank]
                    side = 1 if scores[rank] > high + 1e-9 else -1 if scores[rank] < low - 1e-9 else 0
                    sides.append(-side if form.direction == "lower_is_better" else side)
            if len(sides) >= 2:
                told.add(course.id)
                status = {(1, 1): "further", (-1, -1): "behind"}.get(tuple(sides[-2:]), "as_expected")
                placed.setdefault(label, []).append((course, status))
    table = {}
    for label, those in placed.items():
        everyone = [course for course, _ in those]
        for status in ("as_expected", "further", "behind"):
            table[label, status] = share([found == status for _, found in those], everyone, everyone)
    return table, {"open_courses": len(here), "cannot_be_told": len(here) - len(told)}
