"""Looking after goals, drawn: which are due for a review, and when therapy stands still."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.bars import counts_axis, round_step
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, sessions_axis
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, interval, number, tip_interval, too_few

_WITHHELD = "#dfe5ea"


def _since(answer: Answer) -> np.ndarray:
    return answer.table["since"].astype(str).str.rstrip("+").astype(int).to_numpy()


def _reviews_frame(answer: Answer) -> Frame:
    """A bar for each number of sessions since; what is overdue stands to the right of a rule and is darker."""
    since, goals = _since(answer), answer.table["goals"].to_numpy(dtype=float)
    overdue = int(answer.definition.parameter("overdue_after"))
    longest = int(answer.definition.parameter("longest_shown"))
    hidden = np.isnan(goals)
    most = float(np.nanmax(goals)) if (~hidden).any() else 8.0
    step = round_step(most)
    top = max(float(np.ceil(most / step) * step), step)
    tips = [
        f"{number(at, 'session')}{' and more' if at == longest else ''} since: {'withheld' if few else number(n, 'open goal')}"
        for at, n, few in zip(since, goals, hidden, strict=True)
    ]
    bars = {
        "x0": since - 0.42,
        "x1": since + 0.42,
        "y0": np.zeros(len(since)),
        "y1": np.where(hidden, top * 0.03, goals),
        "colour": np.where(hidden, _WITHHELD, np.where(since > overdue, look.VERMILLION, look.GREEN)).astype(object),
        "tip": np.array(tips, dtype=object),
    }
    texts = [(float(at), n + top * 0.05, f"{n:,.0f}", look.INK, "center") for at, n in zip(since, goals, strict=True) if np.isfinite(n)]
    texts.append((overdue + 0.65, top * 1.02, "overdue", look.VERMILLION, "left"))
    rule = {"x0": [overdue + 0.5], "x1": [overdue + 0.5], "y0": [0.0], "y1": [top * 1.06]}
    ticks = {float(at): f"{at}+" if at == longest else str(at) for at in (*range(0, longest, 2), longest) if at != longest - 1}
    return Frame({"bars": bars, "rule": rule, "text": as_columns(texts, TEXT)}, Axis(-0.8, longest + 0.9, ticks), counts_axis(top, step))


def _reviews_says(answer: Answer) -> str:
    row = headline(answer, "overdue")
    if row is None:
        return "Too few open goals in courses that are still going to say how many are overdue."
    after = int(answer.definition.parameter("overdue_after"))
    whose = "your courses that are" if answer.own else "courses that are"
    few = " Grey bars are withheld." if answer.withheld else ""
    if row["overdue"]:
        lead = (
            f"{number(row['overdue'], 'open goal')} of {int(row['goals']):,}, <b>{row['estimate']:.0f} %, {'is' if row['overdue'] == 1 else 'are'} overdue</b>"
        )
    else:
        lead = f"<b>none of {number(row['goals'], 'open goal')} is overdue</b>"
    return (
        f"In {whose} still going, {lead}: not rated or reviewed for more than {after} attended sessions ({interval(row, ' %', 0)}; "
        f"{number(row['courses'], 'course')}). The range of lengths is of sessions to date here.{few}"
    )


def _reviews_lacks(answer: Answer) -> str:
    return "" if np.isfinite(answer.table["goals"].astype(float)).any() else too_few(answer)


_IMPASSE = Plan((Line("share", "in an impasse", look.PURPLE),), counted="courses that can be judged", floor=0.0, ceiling=100.0, shared_count=True)


def _impasse_tip(row: dict) -> str:
    n = f"{number(row['courses'], 'course')} can be judged, of {int(row['still_in']):,} still in therapy"
    return f"session {row['session']:.0f}: {row['share']:.0f} %{tip_interval(row, 0)} · {n}"


_IMPASSE_READING = Reading("session", "share", "courses", tip=_impasse_tip)


def _impasse_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share")
    return _IMPASSE.frame({"share": _IMPASSE_READING.points(rows, "share")}, sessions_axis(rows["session"]))


def _impasse_says(answer: Answer) -> str:
    ever, now = headline(answer, "ever"), headline(answer, "now")
    if ever is None:
        return "Impasses are drawn where enough courses can be judged."
    whose = "your courses" if answer.own else "courses"
    current = f" Of {number(now['courses'], 'course')} still going that can be judged, {now['estimate']:.0f} % are in one now." if now is not None else ""
    unseen = answer.notes.get("unreviewed")
    looked = f" In {unseen:.0f} % of the stretches nobody looked for a rupture at least once." if unseen else ""
    return (
        f"<b>{ever['estimate']:.0f} % of {whose} had an impasse</b> of five sessions at some time ({interval(ever, ' %', 0)}; "
        f"{number(ever['courses'], 'course')} that can be judged). Standing still for a while is usual.{current}{looked}"
    )


CHARTS = {
    "goal_reviews": Chart(
        (Layer("boxes", "bars", {"line_alpha": 0}), Layer("rules", "rule", {"line_dash": "dotted"}), Layer("text", "text")),
        _reviews_frame,
        _reviews_says,
        height=300,
        xlabel="attended sessions since the last look",
        ylabel="open goals",
        lacks=_reviews_lacks,
        counts="goals",
        describes="Bars: open goals by attended sessions since they were last rated or reviewed; those overdue stand to the right of a rule",
    ),
    "impasse": Chart(
        _IMPASSE.layers(),
        _impasse_frame,
        _impasse_says,
        height=300,
        xlabel="attended session",
        ylabel="% of courses",
        describes="Curve: share of courses in an impasse by attended session, with 95 % band",
    ),
}
