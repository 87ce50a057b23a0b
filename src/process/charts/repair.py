"""Repair drawn: the steps towards it, repair and score side by side, and how soon it comes."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import beside, cells, look, rows
from process.charts import rupture_words as words
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Points, Reading, drawn
from process.charts.layers import Axis, Frame
from process.charts.words import headline, interval, number, tip_interval

_SOME = "Too few recorded ruptures in this range to say how they are repaired."


def _steps_frame(answer: Answer) -> Frame:
    found = [
        rows.Row(
            words.STEPS[row["step"]],
            row["share"],
            row["lower"],
            row["upper"],
            row["ruptures"],
            look.GREEN if row["step"] == "repaired" else look.VERMILLION if row["step"].endswith("_open") or row["step"] == "left_open" else look.BLUE,
            beside.mark(answer, row["step"]),
        )
        for row in answer.table.to_dict("records")
    ]
    return rows.frame(found, "rupture")


def _steps_says(answer: Answer) -> str:
    known, total = answer.table.set_index("step").to_dict("index"), headline(answer, "all")
    repaired, both = known.get("repaired"), known.get("acknowledged_by_both")
    if total is None or repaired is None or not np.isfinite(repaired["share"]):
        return _SOME
    seen = f" Both had acknowledged {both['share']:.0f} % ({interval(both, ' %', 0)})." if both and np.isfinite(both["share"]) else ""
    left = known.get("left_open")
    ended = f" <b>{left['share']:.0f} %</b> were open when the course ended ({interval(left, ' %', 0)})." if left and np.isfinite(left["share"]) else ""
    return (
        f"Of {number(total['recorded'], 'recorded rupture')}, <b>{repaired['share']:.0f} % are repaired</b>: a repair step on record, and an "
        f"acknowledgement by each of the two ({interval(repaired, ' %', 0)}).{seen}{ended}"
    )


_COLUMNS = ("score\ncame back", "score\ndid not", "score\nnever fell", "score\nmissing")


def _both_frame(answer: Answer) -> Frame:
    known = answer.table.set_index("repair_and_score").to_dict("index")
    found = []
    for line, repair in enumerate(words.REPAIRS):
        for place, score in enumerate(words.SCORES):
            row = known.get(f"{repair}_{score}")
            if row is None:
                found.append(cells.Cell(place, line, float("nan"), ("none",), f"{words.REPAIR_AND_SCORE[f'{repair}_{score}']}: none"))
            elif not np.isfinite(row["share"]):
                found.append(cells.Cell(place, line, float("nan"), ("not shown",), ""))
            else:
                tip = f"{words.REPAIR_AND_SCORE[f'{repair}_{score}']}: {row['share']:.0f} %{tip_interval(row, 0)} · {number(row['ruptures'], 'rupture')}"
                found.append(cells.Cell(place, line, row["share"], (f"{row['share']:.0f} %", f"{int(row['ruptures']):,}"), tip))
    return cells.frame(found, _COLUMNS, list(words.REPAIRS.values()))


def _both_says(answer: Answer) -> str:
    total = headline(answer, "all")
    known = answer.table.set_index("repair_and_score").to_dict("index")
    said = []
    for repair, text in words.REPAIRS.items():
        row = known.get(f"{repair}_recovered")
        if row is not None and np.isfinite(row["share"]):
            said.append(f"<b>{row['share']:.0f} %</b> are {text} and the score came back ({interval(row, ' %', 0)})")
    if total is None or not said:
        return _SOME
    return (
        f"Of {number(total['ruptures'], 'recorded rupture')}, {'; '.join(said)}. Repair and score are two facts: neither follows from the other, and "
        "where the score never fell, coming back is not applicable."
    )


_WAIT = Plan(
    (Line("repaired", "repaired", look.GREEN), Line("ended", "course ended first", look.VERMILLION, "dashed")),
    counted="ruptures still waiting",
    floor=0.0,
    ceiling=100.0,
    step=20.0,
    shared_count=True,
)


def _wait_tip(row: dict) -> str:
    return (
        f"by session +{row['since']:.0f}, {words.FATES[row['fate']]}: {row['share']:.0f} %{tip_interval(row, 0)} · {number(row['at_risk'], 'rupture')} waiting"
    )


_WAITING = Reading("since", "share", "at_risk", "fate", _wait_tip)


def stepped(own: Points) -> Points:
    """The same points as a curve of steps: a share holds until the next session."""
    if len(own.x) < 2:
        return own
    twice = np.repeat(np.arange(len(own.x)), 2)
    right, before = twice[1:], twice[:-1]
    return Points(own.x[right], own.y[before], own.lower[before], own.upper[before], [own.tips[at] for at in before], own.count[right])


def _wait_frame(answer: Answer) -> Frame:
    table = drawn(answer.table, "share", "since")
    own = {line.key: _WAITING.points(table, line.key) for line in _WAIT.lines}
    last = int(table["since"].max()) if len(table["since"]) else 10
    step = 2 if last <= 12 else 5
    axis = Axis(-0.07 * max(last, 4), max(last, 4) * 1.04, {float(at): f"+{at}" if at else "0" for at in range(0, last + 1, step)})
    frame = _WAIT.frame({key: stepped(points) for key, points in own.items()}, axis)
    frame.layers["points"] = {
        "x": np.concatenate([points.x for points in own.values()]),
        "y": np.concatenate([points.y for points in own.values()]),
        "colour": np.array([line.colour for line in _WAIT.lines for _ in own[line.key].x]),
        "tip": np.array([tip for points in own.values() for tip in points.tips]),
    }
    ticks = {at: f"{label} %" for at, label in frame.y.ticks.items()}
    return Frame(frame.layers, frame.x, Axis(frame.y.start, frame.y.end, ticks))


def _wait_says(answer: Answer) -> str:
    early, ended = headline(answer, "repaired_early"), headline(answer, "ended_early")
    if early is None:
        return "Too few recorded ruptures in this range were followed long enough to say how soon they are repaired."
    late = headline(answer, "repaired_late")
    left = f"; for {ended['estimate']:.0f} % the course had ended first ({interval(ended, ' %', 0)})" if ended is not None else ""
    then = f" By session +{late['since']:.0f} it is {late['estimate']:.0f} % ({interval(late, ' %', 0)})." if late is not None else ""
    return (
        f"Of {number(early['recorded'], 'recorded rupture')}, <b>{early['estimate']:.0f} % were repaired by the third session after</b> "
        f"({interval(early, ' %', 0)}){left}.{then}"
    )


CHARTS = {
    "repair_steps": Chart(
        rows.layers(look.BLUE, clinic=True),
        _steps_frame,
        _steps_says,
        height=360,
        describes="Share of recorded ruptures that reached each step towards repair, with 95 % intervals",
    ),
    "repair_and_recovery": Chart(
        cells.LAYERS,
        _both_frame,
        _both_says,
        height=260,
        grid=False,
        describes="Table of recorded ruptures: repaired or not, by whether the score came back, did not, never fell, or is missing",
    ),
    "time_to_repair": Chart(
        _WAIT.layers(),
        _wait_frame,
        _wait_says,
        height=340,
        xlabel="attended sessions since the rupture",
        describes="Two stepped curves by session since the rupture: repaired, and course ended first, with 95 % bands",
    ),
}
