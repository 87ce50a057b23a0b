"""Courses drawn: how long they are, and how they end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look, rows
from process.charts.bars import counts_axis, round_step
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, interval, number


def _lengths_frame(answer: Answer) -> Frame:
    table = answer.table
    length = table["length"].to_numpy(dtype=float)
    courses = table["courses"].to_numpy(dtype=float)
    hidden = np.isnan(courses)
    tips = [f"{number(x, 'session')}: {'fewer than 8 courses' if few else number(n, 'course')}" for x, n, few in zip(length, courses, hidden, strict=True)]
    most = float(np.nanmax(courses)) if (~hidden).any() else 8.0
    # A withheld bar says only that there is something: it stands for 1 to 7 and is drawn at the same height whatever it hides.
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
    last = float(length.max()) if len(length) else 10.0
    tick = 5 if last <= 60 else 10
    x = Axis(min(float(length.min()) if len(length) else 0.0, 1.0) - 0.8, last + 1.2, {float(at): str(at) for at in range(0, int(last) + 1, tick)})
    return Frame({"bars": bars, "rules": rules, "text": text}, x, counts_axis(top, step))


def _lengths_says(answer: Answer) -> str:
    median, low, high = (headline(answer, name) for name in ("median", "lower_quartile", "upper_quartile"))
    if median is None or low is None or high is None:
        return "Too few courses in this range to describe their length."
    what = {"completed": "that have ended had", "so_far": "have had so far", "planned": "were planned with"}[answer.basis]
    grey = " Grey bars stand for 1 to 7 courses." if answer.withheld else ""
    half = f"<b>{median['estimate']:g} sessions or fewer</b>; the middle half {round(low['estimate']):g} to {round(high['estimate']):g}"
    return f"Half of the {number(median['courses'], 'course')} {what} {half}.{grey}"


def _endings_frame(answer: Answer) -> Frame:
    table = answer.table.to_dict("records")
    return rows.frame([rows.Row(look.ENDING_NAMES[row["ending"]], row["share"], row["lower"], row["upper"], row["courses"]) for row in table], "course")


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


_FIRST = {"planned": "ended as planned", "patient_stopped": "were stopped by the patient", "still_going": "are still going"}


CHARTS = {
    "therapy_lengths": Chart(
        (Layer("boxes", "bars", {"line_alpha": 0}), Layer("rules", "rules", {"line_dash": "dotted"}), Layer("text", "text")),
        _lengths_frame,
        _lengths_says,
        xlabel="attended sessions",
        ylabel="courses",
        describes="Histogram of courses by number of attended sessions, the median marked",
    ),
    "endings": Chart(
        rows.layers(),
        _endings_frame,
        _endings_says,
        describes="Share of courses by ending, with 95 % intervals",
    ),
}
