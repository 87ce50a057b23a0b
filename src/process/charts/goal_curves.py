"""Curves of goals drawn: the same courses throughout, counted back from the end, by share of therapy, by length band, and the T-score."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Points, Reading, drawn, sessions_axis
from process.charts.layers import TEXT, Axis, Columns, Frame, as_columns
from process.charts.words import LEAST_COURSES, headline, interval, number, plain, tip_interval, too_few

_HERE = "as expected or better"


def thin(answer: Answer) -> str:
    """Why there is nothing to draw where no point has enough courses; empty where one has."""
    value = "share" if "share" in answer.table else "mean"
    shown = np.isfinite(answer.table[value].astype(float)) & (answer.table["courses"].astype(float) >= LEAST_COURSES)
    return "" if shown.any() else too_few(answer)


def said(answer: Answer, name: str) -> str:
    """A headline's share with its interval and n, or that there are too few courses."""
    row = headline(answer, name)
    if row is None:
        return "too few courses"
    n = f"{number(row['goals'], 'rated goal')}, {number(row['courses'], 'course')}"
    return f"<b>{row['estimate']:.0f} %</b> ({interval(row, ' %', 0)}; {n})"


def _from_the_start(sessions: np.ndarray) -> Axis:
    """An axis of attended sessions with room for the counts under session 1; short ones have a tick every other session."""
    axis = sessions_axis(sessions)
    last = int(sessions.max()) if len(sessions) else 5
    ticks = {float(tick): str(tick) for tick in range(1, last + 1, 1 if last <= 8 else 2)} if last <= 15 else axis.ticks
    return Axis(1 - axis.end * 0.07, axis.end * 1.03, ticks)


def _tip(place: str, then: str) -> object:
    def tip(row: dict) -> str:
        who = f"{number(row['goals'], 'rated goal')} in {number(row['courses'], 'course')}"
        return f"{place.format(**row)}: {row['share']:.0f} %{tip_interval(row, 0)} · {who} · {number(row['in_therapy'], 'course')} {then}"

    return tip


_SAME = Plan(
    (Line("same", "the same courses throughout", look.GREEN), Line("everyone", "whoever is still there", look.INK, "dashed", band=False)),
    counted="courses in therapy",
    floor=0.0,
    ceiling=100.0,
    step=10.0,
)
_SAME_READING = Reading("session", "share", "in_therapy", "group", _tip("session {session:.0f}", "in therapy"))


def _same_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share")
    return _SAME.frame({line.key: _SAME_READING.points(rows, line.key) for line in _SAME.lines}, _from_the_start(rows["session"]))


def _same_says(answer: Answer) -> str:
    first, last = headline(answer, "same_first"), headline(answer, "same_last")
    if first is None or last is None:
        return "Too few courses came as far as the typical session to be followed throughout."
    session = f"session {last['session']:.0f}"
    return (
        f"Of the courses that went on until {session}, {said(answer, 'same_first')} of rated goals were {_HERE} at the start, and {said(answer, 'same_last')} "
        f"in {session}. Of everyone who was there at the start it was {said(answer, 'everyone_first')}."
    )


_BACK = Plan((Line("share", _HERE, look.GREEN),), counted="completed courses this long", floor=0.0, ceiling=100.0, shared_count=True)
_BACK_READING = Reading("sessions_left", "share", "in_therapy", tip=_tip("{sessions_left:.0f} sessions before the last", "were this long"))


def _back_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share", "sessions_left")
    points = _BACK_READING.points(rows, "share")
    turned = {name: getattr(points, name)[::-1] for name in ("y", "lower", "upper", "tips", "count")}
    last = int(rows["sessions_left"].max()) if len(rows["sessions_left"]) else 5
    ticks = {-float(left): f"{plain(-left, 0)}" if left else "last" for left in range(0, max(last, 5) + 1, 5)}
    return _BACK.frame({"share": Points(x=-points.x[::-1], **turned)}, Axis(-max(last, 5) - 1.0, max(last, 5) * 0.09, ticks))


def _back_says(answer: Answer) -> str:
    if headline(answer, "at_the_end") is None:
        return "The end is drawn where enough courses have ended."
    before = int(answer.definition.parameter("compared_sessions"))
    return (
        f"In the last session, {said(answer, 'at_the_end')} of rated goals are {_HERE}; "
        f"{before} sessions earlier it was {said(answer, 'before')}, of courses that were longer than that."
    )


_FIFTHS = Plan((Line("share", _HERE, look.GREEN),), counted="completed courses of 5 sessions and more", floor=0.0, ceiling=100.0, shared_count=True)
_FIFTHS_READING = Reading("part", "share", "in_therapy", tip=_tip("fifth {part:.0f} of the therapy", "of 5 sessions and more"))


def _fifths_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share", "part")
    parts = int(answer.definition.parameter("parts"))
    ticks = {float(part): f"{100 * part / parts:.0f} %" for part in range(1, parts + 1)}
    return _FIFTHS.frame({"share": _FIFTHS_READING.points(rows, "share")}, Axis(-0.1, parts + 0.4, ticks))


def _fifths_says(answer: Answer) -> str:
    if headline(answer, "last_part") is None:
        return "The shares of a therapy are drawn where enough courses have ended."
    short = answer.notes.get("too_short")
    left = f" {number(short, 'course')} of fewer than five sessions cannot be cut into fifths." if short else ""
    return f"A fifth of the way, {said(answer, 'first_part')} of rated goals are {_HERE}, in the last session {said(answer, 'last_part')}.{left}"


