"""Possible ruptures course by course, with the scalar kernel, and what the measures make of them, session by session."""

from __future__ import annotations

import math
import statistics

from tests.reference.courses import distinct, in_range, population, rows
from tests.reference.uncertainty import mean_interval, share_interval

from process.contract import instruments
from process.measures.dips import dips

RULES = ("drop_1sd", "drop_2sd", "reliable_drop", "xmr", "srs_cutoff")


def scored(course, records):
    """{rank: (score in POMP, instrument, form, priority)} of the patient."""
    forms = {(form.instrument, form.form): form for form in instruments.registry() if form.construct == "alliance" and form.rater == "patient"}
    best = {}
    for row in rows(records, "scores", course.id):
        form, rank = forms.get((row["instrument"], row["form"])), course.rank_of.get(row["session_number"])
        if form is not None and row["rater"] == "patient" and rank and (rank not in best or form.priority < best[rank][3]):
            best[rank] = (100 * (row["value"] - form.minimum) / (form.maximum - form.minimum), form.instrument, form.form, form.priority)
    return best


def pooled_sd(every):
    """The SD of scores around their course's mean, over all courses with two scores or more."""
    squares, df = 0.0, 0
    for scores in every:
        values = [score for score, *_ in scores.values()]
        if len(values) >= 2:
            squares += sum((value - statistics.fmean(values)) ** 2 for value in values)
            df += len(values) - 1
    return math.sqrt(squares / df) if df else None


def reliable_changes(every):
    """POMP points by (instrument, form), from the registry, and from the clinic's first scores where it has no SD."""
    found = {}
    for form in instruments.registry():
        if form.construct != "alliance" or form.rater != "patient":
            continue
        points = 100 / (form.maximum - form.minimum)
        firsts = []
        for scores in every:
            mine = [rank for rank, (_, instrument, name, _) in scores.items() if (instrument, name) == (form.instrument, form.form)]
            if mine:
                firsts.append(scores[min(mine)][0])
        if form.reliable_change is not None:
            found[form.instrument, form.form] = form.reliable_change * points
        elif form.reliability is not None and len(set(firsts)) >= 2:
            found[form.instrument, form.form] = 1.96 * math.sqrt(2) * statistics.stdev(firsts) * math.sqrt(1 - form.reliability)
    return found


def found_by_rule(records):
    """{(course_id, rule): {"sessions": scored ranks, "told": bool, "in_dip": ranks, "episodes": [...]}}; absent where the rule reads no score."""
    courses = population(records, "so_far")
    scores = {course.id: scored(course, records) for course in courses}
    sd, changes = pooled_sd(scores.values()), reliable_changes(scores.values())
    table = {}
    for course in courses:
        mine = scores[course.id]
        every = {rank: mine[rank][0] for rank in sorted(mine)}
        counts = {}
        for _, instrument, form, _ in mine.values():
            counts[instrument, form] = counts.get((instrument, form), 0) + 1
        main = min(counts, key=lambda name: (-counts[name], name)) if counts else None
        on_main = {rank: mine[rank][0] for rank in sorted(mine) if mine[rank][1:3] == main} if main in changes else {}
        srs = {
            course.rank_of[row["session_number"]]: row["value"]
            for row in sorted(rows(records, "scores", course.id), key=lambda row: row["session_number"])
            if row["instrument"] == "srs" and course.rank_of.get(row["session_number"])
        }
        asked = {
            "drop_1sd": (every, 4, 1, {"pooled_sd": sd}),
            "drop_2sd": (every, 4, 1, {"pooled_sd": sd}),
            "reliable_drop": (on_main, 3, 1, {"reliable_change": changes.get(main)}),
            "xmr": (every, 4, 1, {"causal": 1}),
            "srs_cutoff": (srs, 3, 2.5, {}),
        }
        for rule, (series, least, points, options) in asked.items():
            if not series:
                continue
            filled = [series.get(rank, math.nan) for rank in range(1, max(series) + 1)]
            episodes = dips(filled, rule, **options) if len(series) >= least else []
            open_in = [rank for rank in series if any(one.onset <= rank and (one.returned is None or rank < one.returned) for one in episodes)]
            table[course.id, rule] = {
                "sessions": list(series),
                "told": len(series) >= least,
                "in_dip": open_in,
                "episodes": [one._replace(magnitude=one.magnitude * points) for one in episodes],
            }
    return table


