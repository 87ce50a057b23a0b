"""Two voices on one goal, drawn: the mean difference by session around the line where both see it alike."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, sessions_axis
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain, tip_interval

_PLAN = Plan(
    (Line("share", "patient minus therapist", look.PURPLE),),
    counted="goals that both rated",
    zero="alike",
    step=0.5,
    shared_count=True,
)


def _tip(row: dict) -> str:
    n = f"{number(row['pairs'], 'goal')} rated by both in {number(row['courses'], 'course')}"
    return f"session {row['session']:.0f}: {plain(row['mean'], 2, sign=True)} levels{tip_interval(row, 2)} · {n}"


_READING = Reading("session", "mean", "pairs", tip=_tip)


def _frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean")
    return _PLAN.frame({"share": _READING.points(rows, "share")}, sessions_axis(rows["session"]))


def _says(answer: Answer) -> str:
    equal, near, kappa, apart = (headline(answer, name) for name in ("equal", "within_one", "kappa", "difference"))
    set_by = _set_by(answer)
    if equal is None or near is None or apart is None:
        return f"Too few goals were rated by both in the same session to compare the two voices. {set_by}".strip()
    clear = np.isfinite(apart["lower"]) and not apart["lower"] <= 0 <= apart["upper"]
    whom = "you" if answer.own else "therapists"
    side = (
        f"patients see their goals {'further along' if apart['estimate'] > 0 else 'less far along'} than {whom} do"
        if clear
        else "the two do not clearly differ"
    )
    beyond = f" Agreement beyond chance (weighted kappa) {plain(kappa['estimate'], 2)} ({interval(kappa, '', 2)})." if kappa is not None else ""
    return (
        f"Where both rated a goal in the same session, <b>{equal['estimate']:.0f} % of ratings are equal</b> ({interval(equal, ' %', 0)}) and "
        f"{near['estimate']:.0f} % no more than one level apart ({number(equal['n'], 'pair')}, {number(equal['courses'], 'course')}). On average {side}: "
        f"{plain(apart['estimate'], 2, sign=True)} levels ({interval(apart, '', 2)}).{beyond} {set_by}"
    ).strip()


def _set_by(answer: Answer) -> str:
    """Who set the goals, of those ever agreed."""
    found = {name: headline(answer, name) for name in ("patient", "therapist", "both")}
    if any(row is None for row in found.values()):
        return ""
    patient, therapist, both = (found[name]["estimate"] for name in ("patient", "therapist", "both"))
    return (
        f"Of {number(found['both']['n'], 'goal')} ever agreed, the two set {both:.0f} % together, patients {patient:.0f} % and "
        f"{'you' if answer.own else 'therapists'} {therapist:.0f} %."
    )


CHARTS = {
    "goal_voices": Chart(
        _PLAN.layers(),
        _frame,
        _says,
        height=320,
        xlabel="attended session",
        ylabel="levels, patient minus therapist",
        wide=True,
        describes="Curve around a line of no difference: patient's minus therapist's rating of the same goal by attended session, with 95 % band",
    ),
}
