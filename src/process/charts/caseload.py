"""The caseload drawn: active courses by therapist and week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look
from process.charts.bars import counts_axis, round_step
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import called, number

SHOWN_THERAPISTS = 40
_LONGEST_NAME = 24
"""Letters of a name beside its row; the rest is cut, and the pointer reads it whole."""
_FILLS = ("#f2f5f7", "#d6e6f2", "#a9cce6", "#6fadd8", "#2f86c1", "#005b96")


def _weeks_frame(answer: Answer) -> Frame:
    """A row for each therapist, a column for each week, darker = more; the clinic's total in words under the axis."""
    table = answer.table.assign(week=pd.to_datetime(answer.table["week"]))
    total = table[table["therapist_id"] == ""].set_index("week")["active"]
    weeks = list(total.index)
    place = {week: float(at) for at, week in enumerate(weeks)}
    rows = table[table["therapist_id"] != ""]
    if answer.own or rows["withheld"].any() or not len(rows):
        return _all_weeks(total, months(weeks))
    most = rows.groupby("therapist_id")["active"].max().sort_values(ascending=False, kind="stable")
    shown = sorted(most.index[:SHOWN_THERAPISTS], reverse=True)
    line = {name: float(at) for at, name in enumerate(shown)}
    rows = rows[rows["therapist_id"].isin(line) & (rows["active"] > 0)]
    x, y = rows["week"].map(place).to_numpy(dtype=float), rows["therapist_id"].map(line).to_numpy(dtype=float)
    active = rows["active"].to_numpy(dtype=float)
    edges = _edges(active)
    shade = np.array(_FILLS, dtype=object)[np.clip(np.searchsorted(edges, active, side="right"), 1, len(_FILLS) - 1)]
    tips = [
        f"{called(answer, name)}, week of {week:%d %b %Y}: {number(count, 'active course')}"
        for name, week, count in zip(rows["therapist_id"], rows["week"], active, strict=True)
    ]
    cells = {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.46, "y1": y + 0.46, "colour": shade, "tip": np.array(tips, dtype=object)}
    height = max(len(shown), 1)
    now = {name: rows.loc[(rows["therapist_id"] == name) & (rows["week"] == weeks[-1]), "active"].sum() for name in shown} if weeks else {}
    texts = [(len(weeks) - 0.2, line[name], f"{int(count)}", look.INK, "left") for name, count in now.items()]
    ticks = months(weeks) | {len(weeks) + 0.4: "now"}
    text = as_columns(texts, TEXT)
    y_axis = Axis(-0.7, height + 0.3, {at: called(answer, name, _LONGEST_NAME) for name, at in line.items()})
    return Frame({"cells": cells, "text": text}, Axis(-0.7, max(len(weeks), 10) + 2.5, ticks), y_axis)


def _all_weeks(total: pd.Series, ticks: dict[float, str]) -> Frame:
    """All courses together, as one therapist's own and as filtered ones are shown: a bar for each week, none where it is withheld."""
    active = total.to_numpy(dtype=float)
    place = np.arange(len(active), dtype=float)
    tips = [f"week of {week:%d %b %Y}: {number(count, 'active course')}" for week, count in zip(total.index, active, strict=True)]
    most = max(float(np.nanmax(active, initial=0.0)), 1.0)
    bars = {
        "x0": place - 0.42,
        "x1": place + 0.42,
        "y0": np.zeros(len(active)),
        "y1": active,
        "colour": np.full(len(active), look.BLUE, dtype=object),
        "tip": np.array(tips, dtype=object),
    }
    step = round_step(most)
    top = max(float(np.ceil(most / step) * step), step)
    now = [(place[-1], active[-1] + top * 0.05, f"{active[-1]:.0f}", look.INK, "center")] if len(active) and np.isfinite(active[-1]) else []
    what = (-0.7, top * 1.07, "active courses by week", look.FAINT, "left")
    return Frame(
        {"cells": bars, "text": as_columns([what, *now], TEXT)},
        Axis(-0.8, len(active) + 0.5, ticks),
        counts_axis(top, step),
    )


def months(weeks: list[pd.Timestamp]) -> dict[float, str]:
    """Ticks of an axis of weeks, a place each: the first week of every third month."""
    return {float(place): f"{week:%b %Y}" for place, week in enumerate(weeks) if week.day <= 7 and week.month % 3 == 1} or {0.0: ""}


def _edges(active: np.ndarray) -> np.ndarray:
    most = float(active.max()) if len(active) else 1.0
    return np.linspace(0, most, len(_FILLS))


def _weeks_says(answer: Answer) -> str:
    total = answer.table[answer.table["therapist_id"] == ""].sort_values("week")
    now, year = float(total["active"].iloc[-1]), float(total["active"].iloc[0])
    when = f"{pd.Timestamp(total['week'].iloc[-1]):%d %B %Y}"
    unknown = answer.notes.get("start_unknown", 0)
    left = f" {number(unknown, 'course')} with an unknown start {'is' if unknown == 1 else 'are'} not in it." if unknown else ""
    if answer.filtered:
        whose = "of your courses" if answer.own else "of the courses"
        apart = f" {answer.unseen[0]}" if answer.unseen else ""
        ended = " Courses that have not ended have no completed length and are left out." if answer.basis == "completed" else ""
        return (
            f"In the week of {when} <b>{number(now, 'course')}</b> {whose} that these filters keep {'was' if now == 1 else 'were'} active.{apart}{ended}{left}"
        )
    moved = "as many as" if now == year else f"{number(abs(now - year), 'course')} {'more' if now > year else 'fewer'} than"
    if answer.own:
        return f"In the week of {when} <b>you had {number(now, 'active course')}</b>, {moved} a year before.{left}"
    last = answer.table[(answer.table["therapist_id"] != "") & (answer.table["week"] == total["week"].iloc[-1]) & (answer.table["active"] > 0)]
    carried = f", carried by {number(len(last), 'therapist')} ({int(last['active'].min())} to {int(last['active'].max())} each)" if len(last) > 1 else ""
    several = answer.table.loc[answer.table["therapist_id"] != "", "therapist_id"].nunique()
    shown = f" Drawn are the {SHOWN_THERAPISTS} therapists with most; all {several} are in the table." if several > SHOWN_THERAPISTS else ""
    return f"In the week of {when} <b>{number(now, 'course')} {'was' if now == 1 else 'were'} active</b>{carried}, {moved} a year before.{shown}{left}"


def _weeks_says_rounded(answer: Answer) -> str:
    """The last week and the one a year before, each as it leaves: their difference could be a matter of rounding."""
    total = answer.table[answer.table["therapist_id"] == ""].sort_values("week")
    now, year = (f"<b>{number(float(total['active'].iloc[at]), 'course')}</b>" for at in (-1, 0))
    when, then = (f"{pd.Timestamp(total['week'].iloc[at]):%d %B %Y}" for at in (-1, 0))
    whose = " of yours" if answer.own else ""
    kept = " that these filters keep" if answer.filtered else ""
    return f"In the week of {when}, {now}{whose}{kept} were active; in that of {then}, {year}."


CHARTS = {
    "active_courses": Chart(
        (Layer("boxes", "cells"), Layer("text", "text")),
        _weeks_frame,
        _weeks_says,
        height=480,
        wide=True,
        grid=False,
        says_rounded=_weeks_says_rounded,
        describes="Grid of therapists by week, darker for more active courses; the number now at the right",
    ),
}
