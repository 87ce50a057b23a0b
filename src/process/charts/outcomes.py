"""Outcome scores drawn: what became of them, sudden gains and losses, and open courses against their expected course."""

from __future__ import annotations

import html

import numpy as np

from process.access import Answer
from process.charts import rows
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.words import LEAST_COURSES, headline, interval, number, plain

CATEGORY_NAMES = {
    "recovered": "recovered",
    "improved": "improved",
    "unchanged": "unchanged",
    "deteriorated": "deteriorated",
    "harmed": "harmed",
}
KIND_NAMES = {"gain": "sudden gain", "gain_reversed": "lost again", "loss": "sudden loss"}
STATUS_NAMES = {"further": "further on", "as_expected": "as expected", "behind": "less far"}
DRAWN_FORMS = 2


def forms(answer: Answer) -> list[str]:
    """The forms in the answer's table, in its order: most courses first."""
    return list(dict.fromkeys(answer.table["form"]))


def _frame(names: dict[str, str], column: str, noun: str = "course") -> object:
    def frame(answer: Answer) -> Frame:
        shown = forms(answer)[:DRAWN_FORMS]
        table = answer.table.set_index(["form", column])
        places = [(form, code) for form in shown for code in names if (form, code) in table.index]
        drawn = []
        for form, code in places:
            row = table.loc[(form, code)]
            label = f"{form}: {names[code]}" if len(shown) > 1 else names[code]
            drawn.append(rows.Row(label, row["share"], row["lower"], row["upper"], row["courses"]))
        return rows.frame(drawn, noun)

    return frame


def _others(answer: Answer, name: str) -> str:
    """What the other forms say, shortly, and where those are that are not drawn."""
    said = []
    for form in forms(answer)[1:]:
        row = headline(answer, f"{name}:{form}")
        if row is not None and np.isfinite(_value(row)):
            said.append(f"{html.escape(form)} {_value(row):.0f} % ({interval(row, ' %', 0)})")
    more = len(forms(answer)) - DRAWN_FORMS
    rest = f" {number(more, 'more form')} {'is' if more == 1 else 'are'} in the table." if more > 0 else ""
    return (f" On other forms, each for itself: {'; '.join(said)}." if said else "") + rest


def _value(row: dict) -> float:
    return float(row["estimate"] if "estimate" in row else row["share"])


def _change_says(answer: Answer) -> str:
    form = forms(answer)[0]
    better, worse, recovered, measured = (headline(answer, name) for name in (f"better:{form}", f"worse:{form}", f"recovered:{form}", "measured"))
    if better is None:
        return "Too few courses in this range have a first and a last score on the same form."
    worse_too = f", {worse['estimate']:.0f} % are reliably worse ({interval(worse, ' %', 0)})" if worse else ""
    lead = (
        f"Of {number(better['of_courses'], 'course')} with a first and a last {html.escape(form)} score, <b>{better['estimate']:.0f} % are reliably better</b>"
    )
    said = f"{lead} ({interval(better, ' %', 0)}){worse_too}."
    if recovered is not None:
        healthy = answer.notes.get(f"began_healthy:{form}", 0)
        cannot = f"; {number(healthy, 'course')} began on the healthy side and cannot recover" if healthy else ""
        began = f"Of the {int(recovered['of_courses']):,} that began on the clinical side"
        said += f" {began}, <b>{recovered['estimate']:.0f} % recovered</b> ({interval(recovered, ' %', 0)}){cannot}."
    points = answer.notes.get(f"points:{form}")
    if points is not None:
        by_error = answer.notes.get(f"rule:{form}") == "jacobson_truax"
        said += (
            f" Reliable means {'more than ' if by_error else ''}{points:.1f}".removesuffix(".0")
            + f" points{', by SD and reliability' if by_error else ' or more, a published threshold (see the registry of instruments)'}."
        )
    if measured is not None:
        said += f" Measured twice on a form: {measured['estimate']:.0f} % of {number(measured['of_courses'], 'course')} ({interval(measured, ' %', 0)})."
    return said + _others(answer, "better")


def _gains_says(answer: Answer) -> str:
    form = forms(answer)[0]
    gain = headline(answer, f"gain:{form}")
    if gain is None or not np.isfinite(gain["share"]):
        return "Too few courses in this range were scored often enough to tell a sudden gain."
    table = answer.table[answer.table["form"] == form].set_index("kind")
    judged = f"{number(gain['judged'], 'course')} scored often enough on the {html.escape(form)}"
    said = f"Of {judged}, <b>{gain['share']:.0f} % show a sudden gain</b> ({interval(gain, ' %', 0)})"
    session, size = headline(answer, f"session:{form}"), headline(answer, f"size:{form}")
    if session is not None and size is not None and gain["courses"] >= LEAST_COURSES:
        said += f", half of them after session {session['mean']:g} or before, half of {plain(size['mean']).removesuffix('.0')} points or more"
    for kind, words in (("gain_reversed", "of these gains were half or more lost again"), ("loss", "of the courses show a sudden loss")):
        if kind in table.index and np.isfinite(table.loc[kind, "share"]):
            said += f"; {table.loc[kind, 'share']:.0f} % {words} ({interval(table.loc[kind].to_dict(), ' %', 0)})"
    return said + "." + _others(answer, "gain")


def _course_says(answer: Answer) -> str:
    form = forms(answer)[0]
    off = headline(answer, f"off:{form}")
    if off is None or not np.isfinite(off["share"]):
        return "Too few open courses off their expected course to say how many; the figure shows what can be shown."
    table = answer.table[answer.table["form"] == form].set_index("status")
    ways = [f"{table.loc[code, 'share']:.0f} % {words}" for code, words in _WAYS.items() if code in table.index and np.isfinite(table.loc[code, "share"])]
    whose = "of yours still going" if answer.own else "still going"
    told = f"{number(off['of_courses'], 'course')} {whose} that can be told by the {html.escape(form)}"
    lead = f"Of {told}, <b>{off['share']:.0f} % are off their expected course</b>"
    untold, everyone = answer.notes.get("cannot_be_told"), answer.notes.get("open_courses")
    rest = f" {int(untold):,} of {number(everyone, 'open course')} cannot be told yet." if untold and everyone else ""
    split = f": {' and '.join(ways)}" if ways else ""
    return f"{lead} ({interval(off, ' %', 0)}){split}.{rest}{_others(answer, 'off')} Open courses are placed by their sessions to date, whatever the basis."


_WAYS = {"further": "further on", "behind": "less far than expected"}


CHARTS = {
    "outcome_change": Chart(
        rows.layers(),
        _frame(CATEGORY_NAMES, "category"),
        _change_says,
        height=340,
        wide=True,
        describes="Share of courses by what became of their outcome score, form by form, with 95 % intervals",
    ),
    "sudden_gains": Chart(
        rows.layers(),
        _frame(KIND_NAMES, "kind"),
        _gains_says,
        height=260,
        describes="Share of courses with a sudden gain, with one that was lost again, and with a sudden loss, with 95 % intervals",
    ),
    "expected_course": Chart(
        rows.layers(),
        _frame(STATUS_NAMES, "status"),
        _course_says,
        height=260,
        describes="Share of open courses further on than expected, as expected, and less far than expected, with 95 % intervals",
    ),
}
