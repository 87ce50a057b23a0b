"""The caseload drawn: active courses by therapist and week, how long therapies are, how they end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, interval, number

SHOWN_THERAPISTS = 40
_FILLS = ("#f2f5f7", "#d6e6f2", "#a9cce6", "#6fadd8", "#2f86c1", "#005b96")


def _weeks_frame(answer: Answer) -> Frame:
    """A row for each therapist, a column for each week, darker = more; the clinic's total in words under the axis."""
    table = answer.table.assign(week=pd.to_datetime(answer.table["week"]))
    total = table[table["therapist_id"] == ""].set_index("week")["active"]
    weeks = list(total.index)
    place = {week: float(number) for number, week in enumerate(weeks)}
    if answer.own:
        return _own_weeks(total, _months(weeks))
    rows = table[table["therapist_id"] != ""]
    most = rows.groupby("therapist_id")["active"].max().sort_values(ascending=False, kind="stable")
    shown = sorted(most.index[:SHOWN_THERAPISTS], reverse=True)
    line = {name: float(number) for number, name in enumerate(shown)}
    rows = rows[rows["therapist_id"].isin(line) & (rows["active"] > 0)]
    x, y = rows["week"].map(place).to_numpy(dtype=float), rows["therapist_id"].map(line).to_numpy(dtype=float)
    active = rows["active"].to_numpy(dtype=float)
    edges = _edges(active)
    shade = np.array(_FILLS, dtype=object)[np.clip(np.searchsorted(edges, active, side="right"), 1, len(_FILLS) - 1)]
    tips = [
        f"{name}, week of {week:%d %b %Y}: {number(count, 'active course')}"
        for name, week, count in zip(rows["therapist_id"], rows["week"], active, strict=True)
    ]
    cells = {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.46, "y1": y + 0.46, "colour": shade, "tip": np.array(tips, dtype=object)}
    height = max(len(shown), 1)
    now = {name: rows.loc[(rows["therapist_id"] == name) & (rows["week"] == weeks[-1]), "active"].sum() for name in shown} if weeks else {}
    texts = [(len(weeks) - 0.2, line[name], f"{int(count)}", look.INK, "left") for name, count in now.items()]
    ticks = _months(weeks) | {len(weeks) + 0.4: "now"}
    text = as_columns(texts, TEXT)
    return Frame(
        {"cells": cells, "text": text}, Axis(-0.7, max(len(weeks), 10) + 2.5, ticks), Axis(-0.7, height + 0.3, {number: name for name, number in line.items()})
    )


def _own_weeks(total: pd.Series, ticks: dict[float, str]) -> Frame:
    """One therapist's own courses: a bar for each week."""
    active = total.to_numpy(dtype=float)
    place = np.arange(len(active), dtype=float)
    tips = [f"week of {week:%d %b %Y}: {number(count, 'active course')}" for week, count in zip(total.index, active, strict=True)]
    bars = {
        "x0": place - 0.42,
        "x1": place + 0.42,
        "y0": np.zeros(len(active)),
        "y1": active,
        "colour": np.full(len(active), look.BLUE, dtype=object),
        "tip": np.array(tips, dtype=object),
    }
    step = _round_step(float(active.max()))
    top = max(float(np.ceil(active.max() / step) * step), step)
    now = {"x": [place[-1]], "y": [active[-1] + top * 0.05], "text": [f"{active[-1]:.0f}"], "colour": [look.INK], "align": ["center"]}
    return Frame(
        {"cells": bars, "text": now}, Axis(-0.8, len(active) + 0.5, ticks), Axis(0, top * 1.12, {float(at): f"{at:g}" for at in np.arange(0, top + 1, step)})
    )


def _months(weeks: list[pd.Timestamp]) -> dict[float, str]:
    return {float(place): f"{week:%b %Y}" for place, week in enumerate(weeks) if week.day <= 7 and week.month % 3 == 1} or {0.0: ""}


def _edges(active: np.ndarray) -> np.ndarray:
    most = float(active.max()) if len(active) else 1.0
    return np.linspace(0, most, len(_FILLS))


def _weeks_says(answer: Answer) -> str:
    total = answer.table[answer.table["therapist_id"] == ""].sort_values("week")
    now, year = float(total["active"].iloc[-1]), float(total["active"].iloc[0])
    moved = "as many as" if now == year else f"{number(abs(now - year), 'course')} {'more' if now > year else 'fewer'} than"
    unknown = answer.notes.get("start_unknown", 0)
    left = f" {number(unknown, 'course')} with an unknown start {'is' if unknown == 1 else 'are'} not in it." if unknown else ""
    when = pd.Timestamp(total["week"].iloc[-1])
    if answer.own:
        return f"In the week of {when:%d %B %Y} <b>you have {number(now, 'active course')}</b>, {moved} a year before.{left}"
    last = answer.table[(answer.table["therapist_id"] != "") & (answer.table["week"] == total["week"].iloc[-1]) & (answer.table["active"] > 0)]
    carried = f", carried by {number(len(last), 'therapist')} ({int(last['active'].min())} to {int(last['active'].max())} each)" if len(last) > 1 else ""
    several = answer.table.loc[answer.table["therapist_id"] != "", "therapist_id"].nunique()
    shown = f" Drawn are the {SHOWN_THERAPISTS} therapists with most; all {several} are in the table." if several > SHOWN_THERAPISTS else ""
    return f"In the week of {when:%d %B %Y} <b>{number(now, 'course')} {'is' if now == 1 else 'are'} active</b>{carried}, {moved} a year before.{shown}{left}"


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
    step = _round_step(most)
    top = max(np.ceil(most / step) * step, step)
    median = headline(answer, "median")
    rules = {"x0": [median["estimate"]], "x1": [median["estimate"]], "y0": [0.0], "y1": [top]} if median else {}
    texts = [(median["estimate"], top * 1.03, f"half have {median['estimate']:g} or fewer", look.INK, "left")] if median else [(0.0, 0.0, "", look.INK, "left")]
    text = as_columns(texts, TEXT)
    last = float(length.max()) if len(length) else 10.0
    tick = 5 if last <= 60 else 10
    x = Axis(min(float(length.min()) if len(length) else 0.0, 1.0) - 0.8, last + 1.2, {float(at): str(at) for at in range(0, int(last) + 1, tick)})
    return Frame({"bars": bars, "rules": rules, "text": text}, x, _counts_axis(top, step))


