"""The match window drawn: what became of courses by band of their early alliance, and whether a decision is on record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from process.access import Answer
from process.charts import look, rows
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain
from process.measures.match_window import BANDS

SHOWN = (
    (("ending", "planned"), "planned", look.GREEN),
    (("ending", "patient_stopped"), "stopped", look.VERMILLION),
    (("decision", "none"), "unrecorded", look.PURPLE),
)


def _frame(answer: Answer) -> Frame:
    """A row for each outcome and band of the early alliance."""
    table = answer.table.set_index(["about", "what", "band"]).to_dict("index")
    shown = []
    for (about, what), label, colour in SHOWN:
        for band in BANDS:
            row = table.get((about, what, band))
            if row is None:  # nobody: a share of nothing is drawn where the band has courses at all
                continue
            shown.append(rows.Row(f"{label}, {band}", row["estimate"], row["lower"], row["upper"], row["courses"], colour))
    frame = rows.frame(shown, "course")
    return replace(frame, x=replace(frame.x, ticks={0.0: "0 %", 50.0: "50 %", 100.0: "100 %"}))


def _says(answer: Answer) -> str:
    level, trend, gap, decided = (headline(answer, name) for name in ("level", "trend", "gap", "decided"))
    if level is None:
        return "Too few courses with a score in sessions 1 to 3 to describe how they begin."
    said = (
        f"In sessions 1 to 3 patients rate the alliance <b>{level['estimate']:.0f} of 100 points</b> ({interval(level)}; {number(level['courses'], 'course')})"
    )
    if trend is not None:
        clear = np.isfinite(trend["lower"]) and not trend["lower"] <= 0 <= trend["upper"]
        moved = "it moves by" if clear else "with no clear trend,"
        said += f"; {moved} {plain(trend['estimate'], sign=True)} a session ({interval(trend)})"
    if gap is not None:
        side = "above" if gap["estimate"] >= 0 else "below"
        whom = "you" if answer.own else "therapists"
        said += f"; patients are {plain(abs(gap['estimate']))} points {side} {whom} (difference {plain(gap['estimate'], sign=True)}, {interval(gap)})"
    said += "."
    if decided is not None:
        said += f" A decision about going on is on record for <b>{decided['estimate']:.0f} %</b> ({interval(decided, ' %', 0)})."
    edges = [answer.notes.get(f"{name}_edge", np.nan) for name in ("lower", "upper")]
    said += " Below: how courses ended, and whether no decision is on record (unrecorded), by third of the early alliance"
    said += f", parted at {plain(edges[0], 0)} and {plain(edges[1], 0)} points in the whole clinic." if np.isfinite(edges).all() else "."
    left = answer.notes.get("still_in_window", 0)
    return said + (f" {number(left, 'course')} still in the window {'is' if left == 1 else 'are'} left out." if left else "")


CHARTS = {
    "match_window": Chart(
        rows.layers(),
        _frame,
        _says,
        height=380,
        xlabel="% of the band’s courses",
        describes="Nine rows: planned endings, patients who stopped, and courses without a recorded decision, by third of the early alliance, with intervals",
    ),
}
