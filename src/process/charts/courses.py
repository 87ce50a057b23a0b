"""Courses drawn: how long they are, and how they end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import beside, look, rows
from process.charts.bars import counts_axis, round_step
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import NOT_SHOWN, headline, interval, number


def _lengths_frame(answer: Answer) -> Frame:
    table = answer.table
    length = table["length"].to_numpy(dtype=float)
    courses = table["courses"].to_numpy(dtype=float)
    hidden = np.isnan(courses)
    tips = [f"{number(x, 'session')}: {NOT_SHOWN if few else number(n, 'course')}" for x, n, few in zip(length, courses, hidden, strict=True)]
    most = float(np.nanmax(courses)) if (~hidden).any() else 8.0
    # A withheld bar says only that there is something: it is drawn at the same height whatever it hides.
    height = np.where(hidden, 4.0, courses)
    bars = {
        "x0": length - 0.42,
        "x1": length + 0.42,
        "y0": np.zeros(len(length)),
        "y1": height,
        "colour": np.where(hidden, "#dfe5ea", look.BLUE).astype(object),
        "tip": np.array(tips, dtype=object),
    }
    step = round_step(most)
    top = max(np.ceil(most / step) * step, step)
    median = headline(answer, "median")
    rules = {"x0": [median["estimate"]], "x1": [median["estimate"]], "y0": [0.0], "y1": [top]} if median else {}
    texts = [(median["estimate"], top * 1.03, f"half have {median['estimate']:g} or fewer", look.INK, "left")] if median else [(0.0, 0.0, "", look.INK, "left")]
    text = as_columns(texts, TEXT)
    last = max(float(length.max()) if len(length) else 10.0, float(np.ceil(median["estimate"])) if median else 0.0)
    tick = 5 if last <= 60 else 10
    x = Axis(min(float(length.min()) if len(length) else 0.0, 1.0) - 0.8, last + 1.2, {float(at): str(at) for at in range(0, int(last) + 1, tick)})
    return Frame({"bars": bars, "rules": rules, "text": text}, x, counts_axis(top, step))


def _lengths_says(answer: Answer) -> str:
    median, low, high = (headline(answer, name) for name in ("median", "lower_quartile", "upper_quartile"))
    if median is None or low is None or high is None:
        return "Too few courses in this range to describe their length."
    what = {"completed": "that have ended had", "so_far": "have had so far", "planned": "were planned with"}[answer.basis]
    grey = " Grey bars are withheld, and are all drawn alike." if answer.withheld else ""
    half = f"<b>{median['estimate']:g} sessions or fewer</b>; the middle half {round(low['estimate']):g} to {round(high['estimate']):g}"
    return f"Half of the {number(median['courses'], 'course')} {what} {half}.{grey}"


def _endings_frame(answer: Answer) -> Frame:
    found = []
    for row in answer.table.to_dict("records"):
        # The benchmark is of ended courses: beside shares of all courses to date it would not be a like one.
        clinic = beside.mark(answer, row["ending"]) if answer.basis == "completed" else np.nan
        found.append(rows.Row(look.ENDING_NAMES[row["ending"]], row["share"], row["lower"], row["upper"], row["courses"], clinic=clinic))
    return rows.frame(found, "course")


def _endings_says(answer: Answer) -> str:
    total = answer.headlines.loc["all"] if "all" in answer.headlines.index else None
    known = answer.table.set_index("ending")
    if total is None or pd.isna(total["courses"]):
        return "Too few courses in this range to say how they end."
    if list(known.index) == ["unknown"]:
        return f"How these {number(total['courses'], 'course')} ended <b>was not recorded</b>; they are counted as neither finished nor going on."
    shares = {ending: row for ending, row in known.to_dict("index").items() if np.isfinite(row["share"])}
    said = [f"<b>{shares[ending]['share']:.0f} %</b> {words} ({interval(shares[ending], ' %', 0)})" for ending, words in _FIRST.items() if ending in shares]
    said += [f"{look.ENDING_NAMES[ending]} {row['share']:.0f} %" for ending, row in shares.items() if ending not in _FIRST]
    ended = " that have ended" if answer.basis == "completed" else ""
    return f"Of {number(total['courses'], 'course')}{ended}: {'; '.join(said)}." if said else "Too few courses in this range to say how they end."


def _gaps_frame(answer: Answer) -> Frame:
    table = answer.table.to_dict("records")
    return rows.frame([rows.Row(look.GAP_NAMES[row["gap"]], row["share"], row["lower"], row["upper"], row["courses"]) for row in table], "course")


def _gaps_says(answer: Answer) -> str:
    shown = {row["gap"]: row for row in answer.table.to_dict("records")}
    total, long = answer.headlines.loc["all", "courses"], shown.get("more")
    if pd.isna(total):
        return "Too few courses that are still going to say how long ago their last session was."
    going = f"Of {'your ' if answer.own else ''}{number(total, 'course')} still going, "
    rough = " Days are right to within two: records hold weeks."
    if long is not None and np.isfinite(long["share"]):
        return f"{going}<b>{long['share']:.0f} %</b> have been without a session for 30 days or more ({interval(long, ' %', 0)}).{rough}"
    none = "<b>none</b> has been without a session for 30 days or more; " if long is None else ""
    gap, row = next((gap, row) for gap, row in shown.items() if np.isfinite(row["share"]))
    share = f"<b>{row['share']:.0f} %</b>"
    said = f"of {share} it is not known when the last session was" if gap == "unknown" else f"{share} had their last session {look.GAP_NAMES[gap]} ago"
    return f"{going}{none}{said} ({interval(row, ' %', 0)}).{rough}"


def _gaps_lacks(answer: Answer) -> str:
    if answer.basis == "completed":
        return "Courses that are still going have no completed length. To see them, choose lengths “so far”."
    return ""


def _dropout_frame(answer: Answer) -> Frame:
    table = answer.table.to_dict("records")
    return rows.frame([rows.Row(look.DROPOUT_NAMES[row["definition"]], row["share"], row["lower"], row["upper"], row["courses"]) for row in table], "course")


def _dropout_says(answer: Answer) -> str:
    shown = {row["definition"]: row for row in answer.table.to_dict("records") if np.isfinite(row["share"])}
    name = "patient_stopped" if "patient_stopped" in shown else next(iter(shown))
    own, shares = shown[name], [row["share"] for row in shown.values()]
    ended = f"{number(own['courses'], 'course')} that have ended ({interval(own, ' %', 0)})"
    spread = f"; the {len(shares)} definitions give {min(shares):.0f} to {max(shares):.0f} %" if len(shares) > 1 else ""
    agree = headline(answer, "agree")
    of = f"{number(agree['courses'], 'course')} that all five can be applied to ({interval(agree, ' %', 0)})" if agree else ""
    both = f" All five say the same of <b>{agree['estimate']:.0f} %</b> of the {of}." if agree else ""
    return f"By “{look.DROPOUT_NAMES[name]}”, <b>{own['share']:.0f} %</b> of {ended}{spread}.{both}"


_FIRST = {"planned": "ended as planned", "patient_stopped": "were stopped by the patient", "still_going": "are still going"}


CHARTS = {
    "therapy_lengths": Chart(
        (Layer("boxes", "bars", {"line_alpha": 0}), Layer("rules", "rules", {"line_dash": "dotted"}), Layer("text", "text")),
        _lengths_frame,
        _lengths_says,
        xlabel="attended sessions",
        ylabel="courses",
        counts="courses",
        describes="Histogram of courses by number of attended sessions, the median marked",
    ),
    "endings": Chart(
        rows.layers(clinic=True),
        _endings_frame,
        _endings_says,
        describes="Share of courses by ending, with 95 % intervals",
    ),
    "session_gaps": Chart(
        rows.layers(),
        _gaps_frame,
        _gaps_says,
        lacks=_gaps_lacks,
        describes="Share of the courses still going by the time since their last session, with 95 % intervals",
    ),
    "dropout_definitions": Chart(
        rows.layers(),
        _dropout_frame,
        _dropout_says,
        describes="Share of ended courses that each of five definitions of dropout counts, with 95 % intervals",
    ),
}
