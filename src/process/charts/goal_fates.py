"""What becomes of goals, drawn: cumulative incidence of reached, replaced and dropped; goals reached by who set them; and where replaced goals stood."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look, rows
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn
from process.charts.goal_curves import thin
from process.charts.goal_groups import roomy, shares
from process.charts.layers import Axis, Frame
from process.charts.words import headline, interval, number, tip_interval

_FATES = Plan(
    (Line("reached", "reached", look.GREEN), Line("replaced", "replaced", look.BLUE, "dashed"), Line("dropped", "dropped", look.INK, "dotted")),
    counted="goals still open and followed",
    floor=0.0,
    ceiling=100.0,
    shared_count=True,
)


def _fate_tip(row: dict) -> str:
    n = f"{int(row['goals']):,} of {number(row['goals_agreed'], 'goal')} still open and followed, {number(row['courses'], 'course')}"
    return f"{row['fate']} within {number(row['session'], 'session')}: {row['share']:.0f} %{tip_interval(row, 0)} · {n}"


_READING = Reading("session", "share", "goals", "fate", _fate_tip)


def _fates_frame(answer: Answer) -> Frame:
    found = drawn(answer.table, "share")
    last = int(found["session"].max()) if len(found["session"]) else 10
    room = max(last, 5) * 0.09  # for the counts under both ends on a phone
    x = Axis(-room, max(last, 5) + room / 2, {float(tick): str(tick) for tick in range(0, last + 1, 5)})
    return _FATES.frame({line.key: _READING.points(found, line.key) for line in _FATES.lines}, x)


def _fates_says(answer: Answer) -> str:
    found = {fate: headline(answer, fate) for fate in ("reached", "replaced", "dropped")}
    if any(row is None for row in found.values()):
        return "The fates of goals are drawn where enough courses have one."
    parts = [f"<b>{row['estimate']:.0f} % {fate}</b> ({interval(row, ' %', 0)})" for fate, row in found.items()]
    reached = found["reached"]
    still = answer.notes.get("open_goals")
    left = f" {number(still, 'goal')} {'is' if still == 1 else 'are'} open as far as the records go." if still else ""
    within = f"{reached['session']:.0f} attended sessions"
    followed = f"{number(reached['goals'], 'goal')} in {number(reached['courses'], 'course')} were followed so long"
    return f"Of {number(reached['goals_agreed'], 'goal')} ever agreed, within {within} {parts[0]}, {parts[1]}, {parts[2]}; {followed}.{left}"


def _setters_frame(answer: Answer) -> Frame:
    return shares(answer, "set_by", "goal still followed")


def _setters_says(answer: Answer) -> str:
    said = []
    names = {"patient": "by the patient", "therapist": "by the therapist", "both": "together"}
    for row in answer.table[np.isfinite(answer.table["share"].astype(float))].to_dict("records"):
        said.append(f"{names[row['set_by']]} <b>{row['share']:.0f} %</b> ({interval(row, ' %', 0)}; {number(row['goals_agreed'], 'goal')})")
    within = int(answer.definition.parameter("reading_session"))
    return f"Reached within {within} attended sessions: of goals set {', '.join(said)}. The figures beside the dots count goals that were followed that long."


def _lineage_frame(answer: Answer) -> Frame:
    by_level = answer.table.set_index("level")
    present = [level for level in ("2", "1", "0", "-1", "-2", "not_rated") if level in by_level.index]
    drawn_rows = [
        rows.Row(look.LEVEL_NAMES[level], *(by_level.loc[level, name] for name in ("share", "lower", "upper", "goals")), colour=look.BLUE) for level in present
    ]
    return roomy(rows.frame(drawn_rows, "replaced goal"))


def _lineage_says(answer: Answer) -> str:
    replaced, followed = headline(answer, "below_expected"), headline(answer, "successors")
    stood = ""
    if replaced is not None:
        stood = (
            f"Of {number(replaced['goals'], 'replaced goal')} with a level, <b>{replaced['estimate']:.0f} % stood below what was expected</b> "
            f"({interval(replaced, ' %', 0)}; {number(replaced['courses'], 'course')}). "
        )
    took = ""
    if followed is not None:
        took = f"Of {number(followed['goals'], 'goal')} ever agreed, {followed['estimate']:.0f} % took the place of another ({interval(followed, ' %', 0)}). "
    chains = _chains(answer)
    return (stood + took + chains).strip() or "Where goals stood when they were replaced is drawn where enough courses have such goals."


def _chains(answer: Answer) -> str:
    """Goals in third or later place of a chain, where that is known."""
    later = answer.headlines.loc["later"] if "later" in answer.headlines.index else None
    if later is None or later.get("withheld") or not np.isfinite(later["goals"]):
        return "Fewer than 8 courses have a goal that is the third in its chain." if later is not None else ""
    many = int(later["goals"])
    return f"{number(many, 'goal')} {'is' if many == 1 else 'are'} the third or a later one in a chain." if many else "No chain of goals is longer than two."


CHARTS = {
    "goal_fates": Chart(
        _FATES.layers(),
        _fates_frame,
        _fates_says,
        height=380,
        xlabel="attended sessions since the goal was agreed",
        ylabel="% of goals",
        lacks=thin,
        wide=True,
        describes="Three rising curves: share of goals reached, replaced and dropped by sessions since they were agreed, with 95 % bands",
    ),
    "goal_fates_by_setter": Chart(
        rows.layers(),
        _setters_frame,
        _setters_says,
        height=240,
        xlabel="% of goals reached",
        grid=False,
        describes="One point for each setter: share of goals reached within twelve sessions, with 95 % interval",
    ),
    "goal_lineage": Chart(
        rows.layers(look.BLUE),
        _lineage_frame,
        _lineage_says,
        height=280,
        xlabel="% of replaced goals",
        grid=False,
        describes="One point for each attainment level: share of replaced goals that stood there, with 95 % interval",
    ),
}