def by_rule(found, courses, length):
    shares, rates, notes = {}, {}, {}
    here = [course for course in in_range(courses, length) if (course.id, "drop_1sd") in found]
    for rule in RULES if here else ():
        read = [course for course in here if (course.id, rule) in found]
        told = [(course, found[course.id, rule]) for course in read if found[course.id, rule]["told"]]
        notes[f"too_short_{rule}"], notes[f"not_read_{rule}"] = len(read) - len(told), len(here) - len(read)
        clusters = [course.cluster for course, _ in told]
        hits = [bool(each["episodes"]) for _, each in told]
        people = distinct([course for course, _ in told])
        empty = {"share": math.nan, "lower": math.nan, "upper": math.nan}
        shares[rule] = {**(share_interval(hits, clusters) if told else empty), "with_dip": sum(hits), **people}
        sessions = [(course, rank, {one.onset for one in each["episodes"]}) for course, each in told for rank in each["sessions"]]
        rate = mean_interval([float(rank in onsets) for _, rank, onsets in sessions], [course.cluster for course, _, _ in sessions]) if told else {}
        rate = {
            "mean": 100 * rate.get("mean", math.nan),
            "lower": max(100 * rate["lower"], 0) if told else math.nan,
            "upper": 100 * rate.get("upper", math.nan),
        }
        rates[rule] = {**rate, "possible": sum(len(each["episodes"]) for _, each in told), "sessions": len(sessions), **people}
    return shares, rates, notes


def agreement(found, courses, length):
    table = {}
    for rule in RULES:
        for other in RULES:
            if rule == other:
                continue
            both = []
            for course in in_range(courses, length):
                one, two = found.get((course.id, rule)), found.get((course.id, other))
                if one and two and one["told"] and two["told"]:
                    both += [(course, rank in one["in_dip"], rank in two["in_dip"]) for rank in one["sessions"] if rank in two["sessions"]]
            asked = [(course, second) for course, first, second in both if first]
            if both:
                empty = {"share": math.nan, "lower": math.nan, "upper": math.nan}
                table[rule, other] = {
                    **(share_interval([hit for _, hit in asked], [course.cluster for course, _ in asked]) if asked else empty),
                    "in_both": sum(hit for _, hit in asked),
                    "in_rule": len(asked),
                    "sessions": len(both),
                    **distinct([course for course, _, _ in both]),
                }
    return table


def and_recorded(found, records, courses, length):
    items = {}
    for course in in_range(courses, length):
        with_rupture = {course.rank_of.get(row["session_number"]) for row in rows(records, "ruptures", course.id)}
        for rank, session in enumerate(course.sessions, start=1):
            looked = session.get("rupture_reviewed")
            if rank not in with_rupture and looked in (None, "no"):
                continue
            for rule in RULES:
                mine = found.get((course.id, rule))
                if mine and mine["told"] and rank in mine["sessions"]:
                    items.setdefault((rule, "rupture_found" if rank in with_rupture else "none_found"), []).append((course, rank in mine["in_dip"]))
    return {
        key: {
            **share_interval([hit for _, hit in each], [course.cluster for course, _ in each], [course.id for course, _ in each]),
            "in_a_dip": sum(hit for _, hit in each),
            "sessions": len(each),
            **distinct([course for course, _ in each]),
        }
        for key, each in items.items()
    }


def episodes(found, courses, length):
    """(course, episode) of every possible rupture by a fall of one SD."""
    return [(course, one) for course in in_range(courses, length) for one in found.get((course.id, "drop_1sd"), {"episodes": []})["episodes"]]


def binned(value, edges, labels):
    return labels[sum(value >= edge for edge in edges)]