@dataclass(frozen=True)
class _EndNamed(Plan):
    """Lines that stop at different sessions, each named where it ends."""

    def _texts(self, points: dict[str, Points], x: Axis, low: float, high: float, row: float, clinic: tuple[np.ndarray, np.ndarray]) -> Columns:
        nameless = replace(self, lines=tuple(replace(line, label="") for line in self.lines))
        named = Plan._texts(nameless, points, x, low, high, row, clinic)
        rows = [place for place in zip(*(named[name] for name in TEXT), strict=True) if place[2]]
        taken: list[tuple[float, float]] = []
        for line in self.lines:
            there = np.flatnonzero(np.isfinite(points[line.key].y))
            if len(there):
                at, height = float(points[line.key].x[there[-1]]), float(points[line.key].y[there[-1]])
                place = min(height + row * 0.8, high - row * 0.3)
                while any(abs(at - other) < (x.end - x.start) * 0.16 and abs(place - level) < row * 0.8 for other, level in taken):
                    place -= row * 0.8
                taken.append((at, place))
                rows.append((at, place, line.label, line.colour, "center" if at < x.end * 0.85 else "right"))
        return as_columns([tuple(row) for row in rows], TEXT)


_BANDS = _EndNamed(
    (
        Line("1-3", "1–3 sessions", look.INK, "dotted", band=False),
        Line("4-8", "4–8", look.BLUE, "dashed", band=False),
        Line("9-16", "9–16", look.GREEN, band=False),
        Line("17-30", "17–30", look.VERMILLION, "dashdot", band=False),
        Line("31+", "31 and more", look.PURPLE, "dotdash", band=False),
    ),
    counted="courses in therapy, by band",
    floor=0.0,
    ceiling=100.0,
)
_BANDS_READING = Reading("session", "share", "in_therapy", "band", _tip("{band} sessions, session {session:.0f}", "of the band in therapy"))


def _bands_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share")
    return _BANDS.frame({line.key: _BANDS_READING.points(rows, line.key) for line in _BANDS.lines}, _from_the_start(rows["session"]))


def _bands_says(answer: Answer) -> str:
    parts = []
    for line in _BANDS.lines:
        row = headline(answer, line.key)
        if row is not None and row["courses"] >= LEAST_COURSES:
            parts.append(f"courses of {line.label.removesuffix(' sessions')}, session {row['session']:.0f}: {said(answer, line.key)}")
    if not parts:
        return "Length bands are drawn where enough courses are left."
    return f"Rated goals {_HERE} at the session that at least half of a band has reached – {'; '.join(parts)}. The bands are not compared with each other."


_SCORE = Plan((Line("share", "mean T-score", look.BLUE),), counted="courses still in therapy", step=5.0, shared_count=True)


def _score_tip(row: dict) -> str:
    rated = f"{int(row['goals']):,} of {number(row['goals_in_set'], 'goal')} rated in {number(row['courses'], 'course')}"
    return f"session {row['session']:.0f}: {row['mean']:.1f}{tip_interval(row)} · {rated} · {number(row['still_in'], 'course')} still in therapy"


_SCORE_READING = Reading("session", "mean", "still_in", tip=_score_tip)


def _score_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean")
    return _SCORE.frame({"share": _SCORE_READING.points(rows, "share")}, _from_the_start(rows["session"]))


def _score_says(answer: Answer) -> str:
    now = headline(answer, "typical")
    if now is None:
        return "The T-score is drawn where enough courses are left."
    each = now["goals"] / now["courses"]
    return (
        f"In session {now['session']:.0f} the mean T-score is <b>{now['estimate']:.1f}</b> ({interval(now)}; {number(now['courses'], 'course')}), "
        f"over {int(now['goals']):,} of {number(now['goals_in_set'], 'goal')} rated, {each:.1f} a course, ρ = {answer.notes.get('rho', 0.3):.2f}. "
        "50 stands for all goals as expected. The score depends on the number of goals and treats steps as a scale: read the levels first."
    )


CHARTS = {
    "attainment_same_courses": Chart(
        _SAME.layers(),
        _same_frame,
        _same_says,
        height=340,
        xlabel="attended session",
        ylabel="% of rated goals",
        describes="Two curves: share of rated goals as expected or better, the same courses throughout and whoever is still in therapy",
    ),
    "attainment_to_the_end": Chart(
        _BACK.layers(),
        _back_frame,
        _back_says,
        height=340,
        xlabel="attended sessions before the last",
        ylabel="% of rated goals",
        lacks=thin,
        describes="Curve: share of rated goals as expected or better, counted back from the last session, with 95 % band",
    ),
    "attainment_by_share": Chart(
        _FIFTHS.layers(),
        _fifths_frame,
        _fifths_says,
        height=340,
        xlabel="share of the completed therapy",
        ylabel="% of rated goals",
        lacks=thin,
        describes="Curve of five points: share of rated goals as expected or better where each fifth of a completed therapy ends, with 95 % band",
    ),
    "attainment_by_band": Chart(
        _BANDS.layers(),
        _bands_frame,
        _bands_says,
        height=420,
        xlabel="attended session",
        ylabel="% of rated goals",
        wide=True,
        describes="Five curves, one for each band of therapy length: share of rated goals as expected or better by attended session",
    ),
    "attainment_t_score": Chart(
        _SCORE.layers(),
        _score_frame,
        _score_says,
        height=320,
        xlabel="attended session",
        ylabel="T-score",
        wide=True,
        describes="Curve: mean GAS T-score by attended session, with 95 % band",
    ),
}