def _counts_axis(top: float, step: float) -> Axis:
    return Axis(0, top * 1.12, {float(at): f"{at:g}" for at in np.arange(0, top + 1, step)})


def _round_step(most: float) -> float:
    rough = max(most / 4, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))


def _lengths_says(answer: Answer) -> str:
    median, low, high = (headline(answer, name) for name in ("median", "lower_quartile", "upper_quartile"))
    if median is None or low is None or high is None:
        return "Too few courses in this range to describe their length."
    what = {"completed": "that have ended had", "so_far": "have had so far", "planned": "were planned with"}[answer.basis]
    grey = " Grey bars stand for 1 to 7 courses." if answer.withheld else ""
    half = f"<b>{median['estimate']:g} sessions or fewer</b>; the middle half {low['estimate']:g} to {high['estimate']:g}"
    return f"Half of the {number(median['courses'], 'course')} {what} {half}.{grey}"


def _endings_frame(answer: Answer) -> Frame:
    table = answer.table.iloc[::-1].reset_index(drop=True)
    place = np.arange(len(table), dtype=float)
    share, lower, upper, courses = (table[name].to_numpy(dtype=float) for name in ("share", "lower", "upper", "courses"))
    shown = ~np.isnan(share)
    names = [look.ENDING_NAMES[ending] for ending in table["ending"]]
    rows = list(zip(place, names, share, lower, upper, courses, shown, strict=True))
    tips = [f"{name}: {value:.0f} % ({low:.0f} to {high:.0f}) · {number(n, 'course')}" if ok else "" for _, name, value, low, high, n, ok in rows]
    most = float(np.nanmax(np.concatenate([share, upper, [20.0]])))
    end = np.ceil(most / 10) * 10 + 14
    text = [
        (np.nanmax([value, high]) + 1.5, at, f"{value:.0f} %  ({int(n):,})", look.INK, "left")
        if ok
        else (0.0, at, "not shown: fewer than 8 courses", look.FAINT, "left")
        for at, _, value, _, high, n, ok in rows
    ]
    layers = {
        "whiskers": {"x0": lower[shown], "x1": upper[shown], "y0": place[shown], "y1": place[shown]},
        "points": {"x": share[shown], "y": place[shown], "colour": np.full(shown.sum(), look.GREEN, dtype=object), "tip": np.array(tips, dtype=object)[shown]},
        "text": as_columns(text, TEXT),
    }
    x = Axis(-1.0, float(end), {float(at): f"{at} %" for at in range(0, min(int(end), 101), 20 if most > 50 else 10)})
    return Frame(layers, x, Axis(-0.7, len(table) - 0.3, dict(zip(place.tolist(), names, strict=True))))


def _endings_says(answer: Answer) -> str:
    total = answer.headlines.loc["all"] if "all" in answer.headlines.index else None
    rows = answer.table.set_index("ending")
    if total is None or pd.isna(total["courses"]):
        return "Too few courses in this range to say how they end."
    if list(rows.index) == ["unknown"]:
        return f"How these {number(total['courses'], 'course')} ended <b>was not recorded</b>; they are counted as neither finished nor going on."
    said = []
    for ending, words in (("planned", "ended as planned"), ("patient_stopped", "were stopped by the patient"), ("still_going", "are still going")):
        if ending in rows.index and np.isfinite(rows.loc[ending, "share"]):
            row = rows.loc[ending].to_dict()
            said.append(f"<b>{row['share']:.0f} %</b> {words} ({interval(row, ' %', 0)})")
    return f"Of {number(total['courses'], 'course')}: " + "; ".join(said) + "."


CHARTS = {
    "active_courses": Chart(
        (Layer("boxes", "cells"), Layer("text", "text")),
        _weeks_frame,
        _weeks_says,
        height=480,
        wide=True,
        grid=False,
        describes="Grid of therapists by week, darker for more active courses; the number now at the right",
    ),
    "therapy_lengths": Chart(
        (Layer("boxes", "bars", {"line_alpha": 0}), Layer("rules", "rules", {"line_dash": "dotted"}), Layer("text", "text")),
        _lengths_frame,
        _lengths_says,
        xlabel="attended sessions",
        ylabel="courses",
        describes="Histogram of courses by number of attended sessions, the median marked",
    ),
    "endings": Chart(
        (Layer("rules", "whiskers", {"color": look.GREEN, "line_width": 3, "line_alpha": 0.5}), Layer("points", "points", {"size": 10}), Layer("text", "text")),
        _endings_frame,
        _endings_says,
        describes="Share of courses by ending, with 95 % intervals",
    ),
}
