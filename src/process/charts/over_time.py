"""A share over time drawn as an individuals (XmR) chart: the line, the mean, the limits; what breaks a rule has a square round it and a word beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.layers import RULES, TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, number, plain
from process.measures.over_time import SIGNALS

_LAYERS = (
    Layer("rules", "limits", {"color": look.BLUE, "line_dash": "dashed", "line_width": 1.6}),
    Layer("rules", "mean", {"color": look.INK}),
    Layer("boxes", "marks", {"line_color": look.VERMILLION, "line_width": 2, "fill_alpha": 0, "tools": []}),
    Layer("line", "share", {"color": look.FAINT, "line_width": 1.8}),
    Layer("points", "points", {"size": 7}),
    Layer("text", "text"),
)
_SAID = dict(zip(SIGNALS, ("outside the limits", "a run on one side of the mean", "a run up or down", "two of three near a limit"), strict=True))


def _frame(answer: Answer) -> Frame:
    table, limits = answer.table, headline(answer, "limits")
    share, signal = (table[name].to_numpy(dtype=float) for name in ("share", "signal"))
    periods = list(pd.to_datetime(table["period"]))
    x = np.arange(len(periods), dtype=float)
    shown = np.isfinite(share)
    edges = [value for value in (limits["lower"], limits["upper"]) if np.isfinite(value)] if limits else []
    known = np.concatenate([share[shown], edges])
    step = next(step for step in (1.0, 2.0, 5.0, 10.0, 20.0) if np.ptp(known) / step <= 6 or step == 20.0)
    low, high = max(np.floor(known.min() / step - 0.3) * step, 0.0), min(np.ceil(known.max() / step + 0.3) * step, 100.0)
    high = max(high, low + 2 * step) if low + 2 * step <= 100 else 100.0
    low = min(low, high - 2 * step)
    end, height = float(max(len(periods), 8)) - 0.4, high - low
    marked = np.flatnonzero(shown & (signal > 0))
    texts = []
    if limits:
        trial = answer.notes.get("limits_are", "limits")
        ends = [
            (limits["upper"], f"{trial[:-1]} {limits['upper']:.0f} %"),
            (limits["estimate"], f"mean {limits['estimate']:.0f} %"),
            (limits["lower"], f"{trial[:-1]} {limits['lower']:.0f} %"),
        ]
        for y, words in ends:
            inside = not words.startswith("mean")
            if np.isfinite(y):
                above = height * 0.035 if inside else 0.0
                texts.append((end if inside else end + 0.2, y + above, words, look.BLUE if inside else look.INK, "right" if inside else "left"))
    # Each run is named once, at its first point.
    firsts = [at for at in marked if at == 0 or at - 1 not in marked or signal[at - 1] != signal[at]]
    texts += [
        (x[at], min(share[at] + height * 0.09, high), _SAID[SIGNALS[int(signal[at]) - 1]], look.VERMILLION, "left" if at < len(x) * 0.6 else "right")
        for at in firsts
    ]
    layers = {
        "limits": as_columns([(-0.5, edge, end, edge) for edge in edges], RULES),
        "mean": as_columns([(-0.5, limits["estimate"], end, limits["estimate"])], RULES) if limits else {},
        "marks": {
            "x0": x[marked] - 0.42,
            "x1": x[marked] + 0.42,
            "y0": share[marked] - height * 0.035,
            "y1": share[marked] + height * 0.035,
            "colour": np.full(len(marked), "#ffffff", dtype=object),
            "tip": np.full(len(marked), "", dtype=object),
        },
        "share": {"x": x, "y": share},
        "points": {
            "x": x[shown],
            "y": share[shown],
            "colour": np.where(signal[shown] > 0, look.VERMILLION, look.BLUE).astype(object),
            "tip": np.array([_tip(answer, row) for row, here in zip(table.to_dict("records"), shown, strict=True) if here], dtype=object),
        },
        "text": as_columns(texts, TEXT),
    }
    ticks = {float(at): _name(answer, period) for at, period in enumerate(periods) if period.month == 1} or {0.0: _name(answer, periods[0])}
    return Frame(
        layers,
        Axis(-0.8, end * 1.24 + 1.0, ticks),
        Axis(low - height * 0.04, high + height * 0.06, {float(y): f"{y:g} %" for y in np.arange(low, high + step / 2, step)}),
    )


def _name(answer: Answer, period: pd.Timestamp) -> str:
    return f"{period.year} Q{period.quarter}" if answer.notes.get("period") == "quarter" else f"{period:%b %Y}"


def _tip(answer: Answer, row: dict) -> str:
    noun = _NOUNS[answer.name][0]
    said = f" · {_SAID[SIGNALS[int(row['signal']) - 1]]}" if row["signal"] > 0 else ""
    return f"{_name(answer, pd.Timestamp(row['period']))}: {plain(row['share'], 0)} % of {number(row['occasions'], noun)}{said}"


_NOUNS = {
    "attendance_over_time": ("appointment", "of appointments were attended"),
    "dropout_over_time": ("ending", "of the courses that ended were stopped by the patient"),
}


def _says(answer: Answer) -> str:
    limits, table = headline(answer, "limits"), answer.table
    share, signal = (table[name].to_numpy(dtype=float) for name in ("share", "signal"))
    shown = np.isfinite(share)
    period = answer.notes.get("period", "month")
    many = number(shown.sum(), period)
    what = _NOUNS[answer.name][1]
    last = int(np.flatnonzero(shown)[-1])
    behind = f"{number(table['courses'].iloc[last], 'course')} in {_name(answer, pd.Timestamp(table['period'].iloc[last]))}, {share[last]:.0f} %"
    if limits is None:
        return f"In {many} too few to say what is usual; the last: {behind}."
    if not np.isfinite(limits["lower"]):
        return f"On average {limits['estimate']:.0f} % {what} in {many} ({behind}); no two follow each other, so that there are no limits."
    trial = " These are trial limits: fewer than 13 points." if answer.notes.get("limits_are") == "trial limits" else ""
    marked = [SIGNALS[int(code) - 1] for code in signal[shown] if code > 0]
    if marked:
        kinds = "; ".join(f"{_SAID[name]} ({number(marked.count(name), period)})" for name in SIGNALS if name in marked)
        lead = f"<b>Something may have changed</b>: {kinds}"
    else:
        lead = "<b>It goes up and down, and nothing says that it changed</b>"
    usual = f"on average {limits['estimate']:.0f} % {what}, usually {limits['lower']:.0f} to {limits['upper']:.0f} %"
    return f"{lead}. Over {many}, {usual} (last: {behind}).{trial}"


def _lacks(answer: Answer) -> str:
    return "" if np.isfinite(answer.table["share"].to_numpy(dtype=float)).any() else "Too few in any month. Widen the length range or take a filter away."


def _chart(ylabel: str, describes: str) -> Chart:
    return Chart(_LAYERS, _frame, _says, height=340, ylabel=ylabel, wide=True, lacks=_lacks, describes=describes)


CHARTS = {
    "attendance_over_time": _chart(
        "appointments attended", "Line by month: share of appointments attended, with mean and limits; months that break a rule are marked and named"
    ),
    "dropout_over_time": _chart(
        "stopped by the patient",
        "Line by month: share of ended courses that the patient stopped, with mean and limits; months that break a rule are marked and named",
    ),
}
