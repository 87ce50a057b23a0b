"""The alliance drawn by session, in both voices."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import beside, look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, sessions_axis
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain, tip_interval

VOICES = Plan(
    (Line("patient", "patients", look.BLUE), Line("therapist", "therapists", look.PURPLE, "dashed")),
    counted="courses still in therapy",
    floor=0.0,
    ceiling=100.0,
    step=5.0,
    shared_count=True,
    clinic=True,
)


def _voice_tip(row: dict) -> str:
    n = f"{number(row['courses'], 'course')} rated, {number(row['still_in'], 'course')} still in therapy"
    return f"session {row['session']:.0f}, {row['rater']}: {row['mean']:.1f}{tip_interval(row)} · {n}"


_VOICE = Reading("session", "mean", "still_in", "rater", _voice_tip)


def _voices_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean")
    return VOICES.frame({line.key: _VOICE.points(rows, line.key) for line in VOICES.lines}, sessions_axis(rows["session"]), beside.line(answer, "patient"))


def _voices_says(answer: Answer) -> str:
    now, gap = headline(answer, "patient_typical"), headline(answer, "gap_typical")
    if now is None:
        return "The alliance is drawn where enough courses are left."
    parted = ""
    if gap is not None:
        clear = not gap["lower"] <= 0 <= gap["upper"] and np.isfinite(gap["lower"])
        side = f"{'higher' if gap['estimate'] > 0 else 'lower'} than {'you' if answer.own else 'their therapists'}"
        lead = f"Patients rate the same sessions {side} do" if clear else "Where both rated, the two are not clearly apart"
        parted = f" {lead}: difference {plain(gap['estimate'], sign=True)} ({interval(gap)}, {number(gap['courses'], 'course')})."
    return (
        f"In session {now['session']:.0f} patients rate the alliance <b>{now['estimate']:.0f} of 100 points</b>; "
        f"{interval(now)}, {number(now['courses'], 'course')}.{parted}"
    )


CHARTS = {
    "alliance_by_session": Chart(
        VOICES.layers(),
        _voices_frame,
        _voices_says,
        xlabel="attended session",
        ylabel="alliance, 0–100",
        wide=True,
        describes="Two curves: mean alliance by attended session, patients and therapists, with 95 % bands",
    ),
}
