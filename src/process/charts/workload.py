"""The week's work drawn: sessions held, and under them what began and what ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look
from process.charts.bars import round_step
from process.charts.caseload import months
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import number, plain

_SHARE_OF_SESSIONS = 0.58
"""How much of the height is for sessions; starts and endings share the rest, above and below their line."""


def _all(answer: Answer, kind: str) -> pd.DataFrame:
    table = answer.table
    return table[(table["therapist_id"] == "") & (table["kind"] == kind)].sort_values("week")


def _frame(answer: Answer) -> Frame:
    sessions, starts, endings = (_all(answer, kind) for kind in ("sessions", "starts", "endings"))
    weeks = list(pd.to_datetime(sessions["week"]))
    place = np.arange(len(weeks), dtype=float)
    held, begun, ended = (rows["events"].to_numpy(dtype=float) for rows in (sessions, starts, endings))
    top, most = _round(held), max(_round(begun), _round(ended))
    line = (1.0 - _SHARE_OF_SESSIONS) / 2
    heights = (
        (1.0 - _SHARE_OF_SESSIONS + 0.03, (_SHARE_OF_SESSIONS - 0.03) / top, held, look.BLUE, "session", "held"),
        (line, (line - 0.03) / most, begun, look.GREEN, "course", "began"),
        (line, -(line - 0.03) / most, ended, look.VERMILLION, "course", "ended"),
    )
    columns = {name: [] for name in ("x0", "x1", "y0", "y1", "colour", "tip")}
    for base, unit, count, colour, noun, did in heights:
        far = base + unit * count
        columns["x0"].append(place - 0.42)
        columns["x1"].append(place + 0.42)
        columns["y0"].append(np.minimum(base, far))
        columns["y1"].append(np.maximum(base, far))
        columns["colour"].append(np.full(len(place), colour, dtype=object))
        columns["tip"].append(np.array([f"week of {week:%d %b %Y}: {number(n, noun)} {did}" for week, n in zip(weeks, count, strict=True)], dtype=object))
    boxes = {name: np.concatenate(values) for name, values in columns.items()}
    end = len(weeks) - 0.3
    texts = [
        (-0.6, 1.04, "sessions held", look.BLUE, "left"),
        (-0.6, 2 * line + 0.005, "courses begun \u2191", look.GREEN, "left"),
        (-0.6, 0.005, "courses ended \u2193", look.VERMILLION, "left"),
    ]
    rules = {"x0": [-0.7, -0.7], "x1": [end, end], "y0": [line, heights[0][0]], "y1": [line, heights[0][0]]}
    ticks = {heights[0][0]: "0", heights[0][0] + heights[0][1] * top: f"{top:g}", line: "0", line + heights[1][1] * most: f"{most:g}"}
    ticks[line + heights[2][1] * most] = f"{most:g}"
    x = Axis(-0.7, float(max(len(weeks), 10)), months(weeks))
    return Frame({"bars": boxes, "rules": rules, "text": as_columns(texts, TEXT)}, x, Axis(-0.02, 1.08, ticks))


def _round(counts: np.ndarray) -> float:
    most = float(np.nanmax(counts, initial=0.0)) or 1.0
    step = round_step(most)
    return float(np.ceil(most / step) * step)


def _says(answer: Answer) -> str:
    sessions, starts, endings = (_all(answer, kind) for kind in ("sessions", "starts", "endings"))
    when = f"{pd.Timestamp(sessions['week'].iloc[-1]):%d %B %Y}"
    now = f"<b>{number(float(sessions['events'].iloc[-1]), 'session')}</b> with {number(float(sessions['courses'].iloc[-1]), 'course')}"
    whose = "you held" if answer.own else "were held"
    known = {name: rows["events"].to_numpy(dtype=float) for name, rows in (("sessions", sessions), ("begun", starts), ("ended", endings))}
    if any(np.isnan(values).any() for values in known.values()):
        year = " Weeks with too few courses behind them are not shown: a filter would single courses out."
    else:
        kept = int(known["begun"].sum() - known["ended"].sum())
        moved = "as many as" if kept == 0 else f"{number(abs(kept), 'course')} {'more' if kept > 0 else 'fewer'} than"
        mean = plain(known["sessions"].mean(), 0 if known["sessions"].mean() >= 20 else 1)
        year = f" Over the {len(sessions)} weeks it was {mean} a week on average, and {number(known['begun'].sum(), 'course')} began: {moved} ended."
    unknown = sum(answer.notes.get(f"{kind}_unknown", 0) for kind in ("sessions", "starts", "endings"))
    left = f" {number(unknown, 'event')} without a week on record {'is' if unknown == 1 else 'are'} not in it." if unknown else ""
    apart = "" if answer.own or (answer.filtered and answer.scope is None) else " Each therapist's weeks are in the table."
    apart += f" {answer.unseen[0]}" if answer.filtered and answer.unseen else ""
    order = f"{now} {whose}" if not answer.own else f"{whose} {now}"
    return f"In the week of {when} {order}.{year}{apart}{left}"


def _says_rounded(answer: Answer) -> str:
    """The last week alone: sums over weeks of rounded counts would add the rounding up."""
    last = {kind: float(_all(answer, kind)["events"].iloc[-1]) for kind in ("sessions", "starts", "endings")}
    when = f"{pd.Timestamp(_all(answer, 'sessions')['week'].iloc[-1]):%d %B %Y}"
    held = f"<b>{number(last['sessions'], 'session')}</b> were held{' by you' if answer.own else ''}"
    hidden = " Weeks with too few sessions, courses begun or courses ended show none of them." if answer.withheld else ""
    return f"In the week of {when}, {held}; {number(last['starts'], 'course')} began and {number(last['endings'], 'course')} ended.{hidden}"


def _lacks(answer: Answer) -> str:
    seen = _all(answer, "sessions")["events"].to_numpy(dtype=float)
    return (
        ""
        if np.isfinite(seen).any() and (seen > 0).any()
        else "No sessions of these courses were held in the last year. Widen the length range or take a filter away."
    )


CHARTS = {
    "weekly_workload": Chart(
        (Layer("boxes", "bars", {"line_alpha": 0}), Layer("rules", "rules"), Layer("text", "text")),
        _frame,
        _says,
        height=360,
        wide=True,
        grid=False,
        lacks=_lacks,
        says_rounded=_says_rounded,
        describes="Bars by week: sessions held, and under them courses begun upwards and courses ended downwards",
    ),
}
