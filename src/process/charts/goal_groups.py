"""Goals drawn apart by modality, problem and who set them: a dot with its interval a group, in the order of the codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from process.access import Answer
from process.charts import rows
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.words import headline, interval, number

SHOWN_GROUPS = 12
SETTERS = {"patient": "set by the patient", "therapist": "set by the therapist", "both": "set together"}


def named(code: str) -> str:
    """A clinic's code as a label."""
    return SETTERS.get(code, code.replace("_", " "))


def shares(answer: Answer, key: str, noun: str, most: int = SHOWN_GROUPS) -> Frame:
    """A row a group; where there are more than fit, those with most courses."""
    table = answer.table
    if len(table) > most:
        table = table[table["courses"].rank(method="first", ascending=False, na_option="bottom") <= most]
    drawn = [rows.Row(named(row[key]), row["share"], row["lower"], row["upper"], row["goals"]) for row in table.to_dict("records")]
    return roomy(rows.frame(drawn, noun))


def roomy(frame: Frame) -> Frame:
    """The same frame with more room at the right, so that a phone cuts nothing off the words beside the dots."""
    return replace(frame, x=replace(frame.x, end=frame.x.end + 0.14 * (frame.x.end - frame.x.start)))


def _frame(key: str) -> Callable[[Answer], Frame]:
    return lambda answer: shares(answer, key, "rated goal")


def _says(key: str, groups: str) -> Callable[[Answer], str]:
    def says(answer: Answer) -> str:
        now = headline(answer, "typical")
        if now is None:
            return f"Goals are drawn by {groups} where enough courses are left."
        shown = np.isfinite(answer.table["share"].astype(float))
        more = f" Drawn are the {SHOWN_GROUPS} with most courses; all {len(answer.table)} are in the table." if len(answer.table) > SHOWN_GROUPS else ""
        least = answer.table.loc[shown, "share"]
        span = f", from {least.min():.0f} % to {least.max():.0f} % by {groups}" if shown.sum() > 1 else ""
        n = f"{number(now['goals'], 'rated goal')}, {number(now['courses'], 'course')}"
        return (
            f"In session {now['session']:.0f}, <b>{now['estimate']:.0f} % of rated goals are as expected or better</b> ({interval(now, ' %', 0)}; {n}){span}. "
            f"Look at the intervals: where they overlap widely, nothing is told apart. The figures beside the dots count rated goals.{more}"
        )

    return says


CHARTS = {
    name: Chart(
        rows.layers(),
        _frame(key),
        _says(key, groups),
        height=height,
        xlabel="% of rated goals as expected or better",
        grid=False,
        describes=f"One point for each {what}: share of rated goals as expected or better at the typical session, with 95 % interval",
    )
    for name, key, groups, what, height in (
        ("attainment_by_modality", "modality", "form of therapy", "form of therapy", 300),
        ("attainment_by_problem", "problem", "main problem", "main problem", 380),
        ("attainment_by_setter", "set_by", "who set the goal", "setter", 240),
    )
}
