"""What chance alone would do, drawn: possible ruptures beside what was to be expected after them, and who left after a rupture beside who left anyway."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look, rows
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, offsets_axis
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain, tip_interval

_NAMES = {"observed": "observed", "expected": "expected"}


def _tip(row: dict) -> str:
    change = f"{plain(row['mean'], sign=True)}{tip_interval(row)}"
    return f"{_NAMES[row['arm']]}, session {plain(row['offset'], 0, sign=True)}: {change} · {number(row['dips'], 'possible rupture')}"


EXPECTED = Plan(
    (Line("observed", "observed", look.VERMILLION), Line("expected", "expected by chance alone", look.INK, "dotted")),
    counted="possible ruptures with a score",
    zero="level before",
    span=(0.55, 3.45, "compared here"),
    step=5.0,
    shared_count=True,
)
_EXPECTED = Reading("offset", "mean", "dips", "arm", _tip)


def _expected_frame(answer: Answer) -> Frame:
    found = drawn(answer.table, "mean", "offset")
    return EXPECTED.frame({line.key: _EXPECTED.points(found, line.key) for line in EXPECTED.lines}, offsets_axis(0, 3))


def _expected_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few possible ruptures with a score after them to compare with what was to be expected."
    whose = "your courses only" if answer.own else number(row["therapists"], "therapist")
    n = f"{int(row['followed']):,} of {number(row['dips'], 'possible rupture')} by the rule “fall of 1 SD”, {number(row['courses'], 'course')}, {whose}"
    if not np.isfinite(row["lower"]):
        return f"There is <b>too little to tell</b> whether scores come back after a dip as chance alone would bring them back ({interval(row)}; {n})."
    difference = f"observed minus expected {plain(row['estimate'], sign=True)}"
    if row["lower"] <= 0 <= row["upper"]:
        lead = "After a dip scores come back, and over the next three sessions <b>not clearly more nor less</b> than chance alone would bring them back"
    else:
        side = "lower" if row["estimate"] < 0 else "higher"
        by = f"<b>{abs(row['estimate']):.1f} points {side}</b>"
        lead = f"After a dip scores come back, but over the next three sessions they stand {by} than chance alone would have brought them"
    return f"{lead} ({difference}; {interval(row)} from 1,000 draws of courses; {n})."


_ENDINGS = {"any": "any ending", "patient_stopped": "patient stopped", "planned": "planned", "therapist_ended": "therapist ended", "moved_on": "moved on"}
_ARMS = {"rupture": ("rupture", look.VERMILLION), "like": ("like", look.INK)}


def _left_frame(answer: Answer) -> Frame:
    table = answer.table.set_index(["ending", "arm"])
    found = []
    for ending, name in _ENDINGS.items():
        for arm, (words, colour) in _ARMS.items():
            if (ending, arm) in table.index:
                row = table.loc[(ending, arm)]
                found.append(rows.Row(f"{name}: {words}", *(float(row[column]) for column in ("share", "lower", "upper", "sessions")), colour))
    return rows.frame(found, "session")


def _left_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few courses ended soon after a rupture, or after sessions like it, to compare."
    whose = "your courses only" if answer.own else number(row["compared_therapists"], "therapist")
    n = f"{int(row['matched']):,} of {number(row['ruptures'], 'rupture')} against {number(row['like_sessions'], 'like session')}, {whose}"
    shares = answer.table[answer.table["ending"] == "any"].set_index("arm")["share"].astype(float)
    both = f"{shares.get('rupture', np.nan):.0f} % after a rupture, {shares.get('like', np.nan):.0f} % after like sessions"
    difference = f"{_difference(row)}; {n}"
    if not np.isfinite(row["lower"]):
        return f"Courses that ended before the third session after: {both}. There is <b>too little to tell</b> whether they differ ({difference})."
    clear = "" if row["lower"] <= 0 <= row["upper"] else f"<b>{abs(row['estimate']):.0f} percentage points {'more' if row['estimate'] > 0 else 'fewer'}</b>"
    said = clear or "<b>not clearly different</b>"
    return f"Courses that ended before the third session after: {both}; {said} ({difference}). {_stopped(answer)}"


def _difference(row: dict) -> str:
    return f"difference {plain(row['estimate'], sign=True)} percentage points, {interval(row)}"


def _stopped(answer: Answer) -> str:
    row = headline(answer, "patient_stopped")
    return "" if row is None else f"Of those that the patient stopped: {_difference(row)}."


def _left_lacks(answer: Answer) -> str:
    known = np.isfinite(answer.table["share"].to_numpy(dtype=float))
    return "" if known.any() else "Too few courses ended soon after a rupture to show. Widen the length range or take a filter away."


CHARTS = {
    "possible_ruptures_against_expectation": Chart(
        EXPECTED.layers(),
        _expected_frame,
        _expected_says,
        height=340,
        xlabel="attended sessions after the fall",
        ylabel="points from the level before",
        describes="Two curves after a fall in the alliance: observed, and expected by chance alone",
    ),
    "left_after_rupture": Chart(
        rows.layers(look.FAINT),
        _left_frame,
        _left_says,
        height=380,
        xlabel="ended before the third session after",
        lacks=_left_lacks,
        describes="One row for each ending and arm: share of courses that ended soon after a rupture and after like sessions, with 95 % interval",
    ),
}
